import type { OpenRun, RunView } from '../run.ts';
import { RUN_COLUMNS, type RunRow, viewOfRun } from './views.ts';
import { exec, rows, type Work } from './work.ts';

/**
 * A delivery that is sent again starts another run. The one before moves to a table of its own, where it is followed until it
 * ends, and numbered from 1 for each delivery.
 */

/** A table of runs, with the columns of a `RunRow`. */
export interface RunTable {
  readonly table: 'runs' | 'earlier_runs';
  readonly columns: string;
}

export const CURRENT: RunTable = { table: 'runs', columns: `${RUN_COLUMNS}, 0 AS n, CAST(NULL AS bigint) AS runs_until` };
export const EARLIER: RunTable = { table: 'earlier_runs', columns: `${RUN_COLUMNS}, n, runs_until` };

const KEPT = `event_id, route, repository, kind, workflow, run_id, url, status, conclusion, attempt, dispatched_at, runs_since,
  run_created_at, started_at, ended_at, polls, poll_set_at`;

/**
 * Moves the run of a delivery that is about to be sent again. One that was never seen is not looked for any more: only a report
 * can still bring it.
 *
 * @param runsUntil later runs are those of the delivery as it is sent again
 */
export function* keepEarlierRun(deliveryId: string, runsUntil: number): Work<void> {
  yield* exec(
    `INSERT INTO earlier_runs (delivery_id, n, runs_until, next_poll_at, ${KEPT})
     SELECT delivery_id, COALESCE((SELECT MAX(e.n) FROM earlier_runs e WHERE e.delivery_id = $1), 0) + 1, CAST($2 AS bigint),
       CASE WHEN run_id IS NULL THEN NULL ELSE next_poll_at END, ${KEPT}
     FROM runs WHERE delivery_id = $1`,
    deliveryId,
    runsUntil,
  );
  yield* exec('DELETE FROM runs WHERE delivery_id = $1', deliveryId);
}

export function* setNextPollOfEarlier({ deliveryId, earlier = 0 }: OpenRun, at: number | null, now: number): Work<void> {
  yield* exec(
    'UPDATE earlier_runs SET next_poll_at = $1, poll_set_at = $2, polls = polls + 1 WHERE delivery_id = $3 AND n = $4',
    at,
    now,
    deliveryId,
    earlier,
  );
}

/** Oldest first. */
export function* earlierRunsOf(deliveryId: string): Work<RunView[]> {
  return (yield* rows<RunRow>(`SELECT ${EARLIER.columns} FROM earlier_runs WHERE delivery_id = $1 ORDER BY n`, deliveryId)).map(viewOfRun);
}
