import { describe, expect, it } from 'vitest';
import { RunProgress } from '../../../src/wandb/run-progress.ts';
import { pointsQuery } from './reader-in-test.ts';

describe('the first range of a run', () => {
  const rangeOf = (metrics: number): number => {
    const names = Array.from({ length: metrics }, (_none, i) => `m${i}`);
    const facts = { isStamped: true, createdAt: 0, rows: 7_000, now: 0 };
    const [spec] = new RunProgress(pointsQuery('r1', { upToStep: 6_999 }), names, facts).next();
    return (JSON.parse(spec ?? '{}') as { maxStep: number }).maxStep;
  };

  it('is shorter the more metrics are read, because the rows of all of them are in memory at once', () => {
    expect(rangeOf(1)).toBe(6_999);
    expect(rangeOf(100)).toBe(6_999);
    expect(rangeOf(5_000) * 5_000).toBeLessThan(1_000_000);
  });
});
