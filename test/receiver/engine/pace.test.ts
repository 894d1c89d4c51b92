import { describe, expect, it } from 'vitest';
import { pausedUntil, retryAt } from '../../../receiver/engine/pace.ts';

const SECOND = 1_000;
const AWAY = { kind: 'unavailable', message: 'W&B: 502' } as const;

describe('the next read after a failure', () => {
  const pauses = (failures: number) => retryAt(AWAY, failures, 15 * SECOND, 0, 0.999) / SECOND;

  it('comes twice as late each time, up to five minutes', () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((failures) => Math.round(pauses(failures)))).toEqual([15, 30, 60, 120, 240, 300, 300]);
  });

  it('is spread, so that projects that failed together do not come back together', () => {
    expect(retryAt(AWAY, 1, 15 * SECOND, 0, 0)).toBe(11_250);
  });

  it('waits for what W&B asks for, but not for hours', () => {
    expect(retryAt({ ...AWAY, kind: 'limited', retryAt: 90 * SECOND }, 1, 15 * SECOND, 0, 0)).toBe(90 * SECOND);
    expect(retryAt({ ...AWAY, kind: 'limited', retryAt: 9e9 }, 1, 15 * SECOND, 0, 0)).toBe(600 * SECOND);
  });

  it('waits for the longest where only people can change something', () => {
    expect(retryAt({ ...AWAY, kind: 'refused' }, 1, 15 * SECOND, 0, 0.999)).toBeGreaterThan(299 * SECOND);
  });
});

describe('the rate limit', () => {
  it('is left alone below 30 %, until it is full again', () => {
    expect(pausedUntil({ remaining: 0.29, resetAt: 60 * SECOND }, 0)).toBe(60 * SECOND);
    expect(pausedUntil({ remaining: 0.3, resetAt: 60 * SECOND }, 0)).toBeUndefined();
    expect(pausedUntil({ remaining: 0, resetAt: 60 * SECOND }, 60 * SECOND)).toBeUndefined();
    expect(pausedUntil({ remaining: 0, resetAt: 9e9 }, 0)).toBe(600 * SECOND);
    expect(pausedUntil(undefined, 0)).toBeUndefined();
  });
});
