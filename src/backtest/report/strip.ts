import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import { firingCounts } from '../firing-counts.ts';
import type { AutomationResult, Backtest } from '../result.ts';
import { dayWords, timeWords } from '../value-words.ts';

/** When it would have fired: a bar for each day of the period. Nothing without firings. */
export function firingStrip(result: AutomationResult, period: Pick<Backtest, 'since' | 'until'>): Html {
  if (result.firings.length === 0) return NOTHING;
  const { word, counts } = firingCounts(result, period);
  const most = Math.max(...counts);
  const rects = counts.map((value, i) => {
    if (value === 0) return NOTHING;
    const height = Math.max(5, (value / most) * 32);
    return html`<rect x="${round(i + 0.1)}" y="${round(33 - height)}" width="0.8" height="${round(height)}" class="bar"/>`;
  });
  const label = `Firings for each ${word}, at most ${most}`;
  const [from, to] = [period.since, period.until].map(word === 'hour' ? timeWords : dayWords);
  return html`<div class="strip"><svg viewBox="0 0 ${counts.length} 34" preserveAspectRatio="none" role="img" aria-label="${label}">${rects}<line x1="0" x2="${counts.length}" y1="33.5" y2="33.5" class="base" vector-effect="non-scaling-stroke"/></svg><div class="ends"><span>${from ?? ''}</span><span>firings for each ${word}${most > 1 ? `, at most ${most}` : ''}</span><span>${to ?? ''}</span></div></div>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
