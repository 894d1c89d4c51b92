import { describe, expect, it } from 'vitest';
import { countFirings, simulateRun } from '../../../src/backtest/simulate-run.ts';
import type { Condition, Rule } from '../../../src/engine/rule.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { runOf } from '../history/fake-reader.ts';
import { above, DAY_MS, ruleOf, STEP_MS, seriesOf } from './rules.ts';

const SETTING = { since: 0, now: 10 * DAY_MS };
const run = (values: readonly number[], rule: Rule, setting = SETTING) =>
  simulateRun(startEvaluation, rule, { run: runOf('r'), series: [seriesOf(values)] }, setting);

describe('one rule on one run', () => {
  it('fires where the condition begins, with the compared value and how far it is beyond the limit', () => {
    const { firings } = run([1, 9, 12, 3, 1], ruleOf(above(8)));
    expect(firings).toHaveLength(1);
    expect(firings[0]).toMatchObject({ firing: { x: 1, at: STEP_MS, value: 9 }, margin: 1, lastedMs: 2 * STEP_MS, hasEnded: true });
  });

  it('compares the aggregate, and keeps it for each point; before the window is full there is none', () => {
    const { compared, firings } = run([6, 9, 12, 3], ruleOf(above(8, { aggregate: 'average', window: 3 })));
    expect([...compared]).toEqual([Number.NaN, Number.NaN, 9, 8]);
    expect(firings.map(({ firing }) => firing.value)).toEqual([9]);
  });

  it('says that the condition was still true at the end, and how long it was true in all', () => {
    const outcome = run([9, 1, 9, 9, 9], ruleOf(above(8)));
    // The second time is within a day of the first firing.
    expect(outcome.firings).toMatchObject([{ lastedMs: STEP_MS, hasEnded: true }]);
    expect(outcome.metMs).toBe(3 * STEP_MS);
    expect(run([1, 9, 9], ruleOf(above(8))).firings).toMatchObject([{ lastedMs: STEP_MS, hasEnded: false }]);
  });

  it('fires again after refire', () => {
    const values = [9, 1, 9, 1];
    expect(run(values, ruleOf(above(8), { refireMs: 2 * STEP_MS })).firings).toHaveLength(2);
    expect(run(values, ruleOf(above(8), { refireMs: 'never' })).firings).toHaveLength(1);
  });

  it('does not count what fired before the period, and what began before it is no beginning', () => {
    const values = [9, 9, 9, 1, 9];
    const since = 2 * STEP_MS;
    expect(run(values, ruleOf(above(8), { refireMs: 1 }), { ...SETTING, since }).firings.map(({ firing }) => firing.x)).toEqual([4]);
    expect(run([9, 9, 9], ruleOf(above(8)), { ...SETTING, since }).firings).toEqual([]);
  });

  it('counts NaN and infinities, and they end no condition', () => {
    const outcome = run([9, Number.NaN, 9, Number.POSITIVE_INFINITY, 1], ruleOf(above(8)));
    expect(outcome.notFinite).toBe(2);
    expect(outcome.firings).toMatchObject([{ lastedMs: 4 * STEP_MS }]);
  });

  it('knows where a run came closest', () => {
    expect(run([1, 7.5, 3], ruleOf(above(8))).closest).toEqual({ value: 7.5, margin: -0.5, x: 1, at: STEP_MS, metric: 'loss' });
    const below: Condition = above(0.2, { comparison: 'below' });
    expect(run([0.9, 0.4, 0.6], ruleOf(below)).closest).toMatchObject({ value: 0.4, margin: expect.closeTo(-0.2), x: 1 });
  });

  it('keeps what was reached, and not for enough points in a row', () => {
    const outcome = run([1, 9, 1, 9, 1], ruleOf(above(8), { forPoints: 2 }));
    expect(outcome.firings).toEqual([]);
    expect(outcome.closest).toMatchObject({ value: 9, margin: 1 });
  });

  it('takes points of several metrics in the order in which they were logged', () => {
    const series = [seriesOf([1, 1, Number.NaN], { metric: 'a' }), seriesOf([1, Number.NaN], { metric: 'b' })];
    const rule = ruleOf({ kind: 'nonfinite', metrics: { regex: '.' } });
    const { firings } = simulateRun(startEvaluation, rule, { run: runOf('r'), series }, SETTING);
    expect(firings.map(({ firing }) => [firing.metric, firing.x])).toEqual([['b', 1]]);
  });

  it('counts as many firings alone as with everything that is shown of them', () => {
    const values = Array.from({ length: 500 }, (_, i) => 8 + 3 * Math.sin(i / 7));
    const rule = ruleOf(above(8, { aggregate: 'max', window: 4 }), { refireMs: 10 * STEP_MS });
    const history = { run: runOf('r'), series: [seriesOf(values)] };
    const { firings } = simulateRun(startEvaluation, rule, history, SETTING);
    expect(firings.length).toBeGreaterThan(5);
    expect(countFirings(startEvaluation, [rule, ruleOf(above(100))], history, SETTING)).toEqual([firings.length, 0]);
  });
});

describe('z-scores over runs', () => {
  it('compare with the latest values of the runs before, as many as the window has', () => {
    const rule = ruleOf({ kind: 'zscore', metric: 'loss', window: 4, threshold: 3, direction: 'above', over: 'runs' });
    const history = { run: runOf('r'), series: [seriesOf([2, 9])] };
    const fired = (population: readonly number[]) =>
      simulateRun(startEvaluation, rule, history, { ...SETTING, population }).firings.map(({ firing }) => firing.x);
    expect(fired([1, 2, 1, 2])).toEqual([1]);
    // Only the last four count.
    expect(fired([100, 1, 2, 1, 2])).toEqual([1]);
    expect(fired([1, 2, 1, 2, 100])).toEqual([]);
  });
});

describe('states', () => {
  const ended = (state: string) => runOf('r', { state, createdAt: 1_000, heartbeatAt: DAY_MS });
  const states = (condition: Partial<Extract<Condition, { kind: 'state' }>>) =>
    ruleOf({ kind: 'state', states: ['failed', 'crashed'], graceMs: 0, longerThanMs: 0, ...condition });
  const fired = (state: string, rule: Rule) =>
    simulateRun(startEvaluation, rule, { run: ended(state), series: [] }, SETTING).firings.map(({ firing }) => [firing.at, firing.status]);

  it('are judged by the final state, at the last heartbeat', () => {
    expect(fired('failed', states({}))).toEqual([[DAY_MS, 'failed']]);
    expect(fired('crashed', states({}))).toEqual([[DAY_MS, 'crashed']]);
    expect(fired('killed', states({}))).toEqual([]);
    expect(fired('finished', states({}))).toEqual([]);
  });

  it('take the grace as passed', () => {
    expect(fired('crashed', states({ states: ['crashed'], graceMs: 600_000 }))).toHaveLength(1);
  });

  it('know that every run was running once', () => {
    expect(fired('finished', states({ states: ['running'] }))).toEqual([[1_000, 'running']]);
  });

  it('know how long a run took', () => {
    expect(fired('finished', states({ states: ['finished'], longerThanMs: DAY_MS / 2 }))).toEqual([[DAY_MS, 'finished']]);
    expect(fired('finished', states({ states: ['finished'], longerThanMs: 2 * DAY_MS }))).toEqual([]);
    expect(fired('finished', states({ states: ['running'], longerThanMs: 5_000 }))).toEqual([[6_000, 'running']]);
  });
});
