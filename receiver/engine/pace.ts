import type { Quota, ReadFailure } from '../../src/engine/run-reader.ts';

/** When projects are read. Pure; all times in milliseconds. */

/** Runs send what they log at most every 15 seconds, so asking faster gains nothing (W&B's Python client). */
export const SHORTEST_PAUSE_MS = 15_000;
/** Below this part of the rate limit the rest is left to people and to the runs themselves. */
const LEAST_QUOTA = 0.3;
/** A server may name a reset that is far away, or wrong. */
const LONGEST_QUOTA_PAUSE_MS = 10 * 60_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;
/** Of the usual pause: five minutes of 15 seconds. */
const LONGEST_BACKOFF_PAUSES = 20;

/** Until when nothing is asked because too little of the rate limit is left; `undefined`: there is enough. */
export function pausedUntil(quota: Quota | undefined, now: number): number | undefined {
  if (quota === undefined || quota.remaining >= LEAST_QUOTA || quota.resetAt <= now) return undefined;
  return Math.min(quota.resetAt, now + LONGEST_QUOTA_PAUSE_MS);
}

/**
 * When a project is read again after it could not be read: twice as late each time, up to five minutes, and not before W&B wants
 * it. What asking again does not change waits for the longest.
 *
 * @param failures in a row, this one included
 * @param random from 0 up to, not including, 1
 */
export function retryAt(failure: ReadFailure, failures: number, everyMs: number, now: number, random: number): number {
  const longest = Math.max(Math.min(LONGEST_BACKOFF_MS, everyMs * LONGEST_BACKOFF_PAUSES), everyMs);
  const isForPeople = failure.kind === 'refused' || failure.kind === 'missing';
  const pause = isForPeople ? longest : Math.min(longest, everyMs * 2 ** Math.min(failures - 1, 10));
  // Receivers and projects that failed together do not come back together.
  const at = now + Math.round(pause * (0.75 + random / 4));
  return Math.max(at, Math.min(failure.retryAt ?? 0, now + LONGEST_QUOTA_PAUSE_MS));
}
