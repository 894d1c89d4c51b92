/**
 * Stored times, and a clock that jumps. Pure. If a clock was ahead and is corrected, stored times lie in the future. Without
 * these rules, work would wait for as long as the clock was ahead. All times are milliseconds since 1970.
 */

/** In milliseconds. Synchronised clocks differ by less. A larger difference comes from a wrong clock. */
export const CLOCK_TOLERANCE_MS = 10_000;

/**
 * When work is due that was scheduled at `writtenAt` for `dueAt`. If `writtenAt` is more than the tolerance ahead of now, the
 * clock was wrong, and the delay is counted from now. The same rule in SQL is in `receiver/store/rules/stored-times.ts`. It
 * also stores the result, so that the delay does not start again each time.
 */
export function dueAfter(dueAt: number, writtenAt: number, now: number): number {
  return writtenAt > now + CLOCK_TOLERANCE_MS ? now + (dueAt - writtenAt) : dueAt;
}

/**
 * How long ago something happened, in milliseconds, to compare with a window. A time up to the tolerance ahead of now counts
 * as now. A time further ahead is outside of every window: `Infinity`.
 */
export function ageOf(happenedAt: number, now: number): number {
  if (happenedAt > now + CLOCK_TOLERANCE_MS) return Number.POSITIVE_INFINITY;
  return Math.max(0, now - happenedAt);
}
