import { shownRange } from '../../src/backtest/scale.ts';
import type { Line } from '../../src/backtest/thin.ts';
import { type Span, type StyledLine, span } from './styled.ts';

const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export interface CharacterChart {
  readonly line: Line;
  readonly from: number;
  readonly to: number;
  readonly limits: readonly number[];
  /** Which side of the limit counts: of the values in one column the lowest or the highest is drawn. */
  readonly side: 'above' | 'below';
  readonly firedAt: readonly number[];
  readonly nearestAt: number | undefined;
  /** Characters of the plot, without its labels. */
  readonly width: number;
  readonly height: number;
  readonly words: (value: number) => string;
  readonly ends: readonly [string, string];
}

/** A chart in block characters: columns, the limit as a dashed line, and marks below where it fired or came closest. */
export function characterChart(chart: CharacterChart): StyledLine[] {
  const columns = columnsOf(chart);
  const known = columns.filter((value) => value !== undefined);
  const [low, high] = rangeOf(shownRange(known, chart.limits).values);
  const cells = chart.height * 8;
  const levelOf = (value: number): number => Math.min(cells, Math.max(1, Math.round(((value - low) / (high - low)) * (cells - 1)) + 1));
  const levels = columns.map((value) => (value === undefined ? 0 : levelOf(value)));
  const limitRows = new Set(chart.limits.map((limit) => chart.height - Math.ceil(levelOf(limit) / 8)));
  const [topLabel, bottomLabel] = [chart.words(high), chart.words(low)];
  const limitLabel = chart.limits[0] === undefined ? '' : chart.words(chart.limits[0]);
  const room = Math.max(topLabel.length, bottomLabel.length, limitLabel.length, 4);
  const isBeyond = columns.map((value) => value !== undefined && chart.limits.some((limit, i) => beyond(value, limit, chart.side, i)));
  const rows = Array.from({ length: chart.height }, (_, row): StyledLine => {
    const isLimit = limitRows.has(row);
    const label = isLimit && limitLabel !== '' ? limitLabel : row === 0 ? topLabel : row === chart.height - 1 ? bottomLabel : '';
    const base = (chart.height - 1 - row) * 8;
    const spans = levels.map((level, i) => cellOf(Math.min(8, Math.max(0, level - base)), isLimit, isBeyond[i] === true));
    return [span(`${label.padStart(room)} `, isLimit ? 'red' : 'dim'), span(isLimit ? '┼' : '│', 'dim'), ...joined(spans)];
  });
  return [...rows, marksLine(chart, room), endsLine(chart, room)];
}

function beyond(value: number, limit: number, side: 'above' | 'below', index: number): boolean {
  // A second limit is the other side's.
  return (side === 'above') === (index === 0) ? value >= limit : value <= limit;
}

function cellOf(eighths: number, isLimit: boolean, isBeyond: boolean): Span {
  if (eighths === 0) return isLimit ? span('╌', 'red') : span(' ');
  return span(BLOCKS[eighths] ?? '█', isBeyond ? 'red' : 'blue');
}

/** Neighbours of one style as one piece. */
function joined(spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const one of spans) {
    const last = out.at(-1);
    if (last !== undefined && last.style === one.style) out[out.length - 1] = { ...last, text: last.text + one.text };
    else out.push(one);
  }
  return out;
}

/** The value of each column; `undefined` where there is none. */
function columnsOf({ line, from, to, width, side }: CharacterChart): (number | undefined)[] {
  const columns: (number | undefined)[] = Array.from({ length: width }, () => undefined);
  for (const point of line) {
    if (point === null) continue;
    const column = columnAt(point[0], { from, to, width });
    const known = columns[column];
    if (known === undefined || (side === 'above' ? point[1] > known : point[1] < known)) columns[column] = point[1];
  }
  // Few points stand far apart: a value holds until the next one.
  const count = columns.filter((value) => value !== undefined).length;
  if (count < width / 2) for (let i = 1; i < width; i++) columns[i] ??= columns[i - 1];
  return columns;
}

function columnAt(x: number, { from, to, width }: Pick<CharacterChart, 'from' | 'to' | 'width'>): number {
  const share = to > from ? (x - from) / (to - from) : 0;
  return Math.min(width - 1, Math.max(0, Math.floor(share * width)));
}

function rangeOf(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return finite.length === 0 || low === high ? [(finite[0] ?? 0) - 1, (finite[0] ?? 0) + 1] : [low, high];
}

function marksLine(chart: CharacterChart, room: number): StyledLine {
  const cells = Array.from({ length: chart.width }, () => span('─', 'dim'));
  if (chart.nearestAt !== undefined) cells[columnAt(chart.nearestAt, chart)] = span('△', 'yellow');
  for (const x of chart.firedAt) cells[columnAt(x, chart)] = span('▲', 'red');
  return [span(`${' '.repeat(room)} `), span('└', 'dim'), ...joined(cells)];
}

function endsLine({ ends: [from, to], width }: CharacterChart, room: number): StyledLine {
  return [span(`${' '.repeat(room + 2)}${from}${' '.repeat(Math.max(1, width - from.length - to.length))}${to}`, 'dim')];
}

/** How much of a whole, as a bar of at most `width` characters. */
export function bar(part: number, whole: number, width: number): string {
  const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
  if (whole === 0 || part === 0) return '';
  const eighths = Math.max(1, Math.round((part / whole) * width * 8));
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ''}`;
}

/** Numbers as a line of blocks, one character each; blank for 0. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  return values.map((value) => (value === 0 ? '·' : (BLOCKS[Math.max(1, Math.round((value / most) * 8))] ?? '█'))).join('');
}
