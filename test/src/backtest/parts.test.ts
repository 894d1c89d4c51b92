import { describe, expect, it } from 'vitest';
import { conditionWords, valueWords } from '../../../src/backtest/condition-words.ts';
import { firingCounts } from '../../../src/backtest/firing-counts.ts';
import { scaleOf, shownRange } from '../../../src/backtest/scale.ts';
import { suggestMetrics } from '../../../src/backtest/suggest.ts';
import { thinnedLine } from '../../../src/backtest/thin.ts';
import { shortOf } from '../../../src/backtest/value-words.ts';
import { variantsOf } from '../../../src/backtest/variants.ts';
import type { Condition } from '../../../src/engine/rule.ts';
import { above, DAY_MS, ruleOf } from './rules.ts';

const change: Condition = {
  kind: 'change',
  metric: 'loss',
  aggregate: 'average',
  window: 10,
  priorWindow: 50,
  comparison: 'increases_by',
  amount: { kind: 'relative', fraction: 0.25 },
};

describe('a run that came close', () => {
  const short = (condition: Condition, value: number, missing: number) => shortOf({ rule: ruleOf(condition) }, { value, missing });

  it('was short of it by so much, lay exactly on the limit, or met it not for long enough', () => {
    expect(short(above(8), 7.5, 0.5)).toBe('0.5');
    expect(short(above(8), 8, 0)).toBe('exactly at the limit');
    expect(short(above(8), 9, 0)).toBe('reached, not for long enough');
  });
});

describe('variants of a rule', () => {
  const words = (condition: Condition) => variantsOf(ruleOf(condition)).map((one) => `${one.kind} ×${one.factor}: ${one.words}`);

  it('scale the limit by 0.8 to 1.2, and halve and double the windows', () => {
    expect(words(above(8, { aggregate: 'average', window: 5 }))).toEqual([
      'limit ×0.8: 6.4',
      'limit ×0.9: 7.2',
      'limit ×1.1: 8.8',
      'limit ×1.2: 9.6',
      'window ×0.5: 3 values',
      'window ×2: 10 values',
    ]);
    expect(words(change)).toEqual([
      'limit ×0.8: 20 %',
      'limit ×0.9: 22.5 %',
      'limit ×1.1: 27.5 %',
      'limit ×1.2: 30 %',
      'window ×0.5: 5 values against 25',
      'window ×2: 20 values against 100',
    ]);
  });

  it('have no window without an aggregate, no limit where a multiple has no sense', () => {
    expect(words(above(8)).every((one) => one.startsWith('limit'))).toBe(true);
    expect(words(above(0))).toEqual([]);
    expect(words(above(5, { comparison: 'equal_to' }))).toEqual([]);
    expect(words({ kind: 'nonfinite', metrics: 'loss' })).toEqual([]);
  });

  it('change nothing but the limit or the window', () => {
    const rule = ruleOf(above(8, { aggregate: 'max', window: 4 }), { forPoints: 3 });
    for (const variant of variantsOf(rule)) {
      const { threshold, window, ...rest } = variant.rule.condition as Extract<Condition, { kind: 'threshold' }>;
      expect({ ...variant.rule, condition: { ...rest, threshold: 8, window: 4 }, version: '1' }).toEqual(rule);
      expect([threshold === 8, window === 4]).toEqual(variant.kind === 'limit' ? [false, true] : [true, false]);
    }
  });

  it('scale how long a run took', () => {
    const long: Condition = { kind: 'state', states: ['finished'], graceMs: 0, longerThanMs: 10 * 3_600_000 };
    expect(words(long)[0]).toBe('limit ×0.8: 8h');
  });
});

describe('a thinned line', () => {
  const steps = Float64Array.from({ length: 10_000 }, (_, i) => i);

  it('keeps the extremes, its ends and its order', () => {
    const y = steps.map((i) => (i === 4321 ? 100 : i === 8765 ? -100 : Math.sin(i / 900)));
    const line = thinnedLine(steps, y, 160).flatMap((point) => (point === null ? [] : [point]));
    expect(line.length).toBeLessThanOrEqual(322);
    expect(line).toContainEqual([4321, 100]);
    expect(line).toContainEqual([8765, -100]);
    expect(line.map(([x]) => x)).toEqual(line.map(([x]) => x).toSorted((a, b) => a - b));
  });

  it('is whole when it is short, with a gap where nothing is finite', () => {
    const line = thinnedLine(Float64Array.of(0, 1, 2, 3), Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, 4), 160);
    expect(line).toEqual([[0, 1], null, [3, 4]]);
    expect(thinnedLine(new Float64Array(0), new Float64Array(0), 160)).toEqual([]);
  });

  it('takes steps that are far apart and not whole', () => {
    const x = Float64Array.from({ length: 1000 }, (_, i) => i ** 3 + 0.5);
    expect(thinnedLine(x, x, 50).length).toBeLessThanOrEqual(102);
  });
});

