import { describe, expect, test } from 'vitest';
import type { NewDelivery } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';
import {
  accept,
  claim,
  claimOne,
  deliveryOf,
  dispatchOf,
  eventOf,
  idsOf,
  LEASE_MS,
  MINUTE,
  type OpenStore,
  SECOND,
  SETTLE_MS,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const TEMPLATE: TargetDefinition = { repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } };
const COMPLETE: TargetRequest = { ...dispatchOf('d-e1'), kind: 'repository_dispatch', client_payload: { size: 12 } } as TargetRequest;

/** What workers share, what they find out before they send, and what people did: told in notes. */
export function enrichingContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const only = (credential: string) => ({ serves: (other: string) => other === credential });

  describe('workers that serve different credentials', () => {
    onStore('each take their own, and know when that is due', async (store) => {
      const to = (credential: string, at: number) => eventOf(credential, { subject: credential, at, delivery: { credential } });
      await accept(store, to('github', T0 + SECOND), to('slack', T0 + MINUTE));

      expect(await store.nextDueAt(only('github').serves)).toBe(T0 + SECOND);
      expect(await store.nextDueAt(only('slack').serves)).toBe(T0 + MINUTE);
      expect(await store.nextDueAt(only('other').serves)).toBeUndefined();
      expect(await claim(store, T0 + MINUTE, only('other'))).toEqual([]);
      expect(idsOf(await claim(store, T0 + MINUTE, { ...only('slack'), limit: 1 }))).toEqual(['d-slack']);
      expect(idsOf(await claim(store, T0 + MINUTE, only('github')))).toEqual(['d-github']);
    });

    onStore('do not use up the pace of each other', async (store) => {
      const to = (id: string, credential: string) => eventOf(id, { subject: id, delivery: { credential } });
      await accept(store, to('e1', 'a'), to('e2', 'b'));
      await claim(store, T0, { ...only('a'), paceMs: MINUTE });

      expect(idsOf(await claim(store, T0, { ...only('b'), paceMs: MINUTE }))).toEqual(['d-e2']);
    });
  });

  describe('a request that is completed', () => {
    onStore('takes the place of the one that was accepted, for good', async (store) => {
      await accept(store, eventOf('e1', { delivery: { template: TEMPLATE } }));
      const first = await claimOne(store, T0);
      expect(first).toMatchObject({ request: dispatchOf('d-e1'), template: TEMPLATE });

      expect(await store.updateRequest(first, COMPLETE)).toBe(true);

      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'in_flight', request: COMPLETE });
      await store.recoverInFlight(T0);
      const again = await claimOne(store, T0 + SETTLE_MS);
      expect(again).toMatchObject({ request: COMPLETE, template: null });
      await succeed(store, again, T0 + SETTLE_MS);
      await store.replay(['d-e1'], T0 + MINUTE);
      expect(await claimOne(store, T0 + MINUTE)).toMatchObject({ request: COMPLETE, template: null });
    });

    onStore('of what is held takes its place before anybody decides, and not afterwards', async (store) => {
      const to = (id: string, changes: Partial<NewDelivery>) => deliveryOf(id, { orderKey: id, ...changes });
      const held = { state: 'held', template: TEMPLATE } as const;
      const deliveries = [to('d-1', held), to('d-2', held), to('plain', { state: 'held' }), to('pending', { template: TEMPLATE })];
      await accept(store, eventOf('e1', { deliveries }));
      const waiting = await store.heldToEnrich('e1');
      expect(waiting.map(({ id, template }) => [id, template])).toEqual([
        ['d-1', TEMPLATE],
        ['d-2', TEMPLATE],
      ]);
      await store.approve(['d-2'], T0);

      expect([await store.updateHeldRequest('d-1', COMPLETE), await store.updateHeldRequest('d-2', COMPLETE)]).toEqual([true, false]);

      expect((await store.delivery('d-1'))?.delivery).toMatchObject({ state: 'held', request: COMPLETE });
      expect((await store.delivery('d-2'))?.delivery.request).toEqual(dispatchOf('d-2'));
      expect(await store.heldToEnrich('e1')).toEqual([]);
      await store.approve(['d-1'], T0);
      const sent = (await claim(store, T0)).find(({ id }) => id === 'd-1');
      expect(sent).toMatchObject({ request: COMPLETE, template: null });
    });

    onStore('is refused to whoever does not have the lease', async (store) => {
      await accept(store, eventOf('e1', { delivery: { template: TEMPLATE } }));
      const first = await claimOne(store, T0);
      expect(await store.updateRequest({ id: 'd-e1', leaseToken: 'of somebody else' }, COMPLETE)).toBe(false);
      expect(await store.updateRequest({ id: 'none', leaseToken: first.leaseToken }, COMPLETE)).toBe(false);
      expect(await claim(store, T0 + LEASE_MS + 1)).toEqual([]);
      const second = await claimOne(store, T0 + LEASE_MS + 1 + SETTLE_MS);

      expect(await store.updateRequest(first, COMPLETE)).toBe(false);

      expect(second).toMatchObject({ request: dispatchOf('d-e1'), template: TEMPLATE });
      await succeed(store, second, T0 + LEASE_MS + 1 + SETTLE_MS);
      expect(await store.updateRequest(second, COMPLETE)).toBe(false);
      expect((await store.delivery('d-e1'))?.delivery.request).toEqual(dispatchOf('d-e1'));
    });

    onStore('has no template when nothing more was to be found out', async (store) => {
      await accept(store, eventOf('e1'));

      expect(await claimOne(store, T0)).toMatchObject({ template: null, conversation: null });
    });
  });

  describe("what W&B's API said about an event", () => {
    const saidOf = async (store: Store, id: string) => (await store.event(id))?.wandb;

    onStore('is kept with it, and the first word stays', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'), eventOf('e3'));
      const said = { artifact: { size: 12, aliases: ['β', null, "it's"] } };
      await store.keepEnrichment('e1', said);
      await store.keepEnrichment('e1', { artifact: 'another' });
      await store.keepEnrichment('e1', null);
      await store.keepEnrichment('none', said);

      expect(await saidOf(store, 'e1')).toEqual(said);
      expect(await saidOf(store, 'e2')).toBeUndefined();
      expect((await store.events({ limit: 1 }))[0]).toMatchObject({ id: 'e3', wandb: undefined });
    });

    onStore('may be nothing, which is remembered', async (store) => {
      await accept(store, eventOf('e1'));
      await store.keepEnrichment('e1', null);
      await store.keepEnrichment('e1', { size: 12 });

      expect(await saidOf(store, 'e1')).toBeNull();
    });
  });

  describe('what people do with a delivery', () => {
    onStore('is noted, with who did it and when, oldest first', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'held' } }));
      expect((await store.delivery('d-e1'))?.notes).toEqual([]);
      await store.approve(['d-e1'], T0 + 1, { by: 'ada (U012ABC) in Slack' });
      await store.cancel(['d-e1'], T0 + 2, { by: 'bob' });
      await store.replay(['d-e1'], T0 + 3);
      await store.approve(['d-e1'], T0 + 4);

      const found = await store.delivery('d-e1');
      expect(found?.notes).toEqual([
        { at: T0 + 1, text: 'approved by ada (U012ABC) in Slack' },
        { at: T0 + 2, text: 'cancelled by bob' },
        { at: T0 + 3, text: 'replayed by hand' },
      ]);
      expect(found?.delivery.state).toBe('pending');
    });

    onStore('is not done when the delivery has changed since they read it', async (store) => {
      await accept(store, eventOf('e1'));
      const seen = (await store.delivery('d-e1'))?.delivery.updatedAt;
      await succeed(store, await claimOne(store, T0 + SECOND), T0 + SECOND);
      const delivered = await store.delivery('d-e1');

      const late = await store.replay(['d-e1'], T0 + MINUTE, { ifUpdatedAt: seen! });

      expect(late).toEqual([{ id: 'd-e1', done: false, why: expect.stringContaining('changed') }]);
      expect(await store.delivery('d-e1')).toEqual(delivered);
      const options = { ifUpdatedAt: delivered!.delivery.updatedAt, by: 'ada' };
      expect(await store.replay(['d-e1'], T0 + MINUTE, options)).toEqual([{ id: 'd-e1', done: true }]);
    });

    onStore('is done once, however often it is pressed', async (store) => {
      await accept(store, eventOf('e1'));
      await succeed(store, await claimOne(store, T0), T0);
      const options = { ifUpdatedAt: (await store.delivery('d-e1'))!.delivery.updatedAt };

      const pressed = await Promise.all([1, 2, 3].map(() => store.replay(['d-e1'], T0 + MINUTE, options)));

      expect(pressed.flat().filter(({ done }) => done)).toHaveLength(1);
      expect((await store.delivery('d-e1'))?.notes).toHaveLength(1);
    });
  });

  describe("the values of an event's metric", () => {
    const HISTORY = { metric: 'loss', axis: 'step', points: [[1, 2.5]] };

    onStore('are added to what is known about it, once', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2', { subject: 'other' }), eventOf('e3', { subject: 'third' }));
      await store.keepEnrichment('e1', { run: { name: 'r1' } });
      await store.keepEnrichment('e2', null);

      expect(await store.keepHistory('e1', HISTORY, T0)).toBe(true);
      expect(await store.keepHistory('e1', { metric: 'other' }, T0)).toBe(false);
      for (const id of ['e2', 'e3', 'nobody']) expect(await store.keepHistory(id, HISTORY, T0)).toBe(false);
      expect((await store.event('e1'))?.wandb).toEqual({ run: { name: 'r1' }, history: HISTORY });
      expect([(await store.event('e2'))?.wandb, (await store.event('e3'))?.wandb]).toEqual([null, undefined]);
    });

    onStore('update the messages that show it', async (store) => {
      const message: Partial<NewDelivery> = {
        target: 'slack:#ml',
        credential: 'slack:#ml',
        orderKey: 'talk',
        request: { kind: 'slack', channel: '#ml', text: null, thread: true },
        conversation: { key: 'talk', channel: '#ml', canMute: true },
      };
      await accept(store, eventOf('e1', { deliveries: [deliveryOf('d-e1', message)] }));
      const posting = await claimOne(store, T0);
      await store.keepEnrichment('e1', { run: { name: 'r1' } });
      await store.keepHistory('e1', HISTORY, T0);
      await succeed(store, posting, T0);

      const [update] = await claim(store, T0 + MINUTE);
      expect(update?.request).toEqual({ kind: 'slack_update', conversation: 'talk' });
      const [shown] = (await store.viewConversation('talk', T0))?.events ?? [];
      expect(shown?.event.wandb).toEqual({ run: { name: 'r1' }, history: HISTORY });
    });
  });
}
