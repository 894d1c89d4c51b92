import type { MetricCondition } from './rule.ts';

/**
 * Values of a history that need no evaluation: those so far on the harmless side of a threshold that no window of them can meet
 * it. Most values of most runs are such. Used where nobody asks what was compared at each point.
 */
export class QuietStretch {
  private readonly window: number;
  private readonly sign: 1 | -1;
  private readonly limit: number;
  private readonly bar: number;
  private harmlessInARow = 0;
  /** Where the last `window` values are in the history, around `next`. */
  private readonly places: Int32Array;
  private next = 0;

  /** `undefined`: a condition without a harmless side. */
  static of(condition: MetricCondition): QuietStretch | undefined {
    if (condition.kind !== 'threshold' || condition.comparison.endsWith('equal_to') !== condition.comparison.includes('_or_'))
      return undefined;
    return new QuietStretch(condition.window, condition.comparison.startsWith('above') ? 1 : -1, condition.threshold);
  }

  private constructor(window: number, sign: 1 | -1, threshold: number) {
    this.window = window;
    this.sign = sign;
    this.limit = sign * threshold;
    // As much as rounding may bring an average to the limit.
    this.bar = this.limit - 16 * Number.EPSILON * Math.abs(threshold);
    this.places = new Int32Array(window);
  }

  /** Takes the next value, and where it is. True: the window that ends here cannot meet the condition. NaN never meets one. */
  take(value: number, place: number): boolean {
    this.places[this.next] = place;
    this.next = this.next + 1 === this.window ? 0 : this.next + 1;
    const isHarmless = !(this.sign * value >= this.bar);
    this.harmlessInARow = isHarmless ? this.harmlessInARow + 1 : 0;
    // The first such window is evaluated: it may end what was met before.
    return this.harmlessInARow > this.window;
  }

  /** The places of the last `window` values, the oldest first. */
  latest(): number[] {
    return [...this.places.subarray(this.next), ...this.places.subarray(0, this.next)];
  }
}
