import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import {
  accept,
  bury,
  claim,
  claimOne,
  deliveryOf,
  drain,
  eventOf,
  idsOf,
  LEASE_MS,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

/** One delivery in each state, named after it, each with an order key of its own. */
async function oneOfEach(store: Store): Promise<void> {
  const single = (state: string, changes: Parameters<typeof deliveryOf>[1] = {}) =>
    eventOf(`event ${state}`, { subject: state, deliveries: [deliveryOf(state, { orderKey: state, ...changes })] });
  await accept(store, single('delivered'), single('dead'), single('in_flight'));
  await accept(store, single('superseded', { replacesOlder: true }), single('cancelled'));
  for (const delivery of await claim(store, T0)) {
    if (delivery.id === 'delivered') await succeed(store, delivery, T0);
    else if (delivery.id === 'dead') await bury(store, delivery, T0);
    else if (delivery.id !== 'in_flight') await retryAt(store, delivery, T0, T0 + 1);
  }
  await store.cancel(['cancelled'], T0);
  const newer = deliveryOf('newer', { orderKey: 'superseded', replacesOlder: true });
  await accept(store, eventOf('newer', { subject: 'superseded', deliveries: [newer] }));
  await succeed(store, await claimOne(store, T0), T0);
  await accept(store, single('held', { state: 'held' }), single('pending'));
}

const ALL = ['pending', 'in_flight', 'delivered', 'dead', 'superseded', 'held', 'cancelled'] as const;

export function queriesContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('stepping in', () => {
    const rules = {
      replay: ['delivered', 'dead', 'superseded', 'cancelled'],
      approve: ['held'],
      cancel: ['pending', 'held', 'dead'],
    } as const satisfies Record<string, readonly (typeof ALL)[number][]>;

    for (const [change, allowed] of Object.entries(rules) as [keyof typeof rules, readonly (typeof ALL)[number][]][]) {
      onStore(`${change} is for what is ${allowed.join(', ')}, and says why not otherwise`, async (store) => {
        await oneOfEach(store);
        expect(await statesOf(store, ...ALL)).toEqual([...ALL]);

        const results = await store[change](ALL, T0 + SECOND);

        expect(idsOf(results)).toEqual([...ALL]);
        expect(idsOf(results.filter(({ done }) => done)).toSorted()).toEqual([...allowed].toSorted());
        for (const result of results) if (!result.done) expect(result.why).toContain(`it is ${result.id}`);
        const after = change === 'cancel' ? 'cancelled' : 'pending';
        expect(await statesOf(store, ...ALL)).toEqual(ALL.map((state) => (allowed.includes(state) ? after : state)));
      });
    }

    onStore('what does not exist is reported as missing, and the rest is done', async (store) => {
      await oneOfEach(store);
      const none = { id: 'none', done: false, why: 'there is no such delivery' };

      expect(await store.replay(['none', 'dead'], T0)).toEqual([none, { id: 'dead', done: true }]);
      expect(await store.approve(['none', 'held'], T0)).toEqual([none, { id: 'held', done: true }]);
      expect(await store.cancel(['none', 'pending'], T0)).toEqual([none, { id: 'pending', done: true }]);
    });

    onStore('a replay sends the same request with the same id, from a clean start', async (store) => {
      await accept(store, eventOf('e1'));
      const first = await claimOne(store, T0);
      await retryAt(store, first, T0, T0 + SECOND, true);
      const run = { id: '7', url: 'https://github.com/acme/deploy/actions/runs/7' };
      const settled = await claimOne(store, T0 + SECOND);
      await store.settle(
        settled,
        { startedAt: T0, durationMs: 1, outcome: 'found', status: null, detail: '' },
        { state: 'delivered', run },
      );

      const [result] = await store.replay(['d-e1'], T0 + MINUTE);

      expect(result).toEqual({ id: 'd-e1', done: true });
      expect(await store.delivery('d-e1')).toMatchObject({
        delivery: { state: 'pending', attempts: 0, dueAt: T0 + MINUTE, reason: null, runUrl: null },
        attempts: [{ outcome: 'ambiguous' }, { outcome: 'found' }],
      });
      const again = await claimOne(store, T0 + MINUTE);
      expect(again).toMatchObject({ id: 'd-e1', request: first.request, attempts: 0, retryingSince: T0 + MINUTE, ambiguous: false });
      // The runs of its earlier life are not looked at.
      expect(again.runsSince).toBeGreaterThan(T0 + SECOND);
      expect(await succeed(store, settled, T0 + MINUTE)).toBe(false);
    });

    onStore('a replay of what was cancelled while it was ambiguous starts from the beginning', async (store) => {
      await accept(store, eventOf('e1'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE, true);
      await store.cancel(['d-e1'], T0);
      await store.replay(['d-e1'], T0 + MINUTE);

      expect(await claimOne(store, T0 + MINUTE)).toMatchObject({ ambiguous: false, attempts: 0 });
    });

    onStore('a replay goes to the end of the line of its order key', async (store) => {
      await accept(store, eventOf('e1'));
      await bury(store, await claimOne(store, T0), T0);
      await accept(store, eventOf('e2'), eventOf('e3'));
      const second = await claimOne(store, T0);

      await store.replay(['d-e1'], T0);
      await accept(store, eventOf('e4'));

      expect(await claim(store, T0)).toEqual([]);
      await succeed(store, second, T0);
      expect(await drain(store, T0)).toEqual(['d-e3', 'd-e1', 'd-e4']);
    });

    onStore('several replays leave in the order in which they were asked for', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'), eventOf('e3'));
      await drain(store, T0);

      await store.replay(['d-e3', 'd-e1', 'd-e2', 'd-e1'], T0);

      expect(await drain(store, T0)).toEqual(['d-e3', 'd-e1', 'd-e2']);
    });

    onStore('what has no request cannot be replayed, and says what to do', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'dead', reason: 'inputs.version is empty', request: null } }));

      const [result] = await store.replay(['d-e1'], T0);

      expect(result).toMatchObject({ done: false, why: expect.stringContaining('inputs.version is empty') });
      expect(await claim(store, T0 + MINUTE)).toEqual([]);
    });

    onStore('an approval lets a held delivery go, behind those that wait already', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'held', route: 'release', credential: 'of the release only' } }));
      await accept(store, eventOf('e2'), eventOf('e3'));
      await store.approve(['d-e1'], T0 + MINUTE);

      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'pending', reason: null, dueAt: T0 + MINUTE });
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e2', 'd-e3', 'd-e1']);
    });

    onStore('trying begins with the approval, however long it took', async (store) => {
      await accept(store, eventOf('e1', { delivery: { state: 'held' } }));
      await store.approve(['d-e1'], T0 + MINUTE);

      expect((await claimOne(store, T0 + MINUTE)).retryingSince).toBe(T0 + MINUTE);
    });

    onStore('cancelling the first in line lets the next one go, and a cancelled one never leaves', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'), eventOf('e3'));
      await retryAt(store, await claimOne(store, T0), T0, T0 + MINUTE);
      await store.cancel(['d-e1', 'd-e3'], T0 + SECOND);

      expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'cancelled', dueAt: null, updatedAt: T0 + SECOND });
      expect((await store.delivery('d-e1'))?.delivery.reason).toContain('cancelled');
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e2']);
    });

    onStore('cancelling one that waits behind one in flight does not let others overtake', async (store) => {
      await accept(store, eventOf('e1'), eventOf('e2'), eventOf('e3'));
      const first = await claimOne(store, T0);
      await store.cancel(['d-e2'], T0);

      expect(await claim(store, T0)).toEqual([]);
      await succeed(store, first, T0);
      expect(await drain(store, T0)).toEqual(['d-e3']);
    });
  });

  describe('reading', () => {
    onStore('deliveries are listed newest first, by state, time and event, up to a limit', async (store) => {
      await oneOfEach(store);
      await accept(store, eventOf('late', { at: T0 + MINUTE, deliveries: [deliveryOf('x'), deliveryOf('y')] }));
      const list = async (filter: Parameters<Store['deliveries']>[0]) => idsOf(await store.deliveries(filter));

      expect(await list({ limit: 3 })).toEqual(['y', 'x', 'pending']);
      expect(await list({ states: ['dead', 'cancelled'], limit: 9 })).toEqual(['cancelled', 'dead']);
      expect(await list({ states: ['delivered'], limit: 9 })).toEqual(['newer', 'delivered']);
      expect(await list({ since: T0 + MINUTE, limit: 9 })).toEqual(['y', 'x']);
      expect(await list({ since: T0 + MINUTE + 1, limit: 9 })).toEqual([]);
      expect(await list({ eventId: 'late', limit: 9 })).toEqual(['y', 'x']);
      expect(await list({ eventId: 'late', states: ['held'], limit: 9 })).toEqual([]);
      expect(await list({ states: ['pending'], since: T0 + MINUTE, limit: 1 })).toEqual(['y']);
    });

    onStore('events are listed newest first, by outcome and type, up to a limit', async (store) => {
      await accept(store, eventOf('e1', { body: 'same' }), eventOf('e2', { body: 'same' }));
      await accept(store, eventOf('e3', { firings: [], event: { type: 'unknown', source: 'default' } }), eventOf('e4'));
      const list = async (filter: Parameters<Store['events']>[0]) => idsOf(await store.events(filter));

      expect(await list({ limit: 9 })).toEqual(['e4', 'e3', 'e2', 'e1']);
      expect(await list({ limit: 1 })).toEqual(['e4']);
      expect(await list({ outcomes: ['routed'], limit: 9 })).toEqual(['e4', 'e1']);
      expect(await list({ outcomes: ['duplicate', 'unmatched'], limit: 9 })).toEqual(['e3', 'e2']);
      expect(await list({ type: 'unknown', limit: 9 })).toEqual(['e3']);
      expect(await list({ type: 'unknown', outcomes: ['routed'], limit: 9 })).toEqual([]);
    });

    onStore('everything is counted by what became of it', async (store) => {
      expect(await store.counts()).toEqual({ events: {}, deliveries: {}, rejected: 0 });
      await oneOfEach(store);
      await accept(store, eventOf('e1', { body: 'same', firings: [] }), eventOf('e2', { body: 'same' }));

      expect(await store.counts()).toEqual({
        events: { routed: 8, unmatched: 1, duplicate: 1 },
        deliveries: { pending: 1, in_flight: 1, delivered: 2, dead: 1, superseded: 1, held: 1, cancelled: 1 },
        rejected: 0,
      });
    });

    onStore('what does not exist is not found', async (store) => {
      expect(await store.delivery('none')).toBeUndefined();
      expect(await store.event('none')).toBeUndefined();
    });

    onStore('reading does not change what is leased', async (store) => {
      await accept(store, eventOf('e1'));
      const delivery = await claimOne(store, T0);
      await store.deliveries({ limit: 9 });
      await store.delivery('d-e1');
      await store.counts();

      expect(await succeed(store, delivery, T0 + LEASE_MS)).toBe(true);
    });
  });
}
