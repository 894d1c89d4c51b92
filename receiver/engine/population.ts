import type { Rule } from '../../src/engine/rule.ts';
import type { RunSnapshot } from '../../src/engine/run.ts';
import type { ProjectRef, ReadFailure, RunReader } from '../../src/engine/run-reader.ts';
import { ok, type Result } from '../../src/lib/result.ts';
import type { WatchedRule } from './watched-rule.ts';

/** Summary values of the project's last runs, for z-scores over runs; the latest heartbeat first. */
export interface Population {
  readonly readAt: number;
  of(rule: Rule, run: RunSnapshot): readonly number[] | undefined;
}

/** Runs that did not log the metric count for nothing: so many more are looked at. */
const LOOKED_AT = 3;
const MOST_RUNS = 500;

export const NO_POPULATION: Population = { readAt: 0, of: () => undefined };

export function needsPopulation({ rule: { condition } }: WatchedRule): boolean {
  return condition.kind === 'zscore' && condition.over === 'runs';
}

/** Reads what the rules need, in one list. */
export async function readPopulation(
  reader: Pick<RunReader, 'runsSince'>,
  project: ProjectRef,
  rules: readonly WatchedRule[],
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Result<Population, ReadFailure>> {
  const conditions = rules.filter(needsPopulation).flatMap(({ rule: { condition } }) => (condition.kind === 'zscore' ? [condition] : []));
  const most = Math.max(...conditions.map(({ window }) => window));
  const summary = [...new Set(conditions.map(({ metric }) => metric))];
  const limit = Math.min(MOST_RUNS, (most + 1) * LOOKED_AT);
  const listed = await reader.runsSince(project, { since: 0, summary, limit, signal });
  if (!listed.ok) return listed;
  const runs = listed.value;
  return ok({
    readAt: now,
    of: ({ condition }, { name }) => {
      if (condition.kind !== 'zscore' || condition.over !== 'runs') return undefined;
      const others = runs.filter((run) => run.name !== name).flatMap((run) => run.summary[condition.metric] ?? []);
      return others.filter(Number.isFinite).slice(0, condition.window);
    },
  });
}
