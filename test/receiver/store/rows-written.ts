import type { RunMemory } from '../../../receiver/store/engine.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { claimDispatches, post, say, toldEvent } from './conversation-samples.ts';
import { advance, lease, ruleOf, runOf } from './engine-samples.ts';
import { accept, eventOf, SECOND, T0 } from './samples.ts';

/**
 * The kinds of event whose rows are counted, and what each may cost from its acceptance until everything is delivered.
 * Cloudflare counts each row of a table, and each entry of an index (Durable Objects, "Pricing").
 */
export const MOST_ROWS = {
  'routed, one target': 12,
  'routed, one target, whose run is known from the answer': 13,
  'routed, one target, behind another of its subject': 14,
  'routed, one target and a message in Slack': 24,
  'no route': 4,
  duplicate: 3,
} as const;

export type Kind = keyof typeof MOST_ROWS;

/** Accepts an event of a kind, and delivers what follows from it. */
export const HANDLE: Readonly<Record<Kind, (store: Store, id: string, at: number) => Promise<unknown>>> = {
  'routed, one target': async (store, id, at) => {
    await accept(store, eventOf(id, { subject: id, at }));
    await deliverAll(store, at);
  },
  'routed, one target, whose run is known from the answer': async (store, id, at) => {
    await accept(store, eventOf(id, { subject: id, at }));
    await deliverAll(store, at, { id, url: `https://github.com/acme/deploy/actions/runs/${id}` });
  },
  'routed, one target, behind another of its subject': async (store, id, at) => {
    // The one before stays where it is until this one waits behind it.
    await accept(store, eventOf(id, { at }));
    await deliverOne(store, at);
  },
  'routed, one target and a message in Slack': async (store, id, at) => {
    await accept(store, toldEvent(id, { subject: id, at }, { key: `talk ${id}` }));
    await deliverAll(store, at);
    await say(store, at);
  },
  'no route': (store, id, at) => accept(store, eventOf(id, { subject: id, at, firings: [] })),
  duplicate: (store, id, at) => accept(store, eventOf(id, { at, body: 'always the same', firings: [] })),
};

async function deliverAll(store: Store, at: number, run: { id: string; url: string } | null = null): Promise<void> {
  for (const claimed of await claimDispatches(store, at)) await store.settle(claimed, sentAt(at), { state: 'delivered', run });
}

/** The first of the order key, once a second one waits. */
async function deliverOne(store: Store, at: number): Promise<void> {
  const { pending = 0 } = (await store.counts()).deliveries;
  if (pending < 2) return;
  const [claimed] = await claimDispatches(store, at);
  if (claimed !== undefined) await post(store, claimed, at);
}

const sentAt = (at: number) => ({ startedAt: at, durationMs: 0, outcome: 'delivered', status: 204, detail: 'dispatched' }) as const;

/** Rows for each event of a kind, on a store of its own. What is written once for a store is not part of it. */
export async function rowsFor(kind: Kind, store: Store, written: () => number): Promise<number> {
  const events = 10;
  for (const n of [1, 2]) await HANDLE[kind](store, `first ${n}`, T0 + n);
  const before = written();
  for (let n = 1; n <= events; n++) await HANDLE[kind](store, `e${n}`, T0 + n * SECOND);
  return (written() - before) / events;
}

/** The most rows of a round of the engine on one project, with so many runs that go on, whatever the number of rules. */
export const MOST_ROWS_OF_A_ROUND = { 'no run changed': 2, 'ten runs go on': 12, 'ten runs begin and end': 52 } as const;

/** Rows for each round of a kind, its lease included. */
export async function rowsOfRounds(kind: keyof typeof MOST_ROWS_OF_A_ROUND, store: Store, written: () => number): Promise<number> {
  const rounds = 10;
  const rules = Array.from({ length: 10 }, (_, i) => ruleOf(`rule ${i}`));
  const runsOf = (n: number): RunMemory[] => {
    if (kind === 'no run changed') return [];
    const began = Array.from({ length: 10 }, (_, i) => runOf(kind === 'ten runs go on' ? `run ${i}` : `run ${n}-${i}`, { at: T0 + n }));
    const ended = began.map((_, i) => runOf(`run ${n - 1}-${i}`, { at: T0 + n, isLive: false }));
    return kind === 'ten runs go on' || n === 0 ? began : [...began, ...ended];
  };
  const round = async (n: number): Promise<void> => {
    await lease(store, T0 + n * SECOND);
    await advance(store, { now: T0 + n * SECOND, watermark: n, rules, runs: runsOf(n) });
  };
  await round(0);
  const before = written();
  for (let n = 1; n <= rounds; n++) await round(n);
  return (written() - before) / rounds;
}
