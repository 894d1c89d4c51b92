import { describe, expect, test } from 'vitest';
import { FIRST_POLL_MS, type OpenRun, type RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import {
  acceptDispatched,
  dispatch,
  EXPECTED_RUN,
  HOUR,
  lookAtRuns,
  messageOf,
  notesOf,
  nothingFollows,
  RUN,
  reportOf,
  runOf,
} from './conversation-samples.ts';
import {
  accept,
  claim,
  claimOne,
  deliveryOf,
  drain,
  eventOf,
  MINUTE,
  type OpenStore,
  SECOND,
  SETTLE_MS,
  succeed,
  T0,
  withStore,
} from './samples.ts';

export function runsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const report = (store: Store, ...reports: RunReport[]) => store.recordRuns(reports, T0 + MINUTE, nothingFollows);

  describe('a run to poll', () => {
    onStore('is there once a dispatch has left, and not before', async (store) => {
      await accept(store, eventOf('e1'));
      expect(await runOf(store)).toBeNull();
      expect(await store.earliestPollAt()).toBeUndefined();
      const { runsSince } = await claimOne(store, T0);
      await store.recoverInFlight(T0);
      await dispatch(store, T0 + SETTLE_MS);

      expect(await runOf(store)).toEqual(EXPECTED_RUN);
      const next = await store.earliestPollAt();
      expect(await lookAtRuns(store, next! - 1)).toEqual([]);
      const [run, ...others] = await lookAtRuns(store, next!);
      expect(others).toEqual([]);
      expect(run).toEqual({
        deliveryId: 'd-e1',
        eventId: 'e1',
        repository: 'acme/deploy',
        kind: 'repository_dispatch',
        workflow: null,
        runId: null,
        status: 'expected',
        dispatchedAt: next! - FIRST_POLL_MS,
        runsSince,
        polls: 0,
      });
      expect(run?.dispatchedAt).toBeGreaterThanOrEqual(T0);
    });

    onStore('has its id from the start when the response had it', async (store) => {
      const request = { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', inputs: {} } as const;
      await accept(store, eventOf('e1', { delivery: { request } }));
      await dispatch(store, T0, RUN);

      expect(await runOf(store)).toEqual({ ...EXPECTED_RUN, ...RUN, status: 'queued' });
      const [run] = await lookAtRuns(store, T0 + MINUTE);
      expect(run).toMatchObject({ kind: 'workflow_dispatch', workflow: 'deploy.yml', runId: '7', status: 'queued' });
    });

    onStore('does not come of messages, commit statuses and what was not delivered', async (store) => {
      const status = {
        kind: 'commit_status',
        repository: 'acme/train',
        sha: 'a1',
        state: 'success',
        context: 'x',
        description: '',
      } as const;
      const deliveries = [messageOf('m-e1'), deliveryOf('status', { request: { ...status, target_url: null } })];
      await accept(store, eventOf('e1', { deliveries }));
      await drain(store, T0);
      await accept(store, eventOf('e2', { delivery: { state: 'dead', request: null, reason: 'no' } }));

      expect([await runOf(store, 'm-e1'), await runOf(store, 'status'), await runOf(store, 'd-e2')]).toEqual([null, null, null]);
      expect(await store.earliestPollAt()).toBeUndefined();
    });

    onStore('is due again when the caller says, who knows how often it was polled', async (store) => {
      await acceptDispatched(store);
      const again = ({ polls: looks }: OpenRun) => T0 + HOUR * (looks + 1);

      expect(await lookAtRuns(store, T0 + MINUTE, again)).toMatchObject([{ polls: 0 }]);
      expect(await store.earliestPollAt()).toBe(T0 + HOUR);
      expect(await lookAtRuns(store, T0 + HOUR - 1, again)).toEqual([]);
      expect(await lookAtRuns(store, T0 + HOUR, again)).toMatchObject([{ polls: 1 }]);
      expect(await store.earliestPollAt()).toBe(T0 + 2 * HOUR);
      expect(await lookAtRuns(store, T0 + 2 * HOUR, () => Number.POSITIVE_INFINITY)).toMatchObject([{ polls: 2 }]);
      expect(await store.earliestPollAt()).toBeUndefined();
      expect(await lookAtRuns(store, T0 + 99 * HOUR)).toEqual([]);
    });

    onStore('is given to one of those who poll at once, the longest due first, up to a limit', async (store) => {
      for (const n of [3, 1, 2, 4]) {
        await accept(store, eventOf(`e${n}`, { subject: `s${n}` }));
        for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0 + n * SECOND);
      }
      expect((await lookAtRuns(store, T0 + MINUTE, undefined, 1)).map(({ deliveryId }) => deliveryId)).toEqual(['d-e1']);

      const taken = await Promise.all([1, 2, 3].map(() => lookAtRuns(store, T0 + MINUTE, undefined, 2)));

      expect(
        taken
          .flat()
          .map(({ deliveryId }) => deliveryId)
          .toSorted(),
      ).toEqual(['d-e2', 'd-e3', 'd-e4']);
    });
  });

  describe('a report', () => {
    onStore('is tied to its dispatch by the delivery id in the title', async (store) => {
      await acceptDispatched(store);

      const [change, ...others] = await report(store, reportOf('in_progress'));

      expect(others).toEqual([]);
      const after = { ...EXPECTED_RUN, ...RUN, status: 'in_progress', startedAt: T0 + 2 * SECOND };
      expect(change).toEqual({
        deliveryId: 'd-e1',
        eventId: 'e1',
        route: 'deploy',
        repository: 'acme/deploy',
        before: EXPECTED_RUN,
        after,
        conversations: [],
      });
      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ run: after, runUrl: RUN.url });
      expect(await notesOf(store)).toEqual([`run is in progress: ${RUN.url}`]);
      expect((await lookAtRuns(store, T0 + HOUR))[0]).toMatchObject({ runId: '7', status: 'in_progress' });
    });

    onStore('is tied to its dispatch by the id of the run, whatever the title', async (store) => {
      await acceptDispatched(store, RUN);
      const done = reportOf('completed', { title: 'no id', conclusion: 'failure', createdAt: T0 - HOUR });

      expect(await report(store, { ...done, runId: '8' })).toEqual([]);
      expect(await report(store, done)).toMatchObject([{ before: { status: 'queued' }, after: { conclusion: 'failure' } }]);
      expect(await runOf(store)).toMatchObject({ status: 'completed', conclusion: 'failure', endedAt: T0 + MINUTE });
      expect(await store.earliestPollAt()).toBeUndefined();
    });

    onStore('of another repository, of no dispatch or from before it is not taken for it', async (store) => {
      await acceptDispatched(store);
      const others = [
        reportOf('completed', { repository: 'acme/other' }),
        reportOf('completed', { title: 'Deploy d-e10' }),
        reportOf('completed', { title: '' }),
        reportOf('completed', { createdAt: T0 - HOUR }),
        reportOf('completed', { event: 'push' }),
        reportOf('completed', { event: 'workflow_dispatch' }),
      ];

      expect(await report(store, ...others)).toEqual([]);
      expect(await runOf(store)).toEqual(EXPECTED_RUN);
      expect(await report(store, reportOf('completed', { repository: 'Acme/Deploy' }))).toHaveLength(1);
    });

    onStore('can be asked about before it is written down: whose it is, as long as it has news', async (store) => {
      await acceptDispatched(store);
      const [run, ...others] = await store.runsOf(reportOf('in_progress'));

      expect(others).toEqual([]);
      expect(run).toMatchObject({ deliveryId: 'd-e1', eventId: 'e1', runId: null, status: 'expected', polls: 0 });
      expect(await store.runsOf(reportOf('in_progress', { repository: 'acme/other' }))).toEqual([]);
      expect(await store.runsOf(reportOf('in_progress', { title: 'another' }))).toEqual([]);
      expect(await runOf(store)).toEqual(EXPECTED_RUN);
      await report(store, reportOf('in_progress'));
      expect(await store.runsOf(reportOf('in_progress'))).toEqual([]);
      expect(await store.runsOf(reportOf('completed', { title: '' }))).toMatchObject([{ runId: '7', status: 'in_progress' }]);
    });

    onStore('of a second run with the same title does not take the place of the first', async (store) => {
      await acceptDispatched(store);
      await report(store, reportOf('in_progress'));

      expect(await report(store, reportOf('completed', { runId: '8' }))).toEqual([]);
      expect(await runOf(store)).toMatchObject({ id: '7', status: 'in_progress' });
    });

    onStore('of the life before a replay is not taken for the new one', async (store) => {
      await acceptDispatched(store);
      await report(store, reportOf('in_progress'));
      const now = T0 + HOUR;
      await store.replay(['d-e1'], now);
      expect(await runOf(store)).toBeNull();
      expect(await report(store, reportOf('completed'))).toMatchObject([{ isEarlier: true, after: { id: '7' } }]);
      await dispatch(store, now);

      expect(await report(store, reportOf('completed'))).toEqual([]);
      expect(await runOf(store)).toEqual(EXPECTED_RUN);
      expect(await report(store, reportOf('queued', { runId: '8', createdAt: now }))).toMatchObject([{ after: { id: '8' } }]);
    });

    for (const [clock, behind] of Object.entries({
      'a second behind': SECOND,
      'minutes behind': 3 * MINUTE,
      'minutes ahead': -3 * MINUTE,
    })) {
      onStore(`of either life is distinguished from the other's by GitHub's clock, which is ${clock}`, async (store) => {
        const first = reportOf('in_progress', { createdAt: T0 + SECOND - behind });
        const second = reportOf('in_progress', { runId: '8', createdAt: T0 + 6 * SECOND - behind });
        await acceptDispatched(store);
        await report(store, first);
        await store.replay(['d-e1'], T0 + 5 * SECOND);
        await dispatch(store, T0 + 5 * SECOND);

        // Another workflow listens to the same event.
        expect(
          await report(store, { ...first, status: 'completed' }, { ...first, runId: '9', createdAt: T0 + 2 * SECOND - behind }),
        ).toMatchObject([{ isEarlier: true, after: { id: '7' } }]);
        expect(await report(store, second)).toMatchObject([{ after: { id: '8' } }]);
      });
    }

    onStore(
      'of a dispatch before a replay that had shown no run is not taken for the new one, though clocks differ by seconds',
      async (store) => {
        await acceptDispatched(store);
        await store.replay(['d-e1'], T0 + 20 * SECOND);
        await dispatch(store, T0 + 20 * SECOND);

        expect(await report(store, reportOf('completed', { createdAt: T0 + 5 * SECOND }))).toMatchObject([{ isEarlier: true }]);
        expect(await report(store, reportOf('queued', { runId: '8', createdAt: T0 + 15 * SECOND }))).toHaveLength(1);
      },
    );

    onStore('that comes late or twice changes nothing', async (store) => {
      await acceptDispatched(store);
      const reports = [reportOf('in_progress'), reportOf('in_progress'), reportOf('completed'), reportOf('in_progress')];

      expect((await report(store, ...reports)).map(({ after }) => after.status)).toEqual(['in_progress', 'completed']);

      expect(await report(store, reportOf('queued'), reportOf('completed', { conclusion: 'failure' }))).toEqual([]);
      expect(await runOf(store)).toMatchObject({ status: 'completed', conclusion: 'success' });
      expect(await notesOf(store)).toEqual([`run is in progress: ${RUN.url}`, `run ended: success after 58 s: ${RUN.url}`]);
    });

    onStore('that comes to several at once changes the run once', async (store) => {
      await acceptDispatched(store);

      const changes = await Promise.all([1, 2, 3].map(() => report(store, reportOf('completed'))));

      expect(changes.flat()).toHaveLength(1);
      expect(await notesOf(store)).toHaveLength(1);
    });

    onStore('of a later attempt opens the run again, and earlier attempts have no more to say', async (store) => {
      await acceptDispatched(store);
      await report(store, reportOf('completed', { conclusion: 'failure' }));
      expect(await store.earliestPollAt()).toBeUndefined();

      const [change] = await report(store, reportOf('in_progress', { attempt: 2 }));

      expect(change).toMatchObject({ before: { status: 'completed', attempt: 1 }, after: { status: 'in_progress', attempt: 2 } });
      expect(await runOf(store)).toMatchObject({ status: 'in_progress', conclusion: null, attempt: 2, endedAt: null });
      expect(await lookAtRuns(store, T0 + HOUR)).toMatchObject([{ runId: '7', status: 'in_progress' }]);
      expect(await report(store, reportOf('completed'))).toEqual([]);
      expect(await report(store, reportOf('completed', { attempt: 2 }))).toHaveLength(1);
      expect(await runOf(store)).toMatchObject({ status: 'completed', conclusion: 'success', attempt: 2 });
      expect((await notesOf(store))?.at(-1)).toContain('attempt 2');
    });
  });
}
