import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import { conversationOf, HOUR, lookAtRuns, messageOf, nothingFollows, reportOf, runOf, say } from './conversation-samples.ts';
import { accept, claim, deliveryOf, eventOf, MINUTE, type OpenStore, SECOND, statesOf, succeed, T0, withStore } from './samples.ts';

const EVENT: RelayEvent = { type: 'add_artifact_alias', source: 'default', collection: 'resnet50', alias: 'production' };
const KEY = digest(promotionOf({ ...EVENT, version: 'any' })!.aliasKey);

/** A version gets the alias: a dispatch, `d-` before the id, and a message. */
function promoted(id: string, version: string, at = T0, conversation = 'talk'): NewEvent {
  const event = { ...EVENT, version };
  const deliveries = [deliveryOf(`d-${id}`), messageOf(`m-${id}`, {}, { key: conversation })];
  return {
    ...eventOf(id, { at, event, deliveries }),
    promotion: {
      aliasKey: KEY,
      version,
      replacing: (replaces) => ({ event: { ...event, replaces }, firings: eventOf(id, { deliveries }).firings }),
    },
  };
}

/** Somebody asks for a version again, of a route with a cooldown. */
function rolledBack(id: string, version: string, at: number): NewEvent {
  const firing = { route: 'deploy', cooldownKey: 'cooldown', cooldownMs: HOUR, deliveries: [deliveryOf(`d-${id}`), messageOf(`m-${id}`)] };
  return { ...eventOf(id, { at, event: { ...EVENT, version, rollback: true }, firings: [firing] }), bodyHash: `rollback to ${version}` };
}

/** What an event dispatched has been sent, and its run has ended. */
async function deploy(store: Store, id: string, at: number, conclusion = 'success'): Promise<void> {
  for (const claimed of await claim(store, at)) await succeed(store, claimed, at);
  const report = {
    runId: `run of ${id} at ${at}`,
    title: `Deploy (d-${id})`,
    createdAt: at,
    startedAt: at,
    endedAt: at + SECOND,
    conclusion,
  };
  await store.recordRuns([reportOf('completed', report)], at + SECOND, nothingFollows);
}

/** Sends all that waits; the conversations whose messages that updates. */
async function updated(store: Store, at: number): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const claimed = await claim(store, at);
    if (claimed.length === 0) return keys;
    for (const each of claimed) {
      if (each.request.kind === 'slack_update') keys.push(each.request.conversation);
      await succeed(store, each, at);
    }
  }
}

const alias = async (store: Store) => {
  const [found] = await store.aliases({ limit: 9 });
  return { holder: found?.holder.version, deployed: found?.deployed?.version };
};

