import { dayWords } from '../../../src/backtest/value-words.ts';
import { type Bars, DAY_MS, totalOf } from '../activity-counts.ts';
import { type Html, html } from './html.ts';

/** What a chart shows: how often something happened, and how often that failed; both have the same bars. */
export interface ShownBars {
  /** `Route deploy`, for who cannot see it. */
  readonly what: string;
  readonly fired: Bars;
  readonly failed: Bars;
  /** The word for `failed`, such as `failed`. */
  readonly failedWord: string;
}

/** `in 24 h` */
function periodWords({ stepMs }: Bars): string {
  return stepMs === DAY_MS ? 'in 30 days' : 'in 24 h';
}

/** `14:00`, or `27 Nov`, in UTC. */
function barWords({ from, stepMs }: Bars, index: number): string {
  const at = from + index * stepMs;
  return stepMs === DAY_MS ? dayWords(at) : new Date(at).toISOString().slice(11, 16);
}

/** `12 in 24 h, 1 failed` */
export function countWords({ fired, failed, failedWord }: ShownBars): Html {
  const bad = totalOf(failed);
  return html`<span><b class="num">${totalOf(fired).toLocaleString('en')}</b> <span class="quiet">${periodWords(fired)}</span></span>${
    bad === 0 ? '' : html` <span class="failed num">${bad.toLocaleString('en')} ${failedWord}</span>`
  }`;
}

/** In words, for who cannot see the chart. */
function description({ fired, failed, failedWord }: ShownBars): string {
  const most = Math.max(...fired.counts);
  if (most === 0) return `None ${periodWords(fired)}.`;
  const when = barWords(fired, fired.counts.lastIndexOf(most));
  const bad = totalOf(failed);
  return `${totalOf(fired)} ${periodWords(fired)}${bad === 0 ? '' : `, ${bad} ${failedWord}`}. Most in one ${fired.stepMs === DAY_MS ? 'day' : 'hour'}: ${most}, ${fired.stepMs === DAY_MS ? '' : 'at '}${when} UTC.`;
}

const SMALL = { width: 240, height: 40 } as const;

/** A chart for a list, with its numbers above it. */
export function smallChart(shown: ShownBars): Html {
  const { fired, failed } = shown;
  const step = SMALL.width / fired.counts.length;
  const scale = (SMALL.height - 2) / Math.max(1, ...fired.counts, ...failed.counts);
  return html`<figure class="activity"><figcaption class="row small">${countWords(shown)}</figcaption><svg class="chart" viewBox="0 0 ${SMALL.width} ${SMALL.height}" preserveAspectRatio="none" role="img" aria-label="${shown.what}: ${description(shown)}">${fired.counts.map(
    (count, i) => barOf({ count, bad: failed.counts[i] ?? 0 }, { x: i * step, width: step, foot: SMALL.height, scale }),
  )}<line class="axis" x1="0" x2="${SMALL.width}" y1="${SMALL.height}" y2="${SMALL.height}"/></svg><div class="ends quiet" aria-hidden="true"><span>${fired.stepMs === DAY_MS ? '30 days ago' : '24 h ago'}</span><span>${fired.stepMs === DAY_MS ? 'today' : 'now'}</span></div></figure>`;
}

/** A bar, its failed part at the foot. What has failed may be more than what fired in the same time only by a clock that was changed. */
function barOf(
  { count, bad }: { readonly count: number; readonly bad: number },
  { x, width, foot, scale }: { readonly x: number; readonly width: number; readonly foot: number; readonly scale: number },
): Html {
  if (count === 0 && bad === 0) return html``;
  const least = (value: number): number => (value === 0 ? 0 : Math.max(2, value * scale));
  const [red, whole] = [least(bad), Math.max(least(count), least(bad))];
  const gap = Math.min(1.5, width * 0.2);
  const rect = (kind: string, top: number, height: number): Html =>
    height <= 0
      ? html``
      : html`<rect class="${kind}" x="${round(x + gap / 2)}" y="${round(top)}" width="${round(width - gap)}" height="${round(height)}"/>`;
  return html`${rect('bar', foot - whole, whole - red)}${rect('bar bad', foot - red, red)}`;
}

const LARGE = { width: 400, height: 190, left: 34, right: 6, top: 10, plot: 140 } as const;

/** A chart with axes for a page of its own, and its numbers as a table below it. */
export function largeChart(shown: ShownBars): Html {
  const { fired, failed } = shown;
  const marks = marksUpTo(Math.max(1, ...fired.counts, ...failed.counts));
  const most = marks.at(-1) ?? 1;
  const scale = LARGE.plot / most;
  const foot = LARGE.top + LARGE.plot;
  const step = (LARGE.width - LARGE.left - LARGE.right) / fired.counts.length;
  const every = Math.ceil(fired.counts.length / 5);
  return html`<figure class="activity"><figcaption class="row">${countWords(shown)}</figcaption><svg class="chart" viewBox="0 0 ${LARGE.width} ${LARGE.height}" role="img" aria-label="${shown.what}: ${description(shown)}">
${marks.map((mark) => html`<line class="grid" x1="${LARGE.left}" x2="${LARGE.width - LARGE.right}" y1="${round(foot - mark * scale)}" y2="${round(foot - mark * scale)}"/><text x="${LARGE.left - 5}" y="${round(foot - mark * scale + 4)}" text-anchor="end">${mark.toLocaleString('en')}</text>`)}
${fired.counts.map((count, i) => barOf({ count, bad: failed.counts[i] ?? 0 }, { x: LARGE.left + i * step, width: step, foot, scale }))}
<line class="axis" x1="${LARGE.left}" x2="${LARGE.width - LARGE.right}" y1="${foot}" y2="${foot}"/>
${fired.counts.map((_count, i) => (i % every === 0 ? html`<text x="${round(LARGE.left + (i + 0.5) * step)}" y="${foot + 16}" text-anchor="middle">${barWords(fired, i)}</text>` : html``))}
<text x="${LARGE.width - LARGE.right}" y="${foot + 34}" text-anchor="end">${fired.stepMs === DAY_MS ? 'each day, UTC' : 'each hour, UTC'}</text></svg>
<details><summary class="small">The numbers</summary>${tableOf(shown)}</details></figure>`;
}

function tableOf({ fired, failed, failedWord }: ShownBars): Html {
  const rows = fired.counts.map((count, i) => ({ when: barWords(fired, i), count, bad: failed.counts[i] ?? 0 }));
  return html`<table class="numbers"><thead><tr><th scope="col">${fired.stepMs === DAY_MS ? 'Day (UTC)' : 'Hour (UTC)'}</th><th scope="col" class="num">Fired</th><th scope="col" class="num">${failedWord}</th></tr></thead><tbody>${rows
    .toReversed()
    .map(
      ({ when, count, bad }) =>
        html`<tr><td>${when}</td><td class="num">${count.toLocaleString('en')}</td><td class="num">${bad.toLocaleString('en')}</td></tr>`,
    )}</tbody></table>`;
}

/** Round whole numbers from 0 to at least `most`, about four of them. */
export function marksUpTo(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
