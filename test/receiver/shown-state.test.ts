import { describe, expect, it } from 'vitest';
import { SHOWN_COUNTS, shownState } from '../../receiver/shown-state.ts';
import { DELIVERY_STATES } from '../../receiver/store/delivery.ts';

describe('the shown state', () => {
  it.each([
    ['pending', 0, null, 'waiting'],
    ['pending', 1, 'GitHub answered 502', 'retrying'],
    ['pending', 1, 'rate limit until noon', 'throttled'],
    ['in_flight', 0, null, 'sending'],
    ['delivered', 1, null, 'delivered'],
    ['dead', 1, 'GitHub answered 404', 'failed'],
    ['held', 0, null, 'awaiting approval'],
    ['superseded', 0, 'superseded by event e2', 'superseded'],
    ['cancelled', 0, 'cancelled by hand', 'cancelled'],
    ['cancelled', 0, 'rejected by ada (U012ABC)', 'rejected'],
    ['cancelled', 0, 'nobody approved it in time', 'expired'],
    ['cancelled', 0, null, 'cancelled'],
  ] as const)('of %s after %i attempts (%s) is %s', (state, attempts, reason, shown) => {
    const throttles = [{ reason: 'rate limit until noon' }];
    expect(shownState({ state, attempts, reason }, throttles)).toBe(shown);
  });

  it('is retrying when the throttle has ended', () => {
    expect(shownState({ state: 'pending', attempts: 1, reason: 'rate limit until noon' })).toBe('retrying');
  });

  it('has words for a count of every stored state', () => {
    expect(Object.keys(SHOWN_COUNTS).sort()).toEqual([...DELIVERY_STATES].sort());
  });
});
