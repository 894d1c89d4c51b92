import { describe, expect, test } from 'vitest';
import { evaluateHistory, type HistoryResult } from '../../../src/engine/history.ts';
import type { Rule } from '../../../src/engine/rule.ts';
import { evaluateSeries } from '../../../src/engine/series.ts';
import { randomValues, seeded } from './random-series.ts';
import { pointsOf, ruleOf, runOf } from './rules.ts';

const MINUTE = 60_000;
const above8 = ruleOf({ run_metric: { metric: 'loss', above: 8 } }, { refire: '1m' });

function historyOf(rule: Rule, values: readonly number[]): HistoryResult {
  return evaluateHistory(rule, { run: runOf({ state: 'finished' }), points: pointsOf(values) });
}

describe('a history', () => {
  test('gives each firing with its value, its margin, and how long the condition held', () => {
    const result = historyOf(above8, [1, 9, 10, 1, 1, 12]);
    expect(result.firings).toMatchObject([
      { x: 1, at: MINUTE, value: 9, values: [9], margin: 1, heldMs: 2 * MINUTE },
      { x: 5, at: 5 * MINUTE, value: 12, margin: 4, heldMs: 0 },
    ]);
    expect(result).toMatchObject({ points: 6, nonfinite: 0, nearest: undefined, metMs: 2 * MINUTE, isMetAtEnd: true, last: 12 });
  });

  test('names the nearest miss when nothing fired, and counts what is not finite', () => {
    const result = historyOf(above8, [1, 7.5, Number.NaN, 7, Number.NEGATIVE_INFINITY]);
    expect(result).toMatchObject({
      firings: [],
      points: 5,
      nonfinite: 2,
      nearest: { x: 1, at: MINUTE, value: 7.5, distance: 0.5 },
      metMs: 0,
    });
  });

  test('has nothing to say of a metric that was never logged', () => {
    const result = evaluateHistory(above8, { run: runOf(), points: pointsOf([9], 'accuracy') });
    expect(result).toEqual({ firings: [], points: 0, nonfinite: 0, nearest: undefined, metMs: 0, isMetAtEnd: false, last: undefined });
  });

  test('counts how long a condition held that did not fire again within refire', () => {
    const rule = ruleOf({ run_metric: { metric: 'loss', above: 8 } });
    expect(historyOf(rule, [9, 1, 9, 9, 1])).toMatchObject({ firings: [{ x: 0, heldMs: MINUTE }], metMs: 3 * MINUTE, isMetAtEnd: false });
  });

  test('shows each point with what was compared', () => {
    const shown: number[] = [];
    const rule = ruleOf({ run_metric: { metric: 'loss', aggregate: 'average', window: 2, above: 8 } });
    evaluateHistory(rule, { run: runOf(), points: pointsOf([1, 3, 5]), onCompared: (_point, compared) => shown.push(compared) });
    expect(shown).toEqual([Number.NaN, 2, 4]);
  });

  test('uses the runs before it for a z-score over runs', () => {
    const rule = ruleOf({ run_metric_zscore: { metric: 'loss', window: 4, threshold: 2, direction: 'above', over: 'runs' } });
    const result = evaluateHistory(rule, { run: runOf(), points: pointsOf([2, 5]), population: [1, 3, 1, 3] });
    expect(result.firings).toMatchObject([{ x: 1, value: 3, values: [2, 5], margin: 1 }]);
  });

  test('counts NaN and infinities as firings of run_metric_nonfinite, without a margin', () => {
    const rule = ruleOf({ run_metric_nonfinite: { metrics: { contains: 'loss' } } });
    const points = [...pointsOf([1, Number.NaN, 1]), ...pointsOf([1], 'accuracy')];
    expect(evaluateHistory(rule, { run: runOf(), points })).toMatchObject({
      firings: [{ x: 1, metric: 'loss', margin: undefined, heldMs: MINUTE }],
      points: 3,
      nonfinite: 1,
    });
  });

  test('judges a state by how the run ended, at its last heartbeat, with the grace passed', () => {
    const rule = ruleOf({ run_state: { states: ['crashed'], grace: '10m' } });
    const ended = (state: string) => evaluateHistory(rule, { run: runOf({ state, heartbeatAt: 7 * MINUTE }), points: [] });
    expect(ended('crashed').firings).toEqual([{ kind: 'firing', at: 7 * MINUTE, status: 'crashed', margin: undefined, heldMs: 0 }]);
    expect(ended('finished').firings).toEqual([]);
  });

  test('does not show when a run was silent', () => {
    expect(historyOf(ruleOf({ run_silent: { for: '1m' } }), [1, 2]).firings).toEqual([]);
  });
});

describe('a history of which only the firings are needed', () => {
  const rules = ['above', 'above_or_equal_to', 'below', 'below_or_equal_to', 'equal_to', 'not_equal_to'].flatMap((comparison) =>
    [{ aggregate: 'average', window: 7 }, { aggregate: 'max', window: 3 }, { aggregate: 'min', window: 3 }, {}].map((aggregate) => ({
      event: { run_metric: { metric: 'loss', ...aggregate, [comparison]: 5 } },
      comparison,
      aggregate,
    })),
  );

  test.each(rules)('has the same firings: $comparison, $aggregate', ({ event }) => {
    for (const for_points of [1, 2]) {
      const rule = ruleOf(event, { refire: '1m', for_points });
      for (let seed = 1; seed <= 6; seed += 1) {
        const points = pointsOf(randomValues(seeded(seed), 300));
        const whole = evaluateHistory(rule, { run: runOf(), points });
        const fast = evaluateHistory(rule, { run: runOf(), points, onlyFirings: true });
        expect(fast.firings.map(({ x, heldMs }) => [x, heldMs])).toEqual(whole.firings.map(({ x, heldMs }) => [x, heldMs]));
        expect([fast.points, fast.nonfinite, fast.metMs]).toEqual([whole.points, whole.nonfinite, whole.metMs]);
      }
    }
  });

  test('agrees where values are as close to the limit as rounding', () => {
    const rule = ruleOf({ run_metric: { metric: 'loss', aggregate: 'average', window: 3, above_or_equal_to: 0.2 } });
    const points = pointsOf([0, 0, 0, 0, 0, 0, 0, ...Array.from({ length: 9 }, () => 0.2 - Number.EPSILON / 8)]);
    const whole = evaluateHistory(rule, { run: runOf(), points }).firings;
    expect(whole).toHaveLength(1);
    expect(evaluateHistory(rule, { run: runOf(), points, onlyFirings: true }).firings).toMatchObject([{ x: whole[0]?.x }]);
  });
});

test('a live evaluation, a series and a history agree', () => {
  const rule = ruleOf({ run_metric: { metric: 'loss', aggregate: 'average', window: 5, above: 6 } }, { refire: '20m', for_points: 2 });
  for (let seed = 1; seed <= 10; seed += 1) {
    const values = randomValues(seeded(seed), 200);
    const { firings } = evaluateSeries(rule, { series: { loss: values }, states: [], intervalMs: MINUTE });
    expect(historyOf(rule, values).firings.map(({ x, at, value }) => [x, at, value])).toEqual(
      firings.map(({ x, at, value }) => [x, at, value]),
    );
  }
});
