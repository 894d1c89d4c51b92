import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import { digest } from '../../../src/lib/digest.ts';
import { HOUR, heldEvent, heldOf } from './conversation-samples.ts';
import {
  accept,
  claimOne,
  drain,
  eventOf,
  MINUTE,
  type OpenStore,
  retryAt,
  SECOND,
  stateOf,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

const LATEST = { replacesOlder: true };

/** The event as it is when it comes from a queue, where it waited until then. */
const late = (event: NewEvent, until: number): NewEvent => ({ ...event, waitedUntil: until });

let count = 0;

/** An event that gives a version the alias `production`. */
function promotion(version: string, at: number): NewEvent {
  const event = { type: 'add_artifact_alias', source: 'default', entity: 'acme', project: 'train', collection: 'resnet50' } as const;
  return planEvent(
    { event: { ...event, version, alias: 'production' }, payload: {}, body: version, bodyHash: digest(version), receivedAt: at },
    {
      matchRoutes: () => [],
      credentialFor: () => 'github',
      newId: () => `late-${++count}`,
      connected: { slack: false, wandb: false },
    },
  );
}

/** An event that waited in a queue is stored after newer ones: it never takes the place of one of them. */
export function lateContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a late event', () => {
    onStore('does not replace a newer one that waits; with "order: latest" the newer one has its place', async (store) => {
      await accept(store, eventOf('new', { at: T0 + MINUTE, delivery: LATEST }));
      await retryAt(store, await claimOne(store, T0 + MINUTE), T0 + MINUTE, T0 + HOUR);
      await accept(store, late(eventOf('old', { at: T0, delivery: LATEST }), T0 + 2 * MINUTE));

      expect(await statesOf(store, 'd-new', 'd-old')).toEqual(['pending', 'superseded']);
      expect((await store.delivery('d-old'))?.delivery.reason).toContain('(new)');
      expect(await drain(store, T0 + HOUR)).toEqual(['d-new']);
    });

    onStore('is not sent after a newer one that was delivered, nor when both are stored at once', async (store) => {
      await accept(store, eventOf('new', { at: T0 + MINUTE, delivery: LATEST }));
      await succeed(store, await claimOne(store, T0 + MINUTE), T0 + MINUTE);
      const [newer, older] = [
        eventOf('b', { at: T0 + SECOND, subject: 'other', delivery: LATEST }),
        eventOf('a', { subject: 'other', delivery: LATEST }),
      ];
      const until = T0 + 2 * MINUTE;
      await accept(store, late(eventOf('old', { at: T0, delivery: LATEST }), until), late(newer, until), late(older, until));

      expect(await drain(store, until)).toEqual(['d-b']);
      expect(await statesOf(store, 'd-old', 'd-a')).toEqual(['superseded', 'superseded']);
    });

    onStore('is sent on a route that sends every event, and where the newer one failed or is of another route', async (store) => {
      await accept(
        store,
        eventOf('new', { at: T0 + MINUTE }),
        eventOf('failed', { at: T0 + MINUTE, subject: 'b', delivery: { ...LATEST, state: 'dead' } }),
      );
      await accept(store, eventOf('elsewhere', { at: T0 + MINUTE, subject: 'c', delivery: { ...LATEST, route: 'other' } }));
      const until = T0 + 2 * MINUTE;
      await accept(store, late(eventOf('every'), until), late(eventOf('after', { subject: 'b', delivery: LATEST }), until));
      await accept(store, late(eventOf('here', { subject: 'c', delivery: LATEST }), until));

      expect((await drain(store, until)).toSorted()).toEqual(['d-after', 'd-elsewhere', 'd-every', 'd-here', 'd-new']);
    });

    onStore('still replaces what is older', async (store) => {
      await accept(store, eventOf('oldest', { at: T0, delivery: LATEST }));
      await retryAt(store, await claimOne(store, T0), T0, T0 + HOUR);
      await accept(store, late(eventOf('old', { at: T0 + SECOND, delivery: LATEST }), T0 + MINUTE));

      expect(await statesOf(store, 'd-oldest', 'd-old')).toEqual(['superseded', 'pending']);
    });

    onStore('leaves the approval of a newer one open, and asks for none of its own', async (store) => {
      await accept(store, heldEvent('new', { at: T0 + MINUTE }));
      await accept(store, late(heldEvent('old', { at: T0 }), T0 + 2 * MINUTE));

      expect(await statesOf(store, 'd-new', 'd-old')).toEqual(['held', 'superseded']);
      expect(await store.approval('new', 'deploy')).toMatchObject({ decision: null });
      expect(await store.approval('old', 'deploy')).toBeUndefined();
    });

    onStore('that needs no approval any more is not stopped by a newer one that waits for one', async (store) => {
      await accept(store, heldEvent('new', { at: T0 + MINUTE, deliveries: [heldOf('d-new', LATEST)] }));
      await accept(store, late(eventOf('old', { at: T0, delivery: LATEST }), T0 + 2 * MINUTE));

      expect(await statesOf(store, 'd-new', 'd-old')).toEqual(['held', 'pending']);
    });

    onStore('is the newer one when a clock was ahead by more than clocks differ', async (store) => {
      await accept(store, eventOf('ahead', { at: T0 + HOUR, delivery: LATEST }), promotion('v1', T0 + HOUR));
      await accept(store, late(eventOf('now', { at: T0, delivery: LATEST }), T0 + MINUTE), late(promotion('v2', T0), T0 + MINUTE));

      expect(await stateOf(store, 'd-ahead')).toBe('superseded');
      expect((await store.aliases({ limit: 1 }))[0]?.holder.version).toBe('v2');
    });

    onStore('does not take an alias back from a newer one, and names what it replaced', async (store) => {
      await accept(store, promotion('v1', T0), promotion('v3', T0 + HOUR));
      const v2 = promotion('v2', T0 + MINUTE);
      await accept(store, late(v2, T0 + HOUR + SECOND));
      await accept(store, late(promotion('v0', T0 - SECOND), T0 + HOUR + SECOND));

      const [entry] = await store.aliases({ limit: 10 });
      expect(entry?.holder).toMatchObject({ version: 'v3', since: T0 + HOUR, replaced: { version: 'v1' } });
      expect((await store.event(v2.id))?.event.replaces).toMatchObject({ version: 'v1' });
      const [latest] = await store.events({ limit: 1 });
      expect(latest?.event).toMatchObject({ version: 'v0' });
      expect(latest?.event.replaces).toBeUndefined();
    });
  });
}
