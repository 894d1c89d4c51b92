import { earliestPoll } from '../rules/runs.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { earliestDue } from './queue.ts';
import { runWork } from './run-work.ts';
import { Sending } from './sending.ts';

/** When something is to be done next without anybody asking for it, in milliseconds since 1970; may lie in the past. */
export interface NextWork {
  /** A delivery is due, or a lease ends; `undefined`: none waits. */
  readonly sendAt: number | undefined;
  /** An approval expires, a workflow run is due for a poll, or a W&B project for a look; the two where they are watched. */
  readonly checkAt: number | undefined;
}

export interface WatchedHere {
  /** Workflow runs are polled. */
  readonly watchesRuns: boolean;
  /** When runs of W&B are to be looked at; `undefined`: none are watched. */
  readonly watchAt?: number | undefined;
}

export function nextWork(driver: SqlDriver, { watchesRuns, watchAt }: WatchedHere): NextWork {
  const expiry = firstRow<{ at: number | null }>(driver, 'SELECT MIN(expires_at) AS at FROM approvals WHERE decision IS NULL');
  const checks = [watchesRuns ? runWork(driver, earliestPoll()) : undefined, expiry?.at ?? undefined, watchAt].filter(
    (at) => at !== undefined,
  );
  return { sendAt: earliestDue(driver, new Sending(), () => true), checkAt: checks.length === 0 ? undefined : Math.min(...checks) };
}
