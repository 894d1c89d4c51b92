import type { SourceLocation } from '../../../src/lib/diagnostic.ts';
import type { Activity } from '../activity.ts';
import { byDay, byHour, type Series } from '../activity-counts.ts';
import { largeChart, type ShownBars, smallChart } from './activity-chart.ts';
import { type Html, html } from './html.ts';
import { age, moment } from './time.ts';

/** How often one route or automation fired. */
export interface Counts {
  /** `Route deploy` */
  readonly what: string;
  readonly fired: Series;
  readonly failed: Series;
}

/** When a page that still counts asks again. Seconds. */
export const COUNTING_AGAIN_S = 3;

function barsOf({ what, fired, failed }: Counts, by: (series: Series, now: number) => ShownBars['fired'], now: number): ShownBars {
  return { what, fired: by(fired, now), failed: by(failed, now), failedWord: 'failed' };
}

/** The 24 hours and the 30 days, side by side, as far as they are counted. */
export function smallCharts(counts: Counts, activity: Activity, now: number): Html {
  return html`<div class="charts">${activity.hasHours ? smallChart(barsOf(counts, byHour, now)) : COUNTING}${activity.hasDays ? smallChart(barsOf(counts, byDay, now)) : COUNTING}</div>`;
}

export function largeCharts(counts: Counts, activity: Activity, now: number): Html {
  return html`<section class="card" aria-labelledby="often"><header><h2 id="often">How often it fired</h2>${
    activity.isFailedCut ? html`<span class="quiet small">Of what failed, the latest are counted.</span>` : ''
  }</header><div class="body charts large">${activity.hasHours ? largeChart(barsOf(counts, byHour, now)) : COUNTING}${activity.hasDays ? largeChart(barsOf(counts, byDay, now)) : COUNTING}</div></section>`;
}

const COUNTING = html`<p class="counting small quiet">Counting…</p>`;

/** When it last fired; where nothing says so, as far back as is known. */
export function lastFired(at: number | undefined, activity: Activity, now: number): Html {
  if (at !== undefined) return html`last fired ${age(at, now)}`;
  if (isNeverFired(at, activity)) return html`never fired`;
  return activity.since === null ? html`last fired: counting…` : html`not fired since ${moment(activity.since)}, counting further back…`;
}

/** Nothing of it is stored, and everything was looked at. */
export function isNeverFired(at: number | undefined, { isWhole }: Pick<Activity, 'isWhole'>): boolean {
  return at === undefined && isWhole;
}

/** For the head of a page. */
export function countedUntil({ at }: Activity): Html {
  return html`<span class="quiet small">${at === null ? 'Counting…' : html`Counted until ${moment(at)}`}</span>`;
}

/** Says that numbers are still to come; nothing once everything is counted. */
export function countingNotice({ isWhole, since }: Activity): Html {
  if (isWhole) return html``;
  return html`<p class="notice" role="status">Counting${since === null ? '' : html`: everything since ${moment(since)} is counted so far`}… This page loads again by itself.</p>`;
}

/** A number of a tile that may not be counted yet. */
export function tile(count: number | undefined, words: string, tone: '' | 'bad' | 'wait' | 'good' = ''): Html {
  return html`<div class="tile${count !== undefined && count > 0 && tone !== '' ? ` ${tone}` : ''}"><b>${count === undefined ? '…' : count.toLocaleString('en')}</b><span>${words}</span></div>`;
}

/** `wandb-relay.yaml:12` */
export function placeWords({ file, line }: SourceLocation): string {
  return `${file}:${line}`;
}
