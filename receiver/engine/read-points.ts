import type { ProjectRef, ReadFailure, RunReader } from '../../src/engine/run-reader.ts';
import type { EngineMetrics } from '../metrics/metrics.ts';
import type { Runtime } from '../runtime.ts';
import type { OpenRun } from './open-run.ts';
import { pausedUntil } from './pace.ts';
import type { ProjectStep, RoundMemory } from './round-memory.ts';
import { projectName } from './watched-rule.ts';

export interface OpenedRun {
  readonly open: OpenRun;
  /** When the run was last evaluated. */
  readonly at: number;
}

export interface ReadPointsOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly reader: Pick<RunReader, 'points' | 'quota'>;
  readonly project: ProjectRef;
  readonly round: RoundMemory;
  /** See `ProjectCache`. */
  readonly cache: { readonly suspects: Set<string> };
  readonly startedAt: number;
  /** See `RoundOptions`. */
  readonly limitMs: number;
  /** What is stored of the project with each step. */
  readonly step: ProjectStep;
  /** Left out: nothing is counted. */
  readonly metrics?: Pick<EngineMetrics, 'evaluated'>;
  readonly signal: AbortSignal;
}

export interface ReadPoints {
  readonly events: number;
  readonly deliveries: number;
  /** Not everything was read. */
  readonly isBehind: boolean;
  readonly failure?: ReadFailure;
  /** The failure is not about a single run. */
  readonly isOutage: boolean;
}

/** So many runs share requests, and a transaction. */
const RUNS_PER_READ = 25;

/** Reads the points that runs wait for, those first that have waited longest, and stores each step with what fired. */
export async function readPoints(opened: readonly OpenedRun[], options: ReadPointsOptions): Promise<ReadPoints> {
  const { now, reader, project, cache, startedAt, limitMs, signal } = options;
  const total = { events: 0, deliveries: 0 };
  const waiting = opened.filter(({ open }) => open.query() !== undefined).toSorted((a, b) => a.at - b.at);
  const isSuspect = ({ open }: OpenedRun) => cache.suspects.has(open.run.name);
  const queue = waiting.filter((run) => !isSuspect(run)).map(({ open }) => open);
  // The one that failed last comes last: reading it may take all the time that there is.
  const order = new Map([...cache.suspects].map((run, i) => [run, i]));
  const rank = ({ run }: OpenRun) => order.get(run.name) ?? 0;
  const last = waiting
    .filter(isSuspect)
    .map(({ open }) => open)
    .toSorted((a, b) => rank(a) - rank(b));
  let failure: ReadFailure | undefined;
  while (queue.length + last.length > 0) {
    const isEnough = now() - startedAt >= limitMs || pausedUntil(reader.quota(project), now()) !== undefined || signal.aborted;
    if (isEnough) return { ...total, isBehind: true, isOutage: false, ...(failure === undefined ? {} : { failure }) };
    const isLast = queue.length === 0;
    const batch = isLast ? last.splice(0, 1) : queue.splice(0, RUNS_PER_READ);
    const read = await readBatch(batch, options);
    if ('failure' in read) {
      for (const { run } of batch) suspect(cache, run.name);
      failure = read.failure;
      if (isLast && read.failure.kind !== 'limited') continue;
      return { ...total, isBehind: true, isOutage: true, failure };
    }
    total.events += read.events;
    total.deliveries += read.deliveries;
    failure = read.systemFailure ?? failure;
    if (read.systemFailure?.kind === 'limited') return { ...total, isBehind: true, isOutage: true, failure: read.systemFailure };
    queue.push(...read.unfinished);
  }
  return { ...total, isBehind: failure !== undefined, isOutage: false, ...(failure === undefined ? {} : { failure }) };
}

type BatchRead =
  | { readonly failure: ReadFailure }
  | {
      readonly events: number;
      readonly deliveries: number;
      readonly unfinished: readonly OpenRun[];
      /** System metrics of some of the runs could not be read. */
      readonly systemFailure?: ReadFailure;
    };

function suspect({ suspects }: ReadPointsOptions['cache'], run: string): void {
  suspects.delete(run);
  suspects.add(run);
}

async function readBatch(batch: readonly OpenRun[], options: ReadPointsOptions): Promise<BatchRead> {
  const { reader, project, round, cache, step, log, signal } = options;
  const queries = batch.flatMap((open) => open.query() ?? []);
  const answer = await reader.points(project, queries, signal);
  if (!answer.ok) return { failure: answer.error };
  const unfinished: OpenRun[] = [];
  let systemFailure: ReadFailure | undefined;
  for (const open of batch) {
    cache.suspects.delete(open.run.name);
    const answered = answer.value.find(({ run }) => run === open.run.name);
    if (answered?.systemFailure !== undefined) {
      suspect(cache, open.run.name);
      systemFailure = answered.systemFailure;
    }
    if (answered === undefined) continue;
    const before = open.query();
    open.take(answered);
    options.metrics?.evaluated(answered.points.length);
    round.note(open);
    const after = open.query();
    if (answered.systemFailure === undefined && after !== undefined && after.afterStep !== before?.afterStep) unfinished.push(open);
    const missingAfter = open.missingAfter();
    if (missingAfter !== undefined)
      log.warn(
        { project: projectName(project), run: open.run.name, step: missingAfter, last_step: open.run.lastStep },
        'the history of a run that has ended stops before its last step; what W&B gave was evaluated',
      );
  }
  const firings = batch.flatMap((open) => open.firings());
  const memories = batch.flatMap((open) => open.memory() ?? []);
  const rest = { unfinished, ...(systemFailure === undefined ? {} : { systemFailure }) };
  if (memories.length === 0 && firings.length === 0) return { events: 0, deliveries: 0, ...rest };
  return { ...(await round.store(memories, firings, step)), ...rest };
}
