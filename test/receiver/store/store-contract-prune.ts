import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { conversationOf, failForGood, heldEvent, nothingFollows, reportOf, say, toldEvent } from './conversation-samples.ts';
import {
  accept,
  bury,
  claim,
  claimOne,
  drain,
  eventOf,
  idsOf,
  MINUTE,
  type OpenStore,
  retryAt,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const LATER = T0 + 1;

/** What goes when it is old, and what never does. */
export function pruneContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const prune = (store: Store, before = LATER, limit = 100) => store.prune({ before, limit });
  const eventsOf = async (store: Store) => idsOf(await store.events({ limit: 100 })).toReversed();

  describe('what is old', () => {
    onStore('goes with all that belongs to it, when it was received before the time that is given', async (store) => {
      await accept(store, eventOf('old'));
      await retryAt(store, await claimOne(store, T0), T0, LATER);
      await accept(store, eventOf('of the time', { at: LATER, subject: 'other' }));
      await drain(store, LATER);
      await store.recordRuns([reportOf('completed', { title: 'd-old' })], LATER, nothingFollows);
      await store.cancel(['d-old'], LATER);
      await store.replay(['d-old'], LATER);
      await drain(store, LATER);
      expect(await store.delivery('d-old')).toMatchObject({ attempts: [{}, {}, {}], notes: [{}, {}] });

      expect(await prune(store)).toBe(1);

      expect(await store.event('old')).toBeUndefined();
      expect(await store.delivery('d-old')).toBeUndefined();
      expect(await store.runsToPoll({ now: LATER + MINUTE, limit: 9, nextPollAt: () => LATER })).toHaveLength(1);
      expect(await store.counts()).toEqual({ events: { routed: 1 }, deliveries: { delivered: 1 }, rejected: 0 });
      expect(await prune(store)).toBe(0);
    });

    onStore('goes in the order in which it came, no more at once than asked for', async (store) => {
      for (const n of [1, 3, 2, 4]) await accept(store, eventOf(`e${n}`, { at: T0 + n, subject: `s${n}`, firings: [] }));

      expect(await prune(store, T0 + 4, 2)).toBe(2);
      expect(await eventsOf(store)).toEqual(['e2', 'e4']);
      expect(await prune(store, T0 + 4, 2)).toBe(1);
      expect(await eventsOf(store)).toEqual(['e4']);
    });

    onStore('goes behind more than a page of events that stay', async (store) => {
      const waits = (n: number) => eventOf(`waits ${n}`, { subject: `waits ${n}` });
      await accept(store, ...Array.from({ length: 600 }, (_, n) => waits(n)));
      await accept(
        store,
        eventOf('done', { subject: 'done', firings: [] }),
        eventOf('young', { at: LATER, subject: 'young', firings: [] }),
      );

      expect(await prune(store)).toBe(1);
      expect(await store.event('done')).toBeUndefined();
      expect(await store.event('young')).toBeDefined();
    });

    onStore('goes when nobody asked for it, when it is a duplicate, superseded or cancelled', async (store) => {
      await accept(store, eventOf('unmatched', { subject: 'a', firings: [] }));
      const latest = { subject: 'b', delivery: { replacesOlder: true } };
      await accept(
        store,
        eventOf('e1', { ...latest, body: 'same' }),
        eventOf('copy', { subject: 'b', body: 'same' }),
        eventOf('e2', latest),
      );
      await store.cancel(['d-e2'], T0);

      expect(await prune(store)).toBe(4);

      expect(await eventsOf(store)).toEqual([]);
    });

    onStore('of what could not be read goes too', async (store) => {
      const rejected = (at: number) => ({ receivedAt: at, source: 'default', status: 400, reason: 'no JSON', body: '{' });
      await store.keepRejected(rejected(T0));
      await store.keepRejected(rejected(LATER));
      await prune(store);

      expect(await store.rejected(9)).toEqual([rejected(LATER)]);
    });
  });

  describe('what is not delivered', () => {
    onStore('stays, however old it is: pending, in flight, held or dead', async (store) => {
      await accept(store, eventOf('dead', { subject: 'a' }), eventOf('in flight', { subject: 'b' }), heldEvent('held', { subject: 'c' }));
      const [dead, inFlight] = await claim(store, T0);
      await bury(store, dead!, T0);
      await accept(store, eventOf('pending', { subject: 'd' }));

      expect(await prune(store)).toBe(0);

      expect(await eventsOf(store)).toEqual(['dead', 'in flight', 'held', 'pending']);
      expect(await succeed(store, inFlight!, T0)).toBe(true);
      expect(await prune(store)).toBe(1);
      await store.replay(['d-dead'], T0);
      expect(await drain(store, T0)).toHaveLength(2);
      expect(await prune(store)).toBe(2);
      expect(await eventsOf(store)).toEqual(['held']);
    });

    onStore('keeps its whole event', async (store) => {
      await accept(store, toldEvent('e1'));
      await say(store, T0);

      expect(await prune(store)).toBe(0);

      expect(await store.delivery('m-e1')).toBeDefined();
      expect((await conversationOf(store)).events).toHaveLength(1);
    });

    onStore('does not hold up what came after it', async (store) => {
      for (let n = 0; n < 5; n++) await accept(store, eventOf(`waits ${n}`, { subject: `waits ${n}` }));
      await accept(store, eventOf('done', { subject: 'done', firings: [] }));

      expect(await prune(store, LATER, 2)).toBe(1);
      expect(await store.event('done')).toBeUndefined();
    });
  });

  describe('a conversation', () => {
    onStore('shows the events that are left, and goes with the last one', async (store) => {
      await accept(store, toldEvent('e1'));
      await accept(store, toldEvent('e2', { at: LATER }));
      for (const at of [LATER, LATER + MINUTE, LATER + 2 * MINUTE]) await drain(store, at);

      await prune(store);
      expect((await conversationOf(store, LATER)).events.map(({ event }) => event.id)).toEqual(['e2']);
      await prune(store, LATER + 1);

      expect(await store.viewConversation('talk', LATER)).toBeUndefined();
      await accept(store, toldEvent('e3', { at: LATER }));
      await say(store, LATER);
      expect((await conversationOf(store, LATER)).message).toEqual({ channel: 'C012ML', ts: 'm-e3' });
    });

    onStore('is not kept by an update that failed', async (store) => {
      await accept(store, toldEvent('e1'));
      await say(store, T0);
      await succeed(store, await claimOne(store, T0), T0);
      expect(await failForGood(store, T0 + MINUTE)).toContain('update');

      expect(await prune(store)).toBe(1);

      expect(await store.counts()).toMatchObject({ events: {}, deliveries: {} });
    });
  });

  onStore('an approval that was decided goes with its event', async (store) => {
    await accept(store, heldEvent('e1'));
    await store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'ada', at: T0 });

    expect(await prune(store)).toBe(1);

    expect(await store.approval('e1', 'deploy')).toBeUndefined();
  });

  onStore('a mute that has ended goes, and no other', async (store) => {
    const mute = (route: string, until: number) => store.mute({ route, subjectKey: 'model', until, by: 'ada' }, 'none', T0 - 1);
    await mute('ended', T0);
    await mute('lasts', LATER);
    await prune(store);

    expect((await store.mutes(0)).map(({ route }) => route)).toEqual(['lasts']);
  });
}
