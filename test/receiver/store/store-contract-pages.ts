import { describe, expect, test } from 'vitest';
import type { DeliveryPageOptions, EventPageOptions, Page } from '../../../receiver/store/page.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { accept, bury, claimOne, deliveryOf, eventOf, idsOf, MINUTE, type OpenStore, T0, withStore } from './samples.ts';

/** The ids of each page, until there is no next one. */
async function pages<T extends { readonly id: string }>(read: (before: number | undefined) => Promise<Page<T>>): Promise<string[][]> {
  const found: string[][] = [];
  let before: number | undefined;
  do {
    const { items, next } = await read(before);
    found.push(idsOf(items));
    before = next;
  } while (before !== undefined);
  return found;
}

export function pagesContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('pages', () => {
    onStore('of deliveries hold each one once, newest or oldest first, and the last page says that it is the last', async (store) => {
      await accept(store, ...['e1', 'e2', 'e3', 'e4', 'e5'].map((id) => eventOf(id)));
      const list = (limit: number, more: Partial<DeliveryPageOptions> = {}) =>
        pages((before) => store.deliveryPage({ limit, ...more, ...(before === undefined ? {} : { before }) }));

      expect(await list(2)).toEqual([['d-e5', 'd-e4'], ['d-e3', 'd-e2'], ['d-e1']]);
      expect(await list(5)).toEqual([['d-e5', 'd-e4', 'd-e3', 'd-e2', 'd-e1']]);
      expect(await list(4, { order: 'oldest first' })).toEqual([['d-e1', 'd-e2', 'd-e3', 'd-e4'], ['d-e5']]);
      expect(await list(2, { states: ['held'] })).toEqual([[]]);
    });

    onStore('of deliveries are filtered by state, route and time', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }));
      await bury(store, await claimOne(store, T0), T0);
      const other = deliveryOf('other', { route: 'other', orderKey: 'b' });
      await accept(store, eventOf('e2', { subject: 'b', deliveries: [other], at: T0 + MINUTE }));
      const list = async (filter: Partial<DeliveryPageOptions>) => idsOf((await store.deliveryPage({ limit: 9, ...filter })).items);

      expect(await list({ states: ['dead'] })).toEqual(['d-e1']);
      expect(await list({ route: 'other' })).toEqual(['other']);
      expect(await list({ route: 'other', states: ['dead'] })).toEqual([]);
      expect(await list({ since: T0 + MINUTE })).toEqual(['other']);
    });

    onStore('go on where they ended when what they ended with was removed meanwhile', async (store) => {
      await accept(store, ...['e1', 'e2', 'e3'].map((id) => eventOf(id, { firings: [] })));
      await accept(store, eventOf('e4', { at: T0 + MINUTE }));
      const { items, next } = await store.eventPage({ limit: 2 });
      await store.prune({ before: T0 + MINUTE, limit: 100 });
      await accept(store, eventOf('e5', { at: T0 + MINUTE }));

      expect(idsOf(items)).toEqual(['e4', 'e3']);
      expect(await store.eventPage({ limit: 9, before: next ?? 0 })).toEqual({ items: [], next: undefined });
    });

    onStore('of events come without bodies, and with the length of each', async (store) => {
      await accept(store, eventOf('e1', { body: '{"size":1}' }), eventOf('e2', { body: '{}', at: T0 + MINUTE }));
      const list = (more: Partial<EventPageOptions> = {}) => store.eventPage({ limit: 9, ...more });

      const { items } = await list();
      expect(items).toMatchObject([
        { id: 'e2', bodyLength: 2, outcome: 'routed', event: { type: 'link_artifact' } },
        { id: 'e1', bodyLength: 10 },
      ]);
      expect(items.some((item) => 'body' in item)).toBe(false);
      expect(idsOf((await list({ since: T0 + MINUTE })).items)).toEqual(['e2']);
      expect(idsOf((await list({ type: 'unknown' })).items)).toEqual([]);
      expect(idsOf((await list({ outcomes: ['routed'] })).items)).toEqual(['e2', 'e1']);
    });

    onStore('with bodies end before the body that is too much, and have one at least', async (store) => {
      const sizes = { e1: 10, e2: 400, e3: 60, e4: 50, e5: 1 };
      await accept(store, ...Object.entries(sizes).map(([id, size]) => eventOf(id, { body: id.padEnd(size, '.') })));
      const bodies = new Map<string, string | undefined>();
      const found = await pages(async (before) => {
        const page = await store.eventPage({ limit: 3, bodyRoom: 100, ...(before === undefined ? {} : { before }) });
        for (const item of page.items) bodies.set(item.id, 'body' in item ? item.body : undefined);
        return page;
      });

      expect(found).toEqual([['e5', 'e4'], ['e3'], ['e2'], ['e1']]);
      expect([...bodies]).toEqual(
        Object.entries(sizes)
          .map(([id, size]) => [id, id.padEnd(size, '.')])
          .reverse(),
      );
    });

    onStore('of rejected requests are bounded by their bodies, too', async (store) => {
      for (const body of ['a', 'b'.repeat(90), 'c'.repeat(20)])
        await store.keepRejected({ receivedAt: T0, source: 'prod', status: 400, reason: 'nonsense', body });
      const first = await store.rejectedPage({ limit: 9, bodyRoom: 100 });

      expect(first.items).toEqual([{ receivedAt: T0, source: 'prod', status: 400, reason: 'nonsense', body: 'c'.repeat(20) }]);
      const rest = await store.rejectedPage({ limit: 9, bodyRoom: 100, before: first.next ?? 0 });
      expect(rest.items.map(({ body }) => body.length)).toEqual([90, 1]);
      expect(rest.next).toBeUndefined();
    });
  });
}
