import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { say, toldEvent } from './conversation-samples.ts';
import { accept, bury, claim, deliveryOf, eventOf, firingOf, MINUTE, type OpenStore, succeed, T0, withStore } from './samples.ts';

const FIRED: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'wandb-registry-model',
  registry: 'model',
  collection: 'resnet50',
  alias: 'production',
  automation: 'promote',
};

/** What happened, for whoever counts it. */
export function activityContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('counting what happened', () => {
    onStore('names each route once for an event, newest first, page by page', async (store) => {
      const [one, two, other] = [
        deliveryOf('d1'),
        deliveryOf('d2', { orderKey: 'b' }),
        deliveryOf('d3', { orderKey: 'c', route: 'train' }),
      ];
      await accept(store, eventOf('e1', { event: FIRED, firings: [firingOf([one, two]), firingOf([other])] }));
      await accept(
        store,
        eventOf('e2', { at: T0 + MINUTE, firings: [] }),
        eventOf('e3', { at: T0 + MINUTE, body: 'body of e2', firings: [] }),
      );
      const all = await store.countedEvents({ limit: 9 });
      expect(
        all.map(({ receivedAt, isDuplicate, facts, routes }) => [receivedAt, isDuplicate, facts.automation, routes.toSorted()]),
      ).toEqual([
        [T0 + MINUTE, true, undefined, []],
        [T0 + MINUTE, false, undefined, []],
        [T0, false, 'promote', ['deploy', 'train']],
      ]);
      expect(all[2]?.facts).toEqual({ automation: 'promote', entity: 'acme', project: 'wandb-registry-model', registry: 'model' });
      const first = await store.countedEvents({ limit: 2 });
      expect(first).toEqual(all.slice(0, 2));
      expect(await store.countedEvents({ limit: 2, before: first[1]?.seq ?? 0 })).toEqual(all.slice(2));
    });

    onStore('has the deliveries that have failed, until they are sent again', async (store) => {
      for (const id of ['e1', 'e2', 'e3']) await accept(store, eventOf(id, { event: FIRED, subject: id }));
      for (const delivery of await claim(store, T0))
        await (delivery.id === 'd-e2' ? succeed(store, delivery, T0) : bury(store, delivery, T0));
      const all = await store.failedDeliveries({ limit: 9 });
      expect(all.map(({ eventId, route, receivedAt, facts }) => [eventId, route, receivedAt, facts.automation])).toEqual([
        ['e3', 'deploy', T0, 'promote'],
        ['e1', 'deploy', T0, 'promote'],
      ]);
      expect(await store.failedDeliveries({ limit: 1, before: all[0]?.seq ?? 0 })).toEqual(all.slice(1));
      await store.replay(['d-e3'], T0 + MINUTE);
      expect((await store.failedDeliveries({ limit: 9 })).map(({ eventId }) => eventId)).toEqual(['e1']);
    });

    onStore('leaves out updates of messages that have failed', async (store) => {
      await accept(store, toldEvent('t1', { subject: 't1' }));
      const serves = (credential: string) => credential === 'slack';
      await say(store, T0 + MINUTE);
      await store.refreshConversations('t1', T0 + MINUTE);
      const updates = await claim(store, T0 + 2 * MINUTE, { serves });
      for (const update of updates) await bury(store, update, T0 + 2 * MINUTE);
      expect(updates.map(({ request }) => request.kind)).toEqual(['slack_update']);
      expect(await store.failedDeliveries({ limit: 9 })).toEqual([]);
    });

    onStore('is empty where nothing happened', async (store) => {
      expect([await store.countedEvents({ limit: 9 }), await store.failedDeliveries({ limit: 9 })]).toEqual([[], []]);
    });
  });
}
