import { describe, expect, test } from 'vitest';
import type { ClaimedDelivery, NewDelivery } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { HOUR, heldOf, messageOf } from './conversation-samples.ts';
import { accept, attemptAt, claim, eventOf, firingOf, type OpenStore, T0, withStore } from './samples.ts';
import { POLICY, told } from './store-contract-failures.ts';

/** An event that waits for an approval in `#ml`, and is shown in `#team` as well. */
function askedEvent(id: string, message: Partial<NewDelivery> = {}) {
  const approval = { channel: '#ml', by: ['U012ABC'], allowSelf: true, expiresMs: HOUR };
  const elsewhere = messageOf(`t-${id}`, {}, { key: `team ${id}`, channel: '#team' });
  const deliveries = [heldOf(`d-${id}`), messageOf(`m-${id}`, message, { key: `talk ${id}` }), elsewhere];
  return eventOf(id, { firings: [{ ...firingOf(deliveries), approval, alerts: POLICY }] });
}

/** Questions that people cannot see. */
export function notAskedContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const inMl = ({ target }: Pick<ClaimedDelivery, 'target'>) => target.endsWith(':#ml');
  const notAsked = async (store: Store) => (await store.approvalsNotAsked(9)).map(({ eventId, notAsked: why }) => [eventId, why]);

  describe('a question that cannot be asked', () => {
    onStore('is told where else the event is shown and in the channel of alerts, once, to those who may decide', async (store) => {
      await accept(store, askedEvent('e1'));
      expect(await notAsked(store)).toEqual([]);
      const alerts = await told(store, T0, inMl);

      const alert = { problem: 'not_asked', target: 'slack:#ml', reason: 'no such repository', mention: ['U012ABC'], deliveries: ['d-e1'] };
      expect(alerts).toMatchObject([
        { channel: 'slack:#team', alert },
        { channel: 'slack:#ml-ops', alert },
      ]);
      expect(await notAsked(store)).toEqual([['e1', 'no such repository']]);
      expect(await store.openApprovals(9)).toMatchObject([{ notAsked: 'no such repository' }]);
      await store.replay(['m-e1'], T0);
      expect(await told(store, T0, inMl)).toEqual([]);
    });

    onStore('is one no more once it is asked, or decided', async (store) => {
      await accept(store, askedEvent('e1'), askedEvent('e2'));
      await told(store, T0, inMl);
      await store.replay(['m-e1'], T0);
      await told(store, T0);
      expect(await notAsked(store)).toEqual([['e2', 'no such repository']]);
      await store.decide({ eventId: 'e2', route: 'deploy', decision: 'approved', by: 'ada', at: T0 });
      expect(await notAsked(store)).toEqual([]);
      expect(await store.approval('e1', 'deploy')).not.toHaveProperty('notAsked');
    });

    onStore('is one whose message could not even be built', async (store) => {
      await accept(store, askedEvent('e1', { state: 'dead', request: null, reason: 'the text is empty' }));
      expect(await notAsked(store)).toEqual([['e1', 'the text is empty']]);
      expect((await told(store, T0)).map(({ channel }) => channel).toSorted()).toEqual(['slack:#ml-ops', 'slack:#team']);
    });

    onStore('is not one while another message may show it', async (store) => {
      const second = messageOf('m2-e1', {}, { key: 'talk e1' });
      const [firing] = askedEvent('e1').firings;
      await accept(store, eventOf('e1', { firings: [{ ...firing!, deliveries: [...firing!.deliveries, second] }] }));
      expect(await told(store, T0, ({ id }) => id === 'm-e1')).toEqual([]);
      expect(await notAsked(store)).toEqual([]);
    });

    onStore('is one that is asked again, when the message that was to show it cannot be updated', async (store) => {
      await accept(store, askedEvent('e1'));
      await told(store, T0);
      await store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'ada', at: T0 });
      await told(store, T0);
      await store.replay(['d-e1'], T0);
      expect((await told(store, T0, inMl)).map(({ channel }) => channel).toSorted()).toEqual(['slack:#ml-ops', 'slack:#team']);
      expect(await notAsked(store)).toEqual([['e1', 'no such repository']]);
      await store.refreshConversations('e1', T0);
      const updates = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      for (const update of updates)
        await store.settle(update, { ...attemptAt(T0, 'delivered'), status: 200 }, { state: 'delivered', run: null });
      expect(await notAsked(store)).toEqual([]);
    });

    onStore('is one that was posted where those who may decide are not', async (store) => {
      await accept(store, askedEvent('e1'));
      const claimed = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      const message = { channel: 'C012ML', ts: '1' };
      const why = 'U012ABC is not in #ml';
      for (const each of claimed) {
        const settlement = { state: 'delivered', run: null, message, ...(inMl(each) ? { notAsked: why, alerts: POLICY } : {}) } as const;
        await store.settle(each, { ...attemptAt(T0, 'delivered'), durationMs: 0 }, settlement);
      }
      expect(await notAsked(store)).toEqual([['e1', why]]);
      expect((await told(store, T0)).map(({ channel }) => channel).toSorted()).toEqual(['slack:#ml-ops', 'slack:#team']);
    });
  });
}
