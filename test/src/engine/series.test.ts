import { expect, test } from 'vitest';
import { evaluateSeries } from '../../../src/engine/series.ts';
import { ruleOf } from './rules.ts';

const _ = undefined;
const MINUTE = 60_000;

test('the example of the config format: a loss that explodes', () => {
  // "3 2.9 2.8x10 NaN 9+1x3"
  const loss = [3, 2.9, ...Array.from({ length: 11 }, () => 2.8), Number.NaN, 9, 10, 11, 12];
  const rule = ruleOf({ run_metric: { metric: 'loss', above: 8 } });
  const { firings } = evaluateSeries(rule, {
    series: { loss },
    states: [],
    intervalMs: MINUTE,
    run: { name: 'nightly-1', state: 'running' },
  });
  expect(firings).toMatchObject([{ step: 14, kind: 'firing', value: 9, at: 14 * MINUTE }]);
});

test('the example of the config format: a crash that comes back', () => {
  const states = [...Array.from({ length: 11 }, () => 'running'), ...Array.from({ length: 6 }, () => 'crashed'), 'running'];
  const rule = ruleOf({ run_state: { states: ['crashed'], grace: '10m' } });
  expect(evaluateSeries(rule, { series: {}, states, intervalMs: MINUTE }).firings).toEqual([]);
});

test('each step shows what was compared, from which values, and in which state', () => {
  const rule = ruleOf({ run_metric: { metric: 'loss', aggregate: 'average', window: 2, above: 8 } });
  const { steps } = evaluateSeries(rule, { series: { loss: [9, _, 11], lr: [1, 1, 1] }, states: ['pending', 'running'], intervalMs: 1000 });
  expect(steps).toEqual([
    { step: 0, at: 0, state: 'pending', value: undefined, isMet: false, window: [9] },
    { step: 1, at: 1000, state: 'running', value: undefined, isMet: false, window: [9] },
    { step: 2, at: 2000, state: 'running', value: 10, isMet: true, window: [9, 11] },
  ]);
});

test.each([
  ['a change', { run_metric_change: { metric: 'loss', aggregate: 'min', window: 1, prior_window: 2, increases_by: 1 } }, [2, 3, 4]],
  ['a z-score', { run_metric_zscore: { metric: 'loss', window: 3, threshold: 1, direction: 'above' } }, [1, 2, 3, 4]],
  ['a z-score over runs', { run_metric_zscore: { metric: 'loss', window: 3, threshold: 1, direction: 'above', over: 'runs' } }, [4]],
  ['a stall', { run_metric_stall: { metric: 'loss', window: 2, less_than: 1 } }, [3, 4]],
  ['NaN', { run_metric_nonfinite: { metric: 'loss' } }, [4]],
  ['a state', { run_state: { states: ['failed'] } }, []],
])('the window of %s', (_name, event, window) => {
  const { steps } = evaluateSeries(ruleOf(event), { series: { loss: [0, 1, 2, 3, 4] }, states: [], intervalMs: MINUTE });
  expect(steps.at(-1)?.window).toEqual(window);
});

test('a series may begin at any time, and go on after the states', () => {
  const rule = ruleOf({ run_silent: { for: '3m' } });
  const { firings, steps } = evaluateSeries(rule, {
    series: { loss: [1, _, _, _, _] },
    states: ['running'],
    intervalMs: MINUTE,
    startAt: 1e12,
  });
  expect(firings).toMatchObject([{ step: 3, at: 1e12 + 3 * MINUTE, value: 3 * MINUTE, status: 'running' }]);
  expect(steps).toHaveLength(5);
});

test('nothing at all fires nothing', () => {
  expect(evaluateSeries(ruleOf({ run_silent: { for: '3m' } }), { series: {}, states: [], intervalMs: MINUTE })).toEqual({
    firings: [],
    steps: [],
  });
});
