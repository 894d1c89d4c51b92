import { describe, expect, test } from 'vitest';
import type { ClaimedDelivery } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import {
  acceptTold,
  claimDispatches,
  claimMessages,
  conversationOf,
  HOUR,
  messageOf,
  only,
  post,
  say,
  toldEvent,
} from './conversation-samples.ts';
import { accept, attemptAt, bury, eventOf, LEASE_MS, type OpenStore, retryAt, SECOND, T0, withStore } from './samples.ts';

const REPOSTED = { channel: 'C012ML', ts: 'reposted' } as const;

/** Ways in which the update that posts the message again leaves open whether it has. */
const UNCLEAR: Record<string, (store: Store, update: ClaimedDelivery) => Promise<unknown>> = {
  'got no clear answer': (store, update) => retryAt(store, update, T0, T0 + SECOND, true),
  'has lost its lease': (store) => claimDispatches(store, T0 + LEASE_MS + 1),
  'was in flight when a process died': (store) => store.recoverInFlight(T0),
};

/** What a conversation gets whose message was deleted: the update that finds out may post it again. */
export function repostedContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  /** An update under way that has found the message gone. */
  const findGone = async (store: Store): Promise<ClaimedDelivery> => {
    await acceptTold(store);
    await store.refreshConversations('e1', T0);
    const update = only(await claimMessages(store, T0));
    await store.forgetMessage('talk', 'm-e1');
    return update;
  };

  describe('a message that an update posts', () => {
    onStore("becomes the conversation's, and the update leaves no trace", async (store) => {
      const update = await findGone(store);
      await post(store, update, T0, REPOSTED);

      expect((await conversationOf(store)).message).toEqual(REPOSTED);
      expect(await store.delivery(update.id)).toBeUndefined();
      expect(await say(store, T0 + HOUR)).toEqual([]);
      await store.refreshConversations('e1', T0);
      expect(await say(store, T0)).toEqual(['update']);
    });

    onStore('does not take the place of one that is there', async (store) => {
      await acceptTold(store);
      await store.refreshConversations('e1', T0);
      await post(store, only(await claimMessages(store, T0)), T0, REPOSTED);

      expect((await conversationOf(store)).message).toEqual({ channel: 'C012ML', ts: 'm-e1' });
      expect(await say(store, T0 + HOUR)).toEqual([]);
    });

    onStore('is brought up to date when it was found: it shows an earlier state', async (store) => {
      const update = await findGone(store);
      await retryAt(store, update, T0, T0 + SECOND, true);
      const again = only(await claimMessages(store, T0 + SECOND));
      expect(again).toMatchObject({ id: update.id, ambiguous: true });
      const settlement = { state: 'delivered', run: null, message: REPOSTED } as const;
      await store.settle(again, { ...attemptAt(T0 + SECOND, 'found'), durationMs: 0 }, settlement);

      expect((await conversationOf(store)).message).toEqual(REPOSTED);
      expect(await say(store, T0 + SECOND)).toEqual(['update']);
    });

    for (const [what, fail] of Object.entries(UNCLEAR)) {
      onStore(`is looked for when the update ${what}, before what waits behind it is sent`, async (store) => {
        const update = await findGone(store);
        await accept(store, eventOf('e2', { deliveries: [messageOf('m-e2', { replacesOlder: true })] }));
        await fail(store, update);

        const again = only(await claimMessages(store, T0 + HOUR));
        expect(again).toMatchObject({ id: update.id, ambiguous: true });
        await post(store, again, T0 + HOUR, REPOSTED);
        expect(await say(store, T0 + HOUR)).toEqual(['m-e2', 'update']);
        expect((await conversationOf(store)).message).toEqual(REPOSTED);
      });
    }

    onStore('comes before a reply that waits for it', async (store) => {
      const update = await findGone(store);
      await bury(store, only(await claimDispatches(store, T0)), T0);
      await retryAt(store, update, T0, T0 + SECOND);
      const again = only(await claimMessages(store, T0 + SECOND));
      expect(again.id).toBe(update.id);
      await post(store, again, T0 + SECOND, REPOSTED);

      expect(only(await claimMessages(store, T0 + SECOND)).request.kind).toBe('slack_reply');
    });

    onStore('leaves the place to the next one when it cannot be posted', async (store) => {
      const update = await findGone(store);
      await accept(store, toldEvent('e2'));
      await bury(store, update, T0);

      expect(await say(store, T0 + SECOND)).toEqual(['m-e2']);
      expect((await conversationOf(store)).message).toEqual({ channel: 'C012ML', ts: 'm-e2' });
      expect(await store.deliveries({ states: ['dead'], limit: 9 })).toEqual([]);
    });
  });
}
