import { describe, expect, test } from 'vitest';
import type { Pause, PauseScope } from '../../../receiver/store/pause.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { accept, claim, deliveryOf, eventOf, idsOf, MINUTE, type OpenStore, T0, withStore } from './samples.ts';

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
    onStore('is listed, the oldest first, until it is resumed', async (store) => {
      expect(await store.pauses()).toEqual([]);
      const route = pauseOf({ kind: 'route', name: 'deploy' }, { at: T0 + MINUTE, reason: 'an outage' });
      expect(await store.pause(route)).toBe(true);
      expect(await store.pause(pauseOf(EVERYTHING))).toBe(true);
      expect(await store.pause(pauseOf(EVERYTHING, { by: 'ben', at: T0 + 2 * MINUTE }))).toBe(false);
      expect(await store.pauses()).toEqual([pauseOf(EVERYTHING), route]);
      expect(await store.resume(EVERYTHING)).toBe(true);
      expect(await store.resume(EVERYTHING)).toBe(false);
      expect(await store.resume({ kind: 'credential', name: 'deploy' })).toBe(false);
      expect(await store.pauses()).toEqual([route]);
    });

    onStore('everything: nothing is dispatched, messages go on, and events are accepted', async (store) => {
      await store.pause(pauseOf(EVERYTHING));
      await three(store);
      expect(await store.nextDueAt((credential) => credential !== 'slack')).toBeUndefined();
      expect(await claimed(store)).toEqual(['message']);
      await store.resume(EVERYTHING);
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
      await store.resume({ kind: 'credential', name: 'slack' });
      expect(await claimed(store)).toEqual(['message']);
    });

    onStore('keeps its place: what came later of the same subject waits behind it', async (store) => {
      await store.pause(pauseOf({ kind: 'route', name: 'deploy' }));
      await accept(store, eventOf('e1'), eventOf('e2', { deliveries: [deliveryOf('later', { route: 'free', orderKey: 'model' })] }));
      expect(await claimed(store)).toEqual([]);
      await store.resume({ kind: 'route', name: 'deploy' });
      expect(await claimed(store)).toEqual(['d-e1']);
    });
  });
}
