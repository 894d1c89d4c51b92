import type { Automation } from '../automation/automation.ts';
import { matchFilter } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Match } from '../route/match.ts';
import type { RunSnapshot } from './run.ts';
import { testerOf } from './run-filter-match.ts';
import { type RunQuery, readRunFilter } from './run-filter-query.ts';
import { serverFilter } from './run-filter-server.ts';

/** Which runs an automation considers, compiled. */
export interface RunFilter {
  /** Whether the run passes. Needs the run's `fields` that are named here. */
  matches(run: RunSnapshot): boolean;
  /**
   * The part that may be sent to the server, in W&B's form: every run that passes `matches` passes it. What changes without a
   * heartbeat (the state) or is measured differently (the duration) is left out. `undefined`: all runs.
   */
  readonly server: JsonObject | undefined;
  /** Names of values that have to be asked for: `config.lr`, `summary_metrics.loss`, `host`. */
  readonly fields: readonly string[];
}

/** The words of `runs` in the config. */
export type RunsDefinition = NonNullable<Automation['runs']> & { readonly tags?: Match | undefined };

/** The check of `runs.filter` where the relay evaluates it; empty: it can be compiled. Paths begin inside the filter. */
export function runFilterProblems(filter: JsonObject): { readonly path: (string | number)[]; readonly message: string }[] {
  const read = readRunFilter(filter);
  return read.ok ? [] : read.error;
}

/**
 * Compiles `runs` of an automation.
 *
 * @throws for a filter that `runFilterProblems` refuses
 */
export function compileRunFilter(runs: RunsDefinition | undefined): RunFilter {
  const query = queryOf(runs);
  if (query === undefined) return { matches: () => true, server: undefined, fields: [] };
  const test = testerOf(query.condition);
  return { matches: (run) => test(run), server: serverFilter(query.condition), fields: query.fields };
}

/** The words of the config, and the names that W&B's API has for them in filters on runs. */
const WORDS = { name: 'displayName', user: 'username', tags: 'tags' } as const;

function queryOf(runs: RunsDefinition | undefined): RunQuery | undefined {
  if (runs === undefined) return undefined;
  const conditions = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((word) => {
    const match = runs[word];
    return match === undefined ? [] : [matchFilter(WORDS[word], match)];
  });
  const filter = runs.filter ?? (conditions.length === 0 ? {} : { $and: conditions });
  if (Object.keys(filter).length === 0) return undefined;
  const read = readRunFilter(filter);
  if (!read.ok) throw new Error(`a filter on runs that cannot be compiled: ${read.error.map(({ message }) => message).join('; ')}`);
  return read.value;
}
