import { describe, expect, test } from 'vitest';
import { type Figure, figureOf, figureRow, isMet } from '../../../scripts/bench/figures.ts';
import { median, quantile, ratios } from '../../../scripts/bench/statistics.ts';

describe('statistics', () => {
  test('the median of an even number of values lies between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([])).toBeNaN();
  });

  test('a quantile is one of the values, in numeric order', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(quantile(values, 0.99)).toBe(199);
    expect(quantile(values, 1)).toBe(200);
    expect(quantile([10, 9], 0)).toBe(9);
  });

  test('ratios compare within a round, so a slow round does not count more', () => {
    const rounds = [
      { a: [50, 70], b: [100, 140] },
      { a: [5, 5], b: [10, 10] },
    ];
    expect(ratios(rounds, (value) => value)).toEqual([0.5, 0.5]);
  });
});

describe('figures', () => {
  const figure: Figure = { part: 'accept', name: 'p99', unit: 'ms', measured: 10 };

  test('a target is met at its bound, except for one that says under', () => {
    expect(isMet({ ...figure, target: { atLeast: 10 } })).toBe(true);
    expect(isMet({ ...figure, target: { atLeast: 10.01 } })).toBe(false);
    expect(isMet({ ...figure, target: { atMost: 10 } })).toBe(true);
    expect(isMet({ ...figure, target: { atMost: 9.99 } })).toBe(false);
    expect(isMet({ ...figure, target: { below: 10 } })).toBe(false);
    expect(isMet(figure)).toBeUndefined();
  });

  test('what could not be measured is not met', () => {
    for (const target of [{ atLeast: 0 }, { atMost: 1 }, { below: 1 }])
      expect(isMet({ ...figure, measured: Number.NaN, target })).toBe(false);
  });

  test('a row shows the median, the middle half and the verdict', () => {
    const measured = figureOf({ part: 'accept', name: 'p99', unit: 'ms', target: { atMost: 3 } }, [1, 2, 30, 4]);
    expect(figureRow(measured)).toEqual(['accept', 'p99', '3.00 ms', '2.00 to 30.0', 'at most 3', 'met']);
  });
});
