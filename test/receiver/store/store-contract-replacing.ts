import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import {
  accept,
  bury,
  claimOne,
  deliveryOf,
  drain,
  eventOf,
  LEASE_MS,
  MINUTE,
  type OpenStore,
  retryAt,
  statesOf,
  T0,
  withStore,
} from './samples.ts';

/** Edge cases where a delivery could be lost, stuck or sent twice. */
export function replacingContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('what does not replace what', () => {
    onStore('one that fails is not replaced by a delivery of the same event', async (store) => {
      const pair = [deliveryOf('a', { replacesOlder: true }), deliveryOf('b', { replacesOlder: true })];
      await accept(store, eventOf('e1', { deliveries: pair }));
      await retryAt(store, await claimOne(store, T0), T0, T0 + 1);

      expect(await drain(store, T0 + 1)).toEqual(['a', 'b']);
    });

    onStore('a newer one that fails is not replaced by an older one that is replayed', async (store) => {
      await accept(store, eventOf('e1', { delivery: { replacesOlder: true } }));
      await bury(store, await claimOne(store, T0), T0);
      await accept(store, eventOf('e2', { delivery: { replacesOlder: true } }));
      const second = await claimOne(store, T0);
      await store.replay(['d-e1'], T0);
      await retryAt(store, second, T0, T0 + 1);

      expect(await drain(store, T0 + 1)).toEqual(['d-e2', 'd-e1']);
    });

    onStore('an approved delivery is not replaced by one that waits for its approval', async (store) => {
      const held = (id: string) => eventOf(id, { delivery: { state: 'held', replacesOlder: true } });
      await accept(store, held('e1'));
      await store.approve(['d-e1'], T0);
      await accept(store, held('e2'));

      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['pending', 'held']);
    });
  });

  describe('approval', () => {
    onStore('what nobody has approved waits for that again when it is replayed', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'held' } }));
      await store.cancel(['d-e1'], T0);
      expect(await store.replay(['d-e1'], T0)).toEqual([{ id: 'd-e1', done: true }]);
      expect(await statesOf(store, 'd-e1')).toEqual(['held']);

      await store.approve(['d-e1'], T0);
      await bury(store, await claimOne(store, T0), T0);
      await store.replay(['d-e1'], T0);
      expect(await statesOf(store, 'd-e1')).toEqual(['pending']);
    });
  });

  describe('times', () => {
    onStore('a delivery that waited for another has its whole time for retries', async (store) => {
      await accept(store, eventOf('e1', { subject: 'one' }), eventOf('e2', { subject: 'one' }));
      await bury(store, await claimOne(store, T0 + MINUTE), T0 + MINUTE);

      expect((await claimOne(store, T0 + MINUTE * 2)).retryingSince).toBeGreaterThanOrEqual(T0 + MINUTE);
    });

    onStore('what is throttled is listed, as long as it is', async (store) => {
      await accept(store, eventOf('e1'));
      const claimed = await claimOne(store, T0);
      const hold = { credential: claimed.credential, until: T0 + MINUTE, reason: 'rate limit' };
      const attempt = { startedAt: T0, durationMs: 1, outcome: 'limited', status: 429, detail: 'rate limit' } as const;
      await store.settle(claimed, attempt, { state: 'pending', dueAt: T0 + MINUTE, ambiguous: false, reason: 'rate limit' }, hold);

      expect(await store.throttles(T0)).toEqual([hold]);
      expect(await store.throttles(T0 + MINUTE)).toEqual([]);
    });

    onStore('the end of a lease is a time at which there is something to claim', async (store) => {
      await accept(store, eventOf('e1'));
      await claimOne(store, T0);

      expect(await store.nextDueAt()).toBe(T0 + LEASE_MS + 1);
    });

    onStore('the run of an approved delivery is searched with room for the difference of clocks', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'held' } }));
      const now = T0 + MINUTE * 60;
      await store.approve(['d-e1'], now);

      expect((await claimOne(store, now)).runsSince).toBeLessThanOrEqual(now - 5 * MINUTE);
    });

    onStore('runs of the life before a replay are not taken for its own', async (store) => {
      await accept(store, eventOf('e1'));
      await bury(store, await claimOne(store, T0), T0);
      await store.replay(['d-e1'], T0 + MINUTE * 30);

      expect((await claimOne(store, T0 + MINUTE * 30)).runsSince).toBeGreaterThan(T0 + MINUTE);
    });
  });
}
