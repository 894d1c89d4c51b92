import { ageOf } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { Runtime } from '../runtime.ts';
import { isAbout, type OpenRun, type RunReport } from '../store/run.ts';
import type { Store } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { type AnswerMemory, answerMemory } from './answer-memory.ts';
import { createLoop, type Loop } from './loop.ts';
import { missingText, neverPolledText, notPermittedText, tooManyText } from './missing.ts';
import type { RecordRuns } from './record-runs.ts';
import { type RunQuery, runQueriesFor } from './run-queries.ts';
import type { RunAnswer, RunSource } from './run-source.ts';
import { GIVE_UP_AFTER_MS, MISSING_AFTER_MS, nextPollAt } from './schedule.ts';

export interface RunWatchOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<Store, 'runsToPoll' | 'earliestPollAt' | 'markRun' | 'throttle' | 'throttles'>;
  readonly runs: RunSource;
  readonly record: RecordRuns;
  /** GitHub's webhooks are configured: looking only finds what they did not tell. */
  readonly webhook: boolean;
  /** Who is mentioned for a failure, and where, by route. */
  readonly alerts?: AlertPolicyOf;
  /** Says that the clock has just jumped forward: then no run is looked for, none is missing. Left out: it never does. */
  readonly hasJumped?: () => boolean;
  /** Called after something was stored that may have to be sent. `record` sees to that by itself. */
  readonly wake: () => void;
  /** Shortest time between two requests, in milliseconds; default 350. */
  readonly paceMs?: number;
}

export interface RunWatch extends Loop {
  /** Polls once what is due; for platforms that have alarms and no timers. Never rejects. */
  runOnce(signal?: AbortSignal): Promise<void>;
}

/** "A few requests a second", as GitHub's best practices ask. */
const PACE_MS = 350;
/** So many runs are taken at once: what a restart finds due is spread over several looks. */
const RUNS_PER_POLL = 100;
/** A run that another process started to watch is seen this late. */
const LONGEST_PAUSE_MS = 5_000;
/** Runs that become due within it share their requests. */
const SHORTEST_PAUSE_MS = 1_000;
/** After so many failures in a row GitHub is left alone until the next look. */
const MOST_FAILURES = 3;
/** Answers that are remembered; one is some 300 bytes, a list of a hundred runs some 30 KB. */
const MOST_ANSWERS = 300;
/** A query that was refused is asked again after this long. */
const REFUSED_FOR_MS = 3_600_000;

/** Follows the runs that dispatches started, by asking for those that are open. Several may work on one store. */
export function createRunWatch(options: RunWatchOptions): RunWatch {
  const { store, now, log } = options;
  const watch = { ...options, memory: answerMemory(MOST_ANSWERS), refused: new Map<string, number>(), warned: new Set<string>() };
  const work = async (signal: AbortSignal): Promise<number> => {
    await pollDue(watch, signal);
    const next = await store.earliestPollAt();
    return next === undefined ? LONGEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, next - now()));
  };
  const failed = (error: unknown) => {
    if (!(error instanceof StoreUnavailableError))
      log.error({ error: messageOf(error) }, 'runs could not be polled; polling again in a few seconds');
  };
  /** Two polls at once would ask twice as fast. */
  let polling: Promise<void> | undefined;
  return {
    ...createLoop({ work, failed, retryMs: LONGEST_PAUSE_MS }),
    runOnce: (signal = new AbortController().signal) => {
      polling ??= pollDue(watch, signal)
        .catch(failed)
        .finally(() => {
          polling = undefined;
        });
      return polling;
    },
  };
}

interface Watch extends RunWatchOptions {
  readonly memory: AnswerMemory;
  /** When queries were refused, by key. */
  readonly refused: Map<string, number>;
  /** Repositories that a warning was logged about. */
  readonly warned: Set<string>;
}

async function pollDue(watch: Watch, signal: AbortSignal): Promise<void> {
  const { store, runs, now, log, webhook, paceMs = PACE_MS } = watch;
  if (watch.hasJumped?.() === true) return;
  const at = now();
  const due = await store.runsToPoll({ now: at, limit: RUNS_PER_POLL, nextPollAt: (run) => nextPollAt(run, at, webhook) });
  if (due.length === 0) return;
  const held = new Map((await store.throttles(at)).map(({ credential, reason }) => [credential, reason]));
  let failures = 0;
  let asked = 0;
  for (const query of runQueriesFor(due)) {
    const credential = runs.credentialFor(query.repository);
    const why = held.get(credential) ?? (failures >= MOST_FAILURES ? 'GitHub did not answer' : undefined);
    if (why !== undefined) {
      await notPolled(watch, query, why);
      continue;
    }
    if (wasRefused(watch, query)) continue;
    if (asked++ > 0) await pause(paceMs, signal);
    if (signal.aborted) return;
    try {
      const answer = await ask(watch, query, signal);
      // What stopping broke off is no failure of GitHub's.
      if (signal.aborted && answer.outcome === 'failed') return;
      failures = answer.outcome === 'failed' ? failures + 1 : 0;
      const until = answer.outcome === 'limited' ? answer.until : answer.outcome === 'found' ? answer.throttledUntil : undefined;
      if (until !== undefined) {
        const reason = answer.outcome === 'limited' ? answer.detail : `the allowance is used up until ${new Date(until).toISOString()}`;
        held.set(credential, reason);
        await store.throttle({ credential, until, reason }, now());
      }
      await take(watch, query, answer);
    } catch (error) {
      log.error({ repository: query.repository, error: messageOf(error) }, 'polling runs failed; polling again later');
    }
  }
}

