import { expect } from 'vitest';
import { startEvaluation } from '../../../../src/engine/start-evaluation.ts';
import { ruleOf } from '../rules.ts';
import { _, type Cases, comparedAt, firesAt, INFINITY, NAN, signalsOf, times } from './case-words.ts';

const above8 = { run_metric: { metric: 'loss', above: 8 } };
const average = (window: number, words: object = { above: 8 }) => ({
  run_metric: { metric: 'loss', aggregate: 'average', window, ...words },
});

/** Which values count, and what is compared. */
export const VALUE_CASES: Cases = {
  'latest-value': () => {
    expect(firesAt(above8, [1, 9])).toEqual([1]);
    expect(firesAt({ run_metric: { metric: 'loss', above_or_equal_to: 8 } }, [1, 8])).toEqual([1]);
    expect(firesAt(above8, [1, 8])).toEqual([]);
  },
  'aggregate-of-window': () => {
    expect(firesAt(average(3), [1, 9, 9, 9])).toEqual([3]);
    expect(firesAt({ run_metric: { metric: 'loss', aggregate: 'min', window: 2, above: 8 } }, [9, 1, 9, 9])).toEqual([3]);
    expect(firesAt({ run_metric: { metric: 'loss', aggregate: 'max', window: 2, below: 8 } }, [9, 1, 1])).toEqual([2]);
    expect(firesAt({ run_metric: { metric: 'loss', aggregate: 'average', above: 8 } }, times(5, 9))).toEqual([4]);
  },
  'window-not-full': () => {
    expect(comparedAt(average(3), [100, 100, 100])).toEqual([undefined, undefined, 100]);
    expect(firesAt(average(3), [100, 100])).toEqual([]);
  },
  'metric-starts-late': () => {
    expect(firesAt(average(3), [_, _, _, _, 9, 9, 9])).toEqual([6]);
  },
  gaps: () => {
    expect(firesAt(average(3), [9, _, _, 9, _, 9])).toEqual([5]);
    expect(comparedAt(average(2), [1, _, 3])).toEqual([undefined, undefined, 2]);
  },
  'nan-latest': () => {
    for (const words of [{ above: 8 }, { below: 8 }, { equal_to: 8 }, { not_equal_to: 8 }]) {
      expect(firesAt({ run_metric: { metric: 'loss', ...words } }, [NAN])).toEqual([]);
    }
    expect(signalsOf(above8, [1, 9, NAN, 9, 1], { more: { resolve: true, refire: '1m' } })).toEqual([
      { kind: 'firing', step: 1 },
      { kind: 'resolved', step: 4 },
    ]);
  },
  'nan-in-window': () => {
    expect(comparedAt(average(2), [9, NAN, 9, 9])).toEqual([undefined, undefined, undefined, 9]);
    expect(comparedAt({ run_metric: { metric: 'loss', aggregate: 'max', window: 2, above: 8 } }, [9, NAN, 9, 9])).toEqual([_, _, _, 9]);
    expect(firesAt(average(2), [1, 1, NAN, 9, 9])).toEqual([4]);
  },
  infinity: () => {
    expect(firesAt(above8, [1, INFINITY])).toEqual([1]);
    expect(firesAt(average(2), [1, 1, INFINITY])).toEqual([2]);
    expect(comparedAt(average(2), [INFINITY, -INFINITY])).toEqual([_, _]);
    expect(firesAt({ run_metric_change: { metric: 'loss', decreases_by: 1 } }, [1, INFINITY])).toEqual([]);
  },
  'equal-numbers': () => {
    expect(firesAt({ run_metric: { metric: 'loss', equal_to: 0.3 } }, [0.1 + 0.2, 0.3])).toEqual([1]);
    expect(firesAt({ run_metric: { metric: 'loss', aggregate: 'min', window: 1, equal_to: 0.3 } }, [0.1 + 0.2, 0.3])).toEqual([1]);
    expect(firesAt(average(3, { equal_to: 0.2 }), [0.1, 0.2, 0.3])).toEqual([2]);
    expect(firesAt(average(3, { above: 0.2 }), [0.1, 0.2, 0.3])).toEqual([]);
    expect(firesAt({ run_metric_change: { metric: 'loss', increases_by: '25%' } }, [0.4, 0.5])).toEqual([1]);
  },
  'huge-value': () => {
    expect(comparedAt(average(2), [1, 1e16, 1, 1])).toEqual([_, 5e15, 5e15, 1]);
    expect(comparedAt(average(3), [1e16, 1, -1e16, 2])[2]).toBe(1 / 3);
  },
  'system-metric': () => {
    for (const metric of ['cpu', 'system.cpu']) {
      expect(firesAt({ run_metric: { metric: 'cpu', above: 90 } }, [10, 95], { metric })).toEqual([1]);
      expect(firesAt({ run_metric: { metric: 'system.cpu', above: 90 } }, [10, 95], { metric })).toEqual([1]);
    }
  },
  'system-metric-place': () => {
    const evaluation = startEvaluation(ruleOf({ run_metric: { metric: 'gpu.0.temp', aggregate: 'min', window: 2, above: 90 } }));
    const row = (seconds: number) => ({ metric: 'system.gpu.0.temp', x: seconds, at: seconds * 1000, value: 95 });
    const found = [15.2, 15.2, 30.1].flatMap((seconds) => evaluation.add(row(seconds), { fill: false, now: 40_000 }));
    expect(found.map(({ x, at }) => [x, at])).toEqual([[30.1, 30_100]]);
  },
  'nested-name': () => {
    expect(firesAt({ run_metric: { metric: 'val.loss', above: 8 } }, [9], { metric: 'val.loss' })).toEqual([0]);
    expect(firesAt({ run_metric: { metric: 'val/loss', above: 8 } }, [9], { metric: 'val.loss' })).toEqual([]);
    expect(firesAt({ run_metric: { metric: 'loss', above: 8 } }, [9], { metric: 'val.loss' })).toEqual([]);
  },
  'steps-with-fractions': () => {
    const evaluation = startEvaluation(ruleOf(average(3)));
    const found = [0.25, 0.5, 0.75].flatMap((x) =>
      evaluation.add({ metric: 'loss', x, at: x * 1000, value: 9 }, { fill: false, now: 1000 }),
    );
    expect(found.map(({ x }) => x)).toEqual([0.75]);
  },
  'row-comes-twice': () => {
    const evaluation = startEvaluation(ruleOf(average(3)));
    const add = (x: number) => evaluation.add({ metric: 'loss', x, at: x, value: 9 }, { fill: false, now: 100 });
    expect([1, 1, 2, 1, 2].flatMap(add)).toEqual([]);
    expect(add(3)).toHaveLength(1);
  },
  'other-metric': () => {
    const evaluation = startEvaluation(ruleOf(above8));
    expect(evaluation.add({ metric: 'accuracy', x: 1, at: 1, value: 9 }, { fill: false, now: 1 })).toEqual([]);
    expect(evaluation.current()).toMatchObject({ value: undefined, at: undefined });
  },
};
