import type { AutomationResult, Backtest, TestedRun } from '../backtest/result.ts';
import { namedMetric, type Subject, watchedMetrics } from '../backtest/subject.ts';
import { suggestMetrics } from '../backtest/suggest.ts';
import { startTally, type Tally } from '../backtest/tally.ts';
import type { StartEvaluation } from '../engine/evaluation.ts';
import type { RunSnapshot } from '../engine/run.ts';
import type { ProjectRef, RunReader } from '../engine/run-reader.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { HistoryCache } from './history-cache.ts';
import { LeftOut } from './left-out.ts';
import { type ReadHistory, type ReadingOptions, readHistories } from './read-histories.ts';
import { type ListedRun, listProjectRuns, type ProjectRuns } from './run-list.ts';

/** How far a back-test is. */
export interface BacktestProgress {
  /** Runs that were read, of all. */
  readonly done: number;
  readonly runs: number;
  readonly cached: number;
  readonly points: number;
}

export interface BacktestOptions {
  readonly startEvaluation: StartEvaluation;
  /** Runs with a heartbeat since then, and what happened in them since then. Milliseconds since 1970. */
  readonly since: number;
  /** For each automation and project, the latest. */
  readonly maxRuns: number;
  /** Is aborted when the time limit is over: what is not read by then is left out. */
  readonly signal: AbortSignal;
  /** The time limit, for people. */
  readonly timeLimitMs: number;
  /** Only counts: no charts, no variants. */
  readonly isBrief: boolean;
  readonly cache: HistoryCache | undefined;
  /** The address of W&B's app, for links. */
  readonly appUrl: string;
  readonly now: () => number;
  readonly sleep: ReadingOptions['sleep'];
  readonly onProgress?: (progress: BacktestProgress) => void;
}

/** Runs whose histories are asked for together, and how many such requests are under way. */
const TOGETHER = 8;
const AT_ONCE = 4;

/**
 * Tries run automations on the past runs of their projects. What cannot be read, or not in time, is left out and counted.
 *
 * @returns an error when nothing at all could be read
 */
export async function runBacktest(
  subjects: readonly Subject[],
  reader: RunReader,
  options: BacktestOptions,
): Promise<Result<Backtest, string>> {
  const { now, since, signal, startEvaluation, isBrief } = options;
  const began = now();
  const requestsBefore = reader.requests;
  const leftOut = new LeftOut(options);
  const tallies = new Map(subjects.map((subject) => [subject, startTally(subject, startEvaluation, isBrief)]));
  const lists = await listRuns(subjects, reader, options, leftOut);
  const nothingRead = leftOut.nothingRead(lists.length);
  if (nothingRead !== undefined) return err(nothingRead);
  const counts = await readAll(lists, { reader, tallies, options, leftOut });
  const automations: AutomationResult[] = [];
  for (const tally of tallies.values()) automations.push(await finish(tally, lists, reader, signal, leftOut));
  options.cache?.prune();
  return ok({
    since,
    until: began,
    automations,
    leftOut: leftOut.sentences(),
    runsRead: counts.done,
    runsCached: counts.cached,
    points: counts.points,
    requests: reader.requests - requestsBefore,
    tookMs: now() - began,
  });
}

async function listRuns(
  subjects: readonly Subject[],
  reader: RunReader,
  options: BacktestOptions,
  leftOut: LeftOut,
): Promise<ProjectRuns[]> {
  const { signal } = options;
  const lists: ProjectRuns[] = [];
  for (const [project, those] of await projectsOf(subjects, reader, signal, leftOut)) {
    if (signal.aborted) {
      leftOut.project(project, 'the time limit was reached before');
      continue;
    }
    const list = await listProjectRuns(reader, project, those, { since: options.since, maxRuns: options.maxRuns, signal });
    for (const { message } of list.failures) leftOut.project(project, message);
    for (const subject of list.cut) leftOut.cut(subject, project);
    lists.push(list);
  }
  return lists;
}

