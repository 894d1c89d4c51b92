import { durationWords } from '../../lib/duration.ts';
import { type Html, html, NOTHING } from '../../lib/safe-html.ts';
import { visible } from '../../lib/visible.ts';
import { valueWords } from '../condition-words.ts';
import { firesBelow } from '../margin.ts';
import type { AutomationResult, ChartPanel, RunChart } from '../result.ts';
import { marksBetween, type Scale, scaleOf, shownRange } from '../scale.ts';
import type { Line } from '../thin.ts';
import { stepWords } from '../value-words.ts';
import { limitNumber } from '../variants.ts';

/** In the drawing's own units, which are pixels on a phone. */
const SIZE = { width: 350, left: 44, right: 10, top: 8, name: 14, plot: 132, lower: 74, gap: 22, bottom: 30 } as const;
const RIGHT = SIZE.width - SIZE.right;

/** A run's chart: what was logged, what was compared, the limit, and where it fired, as inline SVG. */
export function chartSvg(result: AutomationResult, chart: RunChart, description: string): Html {
  const across = (x: number): number => {
    const share = chart.to > chart.from ? (x - chart.from) / (chart.to - chart.from) : 0.5;
    return round(SIZE.left + share * (RIGHT - SIZE.left));
  };
  const isNamed = chart.panels.length > 1;
  let top: number = SIZE.top + (isNamed ? SIZE.name : 0);
  const drawn = chart.panels.map((panel, i) => {
    const height = isNamed ? SIZE.lower : SIZE.plot;
    if (i > 0) top += SIZE.gap;
    const plot = drawPanel(result, chart, panel, { top, height, across, isNamed });
    top += height;
    return plot;
  });
  const height = top + SIZE.bottom;
  return html`<svg viewBox="0 0 ${SIZE.width} ${height}" role="img" aria-label="${description}">${drawn}${xAxis(chart, top, across)}</svg>`;
}

interface Place {
  readonly top: number;
  readonly height: number;
  readonly across: (x: number) => number;
  /** The panel has its name above it. */
  readonly isNamed: boolean;
}

function drawPanel(result: AutomationResult, chart: RunChart, panel: ChartPanel, { top, height, across, isNamed }: Place): Html {
  const { logged, compared, limits, fired, nearest } = panel;
  const isLimited = limits.length > 0;
  const values = [...logged, ...compared].flatMap((point) => (point === null ? [] : [point[1]]));
  const always = [...limits, ...fired.map(([, y]) => y), ...(nearest === undefined ? [] : [nearest[1]])];
  const range = shownRange(values, always);
  const scale = scaleOf(range.values, isNamed ? 3 : 4);
  const notes = `${scale.isLogarithmic ? ', logarithmic' : ''}${range.isCut ? ', outer values cut off' : ''}`;
  const down = (value: number): number => round(top + (1 - scale.place(value)) * height);
  const isRaw = compared.length > 0 && logged.length > 0;
  const words = (value: number): string => (isLimited ? markWords(result, value) : limitNumber(value));
  return html`${gridOf(scale, down, words)}${beyondOf(result, limits, { top, height }, down)}
${isNamed ? html`<text x="${SIZE.left}" y="${top - 7}">${visible(panel.label)}${notes}</text>` : notes === '' ? NOTHING : html`<text x="${RIGHT}" y="${top + 10}" text-anchor="end">${notes.slice(2)}</text>`}
${chart.firedAt.map((x) => html`<line x1="${across(x)}" x2="${across(x)}" y1="${top}" y2="${top + height}" class="fired-line"/>`)}
${lineOf(logged, across, down, isRaw ? 'raw' : 'logged')}${lineOf(compared, across, down, 'logged')}
${limits.map((limit) => limitOf(result, limit, { down, top, isLeft: isFreeAtLeft(compared.length > 0 ? compared : logged, limit, scale) }))}
${chart.notFiniteAt.map((x) => (logged.length === 0 ? NOTHING : html`<line x1="${across(x)}" x2="${across(x)}" y1="${top + height - 7}" y2="${top + height}" class="nan"/>`))}
${nearest === undefined ? NOTHING : html`<circle cx="${across(nearest[0])}" cy="${down(nearest[1])}" r="4.5" class="nearest"/>`}
${fired.map(([x, y]) => html`<circle cx="${across(x)}" cy="${down(y)}" r="4.5" class="fired"/>`)}`;
}

