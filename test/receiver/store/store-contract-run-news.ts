import { describe, expect, test } from 'vitest';
import type { NewDelivery } from '../../../receiver/store/delivery.ts';
import type { RunReport } from '../../../receiver/store/run.ts';
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
  reportOf,
  runOf,
  say,
  toldEvent,
} from './conversation-samples.ts';
import { accept, claim, deliveryOf, eventOf, idsOf, MINUTE, type OpenStore, T0, withStore } from './samples.ts';

/** What comes of what is known about runs, and of what is not. */
export function runNewsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const report = (store: Store, ...reports: RunReport[]) => store.recordRuns(reports, T0 + MINUTE, nothingFollows);

  describe('what follows from a report', () => {
    const followUps = (id: string): NewDelivery[] => {
      const reply = { kind: 'slack_reply', conversation: 'talk', text: 'it failed' } as const;
      return [messageOf(`reply to ${id}`, { request: reply }), deliveryOf(`status of ${id}`, { orderKey: 'status' })];
    };

    onStore('is stored with it, once, and knows the conversations that show the event', async (store) => {
      await accept(store, toldEvent('e1'));
      await say(store, T0);
      await dispatch(store, T0);
      await say(store, T0);
      const asked: unknown[] = [];
      const send = (...reports: RunReport[]) =>
        store.recordRuns(reports, T0 + MINUTE, ({ deliveryId, after, conversations }) => {
          asked.push(conversations);
          return after.status === 'completed' ? followUps(deliveryId) : [];
        });
      await send(reportOf('in_progress'), reportOf('completed'), reportOf('completed'));
      await send(reportOf('completed'), reportOf('in_progress'));

      expect(asked).toEqual(Array(asked.length).fill([{ key: 'talk', channel: '#ml' }]));
      const stored = await store.deliveries({ eventId: 'e1', limit: 9 });
      expect(idsOf(stored).toSorted()).toEqual(['d-e1', 'm-e1', 'reply to d-e1', 'status of d-e1']);
      expect(stored.find(({ id }) => id === 'reply to d-e1')).toMatchObject({ createdAt: T0 + MINUTE, eventId: 'e1', state: 'pending' });
      expect((await say(store, T0 + MINUTE)).filter((id) => id !== 'update')).toEqual(['reply to d-e1']);
      expect(idsOf(await claim(store, T0 + MINUTE))).toEqual(['status of d-e1']);
    });

    onStore('is stored or the report is not', async (store) => {
      await acceptDispatched(store);
      const failing = store.recordRuns([reportOf('completed')], T0, () => {
        throw new Error('no follow-up');
      });

      await expect(failing).rejects.toThrow('no follow-up');
      expect(await runOf(store)).toEqual(EXPECTED_RUN);
      expect(await notesOf(store)).toEqual([]);
      expect(await report(store, reportOf('completed'))).toHaveLength(1);
    });
  });

  describe('a run that is not found', () => {
    onStore('is missing, which is noted once, until it is found after all', async (store) => {
      await acceptDispatched(store);
      await store.markRun('d-e1', 'missing', 'nothing listens to this', T0 + MINUTE);
      await store.markRun('d-e1', 'missing', 'nothing listens to this', T0 + 2 * MINUTE);

      expect(await runOf(store)).toEqual({ ...EXPECTED_RUN, status: 'missing' });
      expect((await store.delivery('d-e1'))?.notes).toEqual([{ at: T0 + MINUTE, text: 'nothing listens to this' }]);
      expect(await lookAtRuns(store, T0 + MINUTE)).toMatchObject([{ status: 'missing' }]);
      expect(await report(store, reportOf('queued'))).toMatchObject([{ before: { status: 'missing' }, after: { status: 'queued' } }]);
    });

    onStore('is unknown when it may not be read: it is not polled, but a report still counts', async (store) => {
      await acceptDispatched(store);
      await store.markRun('d-e1', 'unknown', 'no permission to read runs', T0 + MINUTE);

      expect(await runOf(store)).toEqual({ ...EXPECTED_RUN, status: 'unknown' });
      expect(await notesOf(store)).toEqual(['no permission to read runs']);
      expect(await store.earliestPollAt()).toBeUndefined();
      expect(await lookAtRuns(store, T0 + HOUR)).toEqual([]);
      expect(await report(store, reportOf('completed'))).toMatchObject([{ before: { status: 'unknown' } }]);
    });

    onStore('is not reported of one that was found, nor of what has no run', async (store) => {
      await acceptDispatched(store);
      await report(store, reportOf('in_progress'));
      await store.markRun('d-e1', 'missing', 'too late', T0 + MINUTE);
      await store.markRun('none', 'missing', 'no such delivery', T0 + MINUTE);

      expect(await runOf(store)).toMatchObject({ status: 'in_progress' });
      expect(await notesOf(store)).toHaveLength(1);
    });
  });

  describe('holding back', () => {
    onStore(
      'a credential that looking has used up waits, also one that nothing was sent with, and not for a shorter time',
      async (store) => {
        const hold = { credential: 'github', until: T0 + HOUR, reason: 'the allowance is used up' };
        await store.throttle(hold);
        await store.throttle({ ...hold, until: T0 + MINUTE, reason: 'shorter' });
        await accept(store, eventOf('e1'));

        expect(await store.throttles(T0)).toEqual([hold]);
        expect(await claim(store, T0 + HOUR - 1)).toEqual([]);
        expect(await store.nextDueAt()).toBe(T0 + HOUR);
        expect(idsOf(await claim(store, T0 + HOUR))).toEqual(['d-e1']);
      },
    );
  });
}
