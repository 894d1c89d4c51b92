import { describe, expect, test } from 'vitest';
import type { MetricCondition } from '../../../src/engine/rule.ts';
import { distanceTo, meets } from '../../../src/engine/verdict.ts';
import { ruleOf } from './rules.ts';

const conditionOf = (event: Record<string, unknown>) => ruleOf(event).condition as MetricCondition;
const threshold = (comparison: string) => conditionOf({ run_metric: { metric: 'loss', [comparison]: 5 } });
const change = (comparison: string) => conditionOf({ run_metric_change: { metric: 'loss', [comparison]: 5 } });
const zscore = (direction: string) => conditionOf({ run_metric_zscore: { metric: 'loss', threshold: 5, direction } });
const stall = conditionOf({ run_metric_stall: { metric: 'loss', window: 3, less_than: 5 } });

describe('a number on the limit, above and below it, and its distance', () => {
  test.each([
    ['above', threshold('above'), [4, 5, 6], [false, false, true], [1, 0, -1]],
    ['above or equal', threshold('above_or_equal_to'), [4, 5, 6], [false, true, true], [1, 0, -1]],
    ['below', threshold('below'), [4, 5, 6], [true, false, false], [-1, 0, 1]],
    ['below or equal', threshold('below_or_equal_to'), [4, 5, 6], [true, true, false], [-1, 0, 1]],
    ['equal', threshold('equal_to'), [4, 5, 6], [false, true, false], [1, 0, 1]],
    ['not equal', threshold('not_equal_to'), [4, 5, 6], [true, false, true], [-1, 0, -1]],
    ['increase', change('increases_by'), [-6, 4, 5, 6], [false, false, true, true], [11, 1, 0, -1]],
    ['decrease', change('decreases_by'), [-6, -5, -4, 6], [true, true, false, false], [-1, 0, 1, 11]],
    ['either change', change('changes_by'), [-6, -5, 4, 5], [true, true, false, true], [-1, 0, 1, 0]],
    ['z-score above', zscore('above'), [-6, 5, 6], [false, false, true], [11, 0, -1]],
    ['z-score below', zscore('below'), [-6, -5, 6], [true, false, false], [-1, 0, 11]],
    ['z-score, either', zscore('either'), [-6, 5, 6], [true, false, true], [-1, 0, -1]],
    ['stall', stall, [4, 5, 6], [true, false, false], [-1, 0, 1]],
  ])('%s', (_name, condition, numbers, met, distances) => {
    expect(numbers.map((number) => meets(condition, number))).toEqual(met);
    expect(numbers.map((number) => distanceTo(condition, number))).toEqual(distances);
  });

  test('NaN meets none, and has no distance', () => {
    for (const condition of [threshold('not_equal_to'), change('changes_by'), zscore('either'), stall]) {
      expect(meets(condition, Number.NaN)).toBe(false);
      expect(distanceTo(condition, Number.NaN)).toBeNaN();
    }
  });
});
