import { describe, expect, test } from 'vitest';
import type { Evaluation } from '../../../src/engine/evaluation.ts';
import type { Rule } from '../../../src/engine/rule.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { randomValues, seeded } from './random-series.ts';
import { pointsOf, ruleOf, runOf } from './rules.ts';

const LATER = { fill: false, now: 1e12 };
const MINUTE = 60_000;

const EVENTS = {
  threshold: { run_metric: { metric: 'loss', aggregate: 'average', window: 50, above: 5 } },
  latest: { run_metric: { metric: 'loss', above: 5 } },
  least: { run_metric: { metric: 'loss', aggregate: 'min', window: 50, below: 5 } },
  change: { run_metric_change: { metric: 'loss', aggregate: 'average', increases_by: '10%' } },
  zscore: { run_metric_zscore: { metric: 'loss', window: 50, threshold: 1, direction: 'either' } },
  'zscore over runs': { run_metric_zscore: { metric: 'loss', window: 4, threshold: 1, direction: 'either', over: 'runs' } },
  stall: { run_metric_stall: { metric: 'loss', window: 50, less_than: 5 } },
  nonfinite: { run_metric_nonfinite: { metrics: { contains: 'loss' } } },
} as const;

function rulesFor(words: object): [string, Rule][] {
  return Object.entries(EVENTS).map(([name, event]) => [name, ruleOf(event, { ...words })]);
}

function throughJson(evaluation: Evaluation, rule: Rule): Evaluation {
  return startEvaluation(rule, JSON.parse(JSON.stringify(evaluation.save())));
}

describe('an evaluation that is saved as JSON and restored at every point', () => {
  test.each(rulesFor({ refire: '5m', for_points: 2, resolve: true }))('goes on as if it had not been: %s', (_name, rule) => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const points = pointsOf(randomValues(seeded(seed), 130));
      const straight = startEvaluation(rule);
      let interrupted = startEvaluation(rule);
      for (const evaluation of [straight, interrupted]) evaluation.population([1, 3, 1, 3]);
      for (const point of points) {
        interrupted = throughJson(interrupted, rule);
        expect(interrupted.add(point, LATER)).toEqual(straight.add(point, LATER));
      }
      expect(throughJson(interrupted, rule).current()).toEqual(straight.current());
      expect(interrupted.save()).toEqual(straight.save());
    }
  });

  test.each(rulesFor({}))('takes less than 2 KB at a window of 50, whatever was logged: %s', (_name, rule) => {
    const evaluation = startEvaluation(rule);
    for (const point of pointsOf(randomValues(seeded(3), 1000))) evaluation.add(point, LATER);
    expect(Buffer.byteLength(JSON.stringify(evaluation.save()))).toBeLessThan(2048);
  });

  test('takes no more when the metrics of a MATCH are many', () => {
    const rule = ruleOf({ run_metric_nonfinite: { metrics: { regex: '.' } } }, { resolve: true });
    const evaluation = startEvaluation(rule);
    const log = (value: number, x: number) =>
      Array.from({ length: 500 }, (_, index) => evaluation.add({ metric: `gradient/${index}`, x, at: x, value }, LATER)).flat();
    expect(log(Number.NaN, 1)).toHaveLength(1);
    expect(Buffer.byteLength(JSON.stringify(evaluation.save()))).toBeLessThan(2048);
    expect(log(1, 2)).toMatchObject([{ kind: 'resolved' }]);
    // Those that are finite again make room for others.
    expect(evaluation.add({ metric: 'loss', x: 3, at: 2e8, value: Number.NaN }, LATER)).toHaveLength(1);
  });
});

describe('what is saved of a run that does not change', () => {
  test.each([
    ['silence', ruleOf({ run_silent: { for: '5h' } })],
    ['a state', ruleOf({ run_state: { states: ['crashed'], grace: '1m' } })],
  ])('stays the same at every look: %s', (_name, rule) => {
    const evaluation = startEvaluation(rule);
    const look = (now: number) => evaluation.observe(runOf(), { fill: false, now, lastRowAt: 5 });
    look(MINUTE);
    const saved = JSON.stringify(evaluation.save());
    for (let minute = 2; minute < 9; minute += 1) look(minute * MINUTE);
    expect(JSON.stringify(evaluation.save())).toBe(saved);
    expect(evaluation.current().at).toBeDefined();
  });
});

