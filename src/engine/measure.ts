import type { NumberReader } from './number-store.ts';

/** Makes the number that a condition compares from the values that were logged. O(1) for each value, and constant memory. */
export interface Measure {
  /**
   * Takes the next value, and returns the number that is compared. NaN: there is none, because a window is not full, has a NaN
   * in it, or the number does not exist (a fraction of zero, a z-score without a deviation).
   */
  add(value: number): number;
  /** What the last number was made from, or itself; see `Firing.values`. */
  parts(compared: number): number[];
  /** Forgets all values. */
  reset(): void;
  save(out: number[]): void;
  restore(saved: NumberReader): void;
}

/**
 * The result of arithmetic, with the error of arithmetic taken away: as close to the limit as a few last digits, it is the
 * limit. So 0.4 to 0.5 is an increase by 25%, and the average of 0.1, 0.2 and 0.3 is 0.2.
 *
 * @param scale the largest number that took part
 */
export function settle(result: number, limit: number, scale: number): number {
  const apart = Math.abs(result - limit);
  return apart <= 4 * Number.EPSILON * scale && apart < Number.POSITIVE_INFINITY ? limit : result;
}
