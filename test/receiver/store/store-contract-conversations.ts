import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import {
  acceptTold,
  claimDispatches,
  claimMessages,
  conversationOf,
  dispatch,
  failForGood,
  HOUR,
  heldEvent,
  heldOf,
  messageOf,
  nothingFollows,
  only,
  post,
  reportOf,
  say,
  toldEvent,
} from './conversation-samples.ts';
import { accept, bury, deliveryOf, eventOf, MINUTE, type OpenStore, retryAt, SECOND, T0, withStore } from './samples.ts';

/** An event whose dispatch waits for an approval, reported in `talk`. */
async function acceptAsked(store: Store): Promise<void> {
  await accept(store, heldEvent('e1', { deliveries: [heldOf('d-e1'), messageOf('m-e1')] }));
  await say(store, T0);
}

async function acceptDispatched(store: Store): Promise<void> {
  await acceptTold(store);
  await dispatch(store, T0);
  await say(store, T0);
}

/** What changes how `e1` stands: what is there before, and the change. */
const CHANGES: Record<string, [before: (store: Store) => Promise<void>, change: (store: Store) => Promise<unknown>]> = {
  'a dispatch is delivered': [acceptTold, (store) => dispatch(store, T0)],
  'a dispatch is to be retried': [acceptTold, async (store) => retryAt(store, only(await claimDispatches(store, T0)), T0, T0 + HOUR)],
  'a dispatch is dead': [acceptTold, async (store) => bury(store, only(await claimDispatches(store, T0)), T0)],
  'a dispatch is cancelled': [acceptTold, (store) => store.cancel(['d-e1'], T0)],
  'a dispatch is sent again': [acceptDispatched, (store) => store.replay(['d-e1'], T0)],
  'a held one is released': [acceptAsked, (store) => store.approve(['d-e1'], T0)],
  'somebody approves': [acceptAsked, (store) => store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by: 'ada', at: T0 })],
  'somebody rejects': [acceptAsked, (store) => store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'ada', at: T0 })],
  'an approval expires': [acceptAsked, (store) => store.expireApprovals(T0 + HOUR)],
  'somebody decides too late': [
    acceptAsked,
    (store) => store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by: 'ada', at: T0 + HOUR }),
  ],
  'a newer event takes the place of a held one': [acceptAsked, (store) => accept(store, eventOf('e2'))],
  'a newer event takes the place of one that waits': [
    async (store) => {
      await accept(store, toldEvent('e1', { delivery: { replacesOlder: true } }));
      await say(store, T0);
    },
    (store) => accept(store, eventOf('e2', { delivery: { replacesOlder: true } })),
  ],
  'a newer event takes the place of one that failed': [
    async (store) => {
      await accept(store, toldEvent('e1', { delivery: { replacesOlder: true } }));
      await say(store, T0);
    },
    async (store) => {
      const claimed = only(await claimDispatches(store, T0));
      await accept(store, eventOf('e2', { delivery: { replacesOlder: true } }));
      await retryAt(store, claimed, T0, T0 + MINUTE);
    },
  ],
  'its run is reported': [acceptDispatched, (store) => store.recordRuns([reportOf('in_progress')], T0, nothingFollows)],
  'its run is missing': [acceptDispatched, (store) => store.markRun('d-e1', 'missing', 'nothing listens', T0)],
  'nobody may look at its run': [acceptDispatched, (store) => store.markRun('d-e1', 'unknown', 'no permission', T0)],
  'its route is muted': [
    acceptTold,
    (store) => store.mute({ route: 'deploy', subjectKey: 'model', until: T0 + HOUR, by: 'ada' }, 'e1', T0),
  ],
  'somebody asks for it': [acceptTold, (store) => store.refreshConversations('e1', T0)],
};

/** Of these, people are told in the thread before. */
const ALERTS = ['a dispatch is dead', 'its run is missing'];

