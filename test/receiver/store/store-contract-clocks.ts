import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { CLOCK_TOLERANCE_MS, dueAfter } from '../../../src/lib/clock.ts';
import { APPROVAL, dispatch, HOUR, heldEvent, lookAtRuns, nothingFollows, reportOf } from './conversation-samples.ts';
import {
  accept,
  attemptAt,
  claim,
  claimOne,
  deliveryOf,
  eventOf,
  firingOf,
  idsOf,
  LEASE_MS,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  SETTLE_MS,
  stateOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

/** What a clock shows that is ahead; it is corrected to `T0`. */
const AHEAD = T0 + 3 * HOUR;

export function clocksContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const fire = (id: string, at: number) =>
    eventOf(id, { at, firings: [firingOf([deliveryOf(`d-${id}`)], 'deploy of model', 10 * MINUTE)] });

  describe('when a clock that was ahead is corrected', () => {
    onStore('what was accepted is sent at once, and what waits behind it after it', async (store) => {
      await accept(store, eventOf('e1', { at: AHEAD }), eventOf('e2', { at: AHEAD }));

      await succeed(store, await claimOne(store, T0), T0);
      const second = await claimOne(store, T0 + SECOND);
      expect([second.id, second.retryingSince]).toEqual(['d-e2', T0 + SECOND]);
      expect(second.runsSince).toBeLessThanOrEqual(T0);
    });

    onStore('a retry is due after as long as it was to wait, counted once', async (store) => {
      await accept(store, eventOf('e1', { at: AHEAD }));
      await retryAt(store, await claimOne(store, AHEAD), AHEAD, AHEAD + 10 * MINUTE, true);

      expect(await claim(store, T0)).toEqual([]);
      const due = (await store.nextDueAt()) ?? 0;
      // The attempt ended 10 ms after it began.
      expect(due).toBe(T0 + 10 * MINUTE - 10);
      expect(await claim(store, due - 1)).toEqual([]);
      const claimed = await claimOne(store, due);
      expect(claimed).toMatchObject({ ambiguous: true, retryingSince: T0 });
      // The run began at the latest when the attempt ended, which was before the correction.
      expect(claimed.runsSince).toBeLessThanOrEqual(T0 - 10 * MINUTE);
    });

    onStore('a lease runs out after its time', async (store) => {
      await accept(store, eventOf('e1', { at: AHEAD }));
      const claimed = await claimOne(store, AHEAD);

      expect(await claim(store, T0)).toEqual([]);
      expect(await claim(store, T0 + LEASE_MS)).toEqual([]);
      expect(await stateOf(store, 'd-e1')).toBe('in_flight');
      expect(await claim(store, T0 + LEASE_MS + 1)).toEqual([]);
      expect(await claimOne(store, T0 + LEASE_MS + 1 + SETTLE_MS)).toMatchObject({ id: 'd-e1', ambiguous: true });
      expect(await succeed(store, claimed, T0)).toBe(false);
    });

    onStore('the pace goes on', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'b' }));
      await claim(store, AHEAD, { paceMs: 400 });

      expect(await claim(store, T0, { paceMs: 400 })).toEqual([]);
      expect(idsOf(await claim(store, T0 + 400, { paceMs: 400 }))).toEqual(['d-e2']);
    });

    onStore('a credential is throttled for as long as it was to be, by an attempt or by a poll of runs', async (store) => {
      await accept(store, eventOf('e1'));
      const until = AHEAD + 20 * MINUTE;
      const pending = { state: 'pending', dueAt: AHEAD, ambiguous: false, reason: 'limit' } as const;
      const attempt = { ...attemptAt(AHEAD, 'limited'), durationMs: 0 };
      await store.settle(await claimOne(store, AHEAD), attempt, pending, { credential: 'github', until, reason: 'limit' });
      await store.throttle({ credential: 'other', until, reason: 'looks' }, AHEAD);

      expect((await store.throttles(T0)).map((hold) => hold.until)).toEqual([T0 + 20 * MINUTE, T0 + 20 * MINUTE]);
      expect(await claim(store, T0 + 20 * MINUTE - 1)).toEqual([]);
      expect(idsOf(await claim(store, T0 + 20 * MINUTE))).toEqual(['d-e1']);
    });

    onStore('a shorter throttle counts again', async (store) => {
      await store.throttle({ credential: 'github', until: AHEAD + MINUTE, reason: 'first' }, AHEAD);
      await store.throttles(T0);
      await store.throttle({ credential: 'github', until: T0 + 5 * MINUTE, reason: 'second' }, T0);

      expect(await store.throttles(T0)).toEqual([{ credential: 'github', until: T0 + 5 * MINUTE, reason: 'second' }]);
    });

    onStore('nothing is a duplicate of an event from the future, but of one that is seconds ahead', async (store) => {
      await accept(store, eventOf('e1', { at: AHEAD, body: 'same' }));

      expect(await accept(store, eventOf('e2', { at: T0, body: 'same' }))).toMatchObject([{ status: 'accepted' }]);
      expect(await accept(store, eventOf('e3', { at: T0 - CLOCK_TOLERANCE_MS, body: 'same' }))).toEqual([
        { status: 'duplicate', id: 'e2', receivedAt: T0 },
      ]);
      const further = eventOf('e4', { at: T0 - CLOCK_TOLERANCE_MS - 1, body: 'same' });
      expect(await accept(store, further)).toMatchObject([{ status: 'accepted' }]);
    });

    onStore('a route rests after its last firing by the clock of now', async (store) => {
      await accept(store, fire('e1', AHEAD));

      expect(await accept(store, fire('e2', T0))).toMatchObject([{ deliveries: [{ id: 'd-e2' }] }]);
      expect(await accept(store, fire('e3', T0 + 9 * MINUTE))).toMatchObject([{ deliveries: [] }]);
      expect(await accept(store, fire('e4', T0 + 10 * MINUTE))).toMatchObject([{ deliveries: [{ id: 'd-e4' }] }]);
    });

    onStore('a route rests after a firing that is seconds ahead', async (store) => {
      await accept(store, fire('e1', T0 + 9 * SECOND));

      expect(await accept(store, fire('e2', T0))).toMatchObject([{ deliveries: [] }]);
    });

    onStore('a mute lasts as long as it was to last', async (store) => {
      await accept(store, eventOf('e1'));
      await store.mute({ route: 'deploy', subjectKey: 'model', until: AHEAD + 30 * MINUTE, by: 'ada' }, 'e1', AHEAD);

      expect(await store.mutes(T0)).toMatchObject([{ until: T0 + 30 * MINUTE }]);
      expect(await store.mutes(T0 + 30 * MINUTE)).toEqual([]);
    });

    onStore('an approval may be given for as long as it might have been', async (store) => {
      await accept(store, heldEvent('e1', { at: AHEAD }));

      expect(await store.expireApprovals(T0)).toBe(0);
      expect((await store.approval('e1', 'deploy'))?.expiresAt).toBe(T0 + APPROVAL.expiresMs);
      expect(await store.expireApprovals(T0 + APPROVAL.expiresMs - 1)).toBe(0);
      expect(await store.expireApprovals(T0 + APPROVAL.expiresMs)).toBe(1);
    });

    onStore('a run is polled soon, and found though it began before the dispatch', async (store) => {
      await accept(store, eventOf('e1', { at: AHEAD }));
      await dispatch(store, AHEAD);
      const planned = ((await store.earliestPollAt()) ?? 0) - AHEAD;

      expect(await lookAtRuns(store, T0)).toEqual([]);
      const [run] = await lookAtRuns(store, T0 + planned);
      expect(run).toMatchObject({ deliveryId: 'd-e1', dispatchedAt: T0 });
      const report = reportOf('in_progress', { title: 'd-e1', createdAt: T0 - MINUTE });
      expect(await store.recordRuns([report], T0 + planned, nothingFollows)).toMatchObject([{ deliveryId: 'd-e1' }]);
    });

    onStore('that is heard of once, with how far it was ahead', async (store) => {
      const heard: number[] = [];
      await store.onClockCorrected((aheadMs) => heard.push(aheadMs));
      await accept(store, eventOf('e1', { at: AHEAD }), eventOf('e2', { at: AHEAD - HOUR, subject: 'b' }));
      await claim(store, T0);
      await claim(store, T0 + MINUTE);
      await store.expireApprovals(T0 + MINUTE);

      expect(heard).toEqual([AHEAD - T0]);
    });
  });

  describe('clocks that differ by seconds', () => {
    onStore('are trusted: nothing that was planned is moved', async (store) => {
      const near = T0 + CLOCK_TOLERANCE_MS;
      await accept(store, eventOf('e1', { at: near }));
      await store.mute({ route: 'deploy', subjectKey: 'model', until: near + HOUR, by: 'ada' }, 'e1', near);

      expect(await claim(store, T0)).toEqual([]);
      expect(await store.nextDueAt()).toBe(near);
      expect(await store.mutes(T0)).toMatchObject([{ until: near + HOUR }]);
      expect(idsOf(await claim(store, near))).toEqual(['d-e1']);
    });

    test('and those that do not are distinguished by one rule, in SQL as in the program', async () => {
      const times = fc.record({ now: fc.nat(100_000), writtenAt: fc.nat(100_000), waits: fc.integer({ min: 1, max: 100_000 }) });
      // A store looks at stored times once a second, and may be used for several runs and tests: no two moments are on one day,
      // and none is on the day of the other tests.
      let days = 1;
      await fc.assert(
        fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 3 }), (all) =>
          withStore(open, async (store) => {
            for (const [i, { now, writtenAt, waits }] of all.entries()) {
              const day = T0 + days++ * 24 * HOUR;
              const until = day + writtenAt + waits;
              await store.throttle({ credential: `c${i}`, until, reason: 'limit' }, day + writtenAt);
              const found = (await store.throttles(day + now)).find(({ credential }) => credential === `c${i}`);
              const due = dueAfter(until, day + writtenAt, day + now);
              expect(found?.until).toBe(due > day + now ? due : undefined);
            }
          }),
        ),
        { numRuns: 30, examples: [[[{ now: CLOCK_TOLERANCE_MS + 274, writtenAt: 70_640, waits: 67_158 }]]] },
      );
    });
  });

  describe('a clock that jumps forward', () => {
    onStore('reclaims no lease while those who send go on', async (store) => {
      await accept(store, eventOf('e1'));
      const claimed = await claimOne(store, T0);

      expect(await claim(store, T0 + HOUR, { keepLeases: true })).toEqual([]);
      expect(await succeed(store, claimed, T0 + HOUR)).toBe(true);
    });

    onStore('makes no decision too late while it has just jumped', async (store) => {
      await accept(store, heldEvent('e1'), heldEvent('e2', { subject: 'b' }));
      const decision = { route: 'deploy', decision: 'approved', by: 'ada', at: T0 + APPROVAL.expiresMs } as const;

      expect(await store.decide({ ...decision, eventId: 'e1', clockJumped: true })).toMatchObject({ done: true });
      expect(await store.decide({ ...decision, eventId: 'e2', clockJumped: false })).toMatchObject({ done: false });
    });
  });
}
