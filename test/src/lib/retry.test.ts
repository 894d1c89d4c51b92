import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttemptFailure, DEFAULT_RETRY_POLICY, nextAttempt, type RetryPolicy } from '../../../src/lib/retry.ts';

const NOW = 1_700_000_000_000;
const FOREVER: RetryPolicy = { ...DEFAULT_RETRY_POLICY, retryForMs: Number.MAX_SAFE_INTEGER };
const PLAIN: AttemptFailure = { ambiguous: false };

const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempts = fc.integer({ min: 1, max: 10_000 });

function dueAt(failure: AttemptFailure, count: number, random: number, policy = FOREVER): number {
  const next = nextAttempt({ attempts: count, since: NOW }, failure, policy, NOW, random);
  if (next === 'give_up') throw new Error('gave up');
  return next.at;
}

describe('nextAttempt', () => {
  it.each([
    [1, 5_000],
    [2, 10_000],
    [5, 80_000],
    [10, 2_560_000],
    [11, 3_600_000],
    [5_000, 3_600_000],
  ])('waits, after %i attempts, up to %i ms', (count, ceiling) => {
    expect(dueAt(PLAIN, count, 0) - NOW).toBe(0);
    expect(dueAt(PLAIN, count, 0.5) - NOW).toBe(ceiling / 2);
    expect(dueAt(PLAIN, count, 1 - Number.EPSILON) - NOW).toBe(ceiling - 1);
  });

  it('never waits longer than the ceiling and never goes back in time', () => {
    fc.assert(
      fc.property(attempts, dice, (count, random) => {
        const wait = dueAt(PLAIN, count, random) - NOW;
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThan(Math.min(3_600_000, 5_000 * 2 ** (count - 1)));
      }),
    );
  });

  it('never shortens what the server asked for', () => {
    fc.assert(
      fc.property(attempts, dice, fc.integer({ min: 0, max: 86_400_000 }), fc.boolean(), (count, random, wait, ambiguous) => {
        const at = dueAt({ ambiguous, notBefore: NOW + wait }, count, random);
        expect(at).toBeGreaterThanOrEqual(NOW + wait);
        expect(at).toBe(Math.max(dueAt({ ambiguous }, count, random), NOW + wait));
      }),
    );
  });

  it('ignores a floor that has passed', () => {
    expect(dueAt({ ambiguous: false, notBefore: NOW - 60_000 }, 1, 0)).toBe(NOW);
  });

  it('leaves an ambiguous attempt alone until its effect can be seen', () => {
    expect(dueAt({ ambiguous: true }, 1, 0)).toBe(NOW + DEFAULT_RETRY_POLICY.settleMs);
  });

  it('schedules nothing past the time for which a delivery is tried', () => {
    fc.assert(
      fc.property(attempts, dice, fc.nat(10_000_000), fc.nat(10_000_000), fc.nat(10_000_000), (count, random, age, floor, retryForMs) => {
        const state = { attempts: count, since: NOW - age };
        const next = nextAttempt(state, { ambiguous: false, notBefore: NOW + floor }, { ...FOREVER, retryForMs }, NOW, random);
        if (next === 'give_up') expect(Math.max(age + floor, age + 3_600_000)).toBeGreaterThan(retryForMs);
        else expect(next.at - state.since).toBeLessThanOrEqual(retryForMs);
      }),
    );
  });

  it('takes the very last moment and gives up one millisecond later', () => {
    const policy = { ...FOREVER, retryForMs: 1_000 };
    expect(dueAt({ ambiguous: false, notBefore: NOW + 1_000 }, 1, 0, policy)).toBe(NOW + 1_000);
    expect(nextAttempt({ attempts: 1, since: NOW }, { ambiguous: false, notBefore: NOW + 1_001 }, policy, NOW, 0)).toBe('give_up');
  });
});
