import type { Incoming, Taken, UnroutedStore } from '../store/unrouted.ts';
import { inBatches } from './accept-batch.ts';
import type { RouteLater } from './route-later.ts';

/** Stores webhooks; those of a burst as they come. */
export interface Bursts {
  /** Webhooks come faster than they are routed: this one is to be stored as it came. */
  isBurst(): boolean;
  /** Resolves once it is stored durably; rejects when the store can't. */
  take(incoming: Incoming): Promise<Taken>;
}

export interface BurstOptions {
  readonly store: Pick<UnroutedStore, 'take'>;
  readonly later: Pick<RouteLater, 'isBehind' | 'free' | 'stored'>;
  readonly dedupeWindowMs: () => number;
  /** Milliseconds, for measuring. */
  readonly now: () => number;
}

/** So many webhooks that are not stored yet are a burst. */
export const BURST = 24;

/**
 * Storing a webhook as it came takes a third of the time that accepting it takes, so a burst is answered sooner and its routes
 * are tried when it is over (docs/benchmarks.md). On a usual day nothing is a burst.
 */
export function receiveBursts({ store, later, dedupeWindowMs, now }: BurstOptions): Bursts {
  const batches = inBatches<Incoming, Taken>({
    store: async (incoming) => {
      await later.free();
      const taken = await store.take(incoming, { dedupeWindowMs: dedupeWindowMs() });
      const unrouted = taken.filter(({ status }) => status === 'unrouted').length;
      if (unrouted > 0) later.stored(unrouted);
      return taken;
    },
    charsOf: ({ unrouted }) => unrouted.body.length,
    now,
  });
  return { isBurst: () => later.isBehind() || batches.unanswered() >= BURST, take: batches.add };
}
