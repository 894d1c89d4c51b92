import { describe, expect, it } from 'vitest';
import { compareSummaries, defaultMetrics } from '../../../src/event/compared-metrics.ts';

const names = (now: object, before: object, named: string[] = []) => Object.keys(compareSummaries(now as never, before as never, named));

describe('the metrics that are compared by default', () => {
  it('are at most four numbers that both versions have: held-out quality first, counters last, and by name', () => {
    const summary = {
      epoch: 3,
      _step: 10,
      _runtime: 5,
      'train/loss': 1,
      'val/loss': 1,
      accuracy: 1,
      'val/extra': 1,
      throughput: 4,
      width: 2,
      'test/f1': 0.5,
      note: 'text',
    };
    expect(names(summary, summary)).toEqual(['test/f1', 'val/loss', 'val/extra', 'accuracy']);
    expect(names(summary, { epoch: 2, width: 1, 'train/loss': 2 })).toEqual(['train/loss', 'width', 'epoch']);
  });

  it('do not depend on the values, nor on the order in which W&B lists them', () => {
    const one = { b: 1, a: 2, c: 3, d: 4, e: 5 };
    const other = { e: 500, d: 0, c: -3, a: 2.5, b: 9 };
    expect(names(one, other)).toEqual(['a', 'b', 'c', 'd']);
    expect(names(other, one)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leave out what is NaN in one of them, and what only one has', () => {
    expect(names({ loss: 'NaN', f1: 1, mine: 2 }, { loss: 1, f1: 2, yours: 3 })).toEqual(['f1']);
  });

  it('are the same again when they are chosen from what was kept', () => {
    const summary = { z: 1, 'val/loss': 2, a: 3, b: 4, c: 5, d: 6 };
    const kept = compareSummaries(summary, summary, ['z']);
    expect(Object.keys(kept)).toEqual(['z', 'val/loss', 'a', 'b', 'c']);
    expect(defaultMetrics(kept)).toEqual(['val/loss', 'a', 'b', 'c']);
  });
});

describe('the metrics that the config names', () => {
  it('come whatever their names and values are, where at least one version has them', () => {
    const compared = compareSummaries({ lr: 0.1, loss: 'NaN' }, { loss: 2, old: 3 }, ['lr', 'loss', 'old', 'nowhere']);
    expect(compared).toEqual({ lr: { before: null, now: 0.1 }, loss: { before: 2, now: 'NaN' }, old: { before: 3, now: null } });
  });

  it('are found in nested summaries by their dotted path', () => {
    const compared = compareSummaries({ val: { loss: { min: 0.4 } } }, { val: { loss: { min: 0.5 } } }, ['val.loss.min']);
    expect(compared).toEqual({ 'val.loss.min': { before: 0.5, now: 0.4 } });
  });
});
