import { messageOf } from '../../src/error-message.ts';
import type { Logger } from '../log.ts';
import type { Retention } from './store.ts';

/** How often it is looked whether something is old. */
const ROUND_MS = 15 * 60_000;
/** So many events go in one transaction: a few milliseconds, in which others wait. */
const BATCH = 50;
/** How long others have the store for themselves between two batches. */
const PAUSE_MS = 250;

export interface RetentionOptions {
  readonly store: Retention;
  /** How long events are kept, in milliseconds; at least `retentionFloor`. */
  readonly keepMs: number;
  readonly now: () => number;
  readonly log: Logger;
  /** For tests. */
  readonly roundMs?: number;
  readonly pauseMs?: number;
}

/** The shortest retention that takes nothing away from deduplication and cooldowns. Milliseconds. */
export function retentionFloor(dedupeWindowMs: number, cooldownsMs: readonly number[]): number {
  return Math.max(dedupeWindowMs, ...cooldownsMs);
}

/** Removes what is old, in small batches with pauses, so that nothing waits for it. Several receivers may do so at once. */
export function createRetention(options: RetentionOptions): { start(): void; stop(): Promise<void> } {
  const { store, keepMs, now, log, roundMs = ROUND_MS, pauseMs = PAUSE_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> = Promise.resolve();
  let stopped = true;
  let removed = 0;

  const later = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      busy = batch();
    }, ms);
    timer.unref?.();
  };

  const batch = async (): Promise<void> => {
    try {
      const gone = await store.prune({ before: now() - keepMs, limit: BATCH });
      removed += gone;
      if (gone === BATCH) return later(pauseMs);
      if (removed > 0) log.info({ events: removed }, 'removed events that were older than the retention');
      removed = 0;
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'old events could not be removed; trying again later');
    }
    later(roundMs);
  };

  return {
    start: () => {
      stopped = false;
      later(pauseMs);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await busy;
    },
  };
}