function ask({ runs, memory }: Watch, query: RunQuery, signal: AbortSignal): Promise<RunAnswer> {
  const etag = memory.get(query.key)?.etag;
  return query.kind === 'get' ? runs.get(query.repository, query.runId, etag, signal) : runs.listSince(query.search, etag, signal);
}

async function take(watch: Watch, query: RunQuery, answer: RunAnswer): Promise<void> {
  const { memory, log } = watch;
  switch (answer.outcome) {
    case 'found': {
      await takeReports(watch, query, answer.reports, answer.complete);
      // Only now: what could not be written down must not be "not modified" next time. Nor must half a list be taken for all.
      if (answer.etag === undefined || !answer.complete) memory.forget(query.key);
      else memory.keep(query.key, { etag: answer.etag, reports: answer.reports });
      return;
    }
    case 'not_modified': {
      // The list may hold the run of a dispatch that was not looked for when the list was fetched.
      const known = memory.get(query.key);
      if (known !== undefined && query.kind === 'list') await takeReports(watch, query, known.reports, true);
      return;
    }
    case 'refused':
      return takeRefusal(watch, query, answer.status, answer.detail);
    case 'limited':
    case 'failed':
      log.debug({ repository: query.repository }, `runs could not be polled: ${answer.detail}`);
      return notPolled(watch, query, answer.detail);
  }
}

async function takeReports(watch: Watch, query: RunQuery, reports: readonly RunReport[], complete: boolean): Promise<void> {
  const { store, now, record, wake } = watch;
  const isOurs = (report: RunReport) => query.runs.some((run) => isAbout(run, report));
  const ours = reports.filter(isOurs);
  if (ours.length > 0) await record(ours, query.runs);
  if (query.kind === 'get') return;
  const absent = query.runs.filter((run) => isLate(run, now()) && !reports.some((report) => isAbout(run, report)));
  for (const run of absent) {
    if (!complete) await store.markRun(run.deliveryId, 'unknown', tooManyText(run.repository), now());
    else if (run.status !== 'missing') await store.markRun(run.deliveryId, 'missing', missingText(run, reports), now(), watch.alerts);
  }
  if (absent.length > 0) wake();
}

/** A token that has expired says nothing about runs: only "you may not" and "there is no such thing" do. */
async function takeRefusal(watch: Watch, query: RunQuery, status: number | null, detail: string): Promise<void> {
  const { store, now, log, refused, warned, wake } = watch;
  // A run that was started this moment may not be known everywhere at GitHub.
  if (query.kind === 'get' && status === 404 && !query.runs.some((run) => isLate(run, now()))) return;
  if (!warned.has(query.repository)) {
    warned.add(query.repository);
    log.warn({ repository: query.repository, status: status ?? undefined }, `runs cannot be followed: ${detail}`);
  }
  if (status === 401) return notPolled(watch, query, detail);
  if (query.kind === 'get') {
    refused.set(query.key, now());
    const [oldest] = refused.keys();
    if (refused.size > MOST_ANSWERS && oldest !== undefined) refused.delete(oldest);
    return;
  }
  for (const run of query.runs) await store.markRun(run.deliveryId, 'unknown', notPermittedText(detail), now());
  wake();
}

/** Says so when the last chance to look for a run went by. */
async function notPolled({ store, now, wake }: Watch, { runs }: RunQuery, why: string): Promise<void> {
  const lost = runs.filter((run) => run.runId === null && run.status === 'expected' && now() - run.dispatchedAt >= GIVE_UP_AFTER_MS);
  for (const run of lost) await store.markRun(run.deliveryId, 'unknown', neverPolledText(why), now());
  if (lost.length > 0) wake();
}

function isLate(run: OpenRun, now: number): boolean {
  return now - run.dispatchedAt >= MISSING_AFTER_MS;
}

function wasRefused({ refused, now }: Watch, { key }: RunQuery): boolean {
  const at = refused.get(key);
  if (at === undefined) return false;
  if (ageOf(at, now()) < REFUSED_FOR_MS) return true;
  refused.delete(key);
  return false;
}

/** Ends early when `signal` says so. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
