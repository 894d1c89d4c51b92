import { describe, expect, test } from 'vitest';
import type { Mute } from '../../../receiver/store/conversations.ts';
import type { Store } from '../../../receiver/store/store.ts';
import {
  acceptTold,
  conversationOf,
  dispatch,
  HOUR,
  heldEvent,
  heldOf,
  messageOf,
  nothingFollows,
  RUN,
  reportOf,
  say,
  toldEvent,
} from './conversation-samples.ts';
import {
  accept,
  claimOne,
  deliveryOf,
  eventOf,
  idsOf,
  MINUTE,
  type OpenStore,
  SECOND,
  stateOf,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const MUTE: Mute = { route: 'deploy', subjectKey: 'model', until: T0 + HOUR, by: 'ada (U012ABC)' };

export function conversationViewContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a conversation', () => {
    onStore('says who had something sent again last', async (store) => {
      await accept(store, toldEvent('e1'));
      await say(store, T0);
      await dispatch(store, T0);
      expect((await conversationOf(store)).events[0]?.again).toBeUndefined();
      await store.replay(['d-e1'], T0 + SECOND, { by: 'ada (U012ABC) in Slack' });
      await store.replay(['m-e1'], T0 + MINUTE, { by: 'nobody' });
      expect((await conversationOf(store)).events[0]?.again).toEqual({ by: 'ada (U012ABC)', at: T0 + SECOND });
    });

    onStore('has all that follows from its events, messages apart', async (store) => {
      const deliveries = [heldOf('a'), heldOf('b', { orderKey: 'b' }), messageOf('m-e1')];
      await accept(store, heldEvent('e1', { deliveries }));
      await accept(store, toldEvent('e2', { subject: 'version', delivery: { route: 'test' } }));
      await say(store, T0);
      await store.keepEnrichment('e1', { size: 12 });
      await store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by: 'ada', at: T0 });
      await store.cancel(['b', 'd-e2'], T0);
      await dispatch(store, T0);
      await store.recordRuns([reportOf('completed', { title: 'a' })], T0, nothingFollows);
      await store.mute(MUTE, 'e1', T0);

      const { events, ...conversation } = await conversationOf(store);

      expect(conversation).toEqual({
        key: 'talk',
        channel: '#ml',
        message: { channel: 'C012ML', ts: 'm-e1' },
        eventCount: 2,
        mutes: [MUTE],
        burst: null,
        lastReply: null,
      });
      const [first, second] = events;
      expect(first?.event).toEqual(await store.event('e1'));
      expect(first?.event.wandb).toEqual({ size: 12 });
      expect(idsOf(first!.deliveries)).toEqual(['a', 'b']);
      expect(first?.deliveries[0]).toEqual((await store.delivery('a'))?.delivery);
      expect(first?.deliveries[0]).toMatchObject({ state: 'delivered', run: { ...RUN, status: 'completed', conclusion: 'success' } });
      expect(first?.deliveries[1]).toMatchObject({ state: 'cancelled', run: null });
      expect(first?.approvals).toEqual([await store.approval('e1', 'deploy')]);
      expect(first).toMatchObject({ texts: ['text of m-e1'], message: { channel: 'C012ML', ts: 'm-e1' } });
      expect(second).toMatchObject({
        event: { id: 'e2' },
        deliveries: [{ id: 'd-e2' }],
        approvals: [],
        texts: ['text of m-e2'],
        promotion: null,
      });
      expect(second?.message).toEqual({ channel: 'C012ML', ts: 'm-e2' });
    });

    onStore('that is not there is not made up', async (store) => {
      await acceptTold(store);

      expect(await store.viewConversation('none', T0)).toBeUndefined();
    });

    onStore('is there before anything was posted', async (store) => {
      await accept(store, toldEvent('e1'));

      expect(await conversationOf(store)).toMatchObject({ message: null, eventCount: 1, events: [{ event: { id: 'e1' }, message: null }] });
    });

    onStore('tells events in the order in which they came, each once', async (store) => {
      await accept(store, toldEvent('e2', { at: T0 + 1 }), toldEvent('e1'), toldEvent('e3'));
      await say(store, T0 + SECOND);
      await store.replay(['m-e2'], T0 + SECOND);
      await store.refreshConversations('e1', T0 + SECOND);

      expect((await conversationOf(store)).events.map(({ event }) => event.id)).toEqual(['e2', 'e1', 'e3']);
      expect((await conversationOf(store)).eventCount).toBe(3);
    });

    onStore('of many events has the first one and the latest ten, and says how many there were', async (store) => {
      const told = async () => (await conversationOf(store)).events.map(({ event }) => event.id);
      const ids = Array.from({ length: 14 }, (_, n) => `e${n}`);
      await accept(store, ...ids.slice(0, 11).map((id) => toldEvent(id)));
      expect(await told()).toEqual(ids.slice(0, 11));

      await accept(store, ...ids.slice(11).map((id) => toldEvent(id)));

      expect(await told()).toEqual(['e0', ...ids.slice(4)]);
      expect((await conversationOf(store)).eventCount).toBe(14);
    });

    onStore('has the event that is asked for in its place, however many came since', async (store) => {
      const ids = Array.from({ length: 14 }, (_, n) => `e${n}`);
      await accept(store, ...ids.map((id) => toldEvent(id)));

      const told = async (eventId: string) => (await store.viewConversation('talk', T0, eventId))?.events.map(({ event }) => event.id);
      expect(await told('e2')).toEqual(['e0', 'e2', ...ids.slice(4)]);
      expect(await told('e13')).toEqual(['e0', ...ids.slice(4)]);
    });

    onStore('has the texts of the messages about each event, equal ones once', async (store) => {
      const silent = messageOf('silent', { request: { kind: 'slack', channel: '#ml', text: null, thread: true } });
      const later = messageOf('later', { route: 'audit' });
      await accept(store, eventOf('e1', { deliveries: [messageOf('first'), later, silent] }));
      await accept(store, eventOf('e2', { deliveries: [{ ...silent, id: 'alone' }] }));

      expect((await conversationOf(store)).events.map(({ texts }) => texts)).toEqual([['text of first', 'text of later'], []]);
    });

    onStore('of one conversation leaves out messages about the event in another', async (store) => {
      const there = messageOf('there', {}, { key: 'there', channel: '#there' });
      await accept(store, eventOf('e1', { deliveries: [deliveryOf('d-e1'), messageOf('here'), there] }));
      await accept(store, eventOf('e2', { deliveries: [messageOf('here too')] }));
      await say(store, T0);

      const conversation = await conversationOf(store, T0, 'there');
      expect(conversation).toMatchObject({ channel: '#there', message: { ts: 'there' }, eventCount: 1 });
      expect(conversation.events).toMatchObject([{ texts: ['text of there'], message: { ts: 'there' }, deliveries: [{ id: 'd-e1' }] }]);
    });
  });

  describe('a mute', () => {
    onStore('stops messages of its route and subject, and says who wanted that', async (store) => {
      await acceptTold(store);
      await store.mute(MUTE, 'e1', T0);
      await say(store, T0);
      await accept(store, toldEvent('e2', { at: T0 + SECOND }));

      expect((await store.delivery('m-e2'))?.delivery).toMatchObject({ state: 'cancelled', reason: expect.stringContaining(MUTE.by) });
      expect(await stateOf(store, 'd-e2')).toBe('pending');
      // What makes no sound still belongs to the conversation.
      expect(await say(store, T0 + SECOND)).toEqual(['update']);
      expect((await conversationOf(store)).events.map(({ event }) => event.id)).toEqual(['e1', 'e2']);
    });

    onStore('leaves alone what asks something of people, other routes and other subjects', async (store) => {
      await store.mute(MUTE, 'none', T0);
      await accept(store, toldEvent('asks', {}, { canMute: false }));
      await accept(store, toldEvent('route', { delivery: { route: 'audit' } }), toldEvent('subject', { subject: 'other' }));
      await accept(store, toldEvent('muted'));

      const states = await statesOf(store, 'm-asks', 'm-route', 'm-subject', 'm-muted');
      expect(states).toEqual(['pending', 'pending', 'pending', 'cancelled']);
    });

    onStore('ends in time', async (store) => {
      await store.mute(MUTE, 'none', T0);
      await accept(store, toldEvent('e1', { at: T0 + HOUR - 1 }), toldEvent('e2', { at: T0 + HOUR }));

      expect(await statesOf(store, 'm-e1', 'm-e2')).toEqual(['cancelled', 'pending']);
      expect(await store.mutes(T0 + HOUR - 1)).toEqual([MUTE]);
      expect(await store.mutes(T0 + HOUR)).toEqual([]);
      expect((await conversationOf(store, T0 + HOUR - 1)).mutes).toEqual([MUTE]);
      expect((await conversationOf(store, T0 + HOUR)).mutes).toEqual([]);
    });

    onStore('takes the place of an earlier one, and is ended by a time of 0', async (store) => {
      await acceptTold(store);
      await store.mute(MUTE, 'e1', T0);
      await store.mute({ ...MUTE, until: T0 + MINUTE, by: 'bob' }, 'e1', T0);
      expect(await store.mutes(T0)).toEqual([{ ...MUTE, until: T0 + MINUTE, by: 'bob' }]);
      await say(store, T0);

      await store.mute({ ...MUTE, until: 0 }, 'e1', T0);

      expect(await store.mutes(T0)).toEqual([]);
      expect(await say(store, T0)).toEqual(['update']);
      await accept(store, toldEvent('e2', { at: T0 }));
      expect(await stateOf(store, 'm-e2')).toBe('pending');
    });

    onStore('can be undone for one message by sending it all the same', async (store) => {
      await store.mute(MUTE, 'none', T0);
      await accept(store, toldEvent('e1'));
      await store.replay(['m-e1'], T0);

      expect(await say(store, T0)).toEqual(['m-e1']);
    });

    onStore('stops what a run would have reported in the thread', async (store) => {
      await acceptTold(store);
      await dispatch(store, T0);
      await store.mute(MUTE, 'e1', T0);
      await say(store, T0);
      const reply = (id: string, canMute: boolean) =>
        messageOf(id, { request: { kind: 'slack_reply', conversation: 'talk', text: 'it failed' } }, { canMute });
      await store.recordRuns([reportOf('completed')], T0 + SECOND, () => [reply('muted', true), reply('not muted', false)]);

      expect((await store.delivery('muted'))?.delivery).toMatchObject({ state: 'cancelled', reason: expect.stringContaining(MUTE.by) });
      expect((await say(store, T0 + SECOND)).filter((id) => id !== 'update')).toEqual(['not muted']);
    });
  });

  describe('requests that come twice', () => {
    onStore('are new once, also when they come at once', async (store) => {
      expect(await store.firstSeen('slack:1', T0)).toBe(true);
      expect(await store.firstSeen('slack:1', T0 + HOUR)).toBe(false);
      expect(await store.firstSeen('slack:2', T0)).toBe(true);

      const answers = await Promise.all([1, 2, 3, 4].map(() => store.firstSeen('github:1', T0)));
      expect(answers.filter(Boolean)).toHaveLength(1);
    });

    onStore('are known for days', async (store) => {
      await store.firstSeen('old', T0);
      await store.firstSeen('new', T0 + 71 * HOUR);

      expect(await store.firstSeen('old', T0 + 72 * HOUR)).toBe(false);
    });
  });

  test('a message is settled like any delivery', () =>
    withStore(open, async (store) => {
      await accept(store, eventOf('e1', { deliveries: [messageOf('m-e1')] }));
      const claimed = await claimOne(store, T0);

      expect(await succeed(store, claimed, T0)).toBe(true);
      expect(await succeed(store, claimed, T0)).toBe(false);
    }));
}
