import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import {
  accept,
  attemptAt,
  claim,
  claimOne,
  dispatchOf,
  drain,
  eventOf,
  idsOf,
  LEASE_MS,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  SETTLE_MS,
  stateOf,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const HOUR = 60 * MINUTE;

export function queueContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('claiming and settling', () => {
    onStore('a claimed delivery has all that a worker needs, and is in flight', async (store) => {
      await accept(store, eventOf('e1'));

      const delivery = await claimOne(store, T0 + SECOND);

      expect(delivery).toMatchObject({
        id: 'd-e1',
        eventId: 'e1',
        route: 'deploy',
        target: 'repository_dispatch:acme/deploy',
        credential: 'github',
        request: dispatchOf('d-e1'),
        attempts: 0,
        retryingSince: T0,
        ambiguous: false,
      });
      expect(delivery.runsSince).toBeLessThanOrEqual(T0);
      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'in_flight', dueAt: null });
    });

    onStore('no more are claimed than asked for, the longest waiting first', async (store) => {
      for (const n of [3, 1, 2]) await accept(store, eventOf(`e${n}`, { subject: `s${n}`, at: T0 + n }));

      expect(idsOf(await claim(store, T0 + SECOND, { limit: 2 }))).toEqual(['d-e1', 'd-e2']);
      expect(idsOf(await claim(store, T0 + SECOND, { limit: 2 }))).toEqual(['d-e3']);
    });

    onStore('every attempt is logged, in order, and counted', async (store) => {
      await accept(store, eventOf('e1'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + SECOND);
      const second = await claimOne(store, T0 + SECOND);
      await retryAt(store, second, T0 + SECOND, T0 + MINUTE, true);
      const third = await claimOne(store, T0 + MINUTE);
      const run = { id: '7', url: 'https://github.com/acme/deploy/actions/runs/7' };
      await store.settle(third, { ...attemptAt(T0 + MINUTE, 'found'), status: 200, detail: 'it ran' }, { state: 'delivered', run });

      expect([second.attempts, second.ambiguous, third.attempts, third.ambiguous]).toEqual([1, false, 2, true]);
      expect([second.retryingSince, third.retryingSince]).toEqual([T0, T0]);
      const found = await store.delivery('d-e1');
      expect(found?.delivery).toMatchObject({ state: 'delivered', attempts: 3, reason: null, runUrl: run.url, dueAt: null });
      expect(found?.attempts).toEqual([
        attemptAt(T0, 'failed'),
        attemptAt(T0 + SECOND, 'ambiguous'),
        { startedAt: T0 + MINUTE, durationMs: 10, outcome: 'found', status: 200, detail: 'it ran' },
      ]);
    });

    onStore('a delivery that is to be retried says when and why', async (store) => {
      await accept(store, eventOf('e1'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);

      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({
        state: 'pending',
        dueAt: T0 + MINUTE,
        reason: 'GitHub answered 502',
      });
      expect(await claim(store, T0 + MINUTE - 1)).toEqual([]);
      expect(idsOf(await claim(store, T0 + MINUTE))).toEqual(['d-e1']);
    });

    onStore('settling without the lease changes nothing', async (store) => {
      await accept(store, eventOf('e1'));
      const delivery = await claimOne(store, T0);
      const throttle = { credential: 'github', until: T0 + HOUR, reason: 'limit' };
      const settle = (leaseToken: string, id = 'd-e1') =>
        store.settle({ ...delivery, id, leaseToken }, attemptAt(T0, 'refused'), { state: 'dead', reason: 'no' }, throttle);

      expect([await settle('of somebody else'), await settle(delivery.leaseToken, 'no such delivery')]).toEqual([false, false]);
      expect(await store.delivery('d-e1')).toMatchObject({ delivery: { state: 'in_flight', attempts: 0 }, attempts: [] });
      expect(await succeed(store, delivery, T0)).toBe(true);
      expect(await settle(delivery.leaseToken)).toBe(false);
      expect(await store.delivery('d-e1')).toMatchObject({ delivery: { state: 'delivered' }, attempts: [{ outcome: 'delivered' }] });

      await accept(store, eventOf('e2'));
      expect(idsOf(await claim(store, T0))).toEqual(['d-e2']);
    });
  });

  describe('leases', () => {
    onStore('a lease that ran out is reclaimed as ambiguous, and the old owner cannot settle', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      const old = await claimOne(store, T0);

      expect(await claim(store, T0 + LEASE_MS)).toEqual([]);
      expect(await claim(store, T0 + LEASE_MS + 1)).toEqual([]);
      const later = T0 + LEASE_MS + 1 + SETTLE_MS;
      const taken = await claimOne(store, later);

      expect(taken).toMatchObject({ id: 'd-e1', ambiguous: true });
      expect(taken.leaseToken).not.toBe(old.leaseToken);
      expect(await succeed(store, old, later)).toBe(false);
      expect(await stateOf(store, 'd-e1')).toBe('in_flight');
      expect(await succeed(store, taken, later)).toBe(true);
      expect(await drain(store, later)).toEqual(['d-e2']);
    });

    onStore('what nobody settles any more waits until its run can be seen, after a crash and when a lease runs out', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }));
      await claimOne(store, T0);
      await store.recoverInFlight(T0 + SECOND);

      expect(await store.nextDueAt()).toBe(T0 + SECOND + SETTLE_MS);
      expect(await claim(store, T0 + SECOND + SETTLE_MS - 1)).toEqual([]);
      const again = T0 + SECOND + SETTLE_MS;
      expect(await claimOne(store, again)).toMatchObject({ id: 'd-e1', ambiguous: true });

      const over = again + LEASE_MS + 1;
      expect(await claim(store, over)).toEqual([]);
      expect(await store.nextDueAt()).toBe(over + SETTLE_MS);
      expect(await claim(store, over + SETTLE_MS - 1)).toEqual([]);
      expect(await claimOne(store, over + SETTLE_MS)).toMatchObject({ id: 'd-e1', ambiguous: true, attempts: 2 });
    });

    onStore('who is late but was not replaced can still settle', async (store) => {
      await accept(store, eventOf('e1'));
      const delivery = await claimOne(store, T0);

      expect(await succeed(store, delivery, T0 + LEASE_MS + HOUR)).toBe(true);
    });

    onStore('what was in flight when a process died is reclaimed, all of it, as ambiguous', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'a' }), eventOf('e3', { subject: 'b' }));
      await accept(store, eventOf('e4', { subject: 'c' }));
      const [first] = await claim(store, T0);
      await succeed(store, first!, T0);
      const [second] = await claim(store, T0);

      expect(await store.recoverInFlight(T0 + SECOND)).toBe(3);
      expect(await store.recoverInFlight(T0 + SECOND)).toBe(0);

      expect(await stateOf(store, 'd-e1')).toBe('delivered');
      const later = T0 + SECOND + SETTLE_MS;
      expect(await store.nextDueAt()).toBe(later);
      const again = await claim(store, later);
      expect(idsOf(again).toSorted()).toEqual(['d-e2', 'd-e3', 'd-e4']);
      expect(again.every(({ ambiguous }) => ambiguous)).toBe(true);
      expect(await succeed(store, second!, later)).toBe(false);
    });

    onStore('taking up keeps the order of a key', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      await claimOne(store, T0);
      await store.recoverInFlight(T0 + SECOND);
      await accept(store, eventOf('e3'));

      expect(await drain(store, T0 + SECOND)).toEqual([]);
      expect(await drain(store, T0 + SECOND + SETTLE_MS)).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });
  });

  describe('throttles and pace', () => {
    const two = () => [
      eventOf('a1', { subject: 'a1', delivery: { credential: 'a' } }),
      eventOf('a2', { subject: 'a2', delivery: { credential: 'a' } }),
      eventOf('b1', { subject: 'b1', delivery: { credential: 'b' } }),
    ];

    onStore('a credential that is throttled delays everything that uses it, and nothing else', async (store) => {
      await accept(store, ...two());
      const [first] = await claim(store, T0, { limit: 1 });
      const until = T0 + HOUR;
      await store.settle(
        first!,
        attemptAt(T0, 'limited'),
        { state: 'pending', dueAt: until, ambiguous: false, reason: 'limit' },
        { credential: 'a', until, reason: 'limit' },
      );

      await succeed(store, await claimOne(store, T0), T0);
      expect(await stateOf(store, 'd-b1')).toBe('delivered');
      await accept(store, eventOf('a3', { subject: 'a3', at: T0 + SECOND, delivery: { credential: 'a' } }));
      expect(await claim(store, until - 1)).toEqual([]);
      expect(await store.nextDueAt()).toBe(until);
      expect(idsOf(await claim(store, until)).toSorted()).toEqual(['d-a1', 'd-a2', 'd-a3']);
    });

    onStore('a delivery can succeed and hold its credential back', async (store) => {
      await accept(store, ...two());
      const [first] = await claim(store, T0, { limit: 1 });
      const throttle = { credential: 'a', until: T0 + MINUTE, reason: 'used up' };
      await store.settle(first!, attemptAt(T0, 'delivered'), { state: 'delivered', run: null }, throttle);

      expect(idsOf(await claim(store, T0))).toEqual(['d-b1']);
      expect(idsOf(await claim(store, T0 + MINUTE))).toEqual(['d-a2']);
    });

    onStore('a later, shorter throttle does not shorten the first', async (store) => {
      await accept(store, ...two().slice(0, 2));
      const claimed = await claim(store, T0);
      for (const [i, until] of [T0 + HOUR, T0 + MINUTE].entries()) {
        const settlement = { state: 'pending', dueAt: T0 + MINUTE, ambiguous: false, reason: 'limit' } as const;
        await store.settle(claimed[i]!, attemptAt(T0, 'limited'), settlement, { credential: 'a', until, reason: 'limit' });
      }

      expect(await claim(store, T0 + MINUTE)).toEqual([]);
      expect(await claim(store, T0 + HOUR)).toHaveLength(2);
    });

    onStore('each credential gives one delivery per pace', async (store) => {
      await accept(store, ...two());
      const pace = { paceMs: 400 };

      expect(idsOf(await claim(store, T0, pace)).toSorted()).toEqual(['d-a1', 'd-b1']);
      expect(await claim(store, T0 + 399, pace)).toEqual([]);
      expect(await store.nextDueAt()).toBe(T0 + 400);
      expect(idsOf(await claim(store, T0 + 400, pace))).toEqual(['d-a2']);
    });

    onStore('the pace is kept when the delivery before was quick', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      const [first] = await claim(store, T0, { paceMs: 400 });
      await succeed(store, first!, T0 + 1);

      expect(await claim(store, T0 + 2, { paceMs: 400 })).toEqual([]);
      expect(idsOf(await claim(store, T0 + 400, { paceMs: 400 }))).toEqual(['d-e2']);
    });
  });

  describe('when the queue is next due', () => {
    onStore('there is no time when nothing is pending', async (store) => {
      expect(await store.nextDueAt()).toBeUndefined();
      await accept(store, eventOf('e1', { delivery: { state: 'held' } }), eventOf('e2', { subject: 'b', firings: [] }));
      await accept(store, eventOf('e3', { subject: 'c', delivery: { state: 'dead', request: null } }));
      expect(await store.nextDueAt()).toBeUndefined();
      await accept(store, eventOf('e4', { subject: 'd' }));
      expect(await drain(store, T0)).toEqual(['d-e4']);
      expect(await store.nextDueAt()).toBeUndefined();
    });

    onStore('it is the earliest of the order keys', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a', at: T0 + 2 }), eventOf('e2', { subject: 'b', at: T0 + 1 }));

      expect(await store.nextDueAt()).toBe(T0 + 1);
    });

    onStore('a delivery that waits behind another has no time of its own', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);

      expect(await store.nextDueAt()).toBe(T0 + MINUTE);
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['pending', 'pending']);
    });

    onStore('it is that of the free credential while another is throttled', async (store) => {
      const later = T0 + 5 * SECOND;
      await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'b', at: later, delivery: { credential: 'b' } }));
      const delivery = await claimOne(store, T0);
      const settlement = { state: 'pending', dueAt: T0 + SECOND, ambiguous: false, reason: 'limit' } as const;
      await store.settle(delivery, attemptAt(T0, 'limited'), settlement, { credential: 'github', until: T0 + HOUR, reason: 'limit' });

      expect(await store.nextDueAt()).toBe(later);
      await succeed(store, await claimOne(store, later), later);
      expect(await store.nextDueAt()).toBe(T0 + HOUR);
    });
  });
}