function gridOf({ marks }: Scale, down: (value: number) => number, words: (value: number) => string): Html[] {
  return marks.map(
    (mark) =>
      html`<line x1="${SIZE.left}" x2="${RIGHT}" y1="${down(mark)}" y2="${down(mark)}" class="grid"/><text x="${SIZE.left - 6}" y="${down(mark) + 4}" text-anchor="end">${words(mark)}</text>`,
  );
}

/** The side of the limit on which the automation fires. */
function beyondOf(
  { rule: { condition } }: AutomationResult,
  limits: readonly number[],
  { top, height }: Pick<Place, 'top' | 'height'>,
  down: (value: number) => number,
): Html[] {
  if (condition.kind === 'threshold' && (condition.comparison === 'equal_to' || condition.comparison === 'not_equal_to')) return [];
  const isBelow = firesBelow(condition);
  return limits.map((limit, i) => {
    const [from, to] = isBelow || i > 0 ? [down(limit), top + height] : [top, down(limit)];
    return html`<rect x="${SIZE.left}" y="${round(from)}" width="${RIGHT - SIZE.left}" height="${round(Math.max(0, to - from))}" class="beyond"/>`;
  });
}

function limitOf(
  result: AutomationResult,
  limit: number,
  { down, top, isLeft }: { readonly down: (value: number) => number; readonly top: number; readonly isLeft: boolean },
): Html {
  const y = down(limit);
  const sign = result.rule.condition.kind === 'change' && limit > 0 ? '+' : '';
  const text = round(y - 4 < top + 8 ? y + 13 : y - 4);
  const place = isLeft ? html`x="${SIZE.left + 3}"` : html`x="${RIGHT}" text-anchor="end"`;
  return html`<line x1="${SIZE.left}" x2="${RIGHT}" y1="${y}" y2="${y}" class="limit"/><text ${place} y="${text}" class="limit-name">limit ${sign}${markWords(result, limit)}</text>`;
}

/** Whether the line keeps away from the limit more at its beginning than at its end: there is room for a word. */
function isFreeAtLeft(line: Line, limit: number, scale: Scale): boolean {
  const gap = (part: Line): number =>
    Math.min(1, ...part.map((point) => (point === null ? 1 : Math.abs(scale.place(point[1]) - scale.place(limit)))));
  const quarter = Math.ceil(line.length / 4);
  return gap(line.slice(0, quarter)) > gap(line.slice(-quarter));
}

/** A mark of the axis, or the limit: `7.5`, `25 %`. */
function markWords({ rule: { condition } }: AutomationResult, value: number): string {
  const isPercent = valueWords(condition, 1).endsWith('%');
  return `${limitNumber(isPercent ? value * 100 : value)}${isPercent ? ' %' : ''}`;
}

function lineOf(line: Line, across: (x: number) => number, down: (value: number) => number, className: string): Html {
  if (line.length === 0) return NOTHING;
  let path = '';
  let isOpen = false;
  for (const point of line) {
    if (point !== null) path += `${isOpen ? 'L' : 'M'}${across(point[0])} ${down(point[1])}`;
    isOpen = point !== null;
  }
  return html`<path d="${path}" class="${className}"/>`;
}

function xAxis({ from, to, axis }: RunChart, top: number, across: (x: number) => number): Html {
  const marks = marksBetween(from, to, 4).filter((mark) => across(mark) < RIGHT - 12);
  const words = (mark: number): string => (axis === 'step' ? stepWords(mark) : durationWords(mark * 1000));
  const ticks = marks.map((mark) => html`<text x="${across(mark)}" y="${top + 14}" text-anchor="middle">${words(mark)}</text>`);
  return html`<line x1="${SIZE.left}" x2="${RIGHT}" y1="${top}" y2="${top}" class="axis"/>${ticks}<text x="${RIGHT}" y="${top + 26}" text-anchor="end">${axis === 'step' ? 'step' : 'since it began'}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
