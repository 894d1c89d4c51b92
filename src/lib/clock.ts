/**
 * Stored times, and a clock that jumps. Pure. A clock that was ahead and is corrected leaves times behind that lie in the
 * future; what trusted them would wait for as long as the clock was ahead. All times are milliseconds since 1970.
 */

/** The clocks of machines that are kept right differ by less than this; more is a clock that was wrong. Milliseconds. */
export const CLOCK_TOLERANCE_MS = 10_000;

/**
 * When something is due that was planned at `writtenAt` for `dueAt`. A plan that was written more than the tolerance ahead
 * of now was written by a clock that was wrong: what it waited for is counted from now. The same rule in SQL:
 * `receiver/store/rules/stored-times.ts`, which also stores what comes of it, so that it does not begin again with each look.
 */
export function dueAfter(dueAt: number, writtenAt: number, now: number): number {
  return writtenAt > now + CLOCK_TOLERANCE_MS ? now + (dueAt - writtenAt) : dueAt;
}

/**
 * How long ago something happened, for questions such as "was it within this window?". What lies up to the tolerance ahead
 * of now happened now; what lies further ahead is outside of every window: `Infinity`.
 */
export function ageOf(happenedAt: number, now: number): number {
  if (happenedAt > now + CLOCK_TOLERANCE_MS) return Number.POSITIVE_INFINITY;
  return Math.max(0, now - happenedAt);
}
