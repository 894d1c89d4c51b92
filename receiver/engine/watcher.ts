import { messageOf } from '../../src/lib/error-message.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { holdLease } from './hold-lease.ts';
import { pausedUntil, retryAt, SHORTEST_PAUSE_MS } from './pace.ts';
import { createProjectList, type UnlistedTeam } from './project-list.ts';
import { type RoundOptions, type RoundOutcome, runRound } from './round.ts';
import { LostLeaseError } from './round-memory.ts';
import { createWatchStatus, type WatchReport } from './watch-status.ts';
import type { WatchedProject } from './watched-project.ts';
import { projectName } from './watched-rule.ts';

export interface WatcherOptions extends Omit<RoundOptions, 'lease' | 'project' | 'cache' | 'signal' | 'everyMs' | 'limitMs'> {
  readonly random: () => number;
  /** Something was stored that may have to be sent. */
  readonly wake: () => void;
  /** The clock has just jumped forward: until it is trusted again, nothing is evaluated by it. Left out: it never jumps. */
  readonly hasJumped?: () => boolean;
  /** No project is read more often, in milliseconds; default 15 seconds. */
  readonly everyMs?: number;
  /** After so long without a sign of life another receiver takes over, in milliseconds; default 20 seconds. */
  readonly leaseMs?: number;
}

/** An `Extension` of the receiver. */
export interface Watcher {
  start(): void;
  /** One round of each project that is due. Never rejects. */
  runOnce(): Promise<void>;
  stop(): Promise<void>;
  details(): readonly string[];
  /** When the next project is due; `undefined`: none is watched. Milliseconds since 1970. */
  nextAt(): number | undefined;
  /** What came of the projects, for people. */
  report(): readonly WatchReport[];
  /** Teams whose projects could not be listed. */
  unlisted(): readonly UnlistedTeam[];
}

const LEASE_MS = 20_000;
/** A project that another receiver reads is asked for again after this part of a lease: so soon a dead one is replaced. */
const LEASE_RETRY_PART = 1 / 4;
/** The store failed: twice as late each time, up to some minutes. Milliseconds. */
const STORE_RETRY_MS = 5_000;
const MOST_DOUBLINGS = 5;
/** A round asks for no further points after this, so that the next project has its turn. */
const ROUND_LIMIT_MS = 45_000;
/** And ends, whatever hangs. */
const ROUND_END_MS = 180_000;
/** Projects that are read at once: a slow one holds up none but itself. */
const CONCURRENCY = 4;
/** A project of a team in which nothing went on for a while is read only so often. */
const QUIET_AFTER_MS = 10 * 60_000;
const QUIET_EVERY_MS = 60_000;
const SHORTEST_TIMER_MS = 50;
const LONGEST_TIMER_MS = 5_000;

