import { expect, test } from 'vitest';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { ruleOf, runOf } from './rules.ts';

const MINUTE = 60_000;
const rule = ruleOf({ run_silent: { for: '30m' } }, { refire: '1m', resolve: true });
type Look = { readonly minute: number; readonly state?: string; readonly row?: number; readonly fill?: boolean };

/** What each look at the run brings about, with a restart between any two of them. */
function lookAt(looks: readonly Look[]): string[][] {
  let evaluation = startEvaluation(rule);
  return looks.map(({ minute, state = 'running', row = 0, fill = false }) => {
    evaluation = startEvaluation(rule, JSON.parse(JSON.stringify(evaluation.save())));
    return evaluation.observe(runOf({ state }), { fill, now: minute * MINUTE, lastRowAt: row * MINUTE }).map(({ kind }) => kind);
  });
}

test('a run that stays silent fires once, and is resolved by a row', () => {
  expect(lookAt([{ minute: 29 }, { minute: 30 }, { minute: 90 }, { minute: 91, row: 90 }])).toEqual([[], ['firing'], [], ['resolved']]);
});

test('a look that only fills neither fires nor resolves', () => {
  expect(lookAt([{ minute: 30, fill: true }, { minute: 31 }, { minute: 32, row: 32, fill: true }])).toEqual([[], ['firing'], []]);
});

test('a run that is resumed is silent only from then on, also across restarts', () => {
  const looks = [{ minute: 5, state: 'crashed' }, { minute: 100 }, { minute: 129 }, { minute: 130 }];
  expect(lookAt(looks)).toEqual([[], [], [], ['firing']]);
});

test('a row of the future is no silence', () => {
  const evaluation = startEvaluation(rule);
  evaluation.observe(runOf(), { fill: false, now: MINUTE, lastRowAt: 5 * MINUTE });
  expect(evaluation.current().value).toBe(0);
});
