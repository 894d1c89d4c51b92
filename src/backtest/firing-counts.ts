import type { AutomationResult, Backtest } from './result.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The longest period that is counted by hours, and by days; a longer one is counted by weeks. */
const MOST_HOURS = 72;
const MOST_DAYS = 92;

/** How often it fired in each hour, day or week of the period. */
export interface FiringCounts {
  readonly word: 'hour' | 'day' | 'week';
  /** The last one ends where the period ends. */
  readonly counts: readonly number[];
}

export function firingCounts(
  { firings }: Pick<AutomationResult, 'firings'>,
  { since, until }: Pick<Backtest, 'since' | 'until'>,
): FiringCounts {
  const { word, size } = unitOf(until - since);
  const counts = Array.from({ length: Math.max(1, Math.ceil((until - since) / size)) }, () => 0);
  for (const { at } of firings) {
    const place = Math.min(counts.length - 1, Math.max(0, counts.length - 1 - Math.floor((until - at) / size)));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return { word, counts };
}

function unitOf(period: number): { readonly word: FiringCounts['word']; readonly size: number } {
  if (period <= MOST_HOURS * HOUR_MS) return { word: 'hour', size: HOUR_MS };
  return period <= MOST_DAYS * DAY_MS ? { word: 'day', size: DAY_MS } : { word: 'week', size: 7 * DAY_MS };
}
