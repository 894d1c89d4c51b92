import { describe, expect, test } from 'vitest';
import type { Pause, PauseScope } from '../../../receiver/store/pause.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { accept, claim, claimOne, deliveryOf, eventOf, idsOf, MINUTE, type OpenStore, succeed, T0, withStore } from './samples.ts';

const EVERYTHING: PauseScope = { kind: 'everything' };

function pauseOf(scope: PauseScope, changes: Partial<Pause> = {}): Pause {
  return { scope, by: 'ada', at: T0, reason: null, ...changes };
}

/** One event with a dispatch of `deploy`, one of `train` by another credential, and a message. */
async function three(store: Store): Promise<void> {
  const message = { key: 'c', channel: '#ml', canMute: true };
  await accept(
    store,
    eventOf('e1', { deliveries: [deliveryOf('deploy', { orderKey: 'a' })] }),
    eventOf('e2', { deliveries: [deliveryOf('train', { route: 'train', credential: 'other', orderKey: 'b' })] }),
    eventOf('e3', { deliveries: [deliveryOf('message', { credential: 'slack', orderKey: 'c', conversation: message })] }),
  );
}

export function pausesContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const claimed = async (store: Store) => idsOf(await claim(store, T0)).toSorted();

  describe('what is paused', () => {
    onStore('is not the oldest that is to be sent', async (store) => {
      expect(await store.oldestToSend()).toBeUndefined();
      await three(store);
      expect(await store.oldestToSend()).toBe(T0);
      await accept(store, eventOf('e4', { deliveries: [deliveryOf('other', { route: 'other', credential: 'c', orderKey: 'z' })] }));
      for (const name of ['deploy', 'train']) await store.pause(pauseOf({ kind: 'route', name }));
      await store.pause(pauseOf({ kind: 'credential', name: 'slack' }));
      expect(await store.oldestToSend()).toBe(T0);
      await store.pause(pauseOf({ kind: 'route', name: 'other' }));
      expect(await store.oldestToSend()).toBeUndefined();
      await store.resume({ kind: 'route', name: 'other' }, 'ben', T0);
      await store.pause(pauseOf(EVERYTHING));
      expect(await store.oldestToSend()).toBeUndefined();
    });

    onStore('is listed, the oldest first, until it is resumed', async (store) => {
      expect(await store.pauses()).toEqual([]);
      const route = pauseOf({ kind: 'route', name: 'deploy' }, { at: T0 + MINUTE, reason: 'an outage' });
      expect(await store.pause(route)).toBe(true);
      expect(await store.pause(pauseOf(EVERYTHING))).toBe(true);
      expect(await store.pause(pauseOf(EVERYTHING, { by: 'ben', at: T0 + 2 * MINUTE }))).toBe(false);
      expect(await store.pauses()).toEqual([pauseOf(EVERYTHING), route]);
      expect(await store.resume(EVERYTHING, 'ben', T0)).toBe(true);
      expect(await store.resume(EVERYTHING, 'ben', T0)).toBe(false);
      expect(await store.resume({ kind: 'credential', name: 'deploy' }, 'ben', T0)).toBe(false);
      expect(await store.pauses()).toEqual([route]);
    });

    onStore('and who resumed it is remembered as long as it is news', async (store) => {
      const odd: PauseScope = { kind: 'credential', name: 'slack:a/b/1' };
      expect(await store.resumed(0)).toEqual([]);
      await store.pause(pauseOf(odd, { at: T0 + 1 }));
      await store.pause(pauseOf(EVERYTHING));
      expect(await store.resume({ kind: 'route', name: 'deploy' }, 'ben', T0 + 2)).toBe(false);
      expect(await store.resume(odd, 'ben', T0 + MINUTE)).toBe(true);
      expect(await store.resume(EVERYTHING, 'cyd', T0 + 2 * MINUTE)).toBe(true);
      const [first, second] = [
        { scope: odd, pausedAt: T0 + 1, at: T0 + MINUTE, by: 'ben' },
        { scope: EVERYTHING, pausedAt: T0, at: T0 + 2 * MINUTE, by: 'cyd' },
      ];
      expect(await store.resumed(0)).toEqual([first, second]);
      expect(await store.resumed(T0 + 2 * MINUTE)).toEqual([second]);
      await store.prune({ before: T0 + 2 * MINUTE, limit: 10 });
      expect(await store.resumed(0)).toEqual([second]);
    });

    onStore('everything: nothing is dispatched, messages go on, and events are accepted', async (store) => {
      await store.pause(pauseOf(EVERYTHING));
      await three(store);
      expect(await store.nextDueAt((credential) => credential !== 'slack')).toBeUndefined();
      expect(await claimed(store)).toEqual(['message']);
      await store.resume(EVERYTHING, 'ben', T0);
      expect(await store.nextDueAt((credential) => credential !== 'slack')).toBe(T0);
      expect(await claimed(store)).toEqual(['deploy', 'train']);
    });

    onStore('a route: the others go on', async (store) => {
      await three(store);
      await store.pause(pauseOf({ kind: 'route', name: 'deploy' }));
      expect(await store.nextDueAt((credential) => credential === 'github')).toBeUndefined();
      expect(await claimed(store)).toEqual(['message', 'train']);
    });

    onStore('a credential: all that uses it waits, messages too', async (store) => {
      await three(store);
      await store.pause(pauseOf({ kind: 'credential', name: 'slack' }));
      expect(await claimed(store)).toEqual(['deploy', 'train']);
      await store.resume({ kind: 'credential', name: 'slack' }, 'ben', T0);
      expect(await claimed(store)).toEqual(['message']);
    });

    onStore('everything once, whoever paused it first', async (store) => {
      const hold = { by: 'restore', at: T0, reason: 'a backup' };
      await store.holdRestored(hold);
      await store.holdRestored({ ...hold, at: T0 + MINUTE });
      expect(await store.pause(pauseOf(EVERYTHING))).toBe(false);
      expect(await store.pauses()).toEqual([{ scope: EVERYTHING, ...hold, messagesToo: true }]);
      expect(await store.resume(EVERYTHING, 'ben', T0)).toBe(true);
      expect(await store.pauses()).toEqual([]);
    });

    onStore('keeps its place: what came later of the same subject waits behind it', async (store) => {
      await store.pause(pauseOf({ kind: 'route', name: 'deploy' }));
      await accept(store, eventOf('e1'), eventOf('e2', { deliveries: [deliveryOf('later', { route: 'free', orderKey: 'model' })] }));
      expect(await claimed(store)).toEqual([]);
      await store.resume({ kind: 'route', name: 'deploy' }, 'ben', T0);
      expect(await claimed(store)).toEqual(['d-e1']);
    });
  });

  describe('a database that was restored from a backup', () => {
    const restored = (store: Store, at: number) => store.holdRestored({ by: 'restore', at, reason: null });

    onStore('sends nothing, messages neither, until it is resumed', async (store) => {
      await three(store);
      expect(await restored(store, T0 + MINUTE)).toEqual({ pending: 3, in_flight: 0, held: 0, unrouted: 0 });
      await accept(store, eventOf('e4', { deliveries: [deliveryOf('new', { orderKey: 'new' })] }));
      expect(await store.nextDueAt()).toBeUndefined();
      expect(await claimed(store)).toEqual([]);
      await store.resume(EVERYTHING, 'ben', T0);
      expect(await claimed(store)).toEqual(['deploy', 'message', 'new', 'train']);
    });

    onStore('has to look for what was open before it sends that, and for nothing else', async (store) => {
      await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'b', delivery: { state: 'held' } }));
      const hour = 60 * MINUTE;
      expect(await restored(store, T0 + hour)).toEqual({ pending: 1, in_flight: 0, held: 1, unrouted: 0 });
      await accept(store, eventOf('e3', { subject: 'c', at: T0 + hour }));
      await store.resume(EVERYTHING, 'ben', T0);
      await store.approve(['d-e2'], T0 + hour);
      const found = (await claim(store, T0 + hour)).map(({ id, ambiguous, runsSince, retryingSince }) => ({
        id,
        ambiguous,
        // A run from before the restore may be its own.
        maySinceBackup: runsSince <= T0,
        retryingSince,
      }));
      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
        { id: 'd-e1', ambiguous: true, maySinceBackup: true, retryingSince: T0 + hour },
        { id: 'd-e2', ambiguous: true, maySinceBackup: true, retryingSince: T0 + hour },
        { id: 'd-e3', ambiguous: false, maySinceBackup: false, retryingSince: T0 + hour },
      ]);
      expect((await store.delivery('d-e1'))?.attempts).toEqual([
        { startedAt: T0, durationMs: hour, outcome: 'restored', status: null, detail: expect.stringMatching(/^restored from a backup: /) },
      ]);
      expect((await store.delivery('d-e3'))?.attempts).toEqual([]);
    });

    onStore('leaves alone what is finished', async (store) => {
      await accept(store, eventOf('e1'));
      await succeed(store, await claimOne(store, T0), T0);
      expect(await restored(store, T0 + MINUTE)).toEqual({ pending: 0, in_flight: 0, held: 0, unrouted: 0 });
      expect((await store.delivery('d-e1'))?.attempts.map(({ outcome }) => outcome)).toEqual(['delivered']);
    });

    onStore('counts what was in flight', async (store) => {
      await accept(store, eventOf('e1'));
      await claimOne(store, T0);
      expect(await restored(store, T0 + MINUTE)).toEqual({ pending: 0, in_flight: 1, held: 0, unrouted: 0 });
    });
  });
}