export function conversationsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe("a conversation's message", () => {
    onStore('the first message that is posted becomes it, later ones do not', async (store) => {
      await accept(store, toldEvent('e1'), toldEvent('e2'));
      expect(await conversationOf(store)).toMatchObject({ channel: '#ml', message: null });

      expect(await say(store, T0)).toEqual(['m-e1', 'm-e2', 'update']);

      expect((await conversationOf(store)).message).toEqual({ channel: 'C012ML', ts: 'm-e1' });
      expect((await store.delivery('m-e1'))?.delivery.message).toEqual({ channel: 'C012ML', ts: 'm-e1' });
      expect((await store.delivery('m-e2'))?.delivery.message).toEqual({ channel: 'C012ML', ts: 'm-e2' });
    });

    onStore('a message that never came leaves the place to the next one', async (store) => {
      await accept(store, toldEvent('e1'), toldEvent('e2'));
      await failForGood(store, T0);

      expect(await say(store, T0)).toEqual(['m-e2']);
      expect((await conversationOf(store)).message).toEqual({ channel: 'C012ML', ts: 'm-e2' });
    });

    onStore('who finds it gone makes room for a new one; who is behind does not', async (store) => {
      await acceptTold(store);
      await store.forgetMessage('talk', 'an older one');
      expect((await conversationOf(store)).message).not.toBeNull();

      await store.forgetMessage('talk', 'm-e1');

      expect((await conversationOf(store)).message).toBeNull();
      await accept(store, toldEvent('e2'));
      await say(store, T0);
      await store.forgetMessage('talk', 'm-e1');
      expect((await conversationOf(store)).message).toEqual({ channel: 'C012ML', ts: 'm-e2' });
    });

    onStore("the chat's own id of a channel is known from a message there", async (store) => {
      await accept(store, toldEvent('e1'));
      expect(await store.channelId('#ml')).toBeUndefined();
      await say(store, T0);

      expect(await store.channelId('#ml')).toBe('C012ML');
      expect(await store.channelId('#other')).toBeUndefined();
    });

    onStore('a claimed message says which conversation it belongs to, a dispatch belongs to none', async (store) => {
      await accept(store, toldEvent('e1'));

      expect(only(await claimMessages(store, T0))).toMatchObject({ id: 'm-e1', conversation: 'talk' });
      expect(only(await claimDispatches(store, T0))).toMatchObject({ id: 'd-e1', conversation: null });
    });
  });

  describe('the message is brought up to date, once,', () => {
    for (const [what, [before, change]] of Object.entries(CHANGES)) {
      onStore(`when ${what}`, async (store) => {
        await before(store);
        expect(await say(store, T0 + HOUR)).toEqual([]);

        await change(store);
        if (ALERTS.includes(what)) await post(store, only(await claimMessages(store, T0 + HOUR)), T0 + HOUR);

        const update = only(await claimMessages(store, T0 + HOUR));
        expect(update).toMatchObject({
          request: { kind: 'slack_update', conversation: 'talk' },
          conversation: 'talk',
          credential: 'slack',
        });
        await post(store, update, T0 + HOUR);
        expect(await say(store, T0 + HOUR)).toEqual([]);
      });
    }

    onStore('when a later event was posted in its thread', async (store) => {
      await acceptTold(store);
      await accept(store, toldEvent('e2'));

      expect(await say(store, T0)).toEqual(['m-e2', 'update']);
    });

    onStore('when a later event could not be posted in its thread', async (store) => {
      await acceptTold(store);
      await accept(store, toldEvent('e2'));
      await failForGood(store, T0);

      expect(await say(store, T0 + SECOND)).toEqual(['update']);
    });

    onStore('in every conversation that shows the event, and in no other', async (store) => {
      const both = [deliveryOf('d-e1'), messageOf('here'), messageOf('there', {}, { key: 'there', channel: '#there' })];
      await accept(store, eventOf('e1', { deliveries: both }));
      await accept(store, toldEvent('e2', { subject: 'other' }, { key: 'other', channel: '#other' }));
      await say(store, T0);
      await store.cancel(['d-e1'], T0);

      const updates = await claimMessages(store, T0);
      expect(updates.map(({ conversation }) => conversation).toSorted()).toEqual(['talk', 'there']);
    });

    onStore('when much changes while it waits', async (store) => {
      await acceptTold(store);
      await accept(store, eventOf('e2'));
      await dispatch(store, T0);
      await store.recordRuns([reportOf('in_progress')], T0, nothingFollows);
      await store.refreshConversations('e1', T0);

      expect(await say(store, T0)).toEqual(['update']);
    });

    onStore('and not at all when a message that was not sent yet will say it', async (store) => {
      await accept(store, toldEvent('e1'));
      await dispatch(store, T0);

      expect(await say(store, T0)).toEqual(['m-e1']);
    });
  });
}
