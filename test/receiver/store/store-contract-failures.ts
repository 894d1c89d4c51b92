import { describe, expect, test } from 'vitest';
import type { ClaimedDelivery, NewDelivery, Settlement } from '../../../receiver/store/delivery.ts';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Alert } from '../../../src/route/alert.ts';
import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import { claimDispatches, dispatch, HOUR, messageOf, nothingFollows, only, post, reportOf, toldEvent } from './conversation-samples.ts';
import { accept, attemptAt, claim, deliveryOf, eventOf, firingOf, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

export const POLICY: AlertPolicy = { mention: ['U012ABC', 'S045'], broadcast: true, channel: '#ml-ops' };
const NO_CHANNEL: AlertPolicy = { ...POLICY, channel: null };

interface Told {
  readonly channel: string;
  readonly conversation: string;
  readonly alert: Alert;
}

/** Everything that waits for Slack is sent; what of it were alerts. */
export async function told(store: Store, now: number, refuse: (claimed: ClaimedDelivery) => boolean = () => false): Promise<Told[]> {
  const alerts: Told[] = [];
  for (;;) {
    const claimed = await claim(store, now, { serves: (credential) => credential.startsWith('slack') });
    if (claimed.length === 0) return alerts;
    for (const each of claimed) {
      if (refuse(each)) await fail(store, each, now, POLICY);
      else await post(store, each, now, each.request.kind === 'slack_update' ? undefined : { channel: 'C012ML', ts: each.id });
      const { request } = each;
      if (request.kind === 'slack_update' && isAlone(request)) throw new Error('the message of an alert is edited');
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

    onStore('is told by itself in the channel of alerts ten times in ten minutes, and again later', async (store) => {
      const failOne = async (name: string, now: number): Promise<number> => {
        await accept(store, eventOf(name, { subject: name, deliveries: [deliveryOf(`d-${name}`, { orderKey: name })] }));
        await failDispatch(store, now, POLICY);
        return (await told(store, now)).length;
      };
      let alone = 0;
      for (let i = 0; i < 25; i++) alone += await failOne(`e${i}`, T0);
      expect(alone).toBe(10);
      expect(await failOne('later', T0 + 11 * MINUTE)).toBe(1);
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

  describe('what cannot be told in several channels', () => {
    onStore('goes to the channel of alerts once, and so does the end of the next attempt', async (store) => {
      const messages = [messageOf('m-e1'), messageOf('o-e1', {}, { key: 'other', channel: '#other' })];
      await accept(store, eventOf('e1', { deliveries: [deliveryOf('d-e1'), ...messages] }));
      await dispatch(store, T0);
      await told(store, T0);
      const refused = ({ target, request }: ClaimedDelivery) => request.kind === 'slack_reply' && target !== 'slack:#ml-ops';
      for (const attempt of [1, 2]) {
        await report(store, T0, POLICY, reportOf('completed', { conclusion: 'failure', attempt }));
        const alerts = (await told(store, T0, refused)).filter(({ channel }) => channel === 'slack:#ml-ops');
        expect(alerts).toMatchObject([{ alert: { problem: 'run_failed', run: { attempt } } }]);
      }
    });
  });

  describe('a message that could not be posted', () => {
    onStore('is reported in the channel of alerts: one message for each channel, the rest in its thread', async (store) => {
      const messages = (id: string) => [
        messageOf(`m-${id}`, {}, { key: id }),
        messageOf(`o-${id}`, {}, { key: `o ${id}`, channel: '#old' }),
      ];
      await accept(store, eventOf('e1', { deliveries: messages('e1') }), eventOf('e2', { deliveries: messages('e2') }));
      const alerts = await told(store, T0, ({ target, request }) => request.kind === 'slack' && target === 'slack:#old');

      const alert = { problem: 'not_posted', target: 'slack:#old', reason: 'no such repository', broadcast: false };
      expect(alerts).toMatchObject([
        { channel: 'slack:#ml-ops', alert },
        { channel: 'slack:#ml-ops', alert },
      ]);
      expect(new Set(alerts.map(({ conversation }) => conversation)).size).toBe(1);
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

    onStore('of a run that cannot be followed resolves that an earlier one was not dispatched, and nothing else', async (store) => {
      const unreadable = async (id: string, now: number) => {
        await accept(store, toldEvent(id, { at: now }, { key: `talk ${id}` }));
        await dispatch(store, now);
        await store.markRun(`d-${id}`, 'unknown', 'no permission to read runs', now);
        return told(store, now);
      };
      await ends(store, 'e1', 'failure', T0);
      expect(await unreadable('e2', T0 + HOUR)).toEqual([]);
      await accept(store, toldEvent('e3', { at: T0 + HOUR, subject: 'model' }, { key: 'talk e3' }));
      await failDispatch(store, T0 + HOUR, NO_CHANNEL);
      await told(store, T0 + HOUR);
      const alert = { problem: 'resolved', reason: 'no permission to read runs' };
      expect(await unreadable('e4', T0 + 2 * HOUR)).toMatchObject([{ conversation: 'talk e3', alert }]);
    });

    onStore('has nothing to resolve once the failed event is removed', async (store) => {
      await ends(store, 'e1', 'failure', T0);
      // The thread stays: another event of it is still held.
      await accept(store, toldEvent('other', { subject: 'other', delivery: { state: 'held' } }, { key: 'talk e1' }));
      await told(store, T0);
      await store.prune({ before: T0 + MINUTE, limit: 9 });
      expect(await store.event('e1')).toBeUndefined();
      expect(await ends(store, 'e2', 'success', T0 + HOUR)).toEqual([]);
    });
  });
}
