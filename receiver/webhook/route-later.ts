import { durationWords } from '../../src/lib/duration.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import { StoreFailedError } from '../store/store-failure.ts';
import type { Routed, RouteOptions, UnroutedStore } from '../store/unrouted.ts';
import { skippedWords } from '../unrouted-words.ts';

export interface RouteLaterOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<UnroutedStore, 'routeUnrouted' | 'skipOldestUnrouted' | 'retrySkipped' | 'backlog'>;
  readonly plan: RouteOptions['plan'];
  readonly dedupeWindowMs: () => number;
  /** Called after something was stored that may have to be sent. */
  readonly accepted: () => void;
  readonly redact: (text: string) => string;
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed: () => number;
  /** Resolves after so many milliseconds. Left out: by a timer. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** Tries the routes of events that were stored as they came. */
export interface RouteLater {
  /** Events are unrouted: what comes now must not overtake them. */
  isBehind(): boolean;
  /** Resolves when something may be stored: at once, but while the last few are routed. */
  free(): Promise<void>;
  /** So many more were stored as they came. */
  stored(events: number): void;
  /** See `Extension.details`. */
  details(): readonly string[];
  start(): void;
  /** Routes what is left, for a few seconds at most. */
  stop(): Promise<void>;
}

/** So many events are routed in one transaction: a few milliseconds, in which requests wait. */
const SLICE = 64;
/** The same while webhooks come in a burst. */
const SLICE_IN_BURST = 16;
/** Requests are answered for so long between two slices, at least. Milliseconds. */
const GAP_MS = 2;
/** The burst goes on while at least so many webhooks come from one slice to the next, and at least so many a second: fewer can be routed beside. */
const STILL_A_BURST = 8;
const BURST_PER_SECOND = 500;
/** And it is over when no webhook comes for so long. Milliseconds. */
const QUIET_MS = 100;
/** What comes while the last few are routed waits no longer than this, whatever the store does. Milliseconds. */
const HOLD_LIMIT_MS = 250;
/**
 * In a burst routing takes a fortieth of the time. That is some 100 events a second, which is the fastest pace of dispatches.
 * Once the oldest has waited for `PATIENCE_MS` it takes half of the time.
 */
const SHARE_IN_BURST = 1 / 40;
const SHARE_WHEN_LATE = 1 / 2;
const PATIENCE_MS = 30_000;
/** After a failure of the store. Milliseconds. */
const RETRY_MS = 1_000;
/** An event that alone has failed so often is skipped. */
const TRIES = 3;
/** How often what another receiver has left is looked for. Milliseconds. */
const LOOK_MS = 10_000;
/** How long `stop` goes on. Milliseconds. */
const STOP_LIMIT_MS = 5_000;

/**
 * Routes what a burst has left unrouted, in the order in which it came, as soon as the burst is over, and in small slices while it
 * lasts. What an earlier receiver left comes first.
 */
