import { expect, test } from 'vitest';
import type { Evaluation } from '../../../src/engine/evaluation.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { ruleOf } from './rules.ts';

const NAN = Number.NaN;
const rule = ruleOf({ run_metric_nonfinite: { metrics: { contains: 'loss' } } }, { refire: '1s', resolve: true });

/** What a value at a step brings about; a step is a minute. */
function add(evaluation: Evaluation, metric: string, x: number, value: number, fill = false): string[] {
  return evaluation.add({ metric, x, at: x * 60_000, value }, { fill, now: 1e12 }).map(({ kind }) => kind);
}

test('a row that comes twice counts once, also when it was NaN and the metric is finite again', () => {
  const evaluation = startEvaluation(rule);
  const found = [
    [5, NAN],
    [6, 1],
    [5, NAN],
    [6, NAN],
    [7, 1],
  ].flatMap(([x = 0, value = 0]) => add(evaluation, 'loss', x, value));
  expect(found).toEqual(['firing', 'resolved']);
});

test('rows from before neither fire nor resolve, and do not count for later rows', () => {
  const evaluation = startEvaluation(rule);
  expect(add(evaluation, 'a_loss', 1, NAN, true)).toEqual([]);
  expect(add(evaluation, 'b_loss', 2, 1)).toEqual([]);
  expect(add(evaluation, 'a_loss', 2, NAN)).toEqual(['firing']);
  expect(add(evaluation, 'a_loss', 3, 1, true)).toEqual([]);
  expect(add(evaluation, 'a_loss', 4, 1)).toEqual(['resolved']);
});

test('after a rewind earlier steps count again, and what has fired is kept', () => {
  const evaluation = startEvaluation(rule);
  expect(add(evaluation, 'loss', 5, NAN)).toEqual(['firing']);
  evaluation.rewind();
  expect(add(evaluation, 'loss', 3, NAN)).toEqual([]);
  expect(add(evaluation, 'loss', 4, 1)).toEqual(['resolved']);
});

test('a time in the future counts as now', () => {
  const [firing] = startEvaluation(rule).add({ metric: 'loss', x: 1, at: 5000, value: NAN }, { fill: false, now: 2000 });
  expect(firing?.at).toBe(2000);
});

test('what was logged last is the current value', () => {
  const evaluation = startEvaluation(rule);
  expect(evaluation.current()).toMatchObject({ value: undefined, at: undefined });
  add(evaluation, 'loss', 1, NAN);
  expect(evaluation.current()).toEqual({ value: NAN, at: 60_000, isMet: true, lastFiredAt: 60_000 });
});
