import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LARGEST, PICTURES, runBacktest } from '../../../scripts/backtest-report/story.ts';
import { PROJECT } from '../../stand-ins/receiver-process.ts';

describe('the back-test of the documentation', () => {
  it('finds every kind of thing that the documentation shows', async () => {
    const { text, report } = await runBacktest();
    for (const sentence of [
      'Would have fired 4 times, on 4 of 60 runs in 30 days.',
      'Would have fired 3 times, on 3 of 17 runs in 30 days.',
      'val_loss was logged by none of these runs; did you mean train/loss or val/acc?',
    ]) {
      expect(text).toContain(sentence);
      expect(report).toContain(sentence);
    }
  });

  it.each(PICTURES.map(({ name }) => name))('has the picture %s', (name) => {
    const file = join(PROJECT, 'docs', 'pictures', `${name}.png`);
    expect(existsSync(file), `${file}: run npm run backtest:pictures`).toBe(true);
    expect(statSync(file).size).toBeLessThanOrEqual(LARGEST);
    expect(readFileSync(file).toString('latin1', 1, 4)).toBe('PNG');
  });
});