export function rollbackContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a rollback', () => {
    onStore('changes what is deployed once its run has succeeded, and never what has the alias', async (store) => {
      await accept(store, promoted('e1', 'v1'));
      await deploy(store, 'e1', T0);
      await accept(store, promoted('e2', 'v2', T0 + MINUTE));
      await deploy(store, 'e2', T0 + MINUTE);
      expect(await alias(store)).toEqual({ holder: 'v2', deployed: 'v2' });

      await accept(store, rolledBack('e3', 'v1', T0 + 2 * MINUTE));
      expect(await alias(store)).toEqual({ holder: 'v2', deployed: 'v2' });
      await deploy(store, 'e3', T0 + 2 * MINUTE);

      expect(await alias(store)).toEqual({ holder: 'v2', deployed: 'v1' });
      expect(await store.aliasHistory(KEY, 9)).toHaveLength(2);
      expect(await store.promotionEvent(KEY, 'v1')).toEqual({ ...EVENT, version: 'v1' });
    });

    onStore('has the note of who asked for it with each dispatch, also where it is not sent at once', async (store) => {
      const event = rolledBack('e1', 'v1', T0);
      await accept(store, { ...event, note: 'rolled back by ada: the loss went up' });
      const notes = async (id: string) => (await store.delivery(id))?.notes;
      expect(await notes('d-e1')).toEqual([{ at: T0, text: 'rolled back by ada: the loss went up' }]);
      expect(await notes('m-e1')).toEqual([]);
      await accept(store, { ...event, note: 'rolled back by ben', id: 'e2' });
      expect(await notes('d-e1')).toHaveLength(1);
    });

    onStore('updates the message of the version that has the alias, once its run has succeeded', async (store) => {
      const replacedBy = async () => (await conversationOf(store, T0, 'other')).events[0]?.promotion?.replacedBy?.version ?? null;
      await accept(store, promoted('e1', 'v1'));
      await deploy(store, 'e1', T0);
      await accept(store, promoted('e2', 'v2', T0 + MINUTE, 'other'));
      expect(await say(store, T0 + MINUTE)).toContain('m-e2');
      await deploy(store, 'e2', T0 + MINUTE);
      await updated(store, T0 + MINUTE + SECOND);
      for (const [id, version, shown] of [
        ['e3', 'v1', 'v1'],
        ['e4', 'v2', null],
      ] as const) {
        const before = await replacedBy();
        const at = T0 + (id === 'e3' ? 2 : 3) * MINUTE;
        await accept(store, rolledBack(id, version, at));
        expect(await replacedBy()).toBe(before);
        await deploy(store, id, at);
        expect(await updated(store, at + SECOND)).toContain('other');
        expect(await replacedBy()).toBe(shown);
      }
    });

    onStore('that fails leaves what is deployed, and how it was', async (store) => {
      await accept(store, promoted('e1', 'v1'));
      await deploy(store, 'e1', T0);
      await accept(store, promoted('e2', 'v2', T0 + MINUTE));
      await deploy(store, 'e2', T0 + MINUTE, 'failure');
      await accept(store, rolledBack('e3', 'v1', T0 + 2 * MINUTE));
      await deploy(store, 'e3', T0 + 2 * MINUTE, 'failure');

      expect(await alias(store)).toEqual({ holder: 'v2', deployed: 'v1' });
      expect((await store.aliases({ limit: 1 }))[0]?.deployed?.run?.conclusion).toBe('success');
    });

    onStore('is neither a duplicate nor within a cooldown, and begins none', async (store) => {
      await accept(store, rolledBack('e1', 'v1', T0));
      await deploy(store, 'e1', T0);
      const [again] = await accept(store, rolledBack('e2', 'v1', T0 + SECOND * 2));
      expect(again).toMatchObject({ status: 'accepted', deliveries: [{ id: 'd-e2' }, { id: 'm-e2' }] });

      const { firings } = rolledBack('e3', 'v3', T0 + 3 * SECOND);
      expect(await accept(store, { ...promoted('e3', 'v3', T0 + 3 * SECOND), firings })).toMatchObject([
        { deliveries: [{ id: 'd-e3' }, { id: 'm-e3' }] },
      ]);
    });

    onStore('is not begun twice while it is under way, whoever asks', async (store) => {
      const at = T0;
      const answers = await Promise.all(['e1', 'e2', 'e3'].map((id) => accept(store, rolledBack(id, 'v1', at))));
      const [first] = answers.flat().filter(({ status }) => status === 'accepted');
      expect(answers.flat().filter(({ status }) => status === 'accepted')).toHaveLength(1);
      for (const [answer] of answers) expect(answer?.id).toBe(first?.id);
      expect(await store.events({ limit: 9 })).toHaveLength(1);

      for (const claimed of await claim(store, at)) await succeed(store, claimed, at);
      expect(await accept(store, rolledBack('e4', 'v1', at + SECOND))).toMatchObject([{ status: 'duplicate', id: first?.id }]);
      expect(await accept(store, rolledBack('e5', 'v2', at + SECOND))).toMatchObject([{ status: 'accepted' }]);
    });

    onStore('replaces what still waits for approval, as a newer event does', async (store) => {
      const held = deliveryOf('d-e1', { state: 'held', reason: 'waits' });
      await accept(store, {
        ...promoted('e1', 'v2'),
        firings: [{ route: 'deploy', cooldownKey: null, cooldownMs: 0, deliveries: [held] }],
      });
      await accept(store, rolledBack('e2', 'v1', T0 + 1));
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['superseded', 'pending']);
    });

    onStore('is offered below the event whose version has the alias or is deployed, to the version before', async (store) => {
      const offered = async () => (await conversationOf(store)).events.map(({ event, rollback }) => [event.id, rollback?.version]);
      await accept(store, promoted('e1', 'v1'));
      await deploy(store, 'e1', T0);
      expect(await offered()).toEqual([['e1', undefined]]);
      await accept(store, promoted('e2', 'v2', T0 + MINUTE));
      await deploy(store, 'e2', T0 + MINUTE, 'failure');
      expect(await offered()).toEqual([
        ['e1', undefined],
        ['e2', 'v1'],
      ]);
      expect((await conversationOf(store)).events[1]?.rollback).toEqual({ aliasKey: KEY, version: 'v1', deployedAt: T0 + SECOND });
      await accept(store, promoted('e3', 'v3', T0 + 2 * MINUTE));
      await deploy(store, 'e3', T0 + 2 * MINUTE);
      expect(await offered()).toEqual([
        ['e1', undefined],
        ['e2', undefined],
        ['e3', 'v1'],
      ]);
      await accept(store, rolledBack('e4', 'v1', T0 + 3 * MINUTE));
      await deploy(store, 'e4', T0 + 3 * MINUTE);
      // The first event is about the version that is deployed again.
      expect(await offered()).toEqual([
        ['e1', 'v3'],
        ['e2', undefined],
        ['e3', 'v1'],
        ['e4', 'v3'],
      ]);
    });

    onStore('finds the version before after very many that were never deployed', async (store) => {
      await accept(store, promoted('e1', 'v1'));
      await deploy(store, 'e1', T0);
      await accept(store, promoted('e2', 'v2', T0 + 1));
      await deploy(store, 'e2', T0 + MINUTE);
      await say(store, T0 + MINUTE);
      for (let n = 3; n < 60; n++) await store.correctAlias({ event: { ...EVENT, version: `v${n}` }, at: T0 + n });
      const deployed = (await store.aliasHistory(KEY, 99)).filter(({ deployedAt }) => deployedAt !== null);
      expect(deployed.map(({ version }) => version)).toEqual(['v2', 'v1']);
    });
  });

  describe('the run before a replay', () => {
    const run1 = (status: RunReport['status'], more: Partial<RunReport> = {}) => reportOf(status, { conclusion: null, ...more });
    const run2 = (status: RunReport['status'], more: Partial<RunReport> = {}) =>
      reportOf(status, { runId: '8', url: 'https://github.com/acme/deploy/actions/runs/8', createdAt: T0 + 10 * MINUTE, ...more });
    /** `d-e1` runs, and is sent once more. */
    async function sentAgain(store: Store): Promise<void> {
      await accept(store, eventOf('e1', { deliveries: [deliveryOf('d-e1'), messageOf('m-e1')] }));
      for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0);
      await store.recordRuns([run1('in_progress')], T0 + SECOND, nothingFollows);
      expect(await store.replay(['d-e1'], T0 + 10 * MINUTE)).toMatchObject([{ done: true }]);
      for (const claimed of await claim(store, T0 + 10 * MINUTE)) await succeed(store, claimed, T0 + 10 * MINUTE);
    }
    const changesOf = (store: Store, report: RunReport) => store.recordRuns([report], T0 + 20 * MINUTE, nothingFollows);

    onStore('is followed until it ends, and so is the one after', async (store) => {
      await sentAgain(store);
      const polled = await lookAtRuns(store, T0 + HOUR);
      expect(polled.map(({ runId, earlier }) => [runId, earlier])).toEqual([
        [null, undefined],
        ['7', 1],
      ]);

      expect(await changesOf(store, run2('in_progress'))).toMatchObject([{ after: { id: '8' } }]);
      const [ended] = await changesOf(store, run1('completed', { conclusion: 'failure' }));
      expect(ended).toMatchObject({
        deliveryId: 'd-e1',
        isEarlier: true,
        before: { status: 'in_progress' },
        after: { id: '7', conclusion: 'failure' },
      });
      expect(ended?.conversations).toEqual([{ key: 'talk', channel: '#ml' }]);

      expect(await runOf(store)).toMatchObject({ id: '8', status: 'in_progress' });
      const found = await store.delivery('d-e1');
      expect(found?.earlierRuns).toMatchObject([{ id: '7', status: 'completed', conclusion: 'failure' }]);
      expect(found?.delivery.runUrl).toContain('/8');
      expect(found?.notes.map(({ text }) => text).at(-1)).toMatch(/^earlier run ended: failure/);
      expect((await lookAtRuns(store, T0 + 2 * HOUR)).map(({ runId }) => runId)).toEqual(['8']);
      expect(await changesOf(store, run1('completed', { conclusion: 'failure' }))).toEqual([]);
    });

    onStore('does not come of the later run, nor the later of it', async (store) => {
      await accept(store, eventOf('e1'));
      for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0);
      await store.replay(['d-e1'], T0 + 10 * MINUTE);
      for (const claimed of await claim(store, T0 + 10 * MINUTE)) await succeed(store, claimed, T0 + 10 * MINUTE);

      expect(await changesOf(store, run1('completed', { conclusion: 'failure' }))).toMatchObject([{ isEarlier: true, after: { id: '7' } }]);
      const [later] = await changesOf(store, run2('completed'));
      expect(later).toMatchObject({ after: { id: '8', conclusion: 'success' } });
      expect(later).not.toHaveProperty('isEarlier');
    });

    onStore('is kept for each time that it was sent again, and goes with its event', async (store) => {
      await sentAgain(store);
      await changesOf(store, run2('completed', { conclusion: 'failure' }));
      await store.replay(['d-e1'], T0 + HOUR);
      expect((await store.delivery('d-e1'))?.earlierRuns?.map(({ id }) => id)).toEqual(['7', '8']);
      await store.cancel(['d-e1'], T0 + HOUR);
      await say(store, T0 + HOUR);
      expect(await store.prune({ before: T0 + 1, limit: 9 })).toBe(1);
    });

    onStore('says nothing about what is deployed', async (store) => {
      await accept(store, promoted('e1', 'v1'));
      for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0);
      await store.recordRuns([run1('in_progress')], T0 + SECOND, nothingFollows);
      await store.replay(['d-e1'], T0 + 10 * MINUTE);
      for (const claimed of await claim(store, T0 + 10 * MINUTE)) await succeed(store, claimed, T0 + 10 * MINUTE);
      await store.recordRuns([run2('completed')], T0 + 11 * MINUTE, nothingFollows);
      await store.recordRuns([run1('completed', { conclusion: 'failure' })], T0 + 12 * MINUTE, nothingFollows);
      expect(await alias(store)).toEqual({ holder: 'v1', deployed: 'v1' });
      expect((await store.aliasHistory(KEY, 1))[0]?.run?.conclusion).toBe('success');
    });
  });

  describe('sending again only once the run has ended', () => {
    const again = (store: Store) => store.replay(['d-e1'], T0 + HOUR, { ifRunEnded: true });
    const refusal = [{ id: 'd-e1', done: false, why: expect.stringContaining('its run has not ended') }];
    async function dispatched(store: Store): Promise<void> {
      await accept(store, eventOf('e1'));
      for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0);
    }

    onStore('waits for a run that is expected, queued or in progress', async (store) => {
      await dispatched(store);
      expect(await again(store)).toEqual(refusal);
      for (const status of ['queued', 'in_progress'] as const) {
        await store.recordRuns([reportOf(status)], T0 + MINUTE, nothingFollows);
        expect(await again(store)).toEqual(refusal);
      }
      expect(await statesOf(store, 'd-e1')).toEqual(['delivered']);
      await store.recordRuns([reportOf('completed')], T0 + MINUTE, nothingFollows);
      expect(await again(store)).toEqual([{ id: 'd-e1', done: true }]);
    });

    onStore('does not wait for one that is missing, unknown or not followed any more', async (store) => {
      await dispatched(store);
      await store.markRun('d-e1', 'missing', 'none came', T0 + MINUTE);
      expect(await again(store)).toEqual([{ id: 'd-e1', done: true }]);
      for (const claimed of await claim(store, T0 + HOUR)) await succeed(store, claimed, T0 + HOUR);
      await store.markRun('d-e1', 'unknown', 'not permitted', T0 + HOUR);
      expect(await again(store)).toEqual([{ id: 'd-e1', done: true }]);
      for (const claimed of await claim(store, T0 + HOUR)) await succeed(store, claimed, T0 + HOUR);
      expect(await again(store)).toEqual(refusal);
      await lookAtRuns(store, T0 + 2 * HOUR, () => Number.POSITIVE_INFINITY);
      expect(await runOf(store)).toMatchObject({ status: 'expected', isGivenUp: true });
      expect(await again(store)).toEqual([{ id: 'd-e1', done: true }]);
    });
  });
}
