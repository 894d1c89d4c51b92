import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlanFiles } from '../../../src/sync/plan-files.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const plan = (fingerprint: string) => JSON.stringify({ fingerprint, changes: [], more: 1 });

function folder(): string {
  const top = temporaryFolder();
  for (const name of ['1', '2']) {
    mkdirSync(join(top, name));
    writeFileSync(join(top, name, 'plan.json'), plan(name));
  }
  return top;
}

describe('plan files', () => {
  it.each([
    [['1/plan.json'], ['1']],
    [['*/plan.json'], ['1', '2']],
    [
      ['1/plan.json', '2/plan.json'],
      ['1', '2'],
    ],
    // No pull request had a plan: nothing is approved.
    [['none/*/plan.json'], []],
  ])('%j', (patterns, fingerprints) => {
    const plans = readPlanFiles(folder(), patterns);
    expect(plans.ok && plans.value.map(({ fingerprint }) => fingerprint)).toEqual(fingerprints);
  });

  it('name the file that is missing or none of "plan"', () => {
    const top = folder();
    writeFileSync(join(top, 'x.json'), '{}');
    writeFileSync(join(top, 'y.json'), '{');
    for (const [name, why] of [
      ['z.json', 'cannot be read'],
      ['x.json', 'not a plan file'],
      ['y.json', 'not JSON'],
    ] as const) {
      expect(readPlanFiles(top, [name])).toEqual({ ok: false, error: expect.stringMatching(`${name}: ${why}`) });
    }
  });
});
