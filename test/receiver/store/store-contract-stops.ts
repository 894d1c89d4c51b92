import { describe, expect, test } from 'vitest';
import type { Settlement } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import { messageOf } from './conversation-samples.ts';
import { accept, attemptAt, claim, deliveryOf, eventOf, type OpenStore, T0, withStore } from './samples.ts';
import { told } from './store-contract-failures.ts';

const REQUEST: TargetRequest = { kind: 'wandb_stop', entity: 'acme', project: 'train', run: 'abc', is_id: true };

/** What became of a stop of a W&B run. No workflow run follows from it. */
export function stopsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const acceptStop = (store: Store) => {
    const stop = deliveryOf('stop', { target: 'wandb_stop', credential: 'wandb', request: REQUEST });
    return accept(store, eventOf('e1', { deliveries: [stop, messageOf('m')] }));
  };
  const settle = async (store: Store, settlement: Settlement) => {
    const [claimed] = await claim(store, T0, { serves: (credential) => credential === 'wandb' });
    const attempt = { ...attemptAt(T0, settlement.state === 'dead' ? 'refused' : 'delivered'), durationMs: 0 };
    await store.settle(claimed!, attempt, settlement);
  };
  const view = async (store: Store) => (await store.delivery('stop'))?.delivery;

  describe('a run that is stopped', () => {
    onStore('may have a note although it was delivered, and waits for no run', async (store) => {
      await acceptStop(store);
      await settle(store, { state: 'delivered', run: null, note: 'had ended already (killed)' });

      expect(await view(store)).toMatchObject({ state: 'delivered', reason: 'had ended already (killed)', run: null });
      expect(await store.earliestPollAt()).toBeUndefined();
    });

    onStore('has none when there is no more to say', async (store) => {
      await acceptStop(store);
      await settle(store, { state: 'delivered', run: null });

      expect(await view(store)).toMatchObject({ state: 'delivered', reason: null });
      expect(await told(store, T0)).toEqual([]);
    });

    onStore('is reported when it was not stopped, and resolved once it is', async (store) => {
      await acceptStop(store);
      await told(store, T0);
      await settle(store, { state: 'dead', reason: 'no key' });
      expect((await told(store, T0)).map(({ alert }) => [alert.problem, alert.target, alert.reason])).toEqual([
        ['not_dispatched', 'wandb_stop', 'no key'],
      ]);
      await store.replay(['stop'], T0);
      await settle(store, { state: 'delivered', run: null });

      expect((await told(store, T0)).map(({ alert }) => [alert.problem, alert.target, alert.reason])).toEqual([
        ['resolved', 'wandb_stop', 'W&B was asked to stop it'],
      ]);
    });
  });
}
