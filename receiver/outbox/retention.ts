import { ageOf } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import type { EngineStore } from '../store/engine.ts';
import type { Retention } from '../store/retention.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';

/** Time between two rounds. Milliseconds. */
const ROUND_MS = 15 * 60_000;
/** So many events, or runs of the engine, go in one transaction: a few milliseconds, in which others wait. */
const BATCH = 50;
/** While the clock may not be trusted, it is asked again after this. */
const UNSTEADY_MS = 30_000;
/** How long others have the store for themselves between two batches. */
const PAUSE_MS = 250;

export interface RetentionOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Retention & Pick<EngineStore, 'pruneEngineRuns'>;
  /** How long events are kept, in milliseconds; at least `retentionFloor`. */
  readonly keepMs: number | (() => number);
  /** Whether the clock may be trusted; while it may not, nothing is removed. Left out: always. */
  readonly isSteady?: () => boolean;
  /** For tests. */
  readonly roundMs?: number;
  readonly pauseMs?: number;
}

/** The shortest retention that takes nothing away from deduplication, cooldowns, and the time between two firings. Milliseconds. */
export function retentionFloor(dedupeWindowMs: number, restsMs: readonly number[]): number {
  return Math.max(dedupeWindowMs, ...restsMs);
}

export interface Retiring {
  start(): void;
  /** A round now, if the last one was long enough ago; for platforms that have alarms and no timers. Never rejects. */
  runOnce(): Promise<void>;
  stop(): Promise<void>;
}

/** A round without pauses ends after so many batches; the next one goes on. */
const MOST_BATCHES = 20;

/** Removes what is old, in small batches with pauses, so that nothing waits for it. Several receivers may do so at once. */
export function createRetention(options: RetentionOptions): Retiring {
  const { store, keepMs, now, log, isSteady = () => true, roundMs = ROUND_MS, pauseMs = PAUSE_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> = Promise.resolve();
  let stopped = true;
  let removed = 0;
  let endedAt = Number.NEGATIVE_INFINITY;

  const later = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      busy = batch();
    }, ms);
    timer.unref?.();
  };

  /** True when there is more. */
  const removeSome = async (): Promise<boolean> => {
    try {
      const before = now() - (typeof keepMs === 'number' ? keepMs : keepMs());
      const gone = await store.prune({ before, limit: BATCH });
      const runs = await store.pruneEngineRuns(before, BATCH);
      removed += gone;
      if (gone === BATCH || runs === BATCH) return true;
      if (removed > 0) log.info({ events: removed }, 'removed events that were older than the retention');
      removed = 0;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError))
        log.warn({ error: messageOf(error) }, 'old events could not be removed; trying again later');
    }
    return false;
  };

  const batch = async (): Promise<void> => {
    if (!isSteady()) later(UNSTEADY_MS);
    else later((await removeSome()) ? pauseMs : roundMs);
  };

  return {
    start: () => {
      stopped = false;
      later(pauseMs);
    },
    runOnce: async () => {
      if (ageOf(endedAt, now()) < roundMs || !isSteady()) return;
      let more = true;
      for (let batches = 0; more && batches < MOST_BATCHES; batches++) more = await removeSome();
      if (!more) endedAt = now();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await busy;
    },
  };
}
