import { describe, expect, test } from 'vitest';
import type { DecisionKind } from '../../../receiver/store/approvals.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { APPROVAL, HOUR, heldEvent, heldOf } from './conversation-samples.ts';
import { accept, bury, claimOne, deliveryOf, drain, eventOf, idsOf, MINUTE, type OpenStore, statesOf, T0, withStore } from './samples.ts';

const ADA = 'ada (U012ABC)';
const BOB = 'bob (U045DEF)';

function decide(store: Store, eventId: string, decision: DecisionKind, by: string = ADA, at: number = T0 + MINUTE, route = 'deploy') {
  return store.decide({ eventId, route, decision, by, at });
}

const two = (id: string) => heldEvent(id, { deliveries: [heldOf(`a-${id}`, { orderKey: 'a' }), heldOf(`b-${id}`, { orderKey: 'b' })] });

export function approvalsContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const OPEN = { ...APPROVAL, eventId: 'e1', route: 'deploy', expiresAt: T0 + HOUR, decision: null, decidedBy: null, decidedAt: null };

  describe('asking', () => {
    onStore('an approval is asked for with the event that needs it', async (store) => {
      await accept(store, heldEvent('e1'), heldEvent('e2', { subject: 'other', approval: { by: null, allowSelf: true } }));

      expect(await store.approval('e1', 'deploy')).toEqual(OPEN);
      expect(await store.approval('e2', 'deploy')).toMatchObject({ eventId: 'e2', by: null, allowSelf: true });
      expect(await store.approval('e1', 'release')).toBeUndefined();
      expect(await store.approval('none', 'deploy')).toBeUndefined();
    });

    onStore('nothing is asked when nothing waits: nothing held, a duplicate, a cooldown', async (store) => {
      await accept(store, heldEvent('e1', { deliveries: [deliveryOf('d-e1', { state: 'dead', reason: 'no version', request: null })] }));
      const cooled = (id: string) => {
        const deliveries = [heldOf(`d-${id}`, { orderKey: 'c' })];
        const firing = { route: 'deploy', cooldownKey: 'c', cooldownMs: HOUR, deliveries, approval: APPROVAL };
        return eventOf(id, { subject: 'c', firings: [firing], body: id === 'e3' ? 'body of e2' : id });
      };
      await accept(store, { ...cooled('e2'), bodyHash: 'same' }, { ...cooled('e3'), bodyHash: 'same' }, cooled('e4'));

      expect((await store.events({ limit: 9 })).map(({ outcome }) => outcome)).toEqual(['cooldown', 'duplicate', 'routed', 'routed']);
      expect((await store.openApprovals(9)).map(({ eventId }) => eventId)).toEqual(['e2']);
    });

    onStore('open ones are listed from the longest waiting, up to a limit, without those that are decided', async (store) => {
      const asked = (id: string, at: number, expiresMs = HOUR) => heldEvent(id, { subject: id, at, approval: { expiresMs } });
      await accept(store, asked('e2', T0 + 2), asked('e1', T0 + 1, 3 * HOUR), asked('e3', T0 + 3), asked('e4', T0 + 4));
      const list = async (limit: number) => (await store.openApprovals(limit)).map(({ eventId }) => eventId);

      expect(await list(9)).toEqual(['e1', 'e2', 'e3', 'e4']);
      expect(await list(2)).toEqual(['e1', 'e2']);
      await decide(store, 'e2', 'rejected');
      await decide(store, 'e1', 'approved');
      expect(await list(9)).toEqual(['e3', 'e4']);
      await store.replay(['d-e2'], T0 + MINUTE);
      expect(await list(9)).toEqual(['e3', 'e4', 'e2']);
    });
  });

  describe('deciding', () => {
    onStore('an approval lets all go that the route holds for the event, behind what waits already', async (store) => {
      await accept(store, two('e1'), eventOf('e2', { subject: 'a', delivery: { route: 'audit' } }));

      const result = await decide(store, 'e1', 'approved');

      const approval = { ...OPEN, decision: 'approved', decidedBy: ADA, decidedAt: T0 + MINUTE };
      expect(result).toEqual({ done: true, deliveries: ['a-e1', 'b-e1'], approval });
      expect(await store.approval('e1', 'deploy')).toEqual(approval);
      for (const id of ['a-e1', 'b-e1']) {
        const found = await store.delivery(id);
        expect(found?.delivery).toMatchObject({ state: 'pending', reason: null, dueAt: T0 + MINUTE, updatedAt: T0 + MINUTE });
        expect(found?.notes).toEqual([{ at: T0 + MINUTE, text: `approved by ${ADA}` }]);
      }
      const sent = await drain(store, T0 + MINUTE);
      expect(sent.toSorted()).toEqual(['a-e1', 'b-e1', 'd-e2']);
      expect(sent.indexOf('d-e2')).toBeLessThan(sent.indexOf('a-e1'));
    });

    onStore('a rejection cancels them, and says by whom', async (store) => {
      await accept(store, two('e1'));

      expect(await decide(store, 'e1', 'rejected')).toMatchObject({ done: true, deliveries: ['a-e1', 'b-e1'] });

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'rejected', decidedBy: ADA, decidedAt: T0 + MINUTE });
      for (const id of ['a-e1', 'b-e1']) {
        const found = await store.delivery(id);
        expect(found?.delivery).toMatchObject({ state: 'cancelled', reason: `rejected by ${ADA}`, updatedAt: T0 + MINUTE });
        expect(found?.notes).toEqual([{ at: T0 + MINUTE, text: `rejected by ${ADA}` }]);
      }
      expect(await drain(store, T0 + HOUR)).toEqual([]);
    });

    onStore('who comes second changes nothing, and learns who was first', async (store) => {
      await accept(store, heldEvent('e1'));
      await decide(store, 'e1', 'rejected');
      const before = await store.delivery('d-e1');

      const second = await decide(store, 'e1', 'approved', BOB, T0 + 2 * MINUTE);

      const approval = { ...OPEN, decision: 'rejected', decidedBy: ADA, decidedAt: T0 + MINUTE };
      expect(second).toEqual({ done: false, why: expect.stringContaining(ADA), approval });
      expect(await store.approval('e1', 'deploy')).toEqual(approval);
      expect(await store.delivery('d-e1')).toEqual(before);
    });

    onStore('of several who decide at once exactly one does', async (store) => {
      for (let round = 0; round < 5; round++) {
        const id = `e${round}`;
        await accept(store, heldEvent(id, { subject: id }));
        const people = ['ann', 'ben', 'cleo', 'dan'];
        const results = await Promise.all(people.map((by, i) => decide(store, id, i % 2 === 0 ? 'approved' : 'rejected', by)));

        const winner = results.findIndex(({ done }) => done);
        expect(results.filter(({ done }) => done)).toHaveLength(1);
        for (const { approval } of results) expect(approval).toMatchObject({ decidedBy: people[winner] });
        expect(await statesOf(store, `d-${id}`)).toEqual([winner % 2 === 0 ? 'pending' : 'cancelled']);
        expect((await store.delivery(`d-${id}`))?.notes).toHaveLength(1);
      }
    });

    onStore('where nothing was asked there is nothing to decide', async (store) => {
      await accept(store, heldEvent('e1'), eventOf('e2', { subject: 'b', delivery: { state: 'held', orderKey: 'b' } }));

      for (const [event, route] of [
        ['none', 'deploy'],
        ['e1', 'release'],
        ['e2', 'deploy'],
      ] as const) {
        expect(await decide(store, event, 'approved', ADA, T0, route)).toMatchObject({ done: false, approval: undefined });
      }
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['held', 'held']);
    });

    onStore('routes of one event are decided apart', async (store) => {
      const firing = (route: string) => {
        const deliveries = [heldOf(`d-${route}`, { route, orderKey: route })];
        return { route, cooldownKey: null, cooldownMs: 0, deliveries, approval: APPROVAL };
      };
      await accept(store, eventOf('e1', { firings: [firing('deploy'), firing('release')] }));

      expect(await decide(store, 'e1', 'rejected', ADA, T0, 'release')).toMatchObject({ deliveries: ['d-release'] });

      expect(await statesOf(store, 'd-deploy', 'd-release')).toEqual(['held', 'cancelled']);
      expect(await store.approval('e1', 'deploy')).toEqual(OPEN);
    });

    onStore('the run of what was approved is searched with room for the difference of clocks', async (store) => {
      await accept(store, heldEvent('e1', { approval: { expiresMs: 9 * HOUR } }));
      await decide(store, 'e1', 'approved', ADA, T0 + 5 * HOUR);

      const claimed = await claimOne(store, T0 + 5 * HOUR);
      expect(claimed).toMatchObject({ retryingSince: T0 + 5 * HOUR, attempts: 0 });
      expect(claimed.runsSince).toBeLessThanOrEqual(T0 + 5 * HOUR - 5 * MINUTE);
      expect(claimed.runsSince).toBeGreaterThan(T0 + HOUR);
    });
  });

  describe('stepping in by id', () => {
    onStore('the question is closed once nothing is held any more, and says by whom', async (store) => {
      await accept(store, two('e1'));
      await store.approve(['a-e1'], T0, { by: ADA });
      expect(await store.approval('e1', 'deploy')).toEqual(OPEN);

      await store.approve(['b-e1'], T0 + 1, { by: BOB });

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'approved', decidedBy: BOB, decidedAt: T0 + 1 });
      expect(await decide(store, 'e1', 'rejected')).toMatchObject({ done: false, why: expect.stringContaining(BOB) });
      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['pending', 'pending']);
    });

    onStore('cancelling the last one that is held closes it too', async (store) => {
      await accept(store, two('e1'));
      await store.cancel(['b-e1'], T0, { by: ADA });
      expect(await store.approval('e1', 'deploy')).toEqual(OPEN);

      await store.cancel(['a-e1'], T0 + 1, { by: BOB });

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'cancelled', decidedBy: BOB, decidedAt: T0 + 1 });
      expect(await store.openApprovals(9)).toEqual([]);
    });

    onStore('a decision is about what is still held', async (store) => {
      await accept(store, two('e1'));
      await store.cancel(['b-e1'], T0, { by: BOB });

      expect(await decide(store, 'e1', 'approved')).toMatchObject({ done: true, deliveries: ['a-e1'] });
      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['pending', 'cancelled']);
    });

    onStore('a decision stays when what it released is cancelled', async (store) => {
      await accept(store, heldEvent('e1'));
      await decide(store, 'e1', 'approved');
      await store.cancel(['d-e1'], T0 + 2 * MINUTE, { by: BOB });

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'approved', decidedBy: ADA, decidedAt: T0 + MINUTE });
    });
  });

  describe('what nobody decides', () => {
    onStore('it expires at its time, and what was held is cancelled', async (store) => {
      await accept(store, two('e1'), heldEvent('e2', { subject: 'c', at: T0 + 1 }));
      expect(await store.expireApprovals(T0 + HOUR - 1)).toBe(0);
      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['held', 'held']);

      expect(await store.expireApprovals(T0 + HOUR)).toBe(1);
      expect(await store.expireApprovals(T0 + HOUR)).toBe(0);

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'expired', decidedBy: null, decidedAt: T0 + HOUR });
      const found = await store.delivery('a-e1');
      expect(found).toMatchObject({ delivery: { state: 'cancelled', updatedAt: T0 + HOUR }, notes: [{ at: T0 + HOUR }] });
      expect(found?.delivery.reason).toContain('in time');
      expect(await statesOf(store, 'b-e1', 'd-e2')).toEqual(['cancelled', 'held']);
    });

    onStore('a decision just in time counts; one that comes too late does not, whatever was read before', async (store) => {
      await accept(store, heldEvent('e1'), heldEvent('e2', { subject: 'b' }));

      expect(await decide(store, 'e1', 'approved', ADA, T0 + HOUR - 1)).toMatchObject({ done: true });
      const late = await decide(store, 'e2', 'approved', ADA, T0 + HOUR);

      expect(late).toMatchObject({
        done: false,
        why: expect.stringContaining('expired'),
        approval: { decision: 'expired', decidedBy: null },
      });
      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['pending', 'cancelled']);
      expect(await decide(store, 'e2', 'approved', ADA, T0 + HOUR)).toMatchObject({ done: false, why: expect.stringContaining('expired') });
    });

    onStore('a newer event of the same subject and route takes its place, and whoever decides learns of it', async (store) => {
      await accept(store, two('e1'), heldEvent('e2', { deliveries: [heldOf('other', { route: 'deploy', orderKey: 'c' })] }));
      const newer = (id: string, orderKey: string) => heldEvent(id, { at: T0 + 1, deliveries: [heldOf(`d-${id}`, { orderKey })] });
      await accept(store, newer('e3', 'a'));
      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['superseded', 'held']);
      expect(await store.approval('e1', 'deploy')).toEqual(OPEN);

      await accept(store, newer('e4', 'b'));

      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['superseded', 'superseded']);
      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'cancelled', decidedBy: null, decidedAt: T0 + 1 });
      const pressed = await decide(store, 'e1', 'approved');
      expect(pressed).toMatchObject({ done: false, why: expect.stringContaining('newer event'), approval: { decision: 'cancelled' } });
      expect((await store.openApprovals(9)).map(({ eventId }) => eventId)).toEqual(['e2', 'e3', 'e4']);
    });
  });

  describe('sending again', () => {
    const ends: Record<string, (store: Store) => Promise<unknown>> = {
      rejected: (store) => decide(store, 'e1', 'rejected'),
      expired: (store) => store.expireApprovals(T0 + HOUR),
      cancelled: (store) => store.cancel(['d-e1'], T0),
      superseded: (store) => accept(store, eventOf('e2')),
    };
    for (const [end, bring] of Object.entries(ends)) {
      onStore(`what was ${end} is asked about again`, async (store) => {
        await accept(store, heldEvent('e1'));
        await bring(store);
        await drain(store, T0);
        const now = T0 + 2 * HOUR;

        expect(await store.replay(['d-e1'], now, { by: BOB })).toEqual([{ id: 'd-e1', done: true }]);

        expect(await store.approval('e1', 'deploy')).toEqual({ ...OPEN, expiresAt: now + HOUR });
        expect((await store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'held', reason: 'waits for approval' });
        expect(await store.expireApprovals(now)).toBe(0);
        expect(await decide(store, 'e1', 'approved', ADA, now + 1)).toMatchObject({ done: true, deliveries: ['d-e1'] });
        expect(await drain(store, now + 1)).toEqual(['d-e1']);
      });
    }

    onStore('only what is sent again is asked about again', async (store) => {
      await accept(store, two('e1'));
      await decide(store, 'e1', 'rejected');
      await store.replay(['b-e1'], T0 + MINUTE);

      expect(await decide(store, 'e1', 'approved')).toMatchObject({ done: true, deliveries: ['b-e1'] });
      expect(await statesOf(store, 'a-e1', 'b-e1')).toEqual(['cancelled', 'pending']);
    });

    onStore('what somebody has approved goes again without asking', async (store) => {
      await accept(store, heldEvent('e1'));
      await decide(store, 'e1', 'approved');
      await bury(store, await claimOne(store, T0 + MINUTE), T0 + MINUTE);
      await store.replay(['d-e1'], T0 + 2 * MINUTE);

      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'approved', decidedBy: ADA });
      expect(idsOf([await claimOne(store, T0 + 2 * MINUTE)])).toEqual(['d-e1']);
    });
  });
}
