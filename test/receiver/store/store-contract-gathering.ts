import { describe, expect, test } from 'vitest';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import type { NewEvent } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { planEvent } from '../../../receiver/webhook/route-event.ts';
import type { Firing } from '../../../src/engine/evaluation.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { digest } from '../../../src/lib/digest.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { firedEvent, stateOf, THRESHOLD } from '../slack/firing-samples.ts';
import { CONTEXT } from '../slack/message-samples.ts';
import { claimMessages, post } from './conversation-samples.ts';
import { accept, MINUTE, type OpenStore, SECOND, T0, withStore } from './samples.ts';

const STATES = stateOf(['failed', 'crashed']);
const ROUTES = [compileRoute({ name: 'watch', on: {}, to: [{ slack: { channel: '#ml-alerts' } }] })];
let count = 0;

/** What became of a run, as our own engine finds it out. */
function run(i: number, firing: Partial<Firing> = { status: 'crashed' }, automation = 'node-died'): RelayEvent {
  return firedEvent(STATES, firing, { automation, run: { name: `run${i}`, displayName: `train-${i}` } });
}

const back = (i: number): RelayEvent => run(i, { kind: 'resolved', status: 'running' });

function planned(event: RelayEvent, at: number): NewEvent {
  const body = JSON.stringify({ ...event, count: ++count });
  return planEvent(
    { event, payload: {}, body, bodyHash: digest(body), receivedAt: at },
    {
      matchRoutes: () => ROUTES,
      credentialFor: () => 'slack',
      newId: () => `gathered-${++count}`,
      connected: { slack: true, wandb: false },
    },
  );
}

/** Stores what one round of the engine found out, and gives what Slack shows then: new messages, and those that change. */
async function round(store: Store, at: number, ...events: readonly RelayEvent[]): Promise<string[]> {
  await accept(store, ...events.map((event) => planned(event, at)));
  const shown: string[] = [];
  for (let claimed = await claimMessages(store, at); claimed.length > 0; claimed = await claimMessages(store, at)) {
    for (const each of claimed) {
      const view = await store.viewConversation(each.conversation ?? '', at, each.eventId);
      if (view === undefined) throw new Error('a message without a conversation');
      const isUpdate = each.request.kind === 'slack_update';
      const isReply = !isUpdate && view.message !== null;
      const text = isReply ? `in the thread of ${view.events[0]?.event.event.display_name}` : conversationMessage(view, CONTEXT).text;
      shown.push(`${isUpdate ? 'now: ' : ''}${text}`);
      await post(store, each, at, isUpdate ? undefined : { channel: 'C012ML', ts: each.id });
    }
  }
  return shown;
}

const NAMES = 'train-0, train-1, train-2, train-3, train-4, train-5, …';

export function gatheringContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const many = (n: number, of: (i: number) => RelayEvent): RelayEvent[] => Array.from({ length: n }, (_, i) => of(i));

  describe('runs of one automation that our own engine finds together', () => {
    onStore('are one message, whatever their number, and those that come back are counted in it', async (store) => {
      expect(await round(store, T0, ...many(40, run))).toEqual([
        '40 runs crashed in one minute: train-0, train-1, train-2, train-3, train-4, train-5, train-6, train-7, train-8, …',
      ]);
      expect(await round(store, T0 + 5 * MINUTE, ...many(12, back))).toEqual([
        `now: 40 runs crashed in one minute: ${NAMES.replace(', …', ', train-6, train-7, …')} (12 resolved)`,
      ]);
      expect(await round(store, T0 + 60 * MINUTE, ...Array.from({ length: 28 }, (_, i) => back(12 + i)))).toEqual([
        expect.stringMatching(/^now: 40 runs crashed in one minute: train-0, .* \(all resolved\)$/),
      ]);
    });

    onStore('say both states where they differ, and count on in the next rounds', async (store) => {
      expect(await round(store, T0, ...many(3, run), run(3, { status: 'failed' }))).toEqual([
        '4 runs crashed or failed in one minute: train-0, train-1, train-2, train-3',
      ]);
      expect(await round(store, T0 + 15 * SECOND, run(4), run(5))).toEqual([
        'now: 6 runs crashed or failed in one minute: train-0, train-1, train-2, train-3, train-4, train-5',
      ]);
    });

    onStore('are messages of their own up to two in a minute', async (store) => {
      expect(await round(store, T0, run(0), run(1))).toEqual([
        'Run crashed after 1 h 12 min: train-0, by ada',
        'Run crashed after 1 h 12 min: train-1, by ada',
      ]);
      expect(await round(store, T0 + 15 * SECOND, run(2), run(3))).toEqual(['2 more runs crashed in one minute: train-2, train-3']);
      expect(await round(store, T0 + 20 * MINUTE, run(4))).toEqual(['Run crashed after 1 h 12 min: train-4, by ada']);
    });

    onStore('do not go into the threads of their runs, one by one', async (store) => {
      const loss = (i: number) =>
        firedEvent(THRESHOLD, { value: 9 }, { automation: `loss-${i}`, run: { name: `run${i}`, displayName: `train-${i}` } });
      await round(store, T0, ...many(5, loss));
      expect(await round(store, T0 + MINUTE, ...many(5, run))).toEqual([
        '5 runs crashed in one minute: train-0, train-1, train-2, train-3, train-4',
      ]);
    });

    onStore('end where each began: in the message of many, or in its own thread', async (store) => {
      await round(store, T0, ...many(3, run));
      await round(store, T0 + 20 * MINUTE, run(0));
      expect(await round(store, T0 + 21 * MINUTE, back(0), back(1))).toEqual(
        expect.arrayContaining(['in the thread of train-0', 'now: 3 runs crashed in one minute: train-0, train-1, train-2 (1 resolved)']),
      );
    });

    onStore('begin and end in one round', async (store) => {
      expect(await round(store, T0, ...many(3, run), back(1))).toEqual([
        '3 runs crashed in one minute: train-0, train-1, train-2 (1 resolved)',
      ]);
    });

    onStore('of another automation are another message', async (store) => {
      const other = (i: number): RelayEvent => run(i, { status: 'failed' }, 'failed');
      expect(await round(store, T0, ...many(3, run), ...many(3, other))).toEqual([
        '3 runs crashed in one minute: train-0, train-1, train-2',
        '3 runs failed in one minute: train-0, train-1, train-2',
      ]);
    });
  });
}