describe('an axis', () => {
  it('has round marks around the values', () => {
    const scale = scaleOf([1.2, 9.7], 4);
    expect(scale.marks).toEqual([2.5, 5, 7.5, 10]);
    expect([scale.place(1.2) > 0, scale.place(9.7) < 1]).toEqual([true, true]);
  });

  it('is logarithmic for values that are powers apart, and copes with a flat line', () => {
    expect(scaleOf([0.001, 1000], 4)).toMatchObject({ isLogarithmic: true });
    expect(scaleOf([5, 5], 4).place(5)).toBeCloseTo(0.5);
    expect(scaleOf([], 4).marks.length).toBeGreaterThan(0);
    expect(scaleOf([0, 0], 4).place(0)).toBeCloseTo(0.5);
  });

  it('cuts off a few values that would make the others one flat line, and never the limit', () => {
    const values = [...Array.from({ length: 100 }, (_, i) => Math.sin(i)), 5_000];
    expect(shownRange(values, [3])).toMatchObject({ isCut: true });
    expect(Math.max(...shownRange(values, [3]).values)).toBe(3);
    expect(shownRange([1, 2, 3], [8])).toEqual({ values: [1, 2, 3, 8], isCut: false });
  });
});

describe('names that were probably meant', () => {
  it('are another spelling, another prefix, a near word, or share a word', () => {
    const names = ['train/loss', 'val/loss', 'val/acc', 'lr', '_runtime'];
    expect(suggestMetrics('loss', names)).toEqual(['train/loss', 'val/loss']);
    expect(suggestMetrics('val_acc', names)[0]).toBe('val/acc');
    expect(suggestMetrics('train/lss', names)[0]).toBe('train/loss');
    expect(suggestMetrics('val_loss', ['train/loss', 'val/acc'])).toEqual(['train/loss', 'val/acc']);
    expect(suggestMetrics('throughput', names)).toEqual([]);
    expect(suggestMetrics('loss', [])).toEqual([]);
  });
});

describe('firings by day', () => {
  const at = (...times: number[]) => ({ firings: times.map((time) => ({ at: time })) as never });

  it('count each firing once, also those at the ends', () => {
    const period = { since: 0, until: 30 * DAY_MS };
    const { word, counts } = firingCounts(at(0, 1, 29.5 * DAY_MS, 30 * DAY_MS), period);
    expect([word, counts.length]).toEqual(['day', 30]);
    expect([counts[0], counts[29]]).toEqual([2, 2]);
  });

  it('go by hours and by weeks where that fits better', () => {
    expect(firingCounts(at(), { since: 0, until: DAY_MS })).toMatchObject({ word: 'hour', counts: { length: 24 } });
    expect(firingCounts(at(), { since: 0, until: 365 * DAY_MS })).toMatchObject({ word: 'week', counts: { length: 53 } });
  });
});

describe('words', () => {
  it.each<[Condition, number, string]>([
    [above(8), 1, 'loss above 8'],
    [above(8, { aggregate: 'average', window: 5 }), 3, 'average of 5 values of loss above 8, 3 points in a row'],
    [change, 1, 'average of loss (10 values against 50) increases by at least 25 %'],
    [
      { kind: 'zscore', metric: 'loss', window: 30, threshold: 3, direction: 'either', over: 'values' },
      1,
      'z-score of loss over 30 values beyond ±3',
    ],
    [
      { kind: 'stall', metric: 'loss', window: 50, lessThan: { kind: 'relative', fraction: 0.01 } },
      1,
      'loss changes by less than 1 % over 50 values',
    ],
    [{ kind: 'nonfinite', metrics: { regex: '^train/' } }, 1, 'NaN or infinity in /^train//'],
    [{ kind: 'silent', forMs: 1_800_000 }, 1, 'running, and no new row for 30m'],
    [
      { kind: 'state', states: ['failed', 'crashed', 'killed'], graceMs: 0, longerThanMs: 21_600_000 },
      1,
      'run failed, crashed or killed, after more than 6h',
    ],
  ])('say what is evaluated: %#', (condition, forPoints, words) => {
    expect(conditionWords({ condition, forPoints })).toBe(words);
  });

  it('show the compared number in its unit', () => {
    expect(valueWords(change, 0.31)).toBe('+31 %');
    expect(valueWords(above(8), -2.5)).toBe('−2.50');
    expect(valueWords(above(8), Number.NEGATIVE_INFINITY)).toBe('−Infinity');
    expect(valueWords({ kind: 'silent', forMs: 30 * 60_000 }, 31 * 60_000)).toBe('31 min');
  });
});
