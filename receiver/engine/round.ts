import type { StartEvaluation } from '../../src/engine/evaluation.ts';
import { isLive, type RunSnapshot } from '../../src/engine/run.ts';
import type { ProjectRef, ReadFailure, RunReader } from '../../src/engine/run-reader.ts';
import { CLOCK_TOLERANCE_MS } from '../../src/lib/clock.ts';
import { ok, type Result } from '../../src/lib/result.ts';
import type { EngineMetrics } from '../metrics/metrics.ts';
import type { Runtime } from '../runtime.ts';
import type { NewEvent } from '../store/delivery.ts';
import type { EngineStore, ProjectLease, ProjectMemory, RunMemory } from '../store/engine.ts';
import { openRun, type RunFiring } from './open-run.ts';
import { NO_POPULATION, needsPopulation, type Population, readPopulation } from './population.ts';
import { type OpenedRun, readPoints } from './read-points.ts';
import { type ProjectStep, type RoundMemory, roundMemory, type Stored } from './round-memory.ts';
import { absentRun } from './run-memory.ts';
import { listingOf, projectName, type WatchedRule } from './watched-rule.ts';

/** What a watcher keeps of a project between its rounds, in memory: nothing that matters when it is lost. */
export interface ProjectCache {
  population: Population;
  /** Runs whose points could not be read: they come last, and one by one. */
  readonly suspects: Set<string>;
}

export function newProjectCache(): ProjectCache {
  return { population: NO_POPULATION, suspects: new Set() };
}

export interface RoundOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: EngineStore;
  readonly reader: RunReader;
  readonly lease: ProjectLease;
  readonly project: ProjectRef;
  readonly rules: readonly WatchedRule[];
  readonly startEvaluation: StartEvaluation;
  readonly newId: () => string;
  /** What follows from a firing, ready to be stored. */
  readonly plan: (found: RunFiring, project: ProjectRef) => NewEvent;
  readonly cache: ProjectCache;
  /** See `OpenRunOptions`. */
  readonly keepMs: number;
  /** No project is read more often. Milliseconds. */
  readonly everyMs: number;
  /** After this time no further points are asked for: the next round goes on. Milliseconds. */
  readonly limitMs: number;
  /** Left out: nothing is counted. */
  readonly metrics?: EngineMetrics;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** What came of a round. */
export type RoundOutcome =
  /** Read whole, or with `isBehind` as far as time, rate limit and W&B allowed. `problem`: a part could not be read. */
  | {
      readonly kind: 'read';
      readonly isBehind: boolean;
      readonly problem: string | null;
      /** Of a part that W&B did not give. */
      readonly why?: ReadFailure['kind'];
      readonly events: number;
      readonly deliveries: number;
      /** How many runs go on. */
      readonly live: number;
    }
  | { readonly kind: 'failed'; readonly failure: ReadFailure; readonly deliveries: number }
  /** Another receiver has read it a moment ago. */
  | { readonly kind: 'early'; readonly dueAt: number };

/** How far back runs are listed when rules are seen for the first time: what goes on sends a heartbeat every 30 seconds. Milliseconds. */
const FIRST_LOOK_MS = 3_600_000;
/** Lists overlap by this: heartbeats need not arrive in their order. Milliseconds. */
const OVERLAP_MS = 120_000;
/** More runs in one list are not looked at: memory is bounded. */
const MOST_LISTED = 10_000;
/** So many runs go in one transaction, and in one question to the store. */
const RUNS_PER_STEP = 500;
const POPULATION_COUNTS_MS = 60_000;

/** A clock of another receiver, or a timer, may be off by this. Milliseconds. */
const EARLY_MS = 1_000;

/**
 * One round of a project whose lease is held: reads what is new, evaluates it, and stores what it found out together with what
 * fired. Whatever ends it, nothing is lost and nothing comes twice: what was not stored is read again.
 *
 * @throws LostLeaseError when another receiver has the project by now; what the store throws
 */
