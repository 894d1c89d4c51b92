import type { Rule } from '../../src/engine/rule.ts';
import type { RunSnapshot } from '../../src/engine/run.ts';
import type { RunFilter } from '../../src/engine/run-filter.ts';
import type { ProjectRef } from '../../src/engine/run-reader.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { compileMatch, type Matcher } from '../../src/route/match.ts';

/** A rule with the runs that it is for. */
export interface WatchedRule {
  readonly rule: Rule;
  readonly runs: RunFilter;
  /** The metrics that it looks at on one run. */
  readonly metricsOf: (run: RunSnapshot) => readonly string[];
}

export function watchedRule(rule: Rule, runs: RunFilter): WatchedRule {
  const { condition } = rule;
  if (condition.kind === 'nonfinite') return { rule, runs, metricsOf: matchingMetrics(compileMatch(condition.metrics), condition.metrics) };
  const metrics = 'metric' in condition ? [condition.metric] : [];
  return { rule, runs, metricsOf: () => metrics };
}

/** Where W&B lists no names, a name that is written out is asked for all the same. */
function matchingMetrics(matcher: Matcher, written: unknown): WatchedRule['metricsOf'] {
  const named = typeof written === 'string' ? [written] : [];
  return ({ loggedMetrics }) => [...new Set([...named, ...[...loggedMetrics].filter((name) => matcher.matches(name))])];
}

/** `entity/project`, as the store names it. */
export function projectName({ entity, project }: ProjectRef): string {
  return `${entity}/${project}`;
}

export function rulesOfProject(rules: readonly WatchedRule[], { entity, project }: ProjectRef): WatchedRule[] {
  return rules.filter(({ rule }) => rule.entity === entity && (rule.project === undefined || rule.project === project));
}

/** The projects that rules name, and the entities all of whose projects are watched. */
export function scopesOf(rules: readonly WatchedRule[]): {
  readonly projects: readonly ProjectRef[];
  readonly entities: readonly string[];
} {
  const projects = new Map<string, ProjectRef>();
  const entities = new Set<string>();
  for (const { rule } of rules) {
    if (rule.project === undefined) entities.add(rule.entity);
    else projects.set(projectName({ entity: rule.entity, project: rule.project }), { entity: rule.entity, project: rule.project });
  }
  return { projects: [...projects.values()], entities: [...entities] };
}

/** What one list of runs must hold for all of the rules: nothing is left out that any of them is for. */
export function listingOf(rules: readonly WatchedRule[]): { readonly filter: JsonObject | undefined; readonly fields: readonly string[] } {
  const filters = rules.map(({ runs }) => runs.server);
  const known = filters.filter((filter) => filter !== undefined);
  const different = [...new Map(known.map((filter) => [JSON.stringify(filter), filter])).values()];
  const [only] = different;
  const filter = known.length < filters.length ? undefined : different.length === 1 ? only : { $or: different };
  return { filter, fields: [...new Set(rules.flatMap(({ runs }) => runs.fields))] };
}
