import { describe, expect, test } from 'vitest';
import type { NewDelivery } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { messageOf, post } from './conversation-samples.ts';
import { accept, attemptAt, claim, eventOf, firingOf, type OpenStore, T0, withStore } from './samples.ts';
import { POLICY } from './store-contract-failures.ts';

/** A message to a group becomes a direct message for each member. */
export function groupsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('a message to a group', () => {
    const toGroup = (id: string, also: readonly NewDelivery[] = []) =>
      eventOf(id, {
        firings: [{ ...firingOf([messageOf(`g-${id}`, {}, { key: 'talk group', channel: 'S0OPS' }), ...also]), alerts: POLICY }],
      });
    const expand = async (store: Store, channels: readonly string[]) => {
      for (const each of await claim(store, T0, { serves: (credential) => credential.startsWith('slack') })) {
        const toMembers = each.target === 'slack:S0OPS' ? { channels } : {};
        await store.settle(each, { ...attemptAt(T0, 'delivered'), durationMs: 0 }, { state: 'delivered', run: null, ...toMembers });
      }
    };
    const posted = async (store: Store) => {
      const claimed = await claim(store, T0, { serves: (credential) => credential.startsWith('slack') });
      for (const each of claimed) await post(store, each, T0, { channel: `D${each.target}`, ts: each.id });
      const sent = claimed.filter(({ request }) => request.kind === 'slack');
      return sent.map(({ id, target }) => [id, target]).toSorted();
    };

    onStore('becomes one for each member, once, and none for who gets one anyway', async (store) => {
      const author = messageOf('a-e1', {}, { key: 'talk author', channel: 'U0ADA' });
      await accept(store, toGroup('e1', [{ ...author, target: 'slack:U0ADA', credential: 'other' }]));
      await expand(store, ['U0ADA', 'U0BOB', 'U0CY', 'U0CY']);
      expect(await posted(store)).toEqual([
        ['g-e1-U0BOB', 'slack:U0BOB'],
        ['g-e1-U0CY', 'slack:U0CY'],
      ]);
      await store.replay(['g-e1'], T0);
      await expand(store, ['U0ADA', 'U0BOB', 'U0CY']);
      expect(await posted(store)).toEqual([]);
    });

    onStore("joins the members' conversations with what is said later", async (store) => {
      await accept(store, toGroup('e1'));
      await expand(store, ['U0BOB']);
      await posted(store);
      await accept(store, toGroup('e2'));
      await expand(store, ['U0BOB', 'U0CY']);
      expect((await store.viewConversation('talk group/U0BOB', T0))?.events.map(({ event }) => event.id)).toEqual(['e1', 'e2']);
      expect((await store.viewConversation('talk group/U0CY', T0))?.events.map(({ event }) => event.id)).toEqual(['e2']);
    });
  });
}
