import type { NumberReader } from '../number-store.ts';

/**
 * The last values of a metric, and one number made from them. O(1) for each value (amortised), and nothing is ever subtracted
 * from a sum, so nothing drifts.
 *
 * Windows keep their tables in a part of one array that their owner makes: an array of its own for each would cost more than
 * the numbers.
 */
export interface Window {
  /** Takes the next value; returns the number made from the last values, or NaN while the window is not full or has a NaN in it. */
  push(value: number): number;
  reset(): void;
  /** Adds all its numbers to `out`, constant in count. */
  save(out: number[]): void;
  restore(saved: NumberReader): void;
}
