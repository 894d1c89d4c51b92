import { describe, expect, test } from 'vitest';
import type { ClaimedDelivery, NewDelivery, Settlement } from '../../../receiver/store/delivery.ts';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Alert } from '../../../src/route/alert.ts';
import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import {
  claimDispatches,
  dispatch,
  HOUR,
  heldOf,
  messageOf,
  nothingFollows,
  only,
  post,
  reportOf,
  toldEvent,
} from './conversation-samples.ts';
import { accept, attemptAt, claim, deliveryOf, eventOf, firingOf, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

const POLICY: AlertPolicy = { mention: ['U012ABC', 'S045'], broadcast: true, channel: '#ml-ops' };
const NO_CHANNEL: AlertPolicy = { ...POLICY, channel: null };

interface Told {
  readonly channel: string;
  readonly conversation: string;
  readonly alert: Alert;
}

/** Everything that waits for Slack is sent; what of it were alerts. */
async function told(store: Store, now: number, refuse: (claimed: ClaimedDelivery) => boolean = () => false): Promise<Told[]> {
  const alerts: Told[] = [];
  for (;;) {
    const claimed = await claim(store, now, { serves: (credential) => credential.startsWith('slack') });
    if (claimed.length === 0) return alerts;
    for (const each of claimed) {
      if (refuse(each)) await fail(store, each, now, POLICY);
      else await post(store, each, now, each.request.kind === 'slack_update' ? undefined : { channel: 'C012ML', ts: each.id });
      const { request } = each;
      if (request.kind === 'slack_reply' && 'alert' in request) {
        alerts.push({ channel: each.target, conversation: request.conversation, alert: request.alert });
      }
    }
  }
}

const isAlone = ({ conversation }: Pick<Told, 'conversation'>): boolean => conversation.startsWith('alert:');

function fail(store: Store, claimed: ClaimedDelivery, now: number, alerts?: AlertPolicy): Promise<boolean> {
  const dead: Settlement = { state: 'dead', reason: 'no such repository', ...(alerts === undefined ? {} : { alerts }) };
  return store.settle(claimed, { ...attemptAt(now, 'refused'), durationMs: 0 }, dead);
}

async function failDispatch(store: Store, now: number, alerts?: AlertPolicy): Promise<void> {
  await fail(
    store,
    only(await claimDispatches(store, now).then((all) => all.filter(({ target }) => !target.startsWith('slack')))),
    now,
    alerts,
  );
}

/** What people are told of failures, and of what resolves them. */
export function failuresContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const failedJob = () => ({ job: 'deploy', step: 'push image', url: null });
  const report = (store: Store, now: number, alerts: AlertPolicy, ...reports: RunReport[]) =>
    store.recordRuns(reports, now, nothingFollows, { policyOf: () => alerts, failedJob });
  /** An event of the subject `model` whose run ends in this way. */
  const ends = async (store: Store, id: string, conclusion: string, now: number, changes: Parameters<typeof toldEvent>[1] = {}) => {
    await accept(store, toldEvent(id, { at: now, ...changes }, { key: `talk ${id}` }));
    await dispatch(store, now);
    await told(store, now);
    const run = { runId: `run ${id}`, title: `d-${id}`, conclusion, createdAt: now };
    await report(store, now, NO_CHANNEL, reportOf('completed', run));
    return told(store, now);
  };

  describe('a failure', () => {
    onStore('of a run is told in the thread with all that is known, once, however often it is reported', async (store) => {
      await accept(store, toldEvent('e1'));
      await dispatch(store, T0);
      await told(store, T0);
      const ended = reportOf('completed', { conclusion: 'failure' });
      await report(store, T0, POLICY, reportOf('in_progress'), ended, ended);
      await report(store, T0, POLICY, ended);

      const { mention, broadcast } = POLICY;
      const run = {
        url: ended.url,
        conclusion: 'failure',
        attempt: 1,
        startedAt: T0 + 2 * SECOND,
        endedAt: T0 + MINUTE,
        failed: failedJob(),
      };
      const alert = { problem: 'run_failed', route: 'deploy', subject: { collection: 'model' }, mention, broadcast, run };
      expect(await told(store, T0)).toMatchObject([{ channel: 'slack:#ml', conversation: 'talk', alert }]);
    });

    onStore('is a run that failed, timed out, could not start or was cancelled; no other end is one', async (store) => {
      for (const conclusion of ['timed_out', 'startup_failure', 'cancelled', 'skipped', 'neutral', 'action_required']) {
        const alerts = await ends(store, conclusion, conclusion, T0, { subject: conclusion });
        expect(alerts.map(({ alert }) => [alert.problem, alert.run?.conclusion])).toEqual(
          ['skipped', 'neutral', 'action_required'].includes(conclusion) ? [] : [['run_failed', conclusion]],
        );
      }
    });

    onStore('of a route without a channel goes to the channel of alerts, as a message that is never edited', async (store) => {
      await accept(store, eventOf('e1'));
      await failDispatch(store, T0, POLICY);

      expect(await told(store, T0)).toMatchObject([
        { channel: 'slack:#ml-ops', alert: { problem: 'not_dispatched', mention: POLICY.mention } },
      ]);
      await store.refreshConversations('e1', T0);
      await store.replay(['d-e1'], T0);
      expect(await claim(store, T0, { serves: (credential) => credential.startsWith('slack') })).toEqual([]);
    });

    onStore('is told nowhere when there is neither', async (store) => {
      await accept(store, eventOf('e1'));
      await failDispatch(store, T0, NO_CHANNEL);
      expect(await told(store, T0)).toEqual([]);
    });

    onStore('that a channel of its route shows does not go to the channel of alerts', async (store) => {
      await accept(store, toldEvent('e1'));
      await failDispatch(store, T0, POLICY);
      expect((await told(store, T0)).map(({ channel }) => channel)).toEqual(['slack:#ml']);
    });

    onStore('that only a channel of another route shows goes there and to the channel of alerts', async (store) => {
      const firings = [firingOf([deliveryOf('d-e1')]), firingOf([messageOf('m-e1', { route: 'tell' })])];
      await accept(store, eventOf('e1', { firings }));
      await told(store, T0);
      await failDispatch(store, T0, POLICY);
      expect((await told(store, T0)).map(({ channel }) => channel).toSorted()).toEqual(['slack:#ml', 'slack:#ml-ops']);
    });

    onStore('is told by itself in a channel where its route is muted', async (store) => {
      await store.mute({ route: 'deploy', subjectKey: 'model', until: T0 + HOUR, by: 'ada' }, 'none', T0);
      await accept(store, toldEvent('e1'));
      await failDispatch(store, T0, POLICY);

      const alerts = await told(store, T0);
      expect(alerts).toMatchObject([{ channel: 'slack:#ml', alert: { problem: 'not_dispatched' } }]);
      expect(alerts.every(isAlone)).toBe(true);
    });

    onStore('of a request that could not even be built is told when the event comes', async (store) => {
      const unsendable = (id: string, changes: Partial<NewDelivery> = {}) =>
        deliveryOf(id, { state: 'dead', reason: 'ref is empty', request: null, ...changes });
      const firing = { ...firingOf([unsendable('d-e1'), messageOf('m-e1')]), alerts: POLICY };
      const silent = { ...firingOf([unsendable('d-e2')]), alerts: POLICY };
      await accept(store, eventOf('e1', { firings: [firing] }), eventOf('e2', { firings: [silent] }));

      const alerts = await told(store, T0);
      expect(alerts.map(({ channel }) => channel).toSorted()).toEqual(['slack:#ml', 'slack:#ml-ops']);
      for (const { alert } of alerts) expect(alert).toMatchObject({ problem: 'not_dispatched', reason: 'ref is empty' });
    });

    onStore('that cannot be told in its channel goes to the channel of alerts, and from there nowhere', async (store) => {
      await accept(store, toldEvent('e1'));
      await told(store, T0);
      await failDispatch(store, T0, POLICY);

      const alerts = await told(store, T0, ({ request }) => request.kind === 'slack_reply');
      expect(alerts.map(({ channel }) => channel)).toEqual(['slack:#ml', 'slack:#ml-ops']);
      expect(alerts[1]?.alert).toEqual(alerts[0]?.alert);
    });
  });

  describe('a later success', () => {
    onStore('of the same route and subject says so in the thread of the failure, once', async (store) => {
      await ends(store, 'e1', 'failure', T0);
      const resolved = await ends(store, 'e2', 'success', T0 + HOUR);

      const alert = { problem: 'resolved', route: 'deploy', broadcast: true, run: { conclusion: 'success' } };
      expect(resolved).toMatchObject([{ conversation: 'talk e1', alert }]);
      expect(await ends(store, 'e3', 'success', T0 + 2 * HOUR)).toEqual([]);
    });

    onStore('of a run that is repeated says so as well', async (store) => {
      await ends(store, 'e1', 'failure', T0);
      const again = reportOf('completed', { runId: 'run e1', title: 'd-e1', conclusion: 'success', attempt: 2 });
      await report(store, T0, NO_CHANNEL, again);
      expect(await told(store, T0)).toMatchObject([{ conversation: 'talk e1', alert: { problem: 'resolved', run: { attempt: 2 } } }]);
    });

    onStore('is no one of another subject or route', async (store) => {
      await ends(store, 'e1', 'failure', T0);
      expect(await ends(store, 'e2', 'success', T0 + HOUR, { subject: 'other' })).toEqual([]);
      expect(await ends(store, 'e3', 'success', T0 + HOUR, { delivery: { route: 'other' } })).toEqual([]);
      expect(await ends(store, 'e4', 'success', T0 + HOUR)).toHaveLength(1);
    });

    onStore('is no one of an older event', async (store) => {
      await accept(store, toldEvent('e1', {}, { key: 'talk e1' }));
      await dispatch(store, T0);
      await ends(store, 'e2', 'failure', T0 + MINUTE);
      await report(store, T0 + HOUR, NO_CHANNEL, reportOf('completed', { runId: 'run e1', title: 'd-e1' }));
      expect(await told(store, T0 + HOUR)).toEqual([]);
    });

    onStore('says so in the channel of alerts when that was told, and is quiet there when the failure was', async (store) => {
      await accept(store, eventOf('e1'));
      await failDispatch(store, T0, { ...POLICY, broadcast: false });
      const [failure] = await told(store, T0);
      const [resolved] = await ends(store, 'e2', 'success', T0 + HOUR);
      expect(resolved).toMatchObject({ conversation: failure?.conversation, alert: { problem: 'resolved', broadcast: false } });
    });

    onStore('has nothing to resolve once the failed event is removed', async (store) => {
      await ends(store, 'e1', 'failure', T0);
      await store.prune({ before: T0 + MINUTE, limit: 9 });
      expect(await store.event('e1')).toBeUndefined();
      expect(await ends(store, 'e2', 'success', T0 + HOUR)).toEqual([]);
    });
  });

  notAskedContract(onStore);
}

