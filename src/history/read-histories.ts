import { type Series, seriesBuilder } from '../backtest/series.ts';
import type { RunSnapshot } from '../engine/run.ts';
import type { PointsAnswer, PointsQuery, ProjectRef, ReadFailure, RunReader } from '../engine/run-reader.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { HistoryCache } from './history-cache.ts';
import { isSystemMetricOf } from './system-metric.ts';

/** A run, and the metrics of it that are wanted. */
export interface WantedHistory {
  readonly run: RunSnapshot;
  /** Names as in the config. */
  readonly metrics: readonly string[];
}

export interface ReadHistory {
  readonly run: RunSnapshot;
  readonly series: readonly Series[];
  /** W&B has steps that it did not return. */
  readonly isCutOff: boolean;
  /** Nothing of it was read from W&B. */
  readonly isCached: boolean;
}

export interface ReadingOptions {
  readonly cache: HistoryCache | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Ends early when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Steps that are read before they are put into columns: a point in the reader's form takes several times as much memory. */
const STEPS_AT_ONCE = 200_000;
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 1_000;

/** Reads whole histories of a few runs of one project, from the cache where that has them. */
export async function readHistories(
  reader: RunReader,
  project: ProjectRef,
  wanted: readonly WantedHistory[],
  options: ReadingOptions,
): Promise<Result<ReadHistory[], ReadFailure>> {
  const { cache } = options;
  const plans = wanted.map((one) => planOf(project, one, cache));
  const asked = plans.filter(({ missing }) => missing.length > 0);
  const read = asked.length === 0 ? ok(new Map<string, Fresh>()) : await readFresh(reader, project, asked, options);
  if (!read.ok) return read;
  return ok(
    plans.map(({ run, cached, missing }): ReadHistory => {
      const fresh = read.value.get(run.name);
      const series = [...cached, ...(fresh?.series ?? [])];
      for (const one of fresh?.isCutOff === false ? (fresh?.series ?? []) : []) {
        const key = keyOf(project, run, one.metric);
        if (key !== undefined) cache?.put(key, one);
      }
      return { run, series, isCutOff: fresh?.isCutOff ?? false, isCached: missing.length === 0 && cached.length > 0 };
    }),
  );
}

interface Plan {
  readonly run: RunSnapshot;
  readonly cached: readonly Series[];
  /** Metrics that have to be read. */
  readonly missing: readonly string[];
}

function planOf(project: ProjectRef, { run, metrics }: WantedHistory, cache: HistoryCache | undefined): Plan {
  const cached: Series[] = [];
  const missing: string[] = [];
  for (const metric of metrics) {
    // What W&B does not list was not logged. Where it lists nothing, that is not known.
    if (run.loggedMetrics.size > 0 && !run.loggedMetrics.has(metric) && !isSystemMetricOf(run, metric)) continue;
    const key = keyOf(project, run, metric);
    const found = key === undefined ? undefined : cache?.get(key);
    if (found === undefined) missing.push(metric);
    else cached.push(found);
  }
  return { run, cached, missing };
}

/** System metrics grow without steps: they are kept of a run that has ended. A run without steps has no history to keep. */
function keyOf(project: ProjectRef, run: RunSnapshot, metric: string) {
  const lastStep = isSystemMetricOf(run, metric) ? (hasEnded(run) ? run.heartbeatAt : undefined) : run.lastStep;
  return lastStep === undefined ? undefined : { project, run: run.name, metric, lastStep };
}

function hasEnded({ state }: RunSnapshot): boolean {
  return ['finished', 'failed', 'crashed', 'killed'].includes(state);
}

interface Fresh {
  readonly series: readonly Series[];
  readonly isCutOff: boolean;
}

async function readFresh(
  reader: RunReader,
  project: ProjectRef,
  plans: readonly Plan[],
  options: ReadingOptions,
): Promise<Result<Map<string, Fresh>, ReadFailure>> {
  const open = new Map(plans.map(({ run, missing }) => [run.name, openRun(run, missing)]));
  for (;;) {
    const queries = [...open.values()].flatMap((one) => one.next() ?? []);
    if (queries.length === 0) break;
    const answers = await withRetries(() => reader.points(project, queries, options.signal), options);
    if (!answers.ok) return answers;
    for (const answer of answers.value) open.get(answer.run)?.take(answer);
    // A run that W&B does not answer for has no points.
    for (const { run } of queries) if (!answers.value.some((answer) => answer.run === run)) open.get(run)?.giveUp();
  }
  return ok(new Map([...open].map(([name, one]) => [name, one.result()])));
}

/** One run that is read, stretch after stretch. */
function openRun(run: RunSnapshot, metrics: readonly string[]) {
  const builders = new Map(metrics.map((metric) => [metric, seriesBuilder(metric, isSystemMetricOf(run, metric) ? 'seconds' : 'step')]));
  const last = run.lastStep ?? -1;
  let [after, systemAfter, isDone, isCutOff] = [-1, 0, false, false];
  return {
    next: (): PointsQuery | undefined =>
      isDone
        ? undefined
        : {
            run: run.name,
            metrics,
            afterStep: after,
            upToStep: Math.min(last, after + STEPS_AT_ONCE),
            systemAfter,
            systemUpTo: Number.POSITIVE_INFINITY,
          },
    take: ({ points, readUpTo, systemReadUpTo, systemFailure }: PointsAnswer): void => {
      for (const point of points) builders.get(point.metric)?.add(point);
      // An answer that leads nowhere is the end of what W&B has.
      const isStuck = readUpTo <= after && systemReadUpTo <= systemAfter;
      isCutOff = (readUpTo < last && isStuck) || systemFailure !== undefined;
      isDone = readUpTo >= last || isStuck;
      after = Math.max(after, readUpTo);
      systemAfter = Math.max(systemAfter, systemReadUpTo);
    },
    giveUp: (): void => {
      isCutOff = last >= 0;
      isDone = true;
    },
    result: (): Fresh => ({ series: [...builders.values()].map((builder) => builder.build()), isCutOff }),
  };
}

/** Waits out W&B's rate limit, and tries again what may work a moment later. */
async function withRetries<T>(
  read: () => Promise<Result<T, ReadFailure>>,
  { signal, now, sleep }: ReadingOptions,
): Promise<Result<T, ReadFailure>> {
  for (let attempt = 1; ; attempt++) {
    const answer = await read();
    if (answer.ok || signal.aborted) return answer;
    const { kind, retryAt } = answer.error;
    if (kind === 'limited') {
      await sleep(Math.max(FIRST_WAIT_MS, (retryAt ?? 0) - now()), signal);
      if (signal.aborted) return answer;
      continue;
    }
    if (kind !== 'unavailable' || attempt >= ATTEMPTS) return err(answer.error);
    await sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
  }
}
