import { expect } from 'vitest';
import { evaluateSeries } from '../../../../src/engine/series.ts';
import { startEvaluation } from '../../../../src/engine/start-evaluation.ts';
import { ruleOf, runOf } from '../rules.ts';
import { _, type Cases, comparedAt, firesAt, INFINITY, NAN, times } from './case-words.ts';

const change = (words: object) => ({ run_metric_change: { metric: 'loss', ...words } });
const zscore = (words: object) => ({ run_metric_zscore: { metric: 'loss', threshold: 2, direction: 'either', ...words } });
const stall = (words: object) => ({ run_metric_stall: { metric: 'loss', ...words } });
const MINUTE = 60_000;

/** Change, z-score, NaN, stall, silence. */
export const CONDITION_CASES: Cases = {
  'change-windows': () => {
    const event = change({ aggregate: 'average', window: 2, prior_window: 3, increases_by: 4 });
    expect(comparedAt(event, [1, 2, 3, 6, 8])).toEqual([_, _, _, _, 5]);
    expect(firesAt(event, [1, 2, 3, 6, 8])).toEqual([4]);
    expect(firesAt(event, [1, 2, 3, 6])).toEqual([]);
  },
  'change-defaults': () => {
    const event = change({ aggregate: 'average', increases_by: 1 });
    expect(firesAt(event, [...times(50, 1), ...times(10, 9)])).toEqual([59]);
    expect(firesAt(change({ increases_by: 1 }), [1, 2])).toEqual([1]);
  },
  'change-at-least': () => {
    expect(firesAt(change({ increases_by: 2 }), [1, 3])).toEqual([1]);
    expect(firesAt(change({ decreases_by: '50%' }), [4, 2])).toEqual([1]);
    expect(firesAt(change({ changes_by: 2 }), [3, 1])).toEqual([1]);
    expect(firesAt(change({ increases_by: 2 }), [3, 1])).toEqual([]);
  },
  'change-of-negative': () => {
    expect(firesAt(change({ increases_by: '50%' }), [-2, -1])).toEqual([1]);
    expect(firesAt(change({ decreases_by: '50%' }), [-2, -1])).toEqual([]);
  },
  'change-from-zero': () => {
    expect(comparedAt(change({ increases_by: '25%' }), [0, 5, 0, 0])).toEqual([_, _, -1, 0]);
    expect(firesAt(change({ increases_by: '25%' }), [0, 5])).toEqual([]);
    expect(firesAt(change({ increases_by: 5 }), [0, 5])).toEqual([1]);
  },
  'zscore-of-values': () => {
    const event = zscore({ window: 4 });
    expect(comparedAt(event, [1, 3, 1, 3, 4])).toEqual([_, _, _, _, 2]);
    expect(firesAt(event, [1, 3, 1, 3, 5])).toEqual([4]);
    expect(firesAt(zscore({}), [...times(15, 1), ...times(14, 3), 9])).toEqual([]);
    expect(firesAt(zscore({}), [...times(15, 1), ...times(15, 3), 9])).toEqual([30]);
  },
  'zscore-of-runs': () => {
    const event = zscore({ window: 4, over: 'runs' });
    expect(firesAt(event, [2, 5], { population: [1, 3, 1, 3] })).toEqual([1]);
    expect(comparedAt(event, [2, 5], { population: [1, 3, 1, 3, 900] })).toEqual([0, 3]);
  },
  'zscore-of-few-runs': () => {
    const event = zscore({ window: 4, over: 'runs' });
    expect(firesAt(event, [50], { population: [1, 3, 1] })).toEqual([]);
    expect(firesAt(event, [50], { population: [1, NAN, 3, INFINITY, 1] })).toEqual([]);
    expect(firesAt(event, [50], { population: [1, NAN, 3, 1, 3] })).toEqual([0]);
  },
  'zscore-limit': () => {
    expect(firesAt(zscore({ window: 4 }), [1, 3, 1, 3, 4])).toEqual([]);
    expect(firesAt(zscore({ window: 4, direction: 'below' }), [1, 3, 1, 3, -1])).toEqual([4]);
    expect(firesAt(zscore({ window: 4, direction: 'above' }), [1, 3, 1, 3, -1])).toEqual([]);
  },
  'zscore-deviation': () => {
    // Of 1 and 3 the mean is 2, and the deviation 1; of a sample it would be 1.41.
    expect(comparedAt(zscore({ window: 2 }), [1, 3, 5])[2]).toBe(3);
  },
  'zscore-without-deviation': () => {
    expect(comparedAt(zscore({ window: 3 }), [2, 2, 2, 9, 2])).toEqual([_, _, _, _, expect.any(Number)]);
    expect(comparedAt(zscore({ window: 3 }), [2, 2, 2, 2])[3]).toBe(0);
  },
  nonfinite: () => {
    const event = { run_metric_nonfinite: { metric: 'loss' } };
    expect(firesAt(event, [1, NAN])).toEqual([1]);
    expect(firesAt(event, [1, INFINITY])).toEqual([1]);
    expect(firesAt(event, [1, -INFINITY, 1, NAN], { more: { refire: '1m' } })).toEqual([1, 3]);
    expect(firesAt(event, [1, 1e308])).toEqual([]);
  },
  'nonfinite-of-several': () => {
    const rule = ruleOf({ run_metric_nonfinite: { metrics: { regex: '^val' } } }, { refire: '1m', resolve: true });
    const series = { val_loss: [1, NAN, NAN, 1, 1], 'val/acc': [1, 1, NAN, NAN, 1], loss: times(5, NAN) };
    const { firings } = evaluateSeries(rule, { series, states: [], intervalMs: MINUTE });
    expect(firings.map(({ kind, step, metric }) => [kind, step, metric])).toEqual([
      ['firing', 1, 'val_loss'],
      ['resolved', 4, 'val/acc'],
    ]);
  },
  'nonfinite-of-system-metrics': () => {
    for (const metrics of [{ contains: 'gpu' }, { in: ['gpu.0.temp'] }, { regex: '^system\\.gpu' }]) {
      expect(firesAt({ run_metric_nonfinite: { metrics } }, [NAN], { metric: 'system.gpu.0.temp' })).toEqual([0]);
    }
    expect(firesAt({ run_metric_nonfinite: { metrics: { not: 'gpu.0.temp' } } }, [NAN], { metric: 'system.gpu.0.temp' })).toEqual([]);
  },
  stall: () => {
    const event = stall({ window: 3, less_than: 0.1 });
    expect(firesAt(event, [3, 2, 1, 1, 1])).toEqual([4]);
    expect(firesAt(event, [1, 2, 1, 2, 1, 2])).toEqual([]);
    expect(firesAt(event, [0.2, 0.25, 0.3])).toEqual([]);
    expect(firesAt(event, [1, 1])).toEqual([]);
  },
  'stall-relative': () => {
    const event = stall({ window: 3, less_than: '1%' });
    expect(firesAt(event, [200, 199, 198.5])).toEqual([2]);
    expect(firesAt(event, [200, 199, 198])).toEqual([]);
    expect(firesAt(event, [0, 0, 0])).toEqual([2]);
    expect(firesAt(event, [0, 0.1, 0])).toEqual([]);
  },
  silence: () => {
    const event = { run_silent: { for: '30m' } };
    expect(firesAt(event, [1, 2, ...times(40, _)])).toEqual([31]);
    expect(firesAt(event, times(40, _))).toEqual([30]);
    expect(firesAt(event, [1, ...times(29, _), 1, ...times(20, _)])).toEqual([]);
  },
  'silence-of-ended-run': () => {
    const rule = ruleOf({ run_silent: { for: '3m' } }, { resolve: true });
    const run = (...states: string[]) =>
      evaluateSeries(rule, { series: { loss: [1, _, _, _, _, _, _] }, states, intervalMs: MINUTE }).firings.map(({ kind, step }) => [
        kind,
        step,
      ]);
    expect(run('running', 'finished')).toEqual([]);
    expect(run('running', 'running', 'running', 'running', 'crashed')).toEqual([
      ['firing', 3],
      ['resolved', 4],
    ]);
  },
  'silence-after-resume': () => {
    const evaluation = startEvaluation(ruleOf({ run_silent: { for: '30m' } }));
    const look = (state: string, minute: number) =>
      evaluation.observe(runOf({ state }), { fill: false, now: minute * MINUTE, lastRowAt: 10 * MINUTE });
    expect(look('running', 20)).toEqual([]);
    expect(look('failed', 30)).toEqual([]);
    expect(look('running', 1000)).toEqual([]);
    expect(look('running', 1029)).toEqual([]);
    expect(look('running', 1030)).toMatchObject([{ kind: 'firing', value: 30 * MINUTE }]);
  },
};