/** Reads projects in turn, evaluates what is new, and stores what fired. Several may work on one store. */
export function createWatcher(options: WatcherOptions): Watcher {
  const { store, now, log, wake, newId, everyMs = SHORTEST_PAUSE_MS, leaseMs = LEASE_MS, metrics } = options;
  const owner = newId();
  const projects = createProjectList(options);
  const status = createWatchStatus(options);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let isStarted = false;

  const look = async (watched: WatchedProject): Promise<void> => {
    const name = projectName(watched.project);
    const startedAt = now();
    try {
      const outcome = await leasedRound(watched, { ...options, everyMs }, { project: name, owner }, stopping.signal);
      settle(watched, outcome, startedAt);
    } catch (error) {
      watched.failures += 1;
      const pause = Math.min(STORE_RETRY_MS, everyMs) * 2 ** Math.min(watched.failures - 1, MOST_DOUBLINGS);
      watched.dueAt = now() + pause;
      status.noteUnstored(watched, startedAt);
      if (stopping.signal.aborted || error instanceof StoreUnavailableError) return;
      log.error({ project: name, error: messageOf(error) }, 'a round of a project could not be stored; it is repeated, later each time');
    }
  };

  const settle = (watched: WatchedProject, outcome: RoundOutcome | 'taken', startedAt: number): void => {
    if (stopping.signal.aborted) return;
    const next = nextRound(watched, outcome, startedAt);
    Object.assign(watched, next);
    status.note(watched, outcome, startedAt);
    count(outcome, now() - startedAt);
    if (typeof outcome !== 'string' && outcome.kind !== 'early' && outcome.deliveries > 0) wake();
  };

  const count = (outcome: RoundOutcome | 'taken', ms: number): void => {
    if (metrics === undefined || outcome === 'taken' || outcome.kind === 'early') return;
    const isWhole = outcome.kind === 'read' && !outcome.isBehind && outcome.problem === null;
    metrics.roundEnded(outcome.kind === 'failed' ? 'failed' : isWhole ? 'read' : 'part', Math.max(0, ms));
    if (outcome.kind === 'read' && outcome.events > 0) metrics.fired(outcome.events);
  };

  const nextRound = (watched: WatchedProject, outcome: RoundOutcome | 'taken', startedAt: number): Partial<WatchedProject> => {
    const at = now();
    if (outcome === 'taken') return { dueAt: at + leaseMs * LEASE_RETRY_PART };
    if (outcome.kind === 'early') return { dueAt: Math.min(outcome.dueAt, at + everyMs) };
    const pausedTo = pausedUntil(options.reader.quota(watched.project), at) ?? 0;
    if (outcome.kind === 'failed') {
      const failures = watched.failures + 1;
      return { failures, dueAt: Math.max(retryAt(outcome.failure, failures, everyMs, at, options.random()), pausedTo) };
    }
    const lastLiveAt = outcome.live > 0 || outcome.events > 0 ? at : watched.lastLiveAt;
    const isQuiet = watched.isOneOfMany && at - lastLiveAt >= QUIET_AFTER_MS;
    const dueAt = startedAt + (isQuiet ? Math.max(everyMs, QUIET_EVERY_MS) : everyMs);
    return { failures: 0, lastLiveAt, dueAt: Math.max(dueAt, pausedTo, at) };
  };

  const begin = (watched: WatchedProject): void => {
    watched.isRunning = true;
    const round = look(watched).finally(() => {
      watched.isRunning = false;
      running.delete(round);
      turn();
    });
    running.add(round);
  };

  /** Projects that were asked for by `runOnce`, and have not begun. */
  let asked: Set<WatchedProject> | undefined;
  const nextDue = (): WatchedProject | undefined => {
    const free = projects.all().filter(({ isRunning }) => !isRunning);
    const due = free.filter((watched) => watched.dueAt <= now() && (isStarted || asked?.has(watched) === true));
    return due.toSorted((a, b) => a.dueAt - b.dueAt)[0];
  };

  const turn = (): void => {
    clearTimeout(timer);
    if (stopping.signal.aborted || !(isStarted || asked !== undefined)) return;
    if (options.hasJumped?.() !== true) {
      for (let due = nextDue(); due !== undefined && running.size < CONCURRENCY; due = nextDue()) {
        asked?.delete(due);
        begin(due);
      }
    }
    if (!isStarted) return;
    const pause = Math.min(LONGEST_TIMER_MS, Math.max(SHORTEST_TIMER_MS, (earliest() ?? now() + LONGEST_TIMER_MS) - now()));
    timer = setTimeout(() => {
      turn();
      void upkeep();
    }, pause);
  };

  const earliest = (): number | undefined => {
    const free = projects.all().filter(({ isRunning }) => !isRunning);
    return free.length === 0 ? undefined : Math.min(...free.map(({ dueAt }) => dueAt));
  };

  /** What a team lists comes when it comes: known projects do not wait for it. */
  let refreshing: Promise<void> | undefined;
  const upkeep = (): Promise<void> => {
    refreshing ??= projects.refresh(stopping.signal).finally(() => {
      refreshing = undefined;
      turn();
    });
    return refreshing;
  };

  return {
    start: () => {
      if (isStarted) return;
      isStarted = true;
      log.info({ automations: options.rules.length }, 'runs are watched for automations with engine: relay');
      turn();
      void upkeep();
    },
    runOnce: async () => {
      if (isStarted || stopping.signal.aborted) return;
      const known = projects.all();
      asked = new Set(known.filter(({ dueAt }) => dueAt <= now()));
      turn();
      await upkeep();
      for (const watched of projects.all()) if (!known.includes(watched) && watched.dueAt <= now()) asked.add(watched);
      turn();
      while (running.size > 0) await Promise.all(running);
      asked = undefined;
    },
    stop: async () => {
      stopping.abort(new Error('the receiver is stopping'));
      clearTimeout(timer);
      await Promise.all(running);
      await store.releaseProjects(owner).catch(() => undefined);
    },
    details: () => status.details(projects.all().length, projects.unlisted()),
    unlisted: () => projects.unlisted(),
    nextAt: () => {
      const all = projects.all().map(({ dueAt, isRunning }) => (isRunning ? Math.max(dueAt, now() + everyMs) : dueAt));
      return all.length === 0 ? projects.refreshAt() : Math.min(...all);
    },
    report: () => status.report(),
  };
}

/** A round under a lease, which is renewed for as long as the round takes. `taken`: another receiver has the project. */
async function leasedRound(
  { project, rules, cache }: WatchedProject,
  options: WatcherOptions & { readonly everyMs: number },
  lease: { readonly project: string; readonly owner: string },
  stopping: AbortSignal,
): Promise<RoundOutcome | 'taken'> {
  const { store, now, leaseMs = LEASE_MS } = options;
  const held = await holdLease({ store, lease, now, leaseMs });
  if (held === undefined) return 'taken';
  // Not `AbortSignal.timeout`, whose timer goes on when the round has ended, and keeps a Durable Object in memory.
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(new Error(`a round took longer than ${ROUND_END_MS} ms`)), ROUND_END_MS);
  const signal = AbortSignal.any([stopping, held.lost, tooLong.signal]);
  try {
    return await runRound({ ...options, project, rules, cache, lease, limitMs: ROUND_LIMIT_MS, signal });
  } catch (error) {
    if (error instanceof LostLeaseError) return 'taken';
    throw error;
  } finally {
    clearTimeout(timer);
    held.end();
  }
}
