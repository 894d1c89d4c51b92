import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import type { AutomationResult, Backtest } from '../result.ts';
import { dayWords, timeWords } from './words.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The longest period that has a bar for each day, and for each hour; a longer one has a bar for each week. */
const MOST_DAYS = 92;
const MOST_HOURS = 72;

/** When it would have fired: a bar for each day of the period. Nothing without firings. */
export function firingStrip({ firings }: AutomationResult, { since, until }: Pick<Backtest, 'since' | 'until'>): Html {
  if (firings.length === 0) return NOTHING;
  const { word, size } = unitOf(until - since);
  const bars = Array.from({ length: Math.max(1, Math.ceil((until - since) / size)) }, () => 0);
  for (const { at } of firings) {
    // Counted from the end, so that the last bar is a whole one.
    const index = bars.length - 1 - Math.floor((until - at) / size);
    const place = Math.min(bars.length - 1, Math.max(0, index));
    bars[place] = (bars[place] ?? 0) + 1;
  }
  const most = Math.max(...bars);
  const rects = bars.map((value, i) => {
    if (value === 0) return NOTHING;
    const height = Math.max(5, (value / most) * 32);
    return html`<rect x="${i + 0.14}" y="${round(33 - height)}" width="0.72" height="${round(height)}" class="bar"/>`;
  });
  const label = `Firings for each ${word}, at most ${most}`;
  const ends = word === 'hour' ? [timeWords(since), timeWords(until)] : [dayWords(since), dayWords(until)];
  return html`<div class="strip"><svg viewBox="0 0 ${bars.length} 34" preserveAspectRatio="none" role="img" aria-label="${label}">${rects}<line x1="0" x2="${bars.length}" y1="33.5" y2="33.5" class="base" vector-effect="non-scaling-stroke"/></svg><div class="ends"><span>${ends[0] ?? ''}</span><span>firings for each ${word}${most > 1 ? `, at most ${most}` : ''}</span><span>${ends[1] ?? ''}</span></div></div>`;
}

function unitOf(period: number): { readonly word: string; readonly size: number } {
  if (period <= MOST_HOURS * HOUR_MS) return { word: 'hour', size: HOUR_MS };
  return period <= MOST_DAYS * DAY_MS ? { word: 'day', size: DAY_MS } : { word: 'week', size: 7 * DAY_MS };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