describe('what fires', () => {
  const add = (rule: Rule, values: readonly number[]) => {
    const evaluation = startEvaluation(rule);
    return pointsOf(values).flatMap((point) => evaluation.add(point, LATER));
  };

  test.each([
    ['a threshold', EVENTS.latest, [1, 9], { value: 9, values: [9] }],
    ['a change', { run_metric_change: { metric: 'loss', increases_by: 2 } }, [1, 9], { value: 8, values: [1, 9] }],
    ['a relative change', { run_metric_change: { metric: 'loss', increases_by: '50%' } }, [2, 4], { value: 1, values: [2, 4] }],
    [
      'a z-score',
      { run_metric_zscore: { metric: 'loss', window: 2, threshold: 2, direction: 'above' } },
      [1, 3, 5],
      { value: 3, values: [2, 5] },
    ],
    ['a stall', { run_metric_stall: { metric: 'loss', window: 3, less_than: 2 } }, [1, 2, 1.5], { value: 1, values: [1, 1.5] }],
    ['NaN', { run_metric_nonfinite: { metric: 'loss' } }, [1, Number.NaN], { value: Number.NaN, values: [Number.NaN] }],
  ] as const)('carries what was compared, and from what: %s', (_name, event, values, found) => {
    const step = values.length - 1;
    expect(add(ruleOf(event), values)).toEqual([{ kind: 'firing', at: step * MINUTE, x: step, metric: 'loss', ...found }]);
  });

  test('carries the name of the metric as W&B has it', () => {
    const evaluation = startEvaluation(ruleOf({ run_metric: { metric: 'cpu', above: 5 } }));
    expect(evaluation.add({ metric: 'system.cpu', x: 1, at: 1, value: 9 }, LATER)).toMatchObject([{ metric: 'system.cpu' }]);
  });
});

describe('the current value', () => {
  test('is not there before the window is full, and of a metric that was never logged', () => {
    const evaluation = startEvaluation(ruleOf({ run_metric: { metric: 'loss', aggregate: 'average', window: 2, above: 8 } }));
    expect(evaluation.current()).toEqual({ value: undefined, at: undefined, isMet: false, lastFiredAt: undefined });
    for (const point of pointsOf([9])) evaluation.add(point, LATER);
    expect(evaluation.current()).toEqual({ value: undefined, at: 0, isMet: false, lastFiredAt: undefined });
    for (const point of pointsOf([10], 'loss', 1)) evaluation.add(point, LATER);
    expect(evaluation.current()).toEqual({ value: 9.5, at: MINUTE, isMet: true, lastFiredAt: MINUTE });
  });

  test('of a condition for points in a row is met with the last of them', () => {
    const evaluation = startEvaluation(ruleOf(EVENTS.latest, { for_points: 2 }));
    const met = pointsOf([9, 9, 1]).map((point) => {
      evaluation.add(point, LATER);
      return evaluation.current().isMet;
    });
    expect(met).toEqual([false, true, false]);
  });

  test('of silence is the time without a row', () => {
    const evaluation = startEvaluation(ruleOf({ run_silent: { for: '5h' } }));
    evaluation.observe(runOf(), { fill: false, now: 3 * MINUTE, lastRowAt: MINUTE });
    expect(evaluation.current()).toMatchObject({ value: 2 * MINUTE, at: MINUTE, isMet: false });
  });
});

test('what cannot be read of what was saved is as if nothing had been', () => {
  const rule = ruleOf(EVENTS.threshold);
  for (const saved of [{}, { version: rule.version }, { version: rule.version, numbers: 5 }, { numbers: '' }]) {
    expect(startEvaluation(rule, saved).current()).toMatchObject({ value: undefined, isMet: false, lastFiredAt: undefined });
  }
});

test('a condition that fired and ended while it was edited is resolved once', () => {
  const before = startEvaluation(ruleOf({ run_metric: { metric: 'loss', above: 8 } }, { resolve: true }));
  for (const point of pointsOf([9])) before.add(point, LATER);
  const edited = startEvaluation(ruleOf({ run_metric: { metric: 'loss', above: 20 } }, { resolve: true }), before.save());
  expect(pointsOf([9, 9], 'loss', 1).flatMap((point) => edited.add(point, LATER))).toMatchObject([{ kind: 'resolved', x: 1 }]);
});
