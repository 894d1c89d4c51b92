import { describe, expect, test } from 'vitest';
import type { NewDelivery } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import {
  accept,
  bury,
  claim,
  claimOne,
  deliveryOf,
  drain,
  eventOf,
  idsOf,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

export function orderContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('order', () => {
    onStore('deliveries of one order key leave one at a time, in the order of arrival', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      await accept(store, eventOf('e3', { at: T0 + 1 }));

      const first = await claimOne(store, T0 + SECOND);
      expect(await claim(store, T0 + SECOND)).toEqual([]);
      await succeed(store, first, T0 + SECOND);

      expect(first.id).toBe('d-e1');
      expect(await drain(store, T0 + SECOND)).toEqual(['d-e2', 'd-e3']);
    });

    onStore('the order is that of arrival, not of the times of receipt', async (store) => {
      await accept(store, eventOf('e1', { at: T0 + SECOND }));
      await accept(store, eventOf('e2', { at: T0 }));

      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e1', 'd-e2']);
    });

    onStore('a later delivery waits while an earlier one is retried, whatever comes meanwhile', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);
      await accept(store, eventOf('e3', { at: T0 + SECOND }));

      expect(await claim(store, T0 + MINUTE - 1)).toEqual([]);
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });

    onStore('the next one goes when an earlier one is dead', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'));
      await bury(store, await claimOne(store, T0), T0);

      expect(await drain(store, T0)).toEqual(['d-e2']);
    });

    onStore('different order keys never wait for each other', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'b' }), eventOf('e3', { subject: 'c' }));
      const [first, second, third] = await claim(store, T0);
      await retryAt(store, first!, T0, T0 + MINUTE);
      await bury(store, second!, T0);
      await accept(store, eventOf('e4', { subject: 'c' }), eventOf('e5', { subject: 'd' }));

      expect(idsOf([first!, second!, third!])).toEqual(['d-e1', 'd-e2', 'd-e3']);
      expect(idsOf(await claim(store, T0))).toEqual(['d-e5']);
    });

    onStore('an order key that has been empty starts again', async (store) => {
      await accept(store, eventOf('e1'));
      await drain(store, T0);
      await accept(store, eventOf('e2', { at: T0 + 1 }), eventOf('e3', { at: T0 + 1 }));

      expect(await drain(store, T0 + 1)).toEqual(['d-e2', 'd-e3']);
    });
  });

  describe('order: latest', () => {
    const latest = (id: string, changes: Partial<NewDelivery> = {}) => eventOf(id, { delivery: { replacesOlder: true, ...changes } });

    onStore('a newer event takes the place of those that wait, and the log says which', async (store) => {
      await accept(store, latest('e1'), latest('e2'));
      await accept(store, latest('e3'));

      expect(await statesOf(store, 'd-e1', 'd-e2', 'd-e3')).toEqual(['superseded', 'superseded', 'pending']);
      expect((await store.delivery('d-e1'))?.delivery.reason).toContain('e2');
      expect(await drain(store, T0)).toEqual(['d-e3']);
    });

    onStore('a newer event takes the place of one that is being retried', async (store) => {
      await accept(store, latest('e1'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);
      await accept(store, latest('e2'));

      expect(await statesOf(store, 'd-e1')).toEqual(['superseded']);
      expect(await drain(store, T0)).toEqual(['d-e2']);
    });

    onStore('one in flight is replaced only when it fails', async (store) => {
      await accept(store, latest('e1'));
      const first = await claimOne(store, T0);
      await accept(store, latest('e2'));
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['in_flight', 'pending']);

      expect(await retryAt(store, first, T0, T0 + SECOND)).toBe(true);

      const failed = await store.delivery('d-e1');
      expect(failed?.delivery).toMatchObject({ state: 'superseded', attempts: 1, dueAt: null });
      expect(failed?.delivery.reason).toContain('e2');
      expect(failed?.attempts).toMatchObject([{ outcome: 'failed' }]);
      expect(await drain(store, T0)).toEqual(['d-e2']);
    });

    onStore('one in flight that succeeds is delivered, and the newer one after it', async (store) => {
      await accept(store, latest('e1'));
      const first = await claimOne(store, T0);
      await accept(store, latest('e2'));

      expect(await claim(store, T0)).toEqual([]);
      await succeed(store, first, T0);

      expect(await drain(store, T0)).toEqual(['d-e2']);
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['delivered', 'delivered']);
    });

    onStore("deliveries of the same event do not take each other's place", async (store) => {
      const twice = eventOf('e1', { deliveries: [deliveryOf('a', { replacesOlder: true }), deliveryOf('b', { replacesOlder: true })] });
      await accept(store, twice);

      expect(await drain(store, T0)).toEqual(['a', 'b']);
    });

    onStore('another route and another order key are left alone', async (store) => {
      await accept(store, latest('e1', { route: 'audit' }), latest('e2', { orderKey: 'other' }), latest('e3'));

      expect(await statesOf(store, 'd-e1', 'd-e2', 'd-e3')).toEqual(['pending', 'pending', 'pending']);
      expect((await drain(store, T0)).toSorted()).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });

    onStore('one in flight that fails is not replaced by a newer one of another route', async (store) => {
      await accept(store, latest('e1', { route: 'audit' }));
      const first = await claimOne(store, T0);
      await accept(store, latest('e2'));
      await retryAt(store, first, T0, T0 + SECOND);

      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['pending', 'pending']);
      expect(await drain(store, T0 + SECOND)).toEqual(['d-e1', 'd-e2']);
    });

    onStore('without it, one in flight that fails keeps its place before newer ones', async (store) => {
      await accept(store, eventOf('e1'));
      const first = await claimOne(store, T0);
      await accept(store, eventOf('e2'));
      await retryAt(store, first, T0, T0 + SECOND);

      expect(await drain(store, T0 + SECOND)).toEqual(['d-e1', 'd-e2']);
    });

    onStore('when the first in line is replaced, the next one of another route goes', async (store) => {
      await accept(store, latest('e1'), eventOf('e2', { delivery: { route: 'audit' } }));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);
      await accept(store, latest('e3'));

      expect(await drain(store, T0)).toEqual(['d-e2', 'd-e3']);
    });
  });

  describe('held deliveries', () => {
    const held = (id: string, changes: Partial<NewDelivery> = {}) =>
      eventOf(id, { delivery: { state: 'held', reason: 'waits for approval', ...changes } });

    onStore('they are not sent, and nothing waits for them', async (store) => {
      await accept(store, held('e1', { route: 'release' }), eventOf('e2'));

      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'held', reason: 'waits for approval', dueAt: null });
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e2']);
    });

    onStore('a newer event takes the place of held ones of its route and key, with any order', async (store) => {
      await accept(store, held('e1'));
      await accept(store, held('e2'));

      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['superseded', 'held']);
      expect((await store.delivery('d-e1'))?.delivery.reason).toContain('e2');
    });

    onStore('held ones of the same event, of another route and of another key stay', async (store) => {
      const both = eventOf('e3', { deliveries: [deliveryOf('a', { state: 'held' }), deliveryOf('b', { state: 'held' })] });
      await accept(store, held('e1', { route: 'audit' }), held('e2', { orderKey: 'other' }), both);

      expect(await statesOf(store, 'd-e1', 'd-e2', 'a', 'b')).toEqual(['held', 'held', 'held', 'held']);
    });

    onStore('a newer delivery that could not be built leaves held and waiting ones alone', async (store) => {
      await accept(store, held('e1'), eventOf('e2', { delivery: { replacesOlder: true, route: 'other' } }));
      await accept(store, eventOf('e3', { delivery: { state: 'dead', reason: 'no version', request: null } }));
      await accept(
        store,
        eventOf('e4', { delivery: { state: 'dead', reason: 'no version', request: null, route: 'other', replacesOlder: true } }),
      );

      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['held', 'pending']);
    });
  });
}
