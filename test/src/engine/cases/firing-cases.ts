import { expect } from 'vitest';
import type { Evaluation } from '../../../../src/engine/evaluation.ts';
import { startEvaluation } from '../../../../src/engine/start-evaluation.ts';
import { pointsOf, ruleOf } from '../rules.ts';
import { _, type Cases, firesAt, NAN, signalsOf, times } from './case-words.ts';

const above8 = { run_metric: { metric: 'loss', above: 8 } };
const averageAbove8 = { run_metric: { metric: 'loss', aggregate: 'average', window: 3, above: 8 } };
const HOUR = 3_600_000;
const LATER = 1e12;

/** The steps of the firings when points are added. */
function add(evaluation: Evaluation, values: readonly number[], firstStep: number, fill = false): number[] {
  return pointsOf(values, 'loss', firstStep)
    .flatMap((point) => evaluation.add(point, { fill, now: LATER }))
    .map(({ x }) => x ?? -1);
}

/** When a condition that is met fires, and what is remembered of it. */
export const FIRING_CASES: Cases = {
  'each-run-by-itself': () => {
    const rule = ruleOf(averageAbove8);
    const [one, other] = [startEvaluation(rule), startEvaluation(rule)];
    expect([add(one, [9, 9], 0), add(other, [9, 9], 2), add(other, [9], 4), add(one, [9], 5)]).toEqual([[], [], [4], [5]]);
  },
  transition: () => {
    expect(firesAt(above8, [1, 9, 9, 9], { more: { refire: '1m' } })).toEqual([1]);
    expect(firesAt(above8, [1, 9, 1, 9], { more: { refire: '1m' } })).toEqual([1, 3]);
    expect(firesAt(above8, [9])).toEqual([0]);
  },
  refire: () => {
    expect(firesAt(above8, [9, 1, 9], { intervalMs: 11 * HOUR })).toEqual([0]);
    expect(firesAt(above8, [9, 1, 9], { intervalMs: 12 * HOUR })).toEqual([0, 2]);
    expect(firesAt(above8, [9, 1, 9, 1, 9], { more: { refire: '3m' } })).toEqual([0, 4]);
    expect(firesAt(above8, [9, 1, 9, 1, 9], { more: { refire: 'never' }, intervalMs: 1000 * HOUR })).toEqual([0]);
  },
  'begins-again-within-refire': () => {
    expect(firesAt(above8, [9, 1, ...times(20, 9), 1, 9], { more: { refire: '10m' } })).toEqual([0, 23]);
  },
  'time-of-a-firing': () => {
    const evaluation = startEvaluation(ruleOf(above8));
    const [fromTheFuture] = evaluation.add({ metric: 'loss', x: 1, at: 5000, value: 9 }, { fill: false, now: 2000 });
    expect(fromTheFuture?.at).toBe(2000);
    const [late] = startEvaluation(ruleOf(above8)).add({ metric: 'loss', x: 1, at: 1000, value: 9 }, { fill: false, now: 2000 });
    expect(late?.at).toBe(1000);
  },
  'for-points': () => {
    expect(firesAt(above8, [9, 9, 1, 9, 9, 9, 9], { more: { for_points: 3 } })).toEqual([5]);
    expect(firesAt(above8, [9, 9], { more: { for_points: 3 } })).toEqual([]);
  },
  'for-points-with-gaps': () => {
    expect(firesAt(above8, [9, _, 9, _, _, 9], { more: { for_points: 3 } })).toEqual([5]);
  },
  'for-points-with-nan': () => {
    expect(firesAt(above8, [9, 9, NAN, 9, 9, 9], { more: { for_points: 3 } })).toEqual([5]);
  },
  'for-points-of-several-metrics': () => {
    const evaluation = startEvaluation(ruleOf({ run_metric_nonfinite: { metrics: { contains: 'loss' } } }, { for_points: 2 }));
    const at = (metric: string, x: number) => evaluation.add({ metric, x, at: x, value: NAN }, { fill: false, now: LATER }).length;
    expect([at('a_loss', 1), at('b_loss', 1), at('a_loss', 2)]).toEqual([0, 0, 1]);
  },
  resolve: () => {
    expect(signalsOf(above8, [9, 9, 1, 1], { more: { resolve: true } })).toEqual([
      { kind: 'firing', step: 0 },
      { kind: 'resolved', step: 2 },
    ]);
    expect(signalsOf(above8, [9, 1])).toEqual([{ kind: 'firing', step: 0 }]);
  },
  'resolve-only-what-fired': () => {
    expect(signalsOf(above8, [9, 1, 9, 1], { more: { resolve: true } })).toEqual([
      { kind: 'firing', step: 0 },
      { kind: 'resolved', step: 1 },
    ]);
    expect(signalsOf(above8, [9, 9, 1], { more: { resolve: true, for_points: 3 } })).toEqual([]);
  },
  'first-sight': () => {
    const evaluation = startEvaluation(ruleOf(averageAbove8, { resolve: true }));
    expect(add(evaluation, [1, 9, 9, 9, 9], 0, true)).toEqual([]);
    expect(add(evaluation, [9], 5)).toEqual([5]);
  },
  'first-sight-for-points': () => {
    const evaluation = startEvaluation(ruleOf(above8, { for_points: 3 }));
    add(evaluation, [9, 9, 9], 0, true);
    expect(add(evaluation, [9, 9, 9], 3)).toEqual([5]);
  },
  restart: () => {
    const rule = ruleOf(averageAbove8);
    let evaluation = startEvaluation(rule);
    const fired: number[] = [];
    [9, 9, 9, 9, 1, 1, 9, 9, 9].forEach((value, step) => {
      evaluation = startEvaluation(rule, JSON.parse(JSON.stringify(evaluation.save())));
      fired.push(...add(evaluation, [value], step));
    });
    expect(fired).toEqual([2]);
    expect(evaluation.current()).toMatchObject({ value: 9, isMet: true, lastFiredAt: 120_000 });
  },
  resume: () => {
    const rule = ruleOf(averageAbove8);
    const before = startEvaluation(rule);
    add(before, [1, 9, 9], 0);
    const after = startEvaluation(rule, before.save());
    expect(add(after, [9], 3)).toEqual([3]);
  },
  rewind: () => {
    const evaluation = startEvaluation(ruleOf(averageAbove8, { refire: '1m' }));
    expect(add(evaluation, [9, 9, 9, 9], 0)).toEqual([2]);
    evaluation.rewind();
    expect(evaluation.current()).toMatchObject({ value: undefined, lastFiredAt: 120_000 });
    const again = startEvaluation(ruleOf(averageAbove8));
    add(again, [9, 9], 0);
    again.rewind();
    expect([add(again, [9, 9], 1), add(again, [9], 3)]).toEqual([[], [3]]);
    expect(add(evaluation, [9, 9, 9], 1, true)).toEqual([]);
    expect(add(evaluation, [9, 9], 4)).toEqual([]);
    expect(add(evaluation, [1, 1, 1, 30], 6)).toEqual([9]);
  },
  fork: () => {
    const rule = ruleOf(averageAbove8);
    const parent = startEvaluation(rule);
    const fork = startEvaluation(rule);
    expect(add(parent, [9, 9, 9], 0)).toEqual([2]);
    expect(add(fork, [9, 9], 2)).toEqual([]);
    expect(add(fork, [9], 4)).toEqual([4]);
  },
  'edited-condition': () => {
    const before = startEvaluation(ruleOf(above8, { refire: '10m' }));
    expect(add(before, [9, 9], 0)).toEqual([0]);
    const edited = ruleOf({ run_metric: { metric: 'loss', above: 5 } }, { refire: '10m' });
    const after = startEvaluation(edited, before.save());
    expect(after.current()).toMatchObject({ value: undefined, isMet: false, lastFiredAt: 0 });
    expect(add(after, [9, 1], 2)).toEqual([]);
    expect(add(after, [9], 10)).toEqual([10]);
  },
  'edited-name-or-action': () => {
    const before = startEvaluation(ruleOf(averageAbove8));
    add(before, [9, 9], 0);
    const renamed = ruleOf(averageAbove8, { name: 'other', key: 'watch', description: 'x', refire: '1m', resolve: true });
    expect(add(startEvaluation(renamed, before.save()), [9], 2)).toEqual([2]);
  },
  'dry-run': () => {
    const dry = startEvaluation(ruleOf(above8, { dry_run: true }));
    expect(add(dry, [9], 0)).toEqual([0]);
    const inEarnest = startEvaluation(ruleOf(above8), dry.save());
    expect(add(inEarnest, [9], 1)).toEqual([1]);
  },
};
