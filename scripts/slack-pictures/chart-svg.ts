import { type Html, html, NOTHING } from '../../src/lib/safe-html.ts';

/** What a chart shows, as in Slack's `data_visualization` block; checked before it is drawn. */
export interface Chart {
  readonly type: 'line' | 'bar' | 'area' | 'pie';
  readonly series?: readonly Series[];
  readonly segments?: readonly Point[];
  readonly axis_config?: { readonly categories: readonly string[]; readonly x_label?: string; readonly y_label?: string };
}

interface Series {
  readonly name: string;
  readonly data: readonly Point[];
}

interface Point {
  readonly label: string;
  readonly value: number;
}

const COLOURS = ['#1264a3', '#e01e5a', '#2eb67d', '#ecb22e', '#4a154b', '#616061'];
/** Pixels. The plot is inside, with room for the labels. */
const SIZE = { width: 560, height: 220, left: 48, right: 12, top: 8, bottom: 44 };
const LINES = 4;

/** The chart as inline SVG, with its legend. */
export function chartHtml(title: string, chart: Chart): Html {
  const drawn = chart.type === 'pie' ? pie(chart.segments ?? []) : axes(chart);
  const names = chart.type === 'pie' ? (chart.segments ?? []).map(({ label }) => label) : (chart.series ?? []).map(({ name }) => name);
  const legend = names.map((name, index) => html`<span class="key"><i style="background:${colour(index)}"></i>${name}</span>`);
  return html`<div class="chart"><div class="chart-title">${title}</div>${drawn}<div class="legend">${legend}</div></div>`;
}

function axes({ type, series = [], axis_config: config = { categories: [] } }: Chart): Html {
  const { categories, x_label: x, y_label: y } = config;
  const values = series.flatMap(({ data }) => data.map(({ value }) => value));
  const scale = scaleOf(Math.min(0, ...values), Math.max(0, ...values));
  const across = (index: number): number => place(index, categories.length, type === 'bar');
  const up = (value: number): number => {
    const share = (value - scale.least) / (scale.most - scale.least);
    return SIZE.height - SIZE.bottom - share * (SIZE.height - SIZE.bottom - SIZE.top);
  };
  const grid = scale.marks.map((mark) => {
    const at = round(up(mark));
    return html`<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${at}" y2="${at}" class="grid"/><text x="${SIZE.left - 8}" y="${at + 4}" class="end">${number(mark)}</text>`;
  });
  const every = Math.max(1, Math.ceil(categories.length / 5));
  const ticks = categories.map((category, index) =>
    index % every === 0 ? html`<text x="${round(across(index))}" y="${SIZE.height - 28}" class="middle">${category}</text>` : NOTHING,
  );
  const titles = [
    x === undefined ? NOTHING : html`<text x="${(SIZE.left + SIZE.width) / 2}" y="${SIZE.height - 8}" class="middle">${x}</text>`,
    y === undefined ? NOTHING : html`<text transform="translate(10 ${SIZE.height / 2}) rotate(-90)" class="middle">${y}</text>`,
  ];
  const drawn = series.map((one, index) => drawSeries({ type, one, index, count: series.length, categories, across, up }));
  return html`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}">${grid}${ticks}${titles}${drawn}</svg>`;
}

interface Drawing {
  readonly type: Chart['type'];
  readonly one: Series;
  readonly index: number;
  readonly count: number;
  readonly categories: readonly string[];
  readonly across: (index: number) => number;
  readonly up: (value: number) => number;
}

function drawSeries({ type, one, index, count, categories, across, up }: Drawing): Html {
  const spots = one.data.map(({ label, value }) => ({ x: round(across(categories.indexOf(label))), y: round(up(value)) }));
  const points = spots.map(({ x, y }) => `${x},${y}`).join(' ');
  const ground = round(up(0));
  switch (type) {
    case 'bar': {
      const width = ((SIZE.width - SIZE.left - SIZE.right) / categories.length) * (0.7 / count);
      const bars = spots.map(({ x, y }) => {
        const left = round(x + (index - count / 2) * width);
        return html`<rect x="${left}" y="${Math.min(y, ground)}" width="${round(width)}" height="${Math.abs(ground - y)}" fill="${colour(index)}"/>`;
      });
      return html`${bars}`;
    }
    case 'area': {
      const [first, last] = [spots.at(0)?.x ?? 0, spots.at(-1)?.x ?? 0];
      return html`<polygon points="${first},${ground} ${points} ${last},${ground}" fill="${colour(index)}" opacity="0.6"/>`;
    }
    default:
      return html`<polyline points="${points}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`;
  }
}

function pie(segments: readonly Point[]): Html {
  const whole = segments.reduce((sum, { value }) => sum + value, 0);
  const radius = 40;
  const around = 2 * Math.PI * radius;
  let before = 0;
  const slices = segments.map(({ value }, index) => {
    const share = (value / whole) * around;
    const slice = html`<circle cx="280" cy="90" r="${radius}" fill="none" stroke="${colour(index)}" stroke-width="${2 * radius}" stroke-dasharray="${round(share)} ${round(around)}" stroke-dashoffset="${round(-before)}" transform="rotate(-90 280 90)"/>`;
    before += share;
    return slice;
  });
  return html`<svg viewBox="0 0 560 180">${slices}</svg>`;
}

function place(index: number, count: number, centred: boolean): number {
  const room = SIZE.width - SIZE.left - SIZE.right;
  if (centred) return SIZE.left + ((index + 0.5) / Math.max(1, count)) * room;
  return SIZE.left + (count < 2 ? 0.5 : index / (count - 1)) * room;
}

/** Round marks around all values. */
function scaleOf(low: number, high: number): { readonly least: number; readonly most: number; readonly marks: readonly number[] } {
  const rough = (high - low || 1) / LINES;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const [least, most] = [Math.floor(low / step) * step, Math.max(Math.ceil(high / step) * step, Math.floor(low / step) * step + step)];
  const marks = Array.from({ length: Math.round((most - least) / step) + 1 }, (_, index) => least + index * step);
  return { least, most, marks };
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}

function number(value: number): string {
  return Number(value.toPrecision(6)).toString();
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
