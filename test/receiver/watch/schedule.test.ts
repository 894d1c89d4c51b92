import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenRun } from '../../../receiver/store/run.ts';
import { GIVE_UP_AFTER_MS, MISSING_AFTER_MS, nextPollAt, WATCH_LIMIT_MS } from '../../../receiver/watch/schedule.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DISPATCHED = 1_800_000_000_000;

const found: OpenRun = {
  deliveryId: 'd',
  eventId: 'e',
  repository: 'acme/deploy',
  kind: 'repository_dispatch',
  workflow: null,
  runId: '1',
  status: 'queued',
  dispatchedAt: DISPATCHED,
  runsSince: DISPATCHED,
  polls: 0,
};
const expected: OpenRun = { ...found, runId: null, status: 'expected' };

/** The ages at which a run is looked at that stays as it is. */
function looksOf(run: OpenRun, hasWebhook: boolean): number[] {
  const looks: number[] = [];
  for (let at = DISPATCHED + 5 * SECOND; Number.isFinite(at); at = nextPollAt(run, at, hasWebhook)) looks.push(at - DISPATCHED);
  return looks;
}

describe('when a run is looked at again', () => {
  it.each([
    [10 * SECOND, 5 * SECOND],
    [5 * MINUTE, 30 * SECOND],
    [30 * MINUTE, MINUTE],
    [3 * HOUR, 5 * MINUTE],
  ])('at an age of %i ms it is %i ms later', (age, later) => {
    expect(nextPollAt(found, DISPATCHED + age, false)).toBe(DISPATCHED + age + later);
  });

  it('is always later, in whole milliseconds, or never', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 * WATCH_LIMIT_MS }),
        fc.constantFrom(found, expected, { ...expected, status: 'missing' as const }),
        fc.boolean(),
        (age, run, hasWebhook) => {
          const again = nextPollAt(run, DISPATCHED + age, hasWebhook);
          expect(again).toBeGreaterThan(DISPATCHED + age);
          if (Number.isFinite(again)) expect(Number.isInteger(again)).toBe(true);
        },
      ),
    );
  });

  it('ends after 35 days, when GitHub has ended the run', () => {
    expect(nextPollAt(found, DISPATCHED + WATCH_LIMIT_MS - 1, false)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(nextPollAt(found, DISPATCHED + WATCH_LIMIT_MS, false)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([false, true])('comes at the moment when a run is called missing, and at the end of the search (webhooks: %s)', (hasWebhook) => {
    const looks = looksOf(expected, hasWebhook);
    expect(looks).toContain(MISSING_AFTER_MS);
    expect(looks.at(-1)).toBe(GIVE_UP_AFTER_MS);
  });

  it('looks for an expected run every 15 to 30 seconds, and for a missing one every half hour', () => {
    const first = looksOf(expected, false).filter((age) => age <= MISSING_AFTER_MS);
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(40);
    expect(nextPollAt({ ...expected, status: 'missing' }, DISPATCHED + HOUR, false)).toBe(DISPATCHED + HOUR + 30 * MINUTE);
  });
});