export async function runRound(options: RoundOptions): Promise<RoundOutcome> {
  const { store, now, project, rules, everyMs } = options;
  const startedAt = now();
  const memory = await store.engineProject(projectName(project), startedAt);
  const readAt = memory?.readAt ?? Number.NEGATIVE_INFINITY;
  if (readAt <= startedAt && startedAt - readAt < everyMs - EARLY_MS) return { kind: 'early', dueAt: readAt + everyMs };
  const round = roundMemory({ ...options, memory });
  const before = { watermark: memory?.watermark ?? 0, readAt: memory?.readAt ?? null, problem: memory?.problem ?? null };
  const found = await listRuns(options, memory, round, startedAt);
  if (!found.ok) {
    // What stopping broke off is no failure of W&B's.
    if (!options.signal.aborted && memory?.problem !== found.error.message)
      await round.store([], [], { ...before, problem: found.error.message });
    return { kind: 'failed', failure: found.error, deliveries: 0 };
  }
  const { runs, names, live, since } = found.value;
  const opened = await openRuns(options, round, runs, names);
  round.count(countLive(rules, runs));
  // Without runs in the list, the next one begins where this one did: not with all runs that the project ever had.
  const watermark = Math.max(before.watermark, since + OVERLAP_MS, ...runs.map(({ heartbeatAt }) => Math.min(heartbeatAt, startedAt)));
  const step = { ...before, watermark };
  const listed = await storeListed(opened, round, step, before);
  const absent = await absentRuns(options, live, new Set(runs.map(({ name }) => name)));

  const read = await readPoints(opened, {
    ...options,
    round,
    startedAt,
    step: { watermark, readAt: before.readAt, problem: memory?.problem ?? null },
  });
  // Of runs whose rows could not be read in this round: what their states say does not wait any longer.
  const unread = opened.flatMap(({ open }) =>
    open.hasFired() ? [{ memory: open.memory() ?? open.placeholder(), firings: open.firings() }] : [],
  );
  const rest = {
    runs: [...absent, ...unread.map(({ memory: run }) => run)],
    firings: unread.flatMap(({ firings }) => firings),
  };
  const isOutage = read.failure !== undefined && read.isOutage;
  const problem = options.signal.aborted ? before.problem : (read.failure?.message ?? leftOutIn(opened) ?? null);
  const last = await round.store(rest.runs, rest.firings, { watermark, readAt: isOutage ? before.readAt : startedAt, problem });
  const events = listed.events + read.events + last.events;
  const deliveries = listed.deliveries + read.deliveries + last.deliveries;
  if (read.failure !== undefined && read.isOutage) return { kind: 'failed', failure: read.failure, deliveries };
  const why = read.failure === undefined ? {} : { why: read.failure.kind };
  return { kind: 'read', isBehind: read.isBehind, problem, ...why, events, deliveries, live: runs.filter(isLive).length };
}

/** Where an automation is not evaluated for good; `undefined`: nowhere. */
function leftOutIn(opened: readonly OpenedRun[]): string | undefined {
  const [first, ...others] = opened.flatMap(({ open }) => open.leftOut().map((rule) => ({ rule, run: open.run.name })));
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `the automation "${first.rule}" is not evaluated on the run ${first.run}${more}: it would have to remember more than 1 MB of it; give it fewer metrics, or a shorter window`;
}

interface FoundRuns {
  /** With those that were asked for by name. */
  readonly runs: readonly RunSnapshot[];
  readonly names: readonly string[];
  /** Those that were remembered as going on. */
  readonly live: readonly string[];
  /** Heartbeats from here on were listed. */
  readonly since: number;
}