type OnStore = (name: string, work: (store: Store) => Promise<void>) => void;

/** An event that waits for an approval in `#ml`, and is shown in `#team` as well. */
function askedEvent(id: string, message: Partial<NewDelivery> = {}) {
  const approval = { channel: '#ml', by: ['U012ABC'], allowSelf: true, expiresMs: HOUR };
  const elsewhere = messageOf(`t-${id}`, {}, { key: `team ${id}`, channel: '#team' });
  const deliveries = [heldOf(`d-${id}`), messageOf(`m-${id}`, message, { key: `talk ${id}` }), elsewhere];
  return eventOf(id, { firings: [{ ...firingOf(deliveries), approval, alerts: POLICY }] });
}

function notAskedContract(onStore: OnStore): void {
  const inMl = ({ target }: Pick<ClaimedDelivery, 'target'>) => target.endsWith(':#ml');
  const notAsked = async (store: Store) => (await store.approvalsNotAsked(9)).map(({ eventId, notAsked: why }) => [eventId, why]);

  describe('a message to a group', () => {
    const toGroup = (id: string, also: readonly NewDelivery[] = []) =>
      eventOf(id, {
        firings: [{ ...firingOf([messageOf(`g-${id}`, {}, { key: 'talk group', channel: 'S0OPS' }), ...also]), alerts: POLICY }],
      });
    const expand = async (store: Store, channels: readonly string[]) => {
      for (const each of await claim(store, T0, { serves: (credential) => credential.startsWith('slack') })) {
        const toMembers = each.target === 'slack:S0OPS' ? { channels } : {};
        await store.settle(each, { ...attemptAt(T0, 'delivered'), durationMs: 0 }, { state: 'delivered', run: null, ...toMembers });
      }
    };
    const posted = async (store: Store) => {
      const claimed = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      for (const each of claimed) await post(store, each, T0, { channel: `D${each.target}`, ts: each.id });
      const told = claimed.filter(({ request }) => request.kind === 'slack');
      return told.map(({ id, target }) => [id, target]).toSorted();
    };

    onStore('becomes one for each member, once, and none for who gets one anyway', async (store) => {
      const author = messageOf('a-e1', {}, { key: 'talk author', channel: 'U0ADA' });
      await accept(store, toGroup('e1', [{ ...author, target: 'slack:U0ADA', credential: 'other' }]));
      await expand(store, ['U0ADA', 'U0BOB', 'U0CY', 'U0CY']);
      expect(await posted(store)).toEqual([
        ['g-e1-U0BOB', 'slack:U0BOB'],
        ['g-e1-U0CY', 'slack:U0CY'],
      ]);
      await store.replay(['g-e1'], T0);
      await expand(store, ['U0ADA', 'U0BOB', 'U0CY']);
      expect(await posted(store)).toEqual([]);
    });

    onStore("joins the members' conversations with what is said later", async (store) => {
      await accept(store, toGroup('e1'));
      await expand(store, ['U0BOB']);
      await posted(store);
      await accept(store, toGroup('e2'));
      await expand(store, ['U0BOB', 'U0CY']);
      expect((await store.viewConversation('talk group/U0BOB', T0))?.events.map(({ event }) => event.id)).toEqual(['e1', 'e2']);
      expect((await store.viewConversation('talk group/U0CY', T0))?.events.map(({ event }) => event.id)).toEqual(['e2']);
    });
  });

  describe('a message that cannot be posted, and asks nothing', () => {
    const messages = (id: string, more: Partial<NewDelivery> = {}) =>
      eventOf(id, { firings: [{ ...firingOf([messageOf(`m-${id}`, more, { key: `talk ${id}` })]), alerts: POLICY }] });

    onStore('is told in the channel of alerts: the first of a channel as a message, others below it', async (store) => {
      await accept(store, messages('e1'));
      const [first, ...more] = await told(store, T0, inMl);
      const alert = { problem: 'not_posted', target: 'slack:#ml', route: 'deploy', reason: 'no such repository', broadcast: false };
      expect(first).toMatchObject({ channel: 'slack:#ml-ops', alert });
      expect(more).toEqual([]);
      await accept(store, messages('e2', { state: 'dead', request: null, reason: 'the channel has no name' }));
      expect(await told(store, T0)).toMatchObject([{ conversation: first?.conversation, alert: { reason: 'the channel has no name' } }]);
    });

    onStore('is told nobody where there is no channel of alerts, or where that is the one that fails', async (store) => {
      await accept(store, messages('e1'));
      const [claimed] = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      await fail(store, claimed!, T0, { ...POLICY, channel: 'ml' });
      expect(await told(store, T0)).toEqual([]);
      await store.replay(['m-e1'], T0);
      const [again] = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      await fail(store, again!, T0, NO_CHANNEL);
      expect(await told(store, T0)).toEqual([]);
    });
  });

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
