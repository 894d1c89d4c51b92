import { describe, expect, test } from 'vitest';
import type { EventSearch } from '../../../receiver/store/search.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { accept, bury, claimOne, deliveryOf, eventOf, MINUTE, type OpenStore, T0, withStore } from './samples.ts';

const ALIAS: RelayEvent = { type: 'add_artifact_alias', source: 'default', collection: 'resnet50', version: 'v12', alias: 'production' };
const RUN: RelayEvent = { type: 'run_state', source: 'prod', run: 'nightly-1', status: 'failed' };

/** Two events of one model, one of a run, the first of which failed. */
async function some(store: Store): Promise<void> {
  await accept(store, eventOf('e1', { event: ALIAS, body: '{"note":"Straße 50%_x"}', subject: 'a' }));
  await bury(store, await claimOne(store, T0), T0);
  const train = deliveryOf('d-e2', { route: 'train', orderKey: 'b' });
  await accept(
    store,
    eventOf('e2', { event: { ...ALIAS, alias: 'staging' }, at: T0 + MINUTE, deliveries: [train] }),
    eventOf('e3', { event: RUN, at: T0 + 2 * MINUTE, firings: [] }),
  );
}

export function searchContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const found = async (store: Store, search: EventSearch) =>
    (await store.searchEvents(search, { limit: 10 })).items.map(({ event }) => event.id);

  describe('searching', () => {
    onStore('finds everything, newest first, with the deliveries of each event', async (store) => {
      await some(store);
      const { items, next, isPartial } = await store.searchEvents({}, { limit: 10 });
      expect(items.map(({ event, deliveries }) => [event.id, deliveries.map(({ id, state }) => [id, state])])).toEqual([
        ['e3', []],
        ['e2', [['d-e2', 'pending']]],
        ['e1', [['d-e1', 'dead']]],
      ]);
      expect([next, isPartial]).toEqual([undefined, false]);
      expect(items[1]?.event).toMatchObject({ receivedAt: T0 + MINUTE, outcome: 'routed', event: { alias: 'staging' } });
      expect(items[1]?.event).not.toHaveProperty('body');
    });

    onStore('finds by each field, and by all that are given', async (store) => {
      await some(store);
      const cases: [EventSearch, string[]][] = [
        [{ type: 'run_state' }, ['e3']],
        [{ source: 'prod' }, ['e3']],
        [{ collection: 'resnet50' }, ['e2', 'e1']],
        [{ collection: 'resnet5' }, []],
        [{ collection: 'ResNet50' }, []],
        [{ alias: 'production' }, ['e1']],
        [{ run: 'nightly-1' }, ['e3']],
        [{ route: 'train' }, ['e2']],
        [{ states: ['dead'] }, ['e1']],
        [{ states: ['pending', 'dead'] }, ['e2', 'e1']],
        [{ states: ['pending', 'delivered'] }, ['e2']],
        [{ states: ['dead'], route: 'train' }, []],
        [{ states: ['pending'], route: 'train' }, ['e2']],
        [{ states: ['delivered', 'pending'], route: 'train' }, ['e2']],
        [{ outcomes: ['unmatched'] }, ['e3']],
        [{ since: T0 + MINUTE }, ['e3', 'e2']],
        [{ until: T0 + MINUTE }, ['e1']],
        [{ collection: 'resnet50', alias: 'staging' }, ['e2']],
      ];
      for (const [search, ids] of cases) expect([search, await found(store, search)]).toEqual([search, ids]);
    });

    onStore('finds text in fields and bodies, in any case, and takes no character of it for a pattern', async (store) => {
      await some(store);
      expect(await found(store, { text: 'NIGHTLY' })).toEqual(['e3']);
      expect(await found(store, { text: 'straße 50%_X' })).toEqual(['e1']);
      expect(await found(store, { text: '50_' })).toEqual([]);
      expect(await found(store, { text: '%' })).toEqual(['e1']);
      expect(await found(store, { text: "'; DROP TABLE events; --" })).toEqual([]);
    });

    onStore('finds names with quotes and other letters as they are', async (store) => {
      const name = 'say "ü\\"';
      await accept(store, eventOf('e1', { event: { ...ALIAS, collection: name } }));
      expect(await found(store, { collection: name })).toEqual(['e1']);
      expect(await found(store, { collection: 'say ' })).toEqual([]);
    });

    onStore('goes on page by page', async (store) => {
      await some(store);
      const first = await store.searchEvents({}, { limit: 2 });
      expect(first.items.map(({ event }) => event.id)).toEqual(['e3', 'e2']);
      const second = await store.searchEvents({}, { limit: 2, before: first.next ?? 0 });
      expect([second.items.map(({ event }) => event.id), second.next]).toEqual([['e1'], undefined]);
      expect(await store.searchEvents({}, { limit: 2, before: 0 })).toEqual({ items: [], next: undefined, isPartial: false });
    });

    onStore('names what may be changed, the oldest first, up to a limit', async (store) => {
      await some(store);
      expect(await store.deliveriesToChange({}, ['dead', 'pending'], 10)).toEqual({ ids: ['d-e1', 'd-e2'], isAll: true });
      expect(await store.deliveriesToChange({}, ['dead', 'pending'], 1)).toEqual({ ids: ['d-e1'], isAll: false });
      expect(await store.deliveriesToChange({ alias: 'staging' }, ['dead', 'pending'], 10)).toEqual({ ids: ['d-e2'], isAll: true });
      expect(await store.deliveriesToChange({ route: 'train' }, ['dead'], 10)).toEqual({ ids: [], isAll: true });
    });

    onStore('counts how often routes fired in parts of a time', async (store) => {
      await some(store);
      const counted = await store.routeActivity({ since: T0 - MINUTE, now: T0 + 3 * MINUTE, parts: 4 });
      expect(counted.toSorted((a, b) => a.route.localeCompare(b.route))).toEqual([
        { route: 'deploy', counts: [0, 1, 0, 0], lastFiredAt: T0 },
        { route: 'train', counts: [0, 0, 1, 0], lastFiredAt: T0 + MINUTE },
      ]);
      expect(await store.routeActivity({ since: T0 + 2 * MINUTE, now: T0 + 3 * MINUTE, parts: 4 })).toEqual([]);
    });

    onStore('counts what is not delivered, by kind of target and state', async (store) => {
      expect(await store.undelivered()).toEqual([]);
      await some(store);
      await accept(store, eventOf('e4', { at: T0 + 3 * MINUTE, subject: 'b' }));
      expect(await store.undelivered()).toEqual([
        { target: 'repository_dispatch', state: 'dead', count: 1, oldestAt: T0 },
        { target: 'repository_dispatch', state: 'pending', count: 2, oldestAt: T0 + MINUTE },
      ]);
    });

    onStore('says whether something has changed', async (store) => {
      const before = await store.revision();
      expect(await store.revision()).toBe(before);
      await accept(store, eventOf('e1'));
      const accepted = await store.revision();
      expect(accepted).not.toBe(before);
      await bury(store, await claimOne(store, T0), T0 + MINUTE);
      expect(await store.revision()).not.toBe(accepted);
    });
  });
}
