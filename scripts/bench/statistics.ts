/** Statistics of the benchmark. Pure. */

/** The value below which the share `q` of the values lies (nearest rank); `NaN` of none. */
export function quantile(values: readonly number[] | Float64Array, q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle ones; `NaN` of none. */
export function median(values: readonly number[] | Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** What was measured of two things in one round, in turns: A B A B. */
export interface Round<Sample> {
  readonly a: readonly Sample[];
  readonly b: readonly Sample[];
}

/**
 * A divided by B in each round. Only neighbours in time are compared, because a machine's speed changes from one minute
 * to the next; within a round each side counts with the mean of its turns.
 */
export function ratios<Sample>(rounds: readonly Round<Sample>[], value: (sample: Sample) => number): number[] {
  const mean = (samples: readonly Sample[]) => samples.reduce((sum, sample) => sum + value(sample), 0) / samples.length;
  return rounds.map(({ a, b }) => mean(a) / mean(b));
}
