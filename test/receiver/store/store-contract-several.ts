import { describe, expect, test } from 'vitest';
import type { Nudge, NudgeFollowUps } from '../../../receiver/store/approvals.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Approval } from '../../../src/route/route.ts';
import { claimMessages, HOUR, heldEvent, heldOf, messageOf, say } from './conversation-samples.ts';
import { accept, claim, claimOne, eventOf, MINUTE, type OpenStore, statesOf, T0, withStore } from './samples.ts';

const two = (id: string, approval: Partial<Approval> = {}) =>
  heldEvent(id, {
    deliveries: [heldOf(`a-${id}`, { orderKey: 'a' }), heldOf(`b-${id}`, { orderKey: 'b' })],
    approval: { approvals: 2, ...approval },
  });

/** Who approves the event `e1`. */
const approve = (store: Store, by: string, at = T0 + MINUTE, more: { persons?: string[]; reason?: string } = {}) =>
  store.decide({ eventId: 'e1', route: 'deploy', decision: 'approved', by, at, ...more });

/** Approvals that several people give, decisions outside of Slack, reminders and escalations. */
export function severalContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const states = (store: Store) => statesOf(store, 'a-e1', 'b-e1');
  const notes = async (store: Store, id = 'a-e1') => (await store.delivery(id))?.notes.map(({ text }) => text);

  describe('an approval that two people must give', () => {
    onStore('is given by the second; the first is counted and kept', async (store) => {
      await accept(store, two('e1'));

      const first = await approve(store, 'ada');

      const votes = [{ by: 'ada', persons: ['ada'], at: T0 + MINUTE }];
      expect(first).toMatchObject({ done: true, deliveries: [], counted: { given: 1, needed: 2 }, approval: { decision: null, votes } });
      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: null, decidedBy: null, votes });
      expect(await states(store)).toEqual(['held', 'held']);

      const second = await approve(store, 'bob', T0 + 2 * MINUTE, { reason: 'looks good' });

      expect(second).toMatchObject({ done: true, deliveries: ['a-e1', 'b-e1'], counted: { given: 2, needed: 2 } });
      expect(await store.approval('e1', 'deploy')).toMatchObject({
        decision: 'approved',
        decidedBy: 'ada, bob',
        decidedAt: T0 + 2 * MINUTE,
        reason: 'looks good',
      });
      expect(await states(store)).toEqual(['pending', 'pending']);
      expect(await notes(store)).toEqual(['approved by ada: 1 of 2', 'approved by bob: looks good']);
    });

    onStore('counts each person once, by whatever name', async (store) => {
      await accept(store, two('e1'));
      await approve(store, 'ada (U012ABC)', T0, { persons: ['U012ABC', 'ada'] });

      for (const [by, persons] of [
        ['ada (U012ABC)', ['U012ABC']],
        ['Ada, by the command line', ['Ada ']],
        ['u012abc', undefined],
      ] as const) {
        const again = await approve(store, by, T0 + 1, persons === undefined ? {} : { persons: [...persons] });
        expect(again).toMatchObject({ done: false, why: expect.stringMatching(/^ada \(U012ABC\) has approved it already.*\(1 of 2\)$/) });
      }
      const [outside] = await store.approve(['a-e1'], T0 + 1, { by: 'ADA, by the admin API', persons: ['ADA'] });
      expect(outside).toMatchObject({ done: false, why: expect.stringContaining('each person counts once') });
      expect(await states(store)).toEqual(['held', 'held']);
    });

    onStore('is given in Slack and outside of it alike, for all that is held, whichever delivery is named', async (store) => {
      await accept(store, two('e1'));
      await approve(store, 'ada (U012ABC)', T0, { persons: ['U012ABC'] });

      expect(await store.approve(['b-e1', 'a-e1'], T0 + 1, { by: 'bob, by the command line', persons: ['bob'] })).toEqual([
        { id: 'b-e1', done: true },
        { id: 'a-e1', done: true },
      ]);
      expect(await store.approval('e1', 'deploy')).toMatchObject({
        decision: 'approved',
        decidedBy: 'ada (U012ABC), bob, by the command line',
      });
      expect(await states(store)).toEqual(['pending', 'pending']);
    });

    onStore('says how many are needed when it is not the last', async (store) => {
      await accept(store, two('e1', { approvals: 3 }));
      const counted = { given: 1, needed: 3 };
      expect(await store.approve(['a-e1', 'b-e1'], T0, { by: 'ada' })).toEqual([
        { id: 'a-e1', done: true, counted },
        { id: 'b-e1', done: true, counted },
      ]);
      expect(await states(store)).toEqual(['held', 'held']);
    });

    onStore('is ended by one rejection', async (store) => {
      await accept(store, two('e1'));
      await approve(store, 'ada');
      expect(await store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'bob', at: T0 + 2 * MINUTE })).toMatchObject({
        done: true,
      });
      expect(await approve(store, 'cleo', T0 + 3 * MINUTE)).toMatchObject({ done: false, why: 'it was rejected by bob' });
      expect(await states(store)).toEqual(['cancelled', 'cancelled']);
    });

    onStore('expires with one of two, and is asked again from the beginning', async (store) => {
      await accept(store, two('e1'));
      await approve(store, 'ada');
      expect(await store.expireApprovals(T0 + HOUR)).toBe(1);
      expect(await approve(store, 'bob', T0 + HOUR)).toMatchObject({ done: false, why: 'it has expired' });

      await store.replay(['a-e1'], T0 + 2 * HOUR);

      expect((await store.approval('e1', 'deploy'))?.votes).toBeUndefined();
      expect(await approve(store, 'ada', T0 + 2 * HOUR)).toMatchObject({ counted: { given: 1 } });
    });

    onStore('is given once by two of those who press at the same moment', async (store) => {
      for (let round = 0; round < 3; round++) {
        const id = `e${round}`;
        await accept(store, heldEvent(id, { subject: id, approval: { approvals: 2 } }));
        const people = ['ann', 'ben', 'ann', 'cleo', 'ben'];
        const decide = (by: string) => store.decide({ eventId: id, route: 'deploy', decision: 'approved', by, at: T0 });
        const results = await Promise.all(people.map(decide));

        expect(results.filter(({ done }) => done)).toHaveLength(2);
        expect(results.filter((result) => result.done && result.deliveries.length > 0)).toHaveLength(1);
        const approval = await store.approval(id, 'deploy');
        expect(new Set(approval?.votes?.map(({ by }) => by)).size).toBe(2);
        expect(await statesOf(store, `d-${id}`)).toEqual(['pending']);
      }
    });
  });

  describe('a reason', () => {
    onStore('is kept with a rejection, and shown wherever it is', async (store) => {
      await accept(store, two('e1', { approvals: 1 }));
      await store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'ada', reason: 'wrong data', at: T0 });
      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'rejected', decidedBy: 'ada', reason: 'wrong data' });
      expect((await store.delivery('a-e1'))?.delivery.reason).toBe('rejected by ada: wrong data');
      expect(await notes(store)).toEqual(['rejected by ada: wrong data']);
    });

    onStore('of several people says who gave which', async (store) => {
      await accept(store, two('e1'));
      await approve(store, 'ada', T0, { reason: 'metrics' });
      await approve(store, 'bob', T0, { reason: 'data' });
      expect(await store.approval('e1', 'deploy')).toMatchObject({ reason: 'ada: metrics; bob: data' });
    });

    onStore('goes when it is asked again', async (store) => {
      await accept(store, two('e1'));
      await store.decide({ eventId: 'e1', route: 'deploy', decision: 'rejected', by: 'ada', reason: 'no', at: T0 });
      await store.replay(['a-e1'], T0 + 1);
      expect(await store.approval('e1', 'deploy')).not.toHaveProperty('reason');
    });
  });

  describe('outside of Slack', () => {
    onStore('a rejection is of all that the route holds for the event', async (store) => {
      await accept(store, two('e1'), heldEvent('e2', { subject: 'other' }));
      const by = 'ada, by the command line';
      expect(await store.reject(['a-e1', 'b-e1', 'none'], T0, { by, reason: 'no' })).toEqual([
        { id: 'a-e1', done: true },
        { id: 'b-e1', done: true },
        { id: 'none', done: false, why: 'there is no such delivery' },
      ]);
      expect(await store.approval('e1', 'deploy')).toMatchObject({ decision: 'rejected', decidedBy: by, reason: 'no' });
      expect(await states(store)).toEqual(['cancelled', 'cancelled']);
      expect(await notes(store)).toEqual([`rejected by ${by}: no`]);
      expect(await store.reject(['a-e1'], T0, { by })).toMatchObject([{ done: false, why: expect.stringContaining('only what is held') }]);
      expect(await statesOf(store, 'd-e2')).toEqual(['held']);
    });

    onStore('nobody decides where only Slack may; what is held can still be cancelled', async (store) => {
      await accept(store, two('e1', { allowAdmin: false, approvals: 1 }));
      for (const change of ['approve', 'reject'] as const) {
        const [result] = await store[change](['a-e1'], T0, { by: 'ada' });
        expect(result).toMatchObject({ done: false, why: 'route deploy is decided about in Slack only (allow_admin: false), in #ml' });
      }
      expect(await states(store)).toEqual(['held', 'held']);
      expect(await store.cancel(['a-e1'], T0, { by: 'ada' })).toEqual([{ id: 'a-e1', done: true }]);
      expect(await approve(store, 'ada (U012ABC)')).toMatchObject({ done: true, deliveries: ['b-e1'] });
    });

    onStore('authors do not approve their own events where they may not, and may reject them', async (store) => {
      const event = { type: 'link_artifact', source: 'default', author: 'Ada' } as const;
      await accept(store, { ...two('e1', { approvals: 1 }), event });
      const [own] = await store.approve(['a-e1'], T0, { by: 'ada, by the command line', persons: ['ada'] });
      expect(own).toMatchObject({ done: false, why: expect.stringContaining('authors may not approve their own events') });
      expect(await store.approve(['a-e1'], T0, { by: 'bob, by the command line', persons: ['bob'] })).toMatchObject([{ done: true }]);
      expect(await store.reject(['b-e1'], T0, { by: 'ada, by the command line', persons: ['ada'] })).toMatchObject([{ done: true }]);
    });
  });

  describe('a request that depends on its approval', () => {
    const template = { repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } };
    const templated = (id: string, approval: Partial<Approval> = {}) =>
      heldEvent(id, { deliveries: [heldOf(`d-${id}`, { approvalTemplate: template })], approval });

    onStore('comes to its worker with who approved it, until it is built', async (store) => {
      await accept(store, templated('e1'));
      await store.updateHeldRequest('d-e1', { kind: 'slack', channel: '#x', text: null, thread: true }, 'short');
      await approve(store, 'ada', T0 + MINUTE, { reason: 'fine' });

      const claimed = await claimOne(store, T0 + MINUTE);
      const facts = { by: 'ada', at: new Date(T0 + MINUTE).toISOString(), reason: 'fine' };
      expect(claimed.approved).toEqual({ template, builtWith: 'short', approval: facts });

      await store.updateRequest(claimed, claimed.request);
      await store.settle(
        claimed,
        { startedAt: T0, durationMs: 0, outcome: 'failed', status: null, detail: '' },
        {
          state: 'pending',
          dueAt: T0 + MINUTE,
          ambiguous: false,
          reason: '',
        },
      );
      expect(await claimOne(store, T0 + HOUR)).not.toHaveProperty('approved');
    });

    onStore('names all who approved it, or who released it alone', async (store) => {
      await accept(
        store,
        templated('e1', { approvals: 2 }),
        heldEvent('e2', {
          subject: 'x',
          deliveries: [heldOf('d-e2', { orderKey: 'x', approvalTemplate: template }), heldOf('o-e2', { orderKey: 'y' })],
        }),
      );
      await approve(store, 'ada', T0);
      await approve(store, 'bob', T0);
      await store.approve(['d-e2'], T0, { by: 'cleo, by the admin API', reason: 'r' });

      const found = (await claim(store, T0 + MINUTE)).map(({ id, approved }) => [id, approved?.approval.by, approved?.approval.reason]);
      expect(found.toSorted()).toEqual([
        ['d-e1', 'ada, bob', undefined],
        ['d-e2', 'cleo, by the admin API', 'r'],
      ]);
    });

    onStore('without one it comes without', async (store) => {
      await accept(store, heldEvent('e1'), eventOf('e2', { subject: 'b' }));
      await approve(store, 'ada', T0);
      for (const claimed of await claim(store, T0)) expect(claimed).not.toHaveProperty('approved');
    });
  });

  describe('reminders and escalations', () => {
    const escalate = { afterMs: 20 * MINUTE, to: 'S045DEF' };
    /** An event that is asked about in `#ml`, with a message there. */
    const asked = (approval: Partial<Approval>) => {
      const event = two('e1', { approvals: 1, ...approval });
      const [firing] = event.firings;
      return { ...event, firings: [{ ...firing!, deliveries: [...firing!.deliveries, messageOf('m-e1', {}, { canMute: false })] }] };
    };
    /** Replies in the conversations, and what was asked for. */
    const replies = () => {
      const nudges: Nudge[] = [];
      let n = 0;
      const followUps: NudgeFollowUps = (nudge) => {
        nudges.push(nudge);
        return nudge.conversations.map(({ key, channel }) =>
          messageOf(
            `${nudge.kind}-${++n}`,
            { request: { kind: 'slack_reply', conversation: key, text: nudge.kind } },
            { key, channel, canMute: false },
          ),
        );
      };
      return { nudges, followUps };
    };

    onStore('come once, at their time, in the conversation that asks', async (store) => {
      await accept(store, asked({ remindMs: 10 * MINUTE, escalate }));
      await say(store, T0);
      const { nudges, followUps } = replies();
      const nudge = (at: number) => store.nudgeApprovals(at, followUps);

      expect(await nudge(T0 + 20 * MINUTE - 1)).toBe(0);
      expect(await nudge(T0 + 20 * MINUTE)).toBe(1);
      expect(await nudge(T0 + 50 * MINUTE - 1)).toBe(0);
      expect(await nudge(T0 + 50 * MINUTE)).toBe(1);
      expect(await nudge(T0 + 51 * MINUTE)).toBe(0);

      const conversations = [{ key: 'talk', channel: '#ml' }];
      expect(nudges).toMatchObject([
        { kind: 'escalate', conversations, approval: { by: ['U012ABC', 'S012ABC', 'S045DEF'], escalatedAt: T0 + 20 * MINUTE } },
        { kind: 'remind', conversations, approval: { by: ['U012ABC', 'S012ABC', 'S045DEF'], remindedAt: T0 + 50 * MINUTE } },
      ]);
      expect((await say(store, T0 + 52 * MINUTE)).filter((id) => id !== 'update')).toEqual(['escalate-1', 'remind-2']);
    });

    onStore('several receivers send them once', async (store) => {
      await accept(store, asked({ remindMs: 10 * MINUTE, escalate }));
      await say(store, T0);
      const { followUps } = replies();
      const sent = await Promise.all([1, 2, 3].map(() => store.nudgeApprovals(T0 + 55 * MINUTE, followUps)));
      expect(sent.reduce((sum, n) => sum + n, 0)).toBe(2);
      expect((await say(store, T0 + 55 * MINUTE)).filter((id) => id !== 'update')).toHaveLength(2);
    });

    onStore('do not come once it is decided or expired, nor where nobody wants them', async (store) => {
      await accept(store, asked({ remindMs: 10 * MINUTE, escalate }), heldEvent('e2', { subject: 'x' }));
      const { nudges, followUps } = replies();
      expect(await store.nudgeApprovals(T0 + HOUR, followUps)).toBe(0);
      await approve(store, 'ada', T0);
      expect(await store.nudgeApprovals(T0 + 55 * MINUTE, followUps)).toBe(0);
      expect(nudges).toEqual([]);
    });

    onStore('come again for what is asked again', async (store) => {
      await accept(store, asked({ remindMs: 10 * MINUTE, escalate }));
      const { followUps } = replies();
      expect(await store.nudgeApprovals(T0 + 55 * MINUTE, followUps)).toBe(2);
      await store.reject(['a-e1'], T0 + 56 * MINUTE, { by: 'ada' });
      await store.replay(['a-e1'], T0 + 2 * HOUR);
      expect((await store.approval('e1', 'deploy'))?.by).toEqual(['U012ABC', 'S012ABC']);
      expect(await store.nudgeApprovals(T0 + 2 * HOUR + 55 * MINUTE, followUps)).toBe(2);
    });

    onStore('where everybody may decide, an escalation only asks', async (store) => {
      await accept(store, asked({ by: null, allowSelf: true, escalate }));
      const { nudges, followUps } = replies();
      await store.nudgeApprovals(T0 + 20 * MINUTE, followUps);
      expect(nudges).toMatchObject([{ kind: 'escalate', approval: { by: null } }]);
    });

    onStore('leave other conversations of the event alone', async (store) => {
      const event = asked({ remindMs: 10 * MINUTE });
      const [firing] = event.firings;
      const elsewhere = messageOf('o-e3', {}, { key: 'elsewhere', channel: '#other' });
      await accept(store, { ...event, firings: [{ ...firing!, deliveries: [...firing!.deliveries, elsewhere] }] });
      const { nudges, followUps } = replies();
      await store.nudgeApprovals(T0 + 55 * MINUTE, followUps);
      expect(nudges.flatMap(({ conversations }) => conversations.map(({ channel }) => channel))).toEqual(['#ml']);
      expect((await claimMessages(store, T0 + 55 * MINUTE)).map(({ conversation }) => conversation)).toContain('talk');
    });
  });
}
