/** Ranges of steps, and how they are divided when they have more rows than W&B returns. Pure. */

export interface StepRange {
  readonly min: number;
  readonly max: number;
  /** W&B returns all rows of the range when there are not more. */
  readonly samples: number;
}

/** About half a megabyte for each metric. */
export const SAMPLES = 10_000;
/** More rows than this at one step are no history. */
const MOST_SAMPLES = 640_000;
/** Leaves room for rows that are not evenly spread. */
const AIM = 0.75;

/**
 * Divides a range. Neighbours share a border, because there may be fractions between two whole steps.
 *
 * @param rows how many rows it may have, where that is known
 * @param full W&B returned as many rows as were asked for, at these steps: every so many rows, so they show where rows lie
 * @returns none when nothing smaller can be asked for
 */
export function divide(
  range: Pick<StepRange, 'min' | 'max'> & { readonly samples?: number },
  rows: number | undefined,
  full?: { readonly steps: readonly number[]; readonly pieces: number },
): StepRange[] {
  const { min, max, samples = SAMPLES } = range;
  if (full !== undefined && max - min <= 1) return samples >= MOST_SAMPLES ? [] : [{ min, max, samples: samples * 4 }];
  const pieces = full?.pieces ?? Math.max(1, Math.ceil((rows ?? 0) / (SAMPLES * AIM)));
  const sorted = (full?.steps ?? []).toSorted((a, b) => a - b);
  const borderAt = (part: number): number =>
    sorted.length >= pieces ? (sorted[Math.floor(part * sorted.length)] ?? max) : min + part * (max - min);
  const borders = new Set(Array.from({ length: pieces - 1 }, (_none, i) => Math.floor(borderAt((i + 1) / pieces))));
  let inside = [...borders].filter((border) => border > min && border < max);
  if (full !== undefined && inside.length === 0) inside = [Math.floor((min + max) / 2)];
  const ends = [min, ...inside.toSorted((a, b) => a - b), max];
  return ends.slice(1).map((end, i) => ({ min: ends[i] ?? min, max: end, samples }));
}
