import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { accept, claimOne, deliveryOf, eventOf, firingOf, MINUTE, type OpenStore, succeed, T0, withStore } from './samples.ts';

const ALL = { since: 0, until: Number.MAX_SAFE_INTEGER, after: 0, limit: 10 };

export function auditContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('an audit', () => {
    onStore('reads events of a time, oldest first, in steps', async (store) => {
      for (let n = 0; n < 5; n++) await accept(store, eventOf(`e${n}`, { at: T0 + n * MINUTE, deliveries: [] }));
      const found: string[][] = [];
      for (let after: number | undefined = 0; after !== undefined; ) {
        const step = await store.auditEvents({ since: T0 + MINUTE, until: T0 + 4 * MINUTE, after, limit: 2 });
        found.push(step.items.map(({ id }) => id));
        after = step.next;
      }
      expect(found).toEqual([['e1', 'e2'], ['e3']]);
    });

    onStore('sees who decided, who changed what, and how it ended', async (store) => {
      const approval = { channel: '#ml', by: null, allowSelf: true, expiresMs: MINUTE };
      const held = deliveryOf('held', { state: 'held', reason: 'waits for approval' });
      const event = { type: 'add_artifact_alias', source: 'default', author: 'ada', alias: 'production' } as const;
      await accept(store, eventOf('e1', { event, firings: [{ ...firingOf([held]), approval }] }), eventOf('e2', { deliveries: [] }));
      await store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by: 'ben (U1)', reason: 'fine', at: T0 + 1 });
      await succeed(store, await claimOne(store, T0 + 1), T0 + 2);
      await store.replay(['held'], T0 + 3, { by: 'cleo, by the command line' });
      const { items, next } = await store.auditEvents(ALL);
      expect(next).toBeUndefined();
      expect(items.map(({ id, event: { author } }) => [id, author])).toEqual([
        ['e1', 'ada'],
        ['e2', undefined],
      ]);
      expect(items[0]?.approvals).toMatchObject([{ decision: 'approved', decidedBy: 'ben (U1)', decidedAt: T0 + 1, reason: 'fine' }]);
      expect(items[0]?.deliveries).toMatchObject([
        {
          id: 'held',
          state: 'pending',
          notes: [
            { at: T0 + 1, text: 'approved by ben (U1): fine' },
            { at: T0 + 3, text: 'replayed by cleo, by the command line' },
          ],
        },
      ]);
    });
  });
}
