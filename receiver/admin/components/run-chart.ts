import { valueName, valueWords } from '../../../src/backtest/condition-words.ts';
import { firesBelow, limitsOf } from '../../../src/backtest/margin.ts';
import { type Scale, scaleOf, shownRange } from '../../../src/backtest/scale.ts';
import { dayWords } from '../../../src/backtest/value-words.ts';
import { limitNumber } from '../../../src/backtest/variants.ts';
import type { Condition } from '../../../src/engine/rule.ts';
import { visible } from '../../../src/lib/visible.ts';
import type { ShownRun } from '../../engine/recent-values.ts';
import { badge } from './badge.ts';
import { type Html, html } from './html.ts';
import { moment } from './time.ts';

export interface RunFigure {
  readonly run: ShownRun;
  readonly condition: Condition;
  /** W&B's page of the run. */
  readonly url: string;
}

/** In the drawing's own units, which are about pixels on a phone. */
const SIZE = { width: 360, height: 196, left: 46, right: 8, top: 10, plot: 144 } as const;
const RIGHT = SIZE.width - SIZE.right;
const FOOT = SIZE.top + SIZE.plot;

/** One run: what was compared over time, the limit, and where it fired; its numbers as a table below. */
export function runFigure({ run, condition, url }: RunFigure): Html {
  const name = visible(run.displayName === '' ? run.run : run.displayName);
  const fired = run.firings.filter(({ isResolved }) => !isResolved).length;
  const points = run.values.filter(({ value }) => Number.isFinite(value));
  return html`<figure class="stack"><figcaption class="row"><strong><a href="${url}" rel="noreferrer">${name}</a></strong>${
    fired === 0 ? badge('did not fire', 'quiet') : badge(fired === 1 ? 'fired once' : `fired ${fired} times`, 'bad')
  }</figcaption>
${points.length === 0 ? html`<p class="small quiet">No value to draw: only when it fired is known.</p>` : svgOf(run, condition, `${valueName(condition)} of ${name}: ${runWords(run, condition)}`)}
<details><summary class="small">The numbers</summary>${tableOf(run, condition)}</details></figure>`;
}

/** `last 0.91, limit 0.6; fired once` */
function runWords({ values, firings }: ShownRun, condition: Condition): string {
  const last = values.at(-1);
  const limits = limitsOf(condition).map((limit) => markWords(condition, limit));
  const fired = firings.filter(({ isResolved }) => !isResolved).length;
  return `${last === undefined ? '' : `last ${valueWords(condition, last.value)}, `}${limits.length === 0 ? '' : `limit ${limits.join(' and ')}; `}fired ${fired === 1 ? 'once' : `${fired} times`}`;
}

function svgOf(run: ShownRun, condition: Condition, label: string): Html {
  const limits = limitsOf(condition);
  const all = [...run.values, ...run.firings].map(({ at }) => at);
  const [from, to] = [Math.min(...all), Math.max(...all)];
  const across = (at: number): number => round(SIZE.left + (to > from ? (at - from) / (to - from) : 0.5) * (RIGHT - SIZE.left));
  const firedValues = run.firings.flatMap(({ value }) => (value !== undefined && Number.isFinite(value) ? [value] : []));
  const range = shownRange(
    run.values.map(({ value }) => value),
    [...limits, ...firedValues],
  );
  const scale = scaleOf(range.values, 5);
  const down = (value: number): number => round(SIZE.top + (1 - scale.place(value)) * SIZE.plot);
  const note = `${scale.isLogarithmic ? 'logarithmic' : ''}${range.isCut ? `${scale.isLogarithmic ? ', ' : ''}outer values cut off` : ''}`;
  return html`<svg class="chart run" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${label}">
${gridOf(scale, condition, down)}
${beyondOf(condition, limits, down)}
${lineOf(run, across, down)}
${limits.map((limit) => limitOf({ limit, condition, y: down(limit), isLeft: isFreeAtLeft(run, limit, scale) }))}
${run.firings.map(({ at, value, isResolved }) => html`<circle class="${isResolved ? 'ended' : 'fired'}" cx="${across(at)}" cy="${value !== undefined && Number.isFinite(value) ? down(value) : FOOT - 5}" r="4.5"/>`)}
<line class="axis" x1="${SIZE.left}" x2="${RIGHT}" y1="${FOOT}" y2="${FOOT}"/>
${timeMarks(from, to).map(({ at, words }) => html`<text x="${across(at)}" y="${FOOT + 16}" text-anchor="${across(at) > RIGHT - 16 ? 'end' : 'middle'}">${words}</text>`)}
<text x="${RIGHT}" y="${FOOT + 34}" text-anchor="end">${note === '' ? '' : `${note}; `}UTC</text></svg>`;
}

function gridOf({ marks }: Scale, condition: Condition, down: (value: number) => number): Html {
  return html`${marks.map((mark) => html`<line class="grid" x1="${SIZE.left}" x2="${RIGHT}" y1="${down(mark)}" y2="${down(mark)}"/><text x="${SIZE.left - 6}" y="${down(mark) + 4}" text-anchor="end">${markWords(condition, mark)}</text>`)}`;
}