/** The projects that each automation is about: its own, or all of the team. */
async function projectsOf(
  subjects: readonly Subject[],
  reader: RunReader,
  signal: AbortSignal,
  leftOut: LeftOut,
): Promise<[ProjectRef, Subject[]][]> {
  const found = new Map<string, [ProjectRef, Subject[]]>();
  const teams = new Map<string, string[]>();
  for (const subject of subjects) {
    const { entity, project } = subject.rule;
    if (project === undefined && !teams.has(entity)) {
      const listed = await reader.projects(entity, signal);
      if (!listed.ok) leftOut.project({ entity, project: '*' }, listed.error.message);
      teams.set(entity, listed.ok ? listed.value : []);
    }
    for (const name of project === undefined ? (teams.get(entity) ?? []) : [project]) {
      const key = `${entity}/${name}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, [{ entity, project: name }, [subject]]);
      else known[1].push(subject);
    }
  }
  return [...found.values()];
}

interface Reading {
  readonly reader: RunReader;
  readonly tallies: ReadonlyMap<Subject, Tally>;
  readonly options: BacktestOptions;
  readonly leftOut: LeftOut;
}

/** Reads and simulates run after run, the latest first; keeps no history. */
async function readAll(lists: readonly ProjectRuns[], reading: Reading): Promise<BacktestProgress> {
  const batches = lists.flatMap(batchesOf).toSorted((a, b) => latestOf(b) - latestOf(a));
  const counts = { done: 0, runs: batches.reduce((sum, { runs }) => sum + runs.length, 0), cached: 0, points: 0 };
  const { leftOut, options } = reading;
  options.onProgress?.(counts);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      if (options.signal.aborted) {
        leftOut.late(batch.runs.length);
        continue;
      }
      await readBatch(batch, reading, counts);
      options.onProgress?.(counts);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return counts;
}

interface Batch {
  readonly list: ProjectRuns;
  readonly runs: readonly ListedRun[];
}

function batchesOf(list: ProjectRuns): Batch[] {
  return Array.from({ length: Math.ceil(list.runs.length / TOGETHER) }, (_, i) => ({
    list,
    runs: list.runs.slice(i * TOGETHER, (i + 1) * TOGETHER),
  }));
}

function latestOf({ runs }: Batch): number {
  return runs[0]?.run.heartbeatAt ?? 0;
}

async function readBatch({ list, runs }: Batch, reading: Reading, counts: { done: number; cached: number; points: number }): Promise<void> {
  const { reader, options, leftOut } = reading;
  const wanted = runs.map(({ run, subjects }) => ({
    run,
    metrics: [...new Set(subjects.flatMap(({ rule }) => watchedMetrics(rule, run)))],
  }));
  const { cache, now, sleep, signal } = options;
  const read = await readHistories(reader, list.project, wanted, { cache, signal, now, sleep });
  if (!read.ok) {
    if (signal.aborted) leftOut.late(runs.length);
    else leftOut.unreadable(runs.length, read.error.message);
    return;
  }
  for (const [i, history] of read.value.entries()) {
    const listed = runs[i];
    if (listed === undefined) continue;
    if (history.isCutOff) leftOut.cutOff(listed.run.displayName);
    counts.done++;
    counts.cached += Number(history.isCached);
    counts.points += history.series.reduce((sum, { x }) => sum + x.length, 0);
    simulate(listed, history, list, reading);
  }
}

function simulate(
  { run, project, subjects }: ListedRun,
  history: ReadHistory,
  { byBeginning }: ProjectRuns,
  { tallies, options }: Reading,
): void {
  const { since, now, appUrl } = options;
  const tested = testedRun(run, project, appUrl);
  for (const subject of subjects) {
    const metrics = new Set(watchedMetrics(subject.rule, run));
    const series = history.series.filter(({ metric }) => metrics.has(metric));
    const metric = namedMetric(subject.rule);
    const population = metric === undefined ? [] : summariesBefore(byBeginning, run, metric);
    tallies.get(subject)?.add(tested, { run: run, series: series }, { since, now: now(), population });
  }
}

/** What the runs that began before this one had in the end. */
function summariesBefore(byBeginning: readonly RunSnapshot[], run: RunSnapshot, metric: string): number[] {
  return byBeginning
    .filter(({ createdAt, name }) => createdAt <= run.createdAt && name !== run.name)
    .flatMap(({ summary }) => {
      const value = summary[metric];
      return value !== undefined && Number.isFinite(value) ? [value] : [];
    });
}

function testedRun({ name, displayName, state, username }: RunSnapshot, { entity, project }: ProjectRef, appUrl: string): TestedRun {
  const url = `${appUrl}/${[entity, project, 'runs', name].map(encodeURIComponent).join('/')}`;
  return { name, displayName, state, username, project: `${entity}/${project}`, url };
}

/** The result of one automation, with names that were probably meant for a metric that nothing has logged. */
async function finish(tally: Tally, lists: readonly ProjectRuns[], reader: RunReader, signal: AbortSignal, leftOut: LeftOut) {
  const { subject } = tally;
  const notes = leftOut.notesOf(subject);
  const metric = namedMetric(subject.rule);
  const brief = tally.result({ missing: [], notes });
  if (metric === undefined || brief.runs === 0 || brief.runsWithMetric > 0 || brief.skipped !== undefined) return brief;
  const own = lists.filter(({ runs }) => runs.some(({ subjects }) => subjects.includes(subject)));
  const names = new Set(own.flatMap(({ runs }) => runs.flatMap(({ run }) => [...run.loggedMetrics])));
  for (const { project } of own.slice(0, 3)) {
    const listed = signal.aborted ? ok(null) : await reader.metricNames(project, signal);
    for (const name of listed.ok ? (listed.value ?? []) : []) names.add(name);
  }
  return tally.result({ missing: [{ metric, suggestions: suggestMetrics(metric, [...names]) }], notes });
}
