import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Incoming, UnroutedEvent } from '../../../receiver/store/unrouted.ts';
import { accept, claim, DEDUPE_MS, deliveryOf, drain, eventOf, firingOf, idsOf, MINUTE, type OpenStore, T0, withStore } from './samples.ts';

const asItCame = ({ id, receivedAt, bodyHash, body }: NewEvent): UnroutedEvent => ({ id, receivedAt, source: 'default', bodyHash, body });
const planned = (event: NewEvent): Incoming => ({ unrouted: asItCame(event), planned: event });
const later = (event: NewEvent): Incoming => ({ unrouted: asItCame(event) });

const take = (store: Store, ...incoming: Incoming[]) => store.take(incoming, { dedupeWindowMs: DEDUPE_MS });

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

      expect(await take(store, ...events.map(later))).toEqual(events.map(({ id }) => ({ status: 'unrouted', id })));
      expect(await claim(store, T0)).toEqual([]);
      expect(await store.event('e1')).toBeUndefined();
      expect([await store.isUnrouted('e1'), await store.isUnrouted('e4')]).toEqual([true, false]);
      expect(await store.backlog()).toEqual({ events: 3, oldestAt: T0, skipped: 0 });
      expect(await store.oldestToSend()).toBe(T0);

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

      const taken = await take(store, planned(first!), later(second!), planned(third!));

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
      await take(store, ...events.map(later));

      await routeAs(store, events.slice(0, 1), 1);
      await routeAs(store, events);

      expect(await store.event('e2')).toMatchObject({ outcome: 'duplicate', duplicateOf: 'e1' });
      expect(await store.event('c2')).toMatchObject({ outcome: 'cooldown' });
      expect((await store.delivery('d-e1'))?.delivery.state).toBe('superseded');
      expect((await drain(store, T0 + MINUTE)).toSorted()).toEqual(['d-c1', 'd-e3']);
    });

    onStore('a slice is routed whole or not at all', async (store) => {
      const events = ['e1', 'e2'].map((id) => eventOf(id));
      await take(store, ...events.map(later));

      await expect(routeAs(store, events.slice(0, 1))).rejects.toThrow('nobody has planned e2');

      expect(await store.event('e1')).toBeUndefined();
      expect(await store.backlog()).toMatchObject({ events: 2 });
      await routeAs(store, events);
      expect(await drain(store, T0)).toEqual(['d-e1', 'd-e2']);
    });

    onStore('what is stored twice, because the answer of the first try was lost, is routed once', async (store) => {
      const event = eventOf('e1');
      await take(store, later(event));
      await take(store, later(event));
      expect(await store.backlog()).toMatchObject({ events: 1 });
      await routeAs(store, [event]);

      await take(store, later(event));

      expect(await routeAs(store, [event])).toEqual({ events: 1, deliveries: 0, oldestAt: T0 });
      expect(await store.backlog()).toEqual({ events: 0, skipped: 0 });
      expect(await drain(store, T0)).toEqual(['d-e1']);
    });

    onStore('one that cannot be routed is skipped and kept; the others go on, and it keeps its place', async (store) => {
      const events = ['e1', 'e2'].map((id) => eventOf(id));
      await take(store, ...events.map(later));

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
      await take(store, later(before!));

      expect(await store.holdRestored({ by: 'restore', at: T0 + MINUTE, reason: 'restored' })).toEqual({
        pending: 0,
        in_flight: 0,
        held: 0,
        unrouted: 1,
      });
      await take(store, later(after!));
      await routeAs(store, [before!, after!]);

      expect((await store.delivery('d-e1'))?.attempts).toMatchObject([{ outcome: 'restored', startedAt: T0, durationMs: MINUTE }]);
      expect((await store.delivery('d-e2'))?.attempts).toEqual([]);
      expect(await claim(store, T0 + MINUTE)).toEqual([]);
      await store.resume({ kind: 'everything' });
      const claimed = await claim(store, T0 + MINUTE);
      expect(claimed.map(({ id, ambiguous }) => [id, ambiguous]).toSorted()).toEqual([
        ['d-e1', true],
        ['d-e2', false],
      ]);
    });

    onStore('an event that is accepted by itself does not wait for it', async (store) => {
      await take(store, later(eventOf('e1')));
      expect(await accept(store, eventOf('e2', { subject: 'other' }))).toMatchObject([{ status: 'accepted', id: 'e2' }]);
      expect(idsOf(await claim(store, T0))).toEqual(['d-e2']);
    });
  });
}
