import { namedMetric, type Subject } from '../backtest/subject.ts';
import type { RunSnapshot } from '../engine/run.ts';
import type { ProjectRef, ReadFailure, RunReader } from '../engine/run-reader.ts';
import { canonicalJson } from '../lib/canonical.ts';

/** A run that some of the automations are about. */
export interface ListedRun {
  readonly project: ProjectRef;
  readonly run: RunSnapshot;
  readonly subjects: readonly Subject[];
}

/** The runs of one project. */
export interface ProjectRuns {
  readonly project: ProjectRef;
  /** The latest heartbeat first. */
  readonly runs: readonly ListedRun[];
  /** For z-scores over runs: the project's runs, also from before the period and whatever the filters, in the order in which they began. */
  readonly byBeginning: readonly RunSnapshot[];
  /** Automations that have more runs than were asked for. */
  readonly cut: readonly Subject[];
  readonly failures: readonly ReadFailure[];
}

export interface ListingOptions {
  readonly since: number;
  /** For each automation and project, the latest. */
  readonly maxRuns: number;
  readonly signal: AbortSignal;
}

/** Lists the runs of a project that the automations are about: one list for each filter that the server knows. */
export async function listProjectRuns(
  reader: RunReader,
  project: ProjectRef,
  subjects: readonly Subject[],
  { since, maxRuns, signal }: ListingOptions,
): Promise<ProjectRuns> {
  const found = new Map<string, { readonly run: RunSnapshot; readonly subjects: Subject[] }>();
  const cut: Subject[] = [];
  const failures: ReadFailure[] = [];
  let byBeginning: readonly RunSnapshot[] = [];
  for (const group of groupsOf(subjects)) {
    const [first] = group;
    if (first === undefined) continue;
    const summary = [...new Set(group.filter(needsPopulation).flatMap(({ rule }) => namedMetric(rule) ?? []))];
    const filter = group.some(needsPopulation) ? undefined : first.filter.server;
    const fields = [...new Set(group.flatMap((one) => one.filter.fields))];
    const earlier = Math.max(0, ...group.map(earlierRuns));
    const listed = await reader.runsSince(project, {
      since: earlier > 0 ? 0 : since,
      signal,
      // One more shows that there are more.
      limit: maxRuns + 1 + earlier,
      ...(filter === undefined ? {} : { filter }),
      ...(summary.length === 0 ? {} : { summary }),
      ...(fields.length === 0 ? {} : { fields }),
    });
    if (!listed.ok) {
      failures.push(listed.error);
      continue;
    }
    if (earlier > 0) byBeginning = listed.value.toSorted((a, b) => a.createdAt - b.createdAt);
    const recent = listed.value.filter(({ heartbeatAt }) => heartbeatAt >= since);
    if (recent.length > maxRuns) cut.push(...group);
    const runs = recent.slice(0, maxRuns);
    for (const run of runs) {
      const wanted = group.filter(({ filter: { matches } }) => matches(run));
      if (wanted.length === 0) continue;
      const known = found.get(run.name);
      if (known === undefined) found.set(run.name, { run, subjects: [...wanted] });
      else known.subjects.push(...wanted);
    }
  }
  const runs = [...found.values()].map((one) => ({ project, ...one })).toSorted((a, b) => b.run.heartbeatAt - a.run.heartbeatAt);
  return { project, runs, byBeginning, cut, failures };
}

/** A z-score over runs compares with all runs of the project, also with those that its filter leaves out. */
export function needsPopulation({ rule: { condition } }: Subject): boolean {
  return condition.kind === 'zscore' && condition.over === 'runs';
}

/** How many runs from before the period are compared with. Some have not logged the metric. */
function earlierRuns(subject: Subject): number {
  const { condition } = subject.rule;
  // A variant has twice the window.
  return needsPopulation(subject) && condition.kind === 'zscore' ? 6 * condition.window : 0;
}

/** Automations whose runs are one list. */
function groupsOf(subjects: readonly Subject[]): Subject[][] {
  const groups = new Map<string, Subject[]>();
  for (const subject of subjects) {
    const key = needsPopulation(subject) ? 'all' : canonicalJson(subject.filter.server ?? {});
    groups.set(key, [...(groups.get(key) ?? []), subject]);
  }
  return [...groups.values()];
}