/** Runs by their heartbeats, and those that went on by their names: a crash or a kill moves no heartbeat. */
async function listRuns(
  { store, reader, project, rules, cache, now, log, signal }: RoundOptions,
  memory: ProjectMemory | undefined,
  round: RoundMemory,
  startedAt: number,
): Promise<Result<FoundRuns, ReadFailure>> {
  const { filter, fields } = listingOf(rules);
  // A first look may have failed for longer than that: what happened since the rules were first seen counts.
  const firstSeen = round.rules.flatMap(({ isFirstLook, firstSeenAt }) => (isFirstLook ? [firstSeenAt - OVERLAP_MS] : []));
  const firstSince = Math.min(startedAt - FIRST_LOOK_MS, ...firstSeen);
  const seenTo = memory?.watermark ?? 0;
  // A clock that was ahead wrote a watermark of the future: as far back as at first.
  const nextSince = seenTo > startedAt + CLOCK_TOLERANCE_MS ? startedAt - FIRST_LOOK_MS : seenTo - OVERLAP_MS;
  const isFirst = memory === undefined || memory.readAt === null;
  const since = isFirst ? firstSince : round.rules.some(({ isFirstLook }) => isFirstLook) ? Math.min(firstSince, nextSince) : nextSince;
  const listed = await reader.runsSince(project, {
    since,
    fields,
    limit: MOST_LISTED,
    signal,
    ...(filter === undefined ? {} : { filter }),
  });
  if (!listed.ok) return listed;
  if (listed.value.length >= MOST_LISTED)
    log.warn(
      { project: projectName(project), runs: MOST_LISTED },
      'more runs changed than are looked at: those with the oldest heartbeats are left out',
    );
  const live = await store.liveEngineRuns(projectName(project));
  const names = new Set(listed.value.map(({ name }) => name));
  const absent = live.filter((name) => !names.has(name));
  const named = absent.length === 0 ? ok([]) : await reader.runsNamed(project, absent, { fields, signal });
  if (!named.ok) return named;
  if (rules.some(needsPopulation) && now() - cache.population.readAt >= POPULATION_COUNTS_MS) {
    const population = await readPopulation(reader, project, rules, { now: now(), signal });
    if (!population.ok) return population;
    cache.population = population.value;
  }
  const runs = new Map([...listed.value, ...named.value].map((run) => [run.name, run]));
  return ok({ runs: [...runs.values()], names: [...runs.keys()], live, since });
}

async function openRuns(
  { store, project, now, startEvaluation, keepMs, cache }: RoundOptions,
  { rules }: RoundMemory,
  runs: readonly RunSnapshot[],
  names: readonly string[],
): Promise<OpenedRun[]> {
  const remembered = new Map<string, RunMemory>();
  for (const some of chunks(names, RUNS_PER_STEP))
    for (const memory of await store.engineRuns(projectName(project), some)) remembered.set(memory.run, memory);
  const options = { rules, startEvaluation, now: now(), keepMs, populationOf: cache.population.of };
  return runs.flatMap((run) => {
    const memory = remembered.get(run.name);
    const open = openRun(run, memory, options);
    return open === undefined ? [] : [{ open, at: memory?.at ?? options.now }];
  });
}

/** How many runs that go on each rule is for. */
function countLive(rules: readonly WatchedRule[], runs: readonly RunSnapshot[]): Map<string, number> {
  const live = runs.filter(isLive);
  return new Map(rules.map(({ rule, runs: filter }) => [rule.key, live.filter((run) => filter.matches(run)).length]));
}

/**
 * Stores what the list alone says. What a run's state fires waits for the rows that came before it. Only with the last of it the watermark moves: by then each run that goes on is remembered, and
 * is asked for by its name.
 */
async function storeListed(opened: readonly OpenedRun[], round: RoundMemory, step: ProjectStep, before: ProjectStep): Promise<Stored> {
  const total = { events: 0, deliveries: 0 };
  const kept: { memory: RunMemory; firings: readonly RunFiring[] }[] = [];
  for (const { open } of opened) {
    round.note(open);
    if (open.query() === undefined) {
      const memory = open.memory();
      if (memory !== undefined) kept.push({ memory, firings: open.firings() });
    } else if (open.isNews) {
      const memory = open.hasFired() ? open.placeholder() : open.memory();
      if (memory !== undefined) kept.push({ memory, firings: [] });
    }
  }
  for (const some of chunks(kept, RUNS_PER_STEP)) {
    const stored = await round.store(
      some.map(({ memory }) => memory),
      some.flatMap(({ firings }) => firings),
      some.at(-1) === kept.at(-1) ? step : before,
    );
    total.events += stored.events;
    total.deliveries += stored.deliveries;
  }
  return total;
}

async function absentRuns(
  { store, project, now }: RoundOptions,
  live: readonly string[],
  found: ReadonlySet<string>,
): Promise<RunMemory[]> {
  const absent = live.filter((name) => !found.has(name));
  if (absent.length === 0) return [];
  const remembered = await store.engineRuns(projectName(project), absent.slice(0, RUNS_PER_STEP));
  return remembered.flatMap((memory) => absentRun(memory, now()) ?? []);
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let start = 0; start < items.length; start += size) found.push(items.slice(start, start + size));
  return found;
}
