import { ATTEMPT_LIMIT_MS } from '../outbox/attempt.ts';
import { isAbout, type OpenRun, type RunReport } from '../store/run.ts';
import type { RunSearch } from './run-source.ts';

/** One request: about a run whose id is known, or for all runs that are looked for in one place. */
export type RunQuery =
  | { readonly kind: 'get'; readonly key: string; readonly repository: string; readonly runId: string; readonly runs: readonly OpenRun[] }
  | {
      readonly kind: 'list';
      readonly key: string;
      readonly repository: string;
      readonly search: RunSearch;
      readonly runs: readonly OpenRun[];
    };

/** A run may carry a time a little before our own for its dispatch: the clocks differ. Milliseconds. */
const CLOCK_DIFFERENCE_MS = 5 * 60_000;
/** The time limit of an attempt, and a moment for what ends it. Milliseconds. */
const LONGEST_ATTEMPT_MS = ATTEMPT_LIMIT_MS + 1_000;
/** Searches begin at whole steps of this, so that the same search, and its ETag, comes back. Milliseconds. */
const SEARCH_STEP_MS = 300_000;

/** The fewest requests that tell about all of these runs. `key` is the same for requests that are the same. */
export function runQueriesFor(runs: readonly OpenRun[]): RunQuery[] {
  const queries = new Map<string, OpenRun[]>();
  for (const run of runs) {
    const key = run.runId === null ? `list ${run.repository} ${run.kind} ${run.workflow ?? '*'}` : `get ${run.repository} ${run.runId}`;
    queries.set(key, [...(queries.get(key) ?? []), run]);
  }
  return [...queries].map(([key, about]) => runQueryOf(key, about));
}

function runQueryOf(key: string, runs: readonly OpenRun[]): RunQuery {
  const [first] = runs;
  if (first === undefined) throw new Error('a query about no run');
  const { repository, runId } = first;
  if (runId !== null) return { kind: 'get', key, repository, runId, runs };
  const oldest = Math.min(...runs.map(mayAppearFrom));
  const since = Math.floor(oldest / SEARCH_STEP_MS) * SEARCH_STEP_MS;
  const enough = (reports: readonly RunReport[]) => runs.every((run) => reports.some((report) => isAbout(run, report)));
  return {
    kind: 'list',
    key: `${key} ${since}`,
    repository,
    search: { repository, event: first.kind, workflow: first.workflow, since, enough },
    runs,
  };
}

/**
 * From when on the run can have been created: an attempt before the dispatch that is known to have left is the store's to
 * search for, and in a busy repository nobody gets through all runs since it was accepted.
 */
function mayAppearFrom({ runsSince, dispatchedAt }: OpenRun): number {
  return Math.max(runsSince, dispatchedAt - LONGEST_ATTEMPT_MS - CLOCK_DIFFERENCE_MS);
}
