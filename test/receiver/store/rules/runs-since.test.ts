import { describe, expect, test } from 'vitest';
import { CLOCK_DIFFERENCE_MS, runsSinceReplay } from '../../../../receiver/store/rules/runs-since.ts';
import { HOUR } from '../conversation-samples.ts';
import { MINUTE, SECOND, T0 } from '../samples.ts';

describe('the earliest moment of a run that a replay starts', () => {
  const since = (finishedAt: number, runCreatedAt: number | null, now: number) =>
    runsSinceReplay({ runsSince: T0 - HOUR, finishedAt, runCreatedAt }, now);

  test.each([0, SECOND, 20 * SECOND, MINUTE, 30 * MINUTE])('lies between both lives when nothing is known of a run: %i ms', (pause) => {
    const now = T0 + pause;
    expect(since(T0, null, now)).toBeGreaterThanOrEqual(T0);
    expect(since(T0, null, now)).toBeLessThanOrEqual(now - Math.min(pause / 2, CLOCK_DIFFERENCE_MS));
  });

  test('leaves a run time to appear when there is any', () => {
    expect(since(T0, null, T0 + 4 * MINUTE)).toBe(T0 + MINUTE);
    expect(since(T0, null, T0 + 30 * MINUTE)).toBe(T0 + 30 * MINUTE - CLOCK_DIFFERENCE_MS);
  });

  test('comes after the run of the earlier life, whatever our clock says', () => {
    const ahead = T0 + 10 * MINUTE;
    expect(since(T0, ahead, T0 + 5 * SECOND)).toBeGreaterThan(ahead);
    expect(since(T0, ahead, T0 + 5 * SECOND)).toBeLessThan(ahead + 5 * SECOND);
    expect(since(T0, T0 - 3 * MINUTE, T0 + 5 * SECOND)).toBeGreaterThan(T0 - 3 * MINUTE);
    expect(since(T0, T0 - 3 * MINUTE, T0 + 5 * SECOND)).toBeLessThan(T0 - 3 * MINUTE + 5 * SECOND);
  });

  test('is never before that of an earlier replay', () => {
    const runsSince = T0 + 3 * MINUTE;
    expect(runsSinceReplay({ runsSince, finishedAt: T0, runCreatedAt: null }, T0 + MINUTE)).toBe(runsSince);
  });

  test('is not ahead of our clock when that was set back', () => {
    expect(since(T0 + MINUTE, null, T0)).toBeLessThanOrEqual(T0);
  });
});
