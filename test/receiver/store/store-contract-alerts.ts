import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import {
  acceptTold,
  claimDispatches,
  claimMessages,
  dispatch,
  failForGood,
  HOUR,
  messageOf,
  nothingFollows,
  only,
  post,
  reportOf,
  say,
  toldEvent,
} from './conversation-samples.ts';
import {
  accept,
  attemptAt,
  bury,
  claim,
  deliveryOf,
  eventOf,
  idsOf,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  SETTLE_MS,
  T0,
  withStore,
} from './samples.ts';

/** What people are told because an edited message notifies nobody. */
export function alertsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const die = async (store: Store, now = T0) => bury(store, only(await claimDispatches(store, now)), now);
  /** Sends all messages that wait: the problems that replies report, `update`, or the id. */
  const reportedBy = async (store: Store, now = T0): Promise<string[]> => {
    const reported: string[] = [];
    for (;;) {
      const [claimed] = await claimMessages(store, now + HOUR);
      if (claimed === undefined) return reported;
      const { request } = claimed;
      const isUpdate = request.kind === 'slack_update';
      reported.push(isUpdate ? 'update' : 'alert' in request ? `${request.alert.problem}: ${request.alert.reason}` : claimed.id);
      await post(store, claimed, now, isUpdate ? undefined : { channel: 'C012ML', ts: claimed.id });
    }
  };
  const DEAD = 'not_dispatched: no such repository';

  describe('a reply in the thread says', () => {
    onStore('that a dispatch is dead, once, and the message is brought up to date after it', async (store) => {
      await acceptTold(store);
      await die(store);

      const reply = only(await claimMessages(store, T0 + SECOND));
      expect(reply).toMatchObject({ eventId: 'e1', route: 'deploy', target: 'slack:#ml', credential: 'slack', conversation: 'talk' });
      expect(reply.request).toEqual({
        kind: 'slack_reply',
        conversation: 'talk',
        alert: {
          problem: 'not_dispatched',
          target: 'repository_dispatch:acme/deploy',
          route: 'deploy',
          reason: 'no such repository',
          subject: { source: 'default', type: 'link_artifact', collection: 'model' },
          mention: [],
          broadcast: true,
        },
      });
      await post(store, reply, T0 + SECOND, { channel: 'C012ML', ts: 'reply' });
      expect(await reportedBy(store)).toEqual(['update']);
      expect(await reportedBy(store, T0 + HOUR)).toEqual([]);
    });

    onStore('that a dispatch is dead again after a replay', async (store) => {
      await acceptTold(store);
      await die(store);
      expect(await reportedBy(store)).toEqual([DEAD, 'update']);
      await store.replay(['d-e1'], T0 + MINUTE);
      expect(await reportedBy(store, T0 + MINUTE)).toEqual(['update']);

      await die(store, T0 + MINUTE);

      expect(await reportedBy(store, T0 + MINUTE)).toEqual([DEAD, 'update']);
    });

    onStore('that a run is missing, once', async (store) => {
      await acceptTold(store);
      await dispatch(store, T0);
      await reportedBy(store);
      await store.markRun('d-e1', 'missing', 'nothing listens to <this> & that', T0);
      await store.markRun('d-e1', 'missing', 'nothing listens to <this> & that', T0);

      expect(await reportedBy(store)).toEqual(['run_missing: nothing listens to <this> & that', 'update']);
    });

    onStore('the reason as it was noted: how it is shown is for the target to decide', async (store) => {
      await acceptTold(store);
      const claimed = only(await claimDispatches(store, T0));
      const reason = `<!channel>\n${'x'.repeat(2_000)}`;
      await store.settle(claimed, attemptAt(T0, 'refused'), { state: 'dead', reason });

      expect(await reportedBy(store)).toEqual([`not_dispatched: ${reason}`, 'update']);
    });

    onStore('nothing of what is to be retried, of a run that is found or may not be read', async (store) => {
      await acceptTold(store);
      await retryAt(store, only(await claimDispatches(store, T0)), T0, T0 + SECOND);
      await dispatch(store, T0 + SECOND);
      await store.markRun('d-e1', 'unknown', 'no permission', T0 + SECOND);
      await store.recordRuns([reportOf('in_progress')], T0 + SECOND, nothingFollows);
      await store.markRun('d-e1', 'missing', 'too late', T0 + SECOND);

      expect(await reportedBy(store)).toEqual(['update']);
    });

    onStore('nothing of messages and commit statuses that are dead', async (store) => {
      const status = {
        kind: 'commit_status',
        repository: 'acme/train',
        sha: 'a1',
        state: 'success',
        context: 'x',
        description: '',
        target_url: null,
      } as const;
      await accept(store, eventOf('e1', { deliveries: [messageOf('m-e1'), deliveryOf('status', { request: status })] }));
      await say(store, T0);
      await die(store);
      expect(await reportedBy(store)).toEqual(['update']);
      await accept(store, eventOf('e2', { deliveries: [messageOf('m-e2')] }));
      await failForGood(store, T0);

      expect(await reportedBy(store)).toEqual(['update']);
    });

    onStore('it in every conversation that shows the event, and in no other', async (store) => {
      const both = [deliveryOf('d-e1'), messageOf('here'), messageOf('there', {}, { key: 'there', channel: '#there' })];
      await accept(store, eventOf('e1', { deliveries: both }));
      await accept(store, toldEvent('e2', { subject: 'other' }, { key: 'other', channel: '#other' }));
      await say(store, T0);
      const [first] = await claimDispatches(store, T0);
      await bury(store, first!, T0);

      const replies = await claimMessages(store, T0 + SECOND);
      expect(replies.map(({ conversation, target }) => [conversation, target]).toSorted()).toEqual([
        ['talk', 'slack:#ml'],
        ['there', 'slack:#there'],
      ]);
    });

    onStore('it after a message that is under way or waits', async (store) => {
      await accept(store, toldEvent('e1'));
      const first = only(await claimMessages(store, T0));
      await die(store);
      await post(store, first, T0, { channel: 'C012ML', ts: 'm-e1' });
      expect(await reportedBy(store)).toEqual([DEAD, 'update']);

      await accept(store, toldEvent('e2'));
      await die(store);
      expect(await reportedBy(store)).toEqual(['m-e2', DEAD, 'update']);
    });

    onStore('it behind an update that waits or is under way, and one more update follows', async (store) => {
      await acceptTold(store);
      await store.refreshConversations('e1', T0);
      const update = only(await claimMessages(store, T0));
      await die(store);
      expect(await claimMessages(store, T0 + SECOND)).toEqual([]);
      await retryAt(store, update, T0, T0 + HOUR);

      // The update that failed is dropped: one waits behind it that will show more.
      expect(await reportedBy(store)).toEqual([DEAD, 'update']);
    });

    onStore('nothing where no message is, nor one on its way', async (store) => {
      await accept(store, toldEvent('e1'));
      const [message] = await claimMessages(store, T0);
      await bury(store, message!, T0);
      await die(store);

      expect(await claimMessages(store, T0 + SECOND)).toEqual([]);
      expect(idsOf(await store.deliveries({ limit: 9 }))).toEqual(['m-e1', 'd-e1']);
    });

    onStore('it although the route is muted for the subject', async (store) => {
      await acceptTold(store);
      await store.mute({ route: 'deploy', subjectKey: 'model', until: T0 + HOUR, by: 'ada' }, 'e1', T0);
      await reportedBy(store);
      await die(store);

      expect(await reportedBy(store)).toEqual([DEAD, 'update']);
      expect(await store.deliveries({ states: ['cancelled'], limit: 9 })).toEqual([]);
    });

    onStore('nothing when the lease was lost', async (store) => {
      await acceptTold(store);
      const claimed = only(await claimDispatches(store, T0));
      await store.recoverInFlight(T0);
      await reportedBy(store);

      expect(await bury(store, claimed, T0)).toBe(false);
      expect(await reportedBy(store)).toEqual([]);
      expect(idsOf(await claim(store, T0 + SETTLE_MS))).toEqual(['d-e1']);
    });
  });
}
