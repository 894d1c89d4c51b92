import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../../src/backtest/series.ts';
import { type HistoryKey, openHistoryCache } from '../../../src/history/history-cache.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { seriesOf } from '../backtest/rules.ts';

const KEY: HistoryKey = { project: { entity: 'acme', project: 'train' }, run: 'r1', metric: 'loss', lastStep: 3 };
const SERVER = 'https://api.wandb.ai';

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const columns = ({ x, at, value, axis, metric }: Series) => ({ metric, axis, x: [...x], at: [...at], value: [...value] });

describe('the cache of histories', () => {
  it('gives back every bit of what was put in', () => {
    const cache = openHistoryCache(temporaryFolder(), SERVER);
    const series: Series = {
      metric: 'loss',
      axis: 'step',
      x: Float64Array.of(0, 0.5, 7, 2 ** 40),
      at: Float64Array.of(1.79e12, 1.79e12 + 0.125, 1.79e12 - 5, 0),
      value: Float64Array.of(Number.NaN, Number.NEGATIVE_INFINITY, -0, 5e-324),
    };
    cache.put(KEY, series);
    const found = cache.get(KEY);
    expect(found && columns(found)).toEqual(columns(series));
    expect(Object.is(found?.value[2], -0)).toBe(true);
    cache.put({ ...KEY, metric: 'none' }, { ...seriesOf([]), metric: 'none' });
    expect(cache.get({ ...KEY, metric: 'none' })?.x).toHaveLength(0);
  });

  it.each<[string, Partial<HistoryKey>]>([
    ['another last step', { lastStep: 4 }],
    ['another run', { run: 'r2' }],
    ['another metric', { metric: 'acc' }],
    ['another project', { project: { entity: 'acme', project: 'other' } }],
  ])('has nothing for %s', (_, change) => {
    const cache = openHistoryCache(temporaryFolder(), SERVER);
    cache.put(KEY, seriesOf([1, 2]));
    expect(cache.get({ ...KEY, ...change })).toBeUndefined();
  });

  it('has nothing for another server', () => {
    const folder = temporaryFolder();
    openHistoryCache(folder, SERVER).put(KEY, seriesOf([1]));
    expect(openHistoryCache(folder, 'https://wandb.example.com').get(KEY)).toBeUndefined();
  });

  it('is readable by its owner only, and no name from W&B is in a path', () => {
    const folder = temporaryFolder();
    openHistoryCache(folder, SERVER).put({ ...KEY, run: '../../evil', metric: 'a/b\u0000c' }, { ...seriesOf([1]), metric: 'a/b\u0000c' });
    const [file, ...more] = filesIn(folder);
    expect(more).toEqual([]);
    expect(file).toMatch(/histories\/v1\/[0-9a-f]{16}\/[0-9a-f]{40}\.bin$/);
    expect(statSync(file ?? '').mode & 0o777).toBe(0o600);
    expect(statSync(join(file ?? '', '..')).mode & 0o777).toBe(0o700);
  });

  it('reads again what is damaged, and what stands where another entry belongs', () => {
    const folder = temporaryFolder();
    const cache = openHistoryCache(folder, SERVER);
    cache.put(KEY, seriesOf([1, 2, 3]));
    const [file = ''] = filesIn(folder);
    const whole = readFileSync(file);
    for (const bytes of [whole.subarray(0, whole.length - 4), Buffer.from('nonsense'), Buffer.alloc(0)]) {
      writeFileSync(file, bytes);
      expect(cache.get(KEY)).toBeUndefined();
    }
    cache.put(KEY, seriesOf([1, 2, 3]));
    expect(cache.get(KEY)?.value).toHaveLength(3);
  });

  it('does not fail where nothing can be written', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'histories'), 'a file stands here');
    const cache = openHistoryCache(folder, SERVER);
    cache.put(KEY, seriesOf([1]));
    cache.prune();
    expect(cache.get(KEY)).toBeUndefined();
  });

  it('is small: less than a third of its numbers, for a loss as it is logged', () => {
    const folder = temporaryFolder();
    const values = Array.from({ length: 10_000 }, (_, i) => Math.fround(3 * Math.exp(-i / 3000) + 0.01 * Math.sin(i)));
    openHistoryCache(folder, SERVER).put(KEY, seriesOf(values, { from: 1.79e12 }));
    expect(statSync(filesIn(folder)[0] ?? '').size).toBeLessThan((24 * 10_000) / 3);
  });

  it('removes what was not used for longest, until it is small enough', () => {
    const folder = temporaryFolder();
    const cache = openHistoryCache(folder, SERVER, 1_000);
    for (const [i, run] of ['read again', 'older', 'newer'].entries()) {
      cache.put({ ...KEY, run }, seriesOf(Array.from({ length: 60 }, Math.random)));
      const newest = filesIn(folder).toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? '';
      utimesSync(newest, 1_000 + i, 1_000 + i);
    }
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other', 'file'), 'not ours');
    cache.get({ ...KEY, run: 'read again' });
    cache.prune();
    expect(['read again', 'older', 'newer'].filter((run) => cache.get({ ...KEY, run }) !== undefined)).toEqual(['read again']);
    expect(filesIn(join(folder, 'other'))).toHaveLength(1);
    expect(filesIn(join(folder, 'histories')).reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(1_000);
  });
});