export function routeLater(options: RouteLaterOptions): RouteLater {
  const { store, plan, dedupeWindowMs, accepted, redact, now, elapsed, log } = options;
  const pause = options.pause ?? ((ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)));
  let behind = false;
  let running: Promise<void> | undefined;
  let stopBy: number | undefined;
  /** Counts what was stored. */
  let arrived = 0;
  let skipped = 0;
  let lastReason = '';
  let oldestAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let hasRetried = false;
  let held: Promise<void> | undefined;

  const isLate = (): boolean => oldestAt !== undefined && now() - oldestAt >= PATIENCE_MS;

  /** Routes everything. */
  const run = async (): Promise<void> => {
    let seen = { arrived, at: elapsed() };
    let limit = SLICE_IN_BURST;
    let failures = 0;
    let routed = 0;
    /** The next slice takes all that is left. */
    let isLast = false;
    for (;;) {
      if (stopBy !== undefined && elapsed() >= stopBy) return;
      const before = arrived;
      const startedAt = elapsed();
      const slice: Routed | 'failed' | 'skipped' = await (isLast
        ? holding(() => routeSlice(limit, failures))
        : routeSlice(failures === 0 ? limit : 1, failures));
      if (slice === 'failed' || slice === 'skipped') {
        // The one behind a skipped event begins with no try of its own.
        failures = slice === 'skipped' ? 1 : failures + 1;
        isLast = false;
        await pause(RETRY_MS);
        continue;
      }
      failures = 0;
      routed += slice.events;
      oldestAt = slice.oldestAt;
      // What was stored while the slice was read may not be in it.
      if (slice.events === 0 && arrived === before) break;
      isLast = slice.events < limit;
      const tookMs = elapsed() - startedAt;
      await pause(GAP_MS);
      const isBurst = stopBy === undefined && isBurstSince(seen);
      seen = { arrived, at: elapsed() };
      limit = isBurst ? SLICE_IN_BURST : SLICE;
      if (isBurst) await pauseInBurst(tookMs * (1 / (isLate() ? SHARE_WHEN_LATE : SHARE_IN_BURST) - 1));
    }
    behind = false;
    oldestAt = undefined;
    if (routed > 0) log.info({ events: routed }, 'routed events that had come in a burst');
  };

  /** What comes meanwhile waits, a few milliseconds: or else there would always be something that came during the last slice. */
  const holding = async <T>(work: () => Promise<T>): Promise<T> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    try {
      return await work();
    } finally {
      held = undefined;
      resolve();
    }
  };

  const isBurstSince = (seen: { readonly arrived: number; readonly at: number }): boolean => {
    const came = arrived - seen.arrived;
    return came >= STILL_A_BURST && came / (elapsed() - seen.at) >= BURST_PER_SECOND / 1000;
  };

  /** Ends early when the burst does. */
  const pauseInBurst = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= QUIET_MS) {
      const before = arrived;
      await pause(Math.min(left, QUIET_MS));
      if (arrived === before || stopBy !== undefined) return;
    }
  };

  /** `skipped`: the oldest alone has failed often enough. */
  const routeSlice = async (limit: number, failures: number): Promise<Routed | 'failed' | 'skipped'> => {
    try {
      const slice = await store.routeUnrouted({ limit, plan, dedupeWindowMs: dedupeWindowMs() });
      if (slice.deliveries > 0) accepted();
      return slice;
    } catch (error) {
      const reason = redact(messageOf(error));
      // Whoever failed has logged it, and it concerns all events.
      if (error instanceof StoreFailedError) return 'failed';
      if (failures === 0) log.warn({ error: reason }, 'events could not be routed; trying one by one');
      return failures >= TRIES ? skip(reason) : 'failed';
    }
  };

  const skip = async (reason: string): Promise<'failed' | 'skipped'> => {
    try {
      await store.skipOldestUnrouted(reason);
      skipped += 1;
      lastReason = reason;
      log.error({ error: reason }, 'an event could not be routed and is kept; the next start of the receiver tries again');
      return 'skipped';
    } catch {
      // It stays the oldest.
      return 'failed';
    }
  };

  const wake = (): void => {
    if (running !== undefined || stopBy !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      if (behind) wake();
    });
  };

  /** Looks for what another receiver has left: one that has ended, or this one before it started again. */
  const look = async (): Promise<void> => {
    let again = LOOK_MS;
    try {
      if (!hasRetried) await store.retrySkipped();
      hasRetried = true;
      if (!behind && (await store.backlog()).events > 0) {
        behind = true;
        wake();
      }
    } catch (error) {
      again = RETRY_MS;
      // Whoever failed has logged it.
      if (!(error instanceof StoreFailedError)) log.warn({ error: redact(messageOf(error)) }, 'unrouted events could not be looked for');
    }
    if (stopBy !== undefined) return;
    timer = setTimeout(() => void look(), again);
    timer.unref();
  };

  return {
    isBehind: () => behind,
    free: async () => {
      if (held !== undefined) await Promise.race([held, pause(HOLD_LIMIT_MS)]);
    },
    stored: (events) => {
      arrived += events;
      behind = true;
      wake();
    },
    details: () => [
      ...(skipped === 0 ? [] : [skippedWords(skipped, lastReason)]),
      ...(isLate()
        ? [`events wait to be routed, the oldest for ${durationWords(now() - (oldestAt ?? 0))}: they come faster than they can be routed`]
        : []),
    ],
    start: () => {
      stopBy = undefined;
      void look();
    },
    stop: async () => {
      stopBy = elapsed() + STOP_LIMIT_MS;
      clearTimeout(timer);
      await running;
    },
  };
}
