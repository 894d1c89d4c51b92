import { describe, expect, test } from 'vitest';
import { createMeasure } from '../../../src/engine/measure.ts';
import { NumberReader } from '../../../src/engine/number-store.ts';
import type { MetricCondition } from '../../../src/engine/rule.ts';
import { randomValues, seeded } from './random-series.ts';
import { comparedByReference, deviationByReference, exactAverage } from './reference.ts';

const base = { metric: 'loss' } as const;
const threshold = { ...base, kind: 'threshold', comparison: 'above', threshold: 3.3 } as const;
const change = { ...base, kind: 'change', comparison: 'changes_by' } as const;
const absolute = { kind: 'absolute', value: 0.77 } as const;
const relative = { kind: 'relative', fraction: 0.13 } as const;

const CONDITIONS: MetricCondition[] = [
  { ...threshold, aggregate: undefined, window: 1 },
  ...[1, 2, 5, 50].flatMap((window) =>
    (['average', 'min', 'max'] as const).flatMap((aggregate): MetricCondition[] => [
      { ...threshold, aggregate, window },
      { ...change, aggregate, window, priorWindow: 3, amount: absolute },
      { ...change, aggregate, window: 4, priorWindow: window, amount: relative },
    ]),
  ),
  { ...change, aggregate: undefined, window: 1, priorWindow: 1, amount: relative },
  ...[1, 2, 5, 30].map(
    (window): MetricCondition => ({ ...base, kind: 'zscore', window, threshold: 3, direction: 'either', over: 'values' }),
  ),
  ...[1, 2, 5, 30].flatMap((window): MetricCondition[] => [
    { ...base, kind: 'stall', window, lessThan: absolute },
    { ...base, kind: 'stall', window, lessThan: relative },
  ]),
];

function nameOf(condition: MetricCondition): string {
  return JSON.stringify({ ...condition, metric: undefined });
}

/** Two doubles that differ by no more than rounding. `scale`: the largest number that took part. */
function expectSame(actual: number, expected: number, scale: number, what: string): void {
  if (Object.is(actual, expected) || actual === expected) return;
  const allowed = 1e-12 * Math.max(Math.abs(expected), Number.isFinite(scale) ? scale : 0);
  const isSame = Math.abs(actual - expected) <= allowed;
  expect(isSame, `${what}: ${actual}, by the reference ${expected}`).toBe(true);
}

/** What rounding may cost: averages are right to the last digits, differences and deviations lose what their parts lose. */
function scaleOf(condition: MetricCondition, values: readonly number[]): number {
  if (condition.kind === 'threshold' || condition.kind === 'stall') return 0;
  const size = condition.kind === 'zscore' ? condition.window + 1 : condition.window + condition.priorWindow;
  const window = values.slice(-size);
  const largest = Math.max(...window.map(Math.abs));
  if (condition.kind === 'zscore') return largest / deviationByReference(window.slice(0, -1));
  return condition.amount.kind === 'relative' ? 0 : largest;
}

describe('every measure agrees with the reference on random series', () => {
  test.each(CONDITIONS.map((condition) => [nameOf(condition), condition] as const))('%s', (_name, condition) => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const random = seeded(seed);
      const values = randomValues(random, 250);
      const measure = createMeasure(condition);
      values.forEach((value, index) => {
        const soFar = values.slice(0, index + 1);
        const expected = comparedByReference(condition, soFar);
        expectSame(measure.add(value), expected, scaleOf(condition, soFar), `seed ${seed}, value ${index}`);
      });
    }
  });
});

describe('a measure that is saved and restored at any value goes on as if it had not been, to the bit', () => {
  test.each(CONDITIONS.map((condition) => [nameOf(condition), condition] as const))('%s', (_name, condition) => {
    const random = seeded(99);
    const values = randomValues(random, 200);
    const straight = createMeasure(condition);
    let interrupted = createMeasure(condition);
    for (const value of values) {
      const saved: number[] = [];
      interrupted.save(saved);
      interrupted = createMeasure(condition);
      interrupted.restore(new NumberReader(Float64Array.from(saved)));
      expect(interrupted.add(value)).toBe(straight.add(value));
      expect(interrupted.parts(0)).toEqual(straight.parts(0));
    }
  });
});

describe('a measure that is reset is as new', () => {
  test.each(CONDITIONS.map((condition) => [nameOf(condition), condition] as const))('%s', (_name, condition) => {
    const random = seeded(7);
    const used = createMeasure(condition);
    for (const value of randomValues(random, 123)) used.add(value);
    used.reset();
    const fresh = createMeasure(condition);
    for (const value of randomValues(random, 123)) expect(used.add(value)).toBe(fresh.add(value));
  });
});

test('a sum does not drift, and forgets a huge value as soon as it leaves the window', () => {
  const measure = createMeasure({ ...threshold, aggregate: 'average', window: 3 });
  const compared = [1, 1e16, 1, -1e16, 1, 1, 1, 1e300, 0.1, 0.1, 0.1].map((value) => measure.add(value));
  expect(compared[3]).toBe(1 / 3);
  expect(compared[6]).toBe(1);
  const third = exactAverage([0.1, 0.1, 0.1]);
  expect(compared[10]).toBe(third);
  for (let turn = 0; turn < 10_000; turn += 1) measure.add(0.1);
  expect(measure.add(0.1)).toBe(third);
});

test('an infinity is the average while it is in the window; two of opposite signs are none', () => {
  const measure = createMeasure({ ...threshold, aggregate: 'average', window: 2 });
  const inf = Number.POSITIVE_INFINITY;
  expect([1, inf, 1, 1, inf, -inf, 1, 1].map((value) => measure.add(value))).toEqual([Number.NaN, inf, inf, 1, inf, Number.NaN, -inf, 1]);
});
