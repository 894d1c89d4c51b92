import type { RunSnapshot } from '../engine/run.ts';
import { isLive } from '../engine/run.ts';
import type { ProjectRef } from '../engine/run-reader.ts';
import type { DigestMetric } from './definition.ts';
import type { DigestFacts, DigestMetricFacts, RunName } from './facts.ts';

/** What a digest says of runs. Pure. Times are milliseconds since 1970. */

export interface ProjectRuns {
  readonly project: ProjectRef;
  readonly runs: readonly RunSnapshot[];
}

export interface RunPeriod {
  readonly since: number;
  readonly until: number;
}

/** W&B takes a run for crashed five minutes after its last heartbeat (W&B, "Run states"): it is news of the digest after. */
export const CRASHED_AFTER_MS = 5 * 60_000;
const MOST_FAILED = 5;
/** As many as a chart has room for. */
const MOST_LATEST = 20;

const FAILED: ReadonlySet<string> = new Set(['failed', 'crashed', 'killed', 'preempted']);

interface PeriodRun {
  readonly project: ProjectRef;
  readonly run: RunSnapshot;
  /** At the end of the period: what went on after it is of the next digest. */
  readonly state: string;
}

/** Runs that went on in the period, with their states at its end. */
function runsOfPeriod(projects: readonly ProjectRuns[], { since, until }: RunPeriod): PeriodRun[] {
  return projects.flatMap(({ project, runs }) =>
    runs.flatMap((run): PeriodRun[] => {
      const isLate = run.state === 'crashed' && run.heartbeatAt >= since - CRASHED_AFTER_MS;
      if (run.createdAt >= until || (run.heartbeatAt < since && !isLate)) return [];
      return [{ project, run, state: run.heartbeatAt >= until && !isLive(run) ? 'running' : run.state }];
    }),
  );
}

export function summarizeRuns(projects: readonly ProjectRuns[], period: RunPeriod, isCut: boolean): NonNullable<DigestFacts['runs']> {
  const all = runsOfPeriod(projects, period);
  const states: Record<string, number> = {};
  for (const { state } of all) states[state] = (states[state] ?? 0) + 1;
  const failed = all.filter(({ state }) => FAILED.has(state)).toSorted((a, b) => b.run.heartbeatAt - a.run.heartbeatAt);
  return {
    total: all.length,
    states,
    projects: projects.length,
    isCut,
    failed: failed.slice(0, MOST_FAILED).map((one) => ({ ...nameOf(one), state: one.state })),
  };
}

/**
 * The best values of each metric among the period's runs, by their summaries.
 *
 * @param before what the digest before said
 */
export function summarizeMetrics(
  projects: readonly ProjectRuns[],
  period: RunPeriod,
  metrics: readonly DigestMetric[],
  { top, before }: { readonly top: number; readonly before: DigestFacts | undefined },
): DigestMetricFacts[] {
  const all = runsOfPeriod(projects, period).toSorted((a, b) => a.run.createdAt - b.run.createdAt);
  return metrics.map(({ metric, best }) => {
    const valued = all.flatMap((one) => {
      const value = one.run.summary[metric];
      return value === undefined || !Number.isFinite(value) ? [] : [{ ...one, value }];
    });
    const sorted = valued.toSorted((a, b) => (best === 'min' ? a.value - b.value : b.value - a.value));
    const earlier = before?.metrics.find((one) => one.metric === metric);
    return {
      metric,
      best,
      runs: valued.length,
      top: sorted.slice(0, top).map((one) => ({ ...nameOf(one), value: one.value })),
      before: earlier?.top[0]?.value ?? earlier?.before ?? null,
      latest: valued.slice(-MOST_LATEST).map(({ run, value }) => ({ name: run.displayName, value })),
    };
  });
}

function nameOf({ project, run }: PeriodRun): RunName {
  return {
    run: run.name,
    name: run.displayName.trim() === '' ? run.name : run.displayName,
    ...project,
    ...(run.username === undefined ? {} : { user: run.username }),
  };
}
