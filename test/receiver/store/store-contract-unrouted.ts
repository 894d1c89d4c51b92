import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Incoming } from '../../../receiver/store/unrouted.ts';
import {
  accept,
  asItCame,
  claim,
  DEDUPE_MS,
  deliveryOf,
  drain,
  eventOf,
  firingOf,
  idsOf,
  MINUTE,
  type OpenStore,
  T0,
  take,
  withStore,
} from './samples.ts';

const planned = (event: NewEvent): Incoming => ({ ...asItCame(event), planned: event });

/** Routes the oldest as these events say. */
const routeAs = (store: Store, events: readonly NewEvent[], limit = 100) =>
  store.routeUnrouted({
    limit,
    dedupeWindowMs: DEDUPE_MS,
    plan: ({ id }) => {
      const event = events.find((each) => each.id === id);
      if (event === undefined) throw new Error(`nobody has planned ${id}`);
      return event;
    },
  });

/** Webhooks that are stored as they come, and routed later. */
export function unroutedContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a burst', () => {
    onStore('is stored as it came, sends nothing, and is routed in its order, the oldest first', async (store) => {
      const events = ['e1', 'e2', 'e3'].map((id, i) => eventOf(id, { at: T0 + i }));

      expect(await take(store, ...events.map(asItCame))).toEqual(events.map(({ id }) => ({ status: 'unrouted', id })));
      expect(await claim(store, T0)).toEqual([]);
      expect(await store.event('e1')).toBeUndefined();
      expect([await store.isUnrouted('e1'), await store.isUnrouted('e4')]).toEqual([true, false]);
      expect(await store.backlog()).toEqual({ events: 3, oldestAt: T0, skipped: 0 });
      expect(await store.oldestToSend()).toBe(T0);
      expect((await store.counts()).events).toEqual({ unrouted: 3 });

      expect(await routeAs(store, events, 2)).toEqual({ events: 2, deliveries: 2, oldestAt: T0 });
      expect(await store.isUnrouted('e1')).toBe(false);
      expect(await store.event('e1')).toMatchObject({ id: 'e1', outcome: 'routed', body: 'body of e1' });
      expect(await store.backlog()).toEqual({ events: 1, oldestAt: T0 + 2, skipped: 0 });
      expect(await routeAs(store, events)).toEqual({ events: 1, deliveries: 1, oldestAt: T0 + 2 });
      expect(await routeAs(store, events)).toEqual({ events: 0, deliveries: 0 });
      expect(await store.backlog()).toEqual({ events: 0, skipped: 0 });
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });

    onStore('what is planned is accepted, as long as nothing before it is unrouted', async (store) => {
      const [first, second, third, fourth] = ['e1', 'e2', 'e3', 'e4'].map((id) => eventOf(id));

      const taken = await take(store, planned(first!), asItCame(second!), planned(third!));

      expect(taken).toEqual([
        { status: 'accepted', id: 'e1', deliveries: [expect.objectContaining({ id: 'd-e1' })] },
        { status: 'unrouted', id: 'e2' },
        { status: 'unrouted', id: 'e3' },
      ]);
      expect(await take(store, planned(fourth!))).toEqual([{ status: 'unrouted', id: 'e4' }]);
      await routeAs(store, [second!, third!, fourth!]);
      expect(await take(store, planned(eventOf('e5')))).toMatchObject([{ status: 'accepted', id: 'e5' }]);
      expect(await drain(store, T0)).toEqual(['d-e1', 'd-e2', 'd-e3', 'd-e4', 'd-e5']);
    });

    onStore('duplicates, cooldowns and what is replaced are as if each had been accepted when it came', async (store) => {
      const newest = { replacesOlder: true };
      const events = [
        eventOf('e1', { body: 'same', delivery: newest }),
        eventOf('e2', { body: 'same', delivery: newest, at: T0 + 1 }),
        eventOf('e3', { delivery: newest, at: T0 + 2 }),
        eventOf('c1', { subject: 'cool', firings: [firingOf([deliveryOf('d-c1', { orderKey: 'cool' })], 'cool', MINUTE)] }),
        eventOf('c2', { subject: 'cool', at: T0 + 1, firings: [firingOf([deliveryOf('d-c2', { orderKey: 'cool' })], 'cool', MINUTE)] }),
      ];
      await take(store, ...events.map(asItCame));

      await routeAs(store, events.slice(0, 1), 1);
      await routeAs(store, events);

      expect(await store.event('e2')).toMatchObject({ outcome: 'duplicate', duplicateOf: 'e1' });
      expect(await store.event('c2')).toMatchObject({ outcome: 'cooldown' });
      expect((await store.delivery('d-e1'))?.delivery.state).toBe('superseded');
      expect((await drain(store, T0 + MINUTE)).toSorted()).toEqual(['d-c1', 'd-e3']);
    });

    onStore('a copy is answered as a duplicate of what it copies, unrouted or not, and is one when it is routed', async (store) => {
      const copy = (id: string, at: number, body = 'same') => eventOf(id, { at, body });
      const original = { id: 'e0', bodyHash: copy('e0', T0).bodyHash, receivedAt: T0 };
      await accept(store, copy('e0', T0));

      const first = [copy('e1', T0 + 1), copy('e2', T0 + 2, 'other'), copy('e3', T0 + 3), copy('e4', T0 + 4)];
      const taken = await take(store, ...first.map(asItCame));
      const second = [copy('e5', T0 + 5), copy('e6', T0 + 3 + DEDUPE_MS)];
      taken.push(...(await take(store, ...second.map(asItCame))));

      const third = { id: 'e3', bodyHash: original.bodyHash, receivedAt: T0 + 3 };
      expect(taken).toEqual([
        { status: 'unrouted', id: 'e1', duplicateOf: original },
        { status: 'unrouted', id: 'e2' },
        { status: 'unrouted', id: 'e3' },
        { status: 'unrouted', id: 'e4', duplicateOf: third },
        { status: 'unrouted', id: 'e5', duplicateOf: third },
        { status: 'unrouted', id: 'e6' },
      ]);
      await routeAs(store, [...first, ...second]);
      const routed = await Promise.all(taken.map(({ id }) => store.event(id)));
      expect(routed.map((event) => event?.duplicateOf ?? null)).toEqual(['e0', null, null, 'e3', 'e3', null]);
    });

    onStore('what nobody understands is no duplicate', async (store) => {
      const event = { type: 'unknown', source: 'default' } as const;
      const copies = ['e1', 'e2'].map((id) => ({ ...eventOf(id, { body: 'same' }), event }));

      expect(await take(store, ...copies.map(asItCame))).toEqual([
        { status: 'unrouted', id: 'e1' },
        { status: 'unrouted', id: 'e2' },
      ]);
    });

    onStore('a slice is routed whole or not at all', async (store) => {
      const events = ['e1', 'e2'].map((id) => eventOf(id));
      await take(store, ...events.map(asItCame));

      await expect(routeAs(store, events.slice(0, 1))).rejects.toThrow('nobody has planned e2');

      expect(await store.event('e1')).toBeUndefined();
      expect(await store.backlog()).toMatchObject({ events: 2 });
      await routeAs(store, events);
      expect(await drain(store, T0)).toEqual(['d-e1', 'd-e2']);
    });

    onStore('what is stored twice, because the answer of the first try was lost, is routed once', async (store) => {
      const event = eventOf('e1');
      await take(store, asItCame(event));
      expect(await take(store, asItCame(event))).toEqual([{ status: 'unrouted', id: 'e1' }]);
      expect(await store.backlog()).toMatchObject({ events: 1 });
      await routeAs(store, [event]);

      expect(await take(store, asItCame(event))).toEqual([{ status: 'unrouted', id: 'e1' }]);

      expect(await routeAs(store, [event])).toEqual({ events: 1, deliveries: 0, oldestAt: T0 });
      expect(await store.backlog()).toEqual({ events: 0, skipped: 0 });
      expect(await drain(store, T0)).toEqual(['d-e1']);
    });

    onStore('one that cannot be routed is skipped and kept; the others go on, and it keeps its place', async (store) => {
      const events = ['e1', 'e2'].map((id) => eventOf(id));
      await take(store, ...events.map(asItCame));

      await store.skipOldestUnrouted('its body is no JSON');

      expect(await store.backlog()).toEqual({ events: 1, oldestAt: T0, skipped: 1, reason: 'its body is no JSON' });
      await routeAs(store, events.slice(1));
      expect(await take(store, planned(eventOf('e3')))).toMatchObject([{ status: 'accepted' }]);
      expect(await store.isUnrouted('e1')).toBe(true);

      await store.retrySkipped();

      expect(await store.backlog()).toEqual({ events: 1, oldestAt: T0, skipped: 0 });
      await routeAs(store, events.slice(0, 1));
      expect(await drain(store, T0)).toEqual(['d-e2', 'd-e3', 'd-e1']);
    });

    onStore('after a restore, what it sends may have been sent: it is marked when it is routed', async (store) => {
      const [before, after] = [eventOf('e1'), eventOf('e2', { subject: 'other' })];
      await take(store, asItCame(before!));

      expect(await store.holdRestored({ by: 'restore', at: T0 + MINUTE, reason: 'restored' })).toEqual({
        pending: 0,
        in_flight: 0,
        held: 0,
        unrouted: 1,
      });
      await take(store, asItCame(after!));
      await routeAs(store, [before!, after!]);

      expect((await store.delivery('d-e1'))?.attempts).toMatchObject([{ outcome: 'restored', startedAt: T0, durationMs: MINUTE }]);
      expect((await store.delivery('d-e2'))?.attempts).toEqual([]);
      expect(await claim(store, T0 + MINUTE)).toEqual([]);
      await store.resume({ kind: 'everything' }, 'ada', T0);
      const claimed = await claim(store, T0 + MINUTE);
      expect(claimed.map(({ id, ambiguous }) => [id, ambiguous]).toSorted()).toEqual([
        ['d-e1', true],
        ['d-e2', false],
      ]);
    });

    onStore('an event that is accepted by itself does not wait for it', async (store) => {
      await take(store, asItCame(eventOf('e1')));
      expect(await accept(store, eventOf('e2', { subject: 'other' }))).toMatchObject([{ status: 'accepted', id: 'e2' }]);
      expect(idsOf(await claim(store, T0))).toEqual(['d-e2']);
    });
  });
}
