import { earliestPoll } from '../rules/runs.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { earliestDue } from './queue.ts';
import { runWork } from './run-work.ts';
import { Sending } from './sending.ts';

/** When something is to be done next without anybody asking for it, in milliseconds since 1970; may lie in the past. */
export interface NextWork {
  /** A delivery is due, or a lease ends; `undefined`: none waits. */
  readonly sendAt: number | undefined;
  /** An approval expires or, where runs are watched, a run is due for a poll. */
  readonly checkAt: number | undefined;
}

export function nextWork(driver: SqlDriver, { watchesRuns }: { readonly watchesRuns: boolean }): NextWork {
  const expiry = firstRow<{ at: number | null }>(driver, 'SELECT MIN(expires_at) AS at FROM approvals WHERE decision IS NULL');
  const checks = [watchesRuns ? runWork(driver, earliestPoll()) : undefined, expiry?.at ?? undefined].filter((at) => at !== undefined);
  return { sendAt: earliestDue(driver, new Sending(), () => true), checkAt: checks.length === 0 ? undefined : Math.min(...checks) };
}
