import { earliestPoll } from '../rules/runs.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { earliestDue } from './queue.ts';
import { runWork } from './run-work.ts';
import { Sending } from './sending.ts';

/**
 * When something is to be done next without anybody asking for it: a delivery is due, a lease ends, an approval expires or,
 * where runs are watched, a run is due for a poll. `undefined`: nothing waits. May lie in the past.
 */
export function nextWorkAt(driver: SqlDriver, { watchesRuns }: { readonly watchesRuns: boolean }): number | undefined {
  const expiry = firstRow<{ at: number | null }>(driver, 'SELECT MIN(expires_at) AS at FROM approvals WHERE decision IS NULL');
  const times = [
    earliestDue(driver, new Sending(), () => true),
    watchesRuns ? runWork(driver, earliestPoll()) : undefined,
    expiry?.at ?? undefined,
  ];
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