/** The side of the limit on which it fires. */
function beyondOf(condition: Condition, limits: readonly number[], down: (value: number) => number): Html {
  if (condition.kind === 'threshold' && (condition.comparison === 'equal_to' || condition.comparison === 'not_equal_to')) return html``;
  const isBelow = firesBelow(condition);
  return html`${limits.map((limit, i) => {
    const [from, to] = isBelow || i > 0 ? [down(limit), FOOT] : [SIZE.top, down(limit)];
    return html`<rect class="beyond" x="${SIZE.left}" y="${from}" width="${RIGHT - SIZE.left}" height="${round(Math.max(0, to - from))}"/>`;
  })}`;
}

interface LimitLine {
  readonly limit: number;
  readonly condition: Condition;
  readonly y: number;
  readonly isLeft: boolean;
}

function limitOf({ limit, condition, y, isLeft }: LimitLine): Html {
  const sign = condition.kind === 'change' && limit > 0 ? '+' : '';
  const above = y - 5 < SIZE.top + 8 ? y + 14 : y - 5;
  return html`<line class="limit" x1="${SIZE.left}" x2="${RIGHT}" y1="${y}" y2="${y}"/><text class="limit-name" x="${isLeft ? SIZE.left + 4 : RIGHT - 2}" y="${round(above)}" text-anchor="${isLeft ? 'start' : 'end'}">limit ${sign}${markWords(condition, limit)}</text>`;
}

/** Whether the line keeps away from the limit more at its beginning than at its end: there is room for a word. */
function isFreeAtLeft({ values }: ShownRun, limit: number, scale: Scale): boolean {
  const gap = (part: ShownRun['values']): number =>
    Math.min(1, ...part.map(({ value }) => (Number.isFinite(value) ? Math.abs(scale.place(value) - scale.place(limit)) : 1)));
  const third = Math.ceil(values.length / 3);
  return gap(values.slice(0, third)) > gap(values.slice(-third));
}

/** The line has a gap where a value is no number; a value between two gaps is a dot. */
function lineOf({ values }: ShownRun, across: (at: number) => number, down: (value: number) => number): Html {
  const parts: (readonly [number, number])[][] = [[]];
  for (const { at, value } of values) {
    if (Number.isFinite(value)) parts.at(-1)?.push([across(at), down(value)]);
    else parts.push([]);
  }
  return html`${parts.map((part) => {
    const [first] = part;
    if (first === undefined) return html``;
    if (part.length === 1) return html`<circle class="dot" cx="${first[0]}" cy="${first[1]}" r="2.5"/>`;
    return html`<path class="line" d="${part.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('')}"/>`;
  })}`;
}

/** A mark of the axis, or the limit: `7.5`, `25 %`, `31 min`. */
function markWords(condition: Condition, value: number): string {
  if (condition.kind === 'silent') return valueWords(condition, value);
  const isPercent = valueWords(condition, 1).endsWith('%');
  return `${limitNumber(isPercent ? value * 100 : value)}${isPercent ? ' %' : ''}`;
}

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400].map((minutes) => minutes * MINUTE_MS);

/** Round times, about four; of a short stretch its ends. */
export function timeMarks(from: number, to: number): { readonly at: number; readonly words: string }[] {
  const step =
    STEPS.find((size) => (to - from) / size <= 4.5) ?? (STEPS.at(-1) as number) * Math.ceil((to - from) / (STEPS.at(-1) as number) / 4);
  const words = (at: number): string => (step >= DAY_MS ? dayWords(at) : new Date(at).toISOString().slice(11, 16));
  const first = Math.ceil(from / step) * step;
  const marks = Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step);
  return (marks.length > 0 ? marks : [from]).map((at) => ({ at, words: words(at) }));
}

function tableOf({ values, firings }: ShownRun, condition: Condition): Html {
  const rows = [
    ...values.map(({ at, value }) => ({ at, value, what: '' })),
    ...firings.map(({ at, value, isResolved }) => ({ at, value, what: isResolved ? 'ended' : 'fired' })),
  ].toSorted((a, b) => b.at - a.at);
  return html`<table class="numbers"><thead><tr><th scope="col">When</th><th scope="col" class="num">${valueName(condition)}</th><th scope="col">What</th></tr></thead><tbody>${rows.map(
    ({ at, value, what }) =>
      html`<tr><td>${moment(at)}</td><td class="num">${value === undefined ? '' : valueWords(condition, value)}</td><td>${what}</td></tr>`,
  )}</tbody></table>`;
}

/** What the charts' lines and points mean. */
export function runLegend(condition: Condition): Html {
  const sample = (inside: Html): Html => html`<svg class="chart run" viewBox="0 0 24 12" aria-hidden="true">${inside}</svg>`;
  return html`<ul class="legend"><li>${sample(html`<path class="line" d="M1 6L23 6"/>`)}${valueName(condition)}</li>${
    limitsOf(condition).length === 0 ? '' : html`<li>${sample(html`<line class="limit" x1="1" x2="23" y1="6" y2="6"/>`)}limit</li>`
  }<li>${sample(html`<circle class="fired" cx="12" cy="6" r="4.5"/>`)}fired</li><li>${sample(html`<circle class="ended" cx="12" cy="6" r="4.5"/>`)}its condition ended</li></ul>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
