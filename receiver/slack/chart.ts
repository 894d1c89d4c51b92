import type { RelayEvent } from '../../src/event/event.ts';
import { type MetricPoint, type MetricPoints, MOST_POINTS } from '../../src/event/metric-points.ts';
import { numberWords } from '../../src/event/metric-words.ts';
import { mrkdwnName, plainName } from './mrkdwn.ts';

/** Slack's chart (Slack, "Data visualization block"); `@slack/types` 3.2 does not have it. For messages only, at most two in one. */
export interface ChartBlock {
  readonly type: 'data_visualization';
  readonly title: string;
  readonly chart: {
    readonly type: 'line';
    readonly series: readonly ChartSeries[];
    readonly axis_config: { readonly categories: readonly string[]; readonly x_label: string; readonly y_label: string };
  };
}

interface ChartSeries {
  readonly name: string;
  /** One for each category, in any order. */
  readonly data: readonly { readonly label: string; readonly value: number }[];
}

/** Slack's limits, in characters or in numbers. */
export const CHART_LIMITS = { title: 50, axisLabel: 50, seriesName: 20, label: 20, points: MOST_POINTS, series: 6, inMessage: 2 } as const;

/** What a chart shows beside the values. */
type Limit = { readonly name: string; readonly value: number };

/** A metric's last values with the automation's limit as a line; `undefined` when there is nothing to draw a line through. */
export function chartOf(event: RelayEvent, { metric, axis, points }: MetricPoints): ChartBlock | undefined {
  const labelled = labelsOf(axis, points);
  if (labelled.length < 2) return undefined;
  const names = seriesNames([metric, ...limitsOf(event).map(({ name }) => name)]);
  const lines = [labelled, ...limitsOf(event).map(({ value }) => labelled.map(({ label }) => ({ label, value })))];
  return {
    type: 'data_visualization',
    title: titleOf(metric, labelled.length),
    chart: {
      type: 'line',
      series: lines.slice(0, CHART_LIMITS.series).map((data, i) => ({ name: names[i] ?? '', data })),
      axis_config: {
        categories: labelled.map(({ label }) => label),
        x_label: axis === 'step' ? 'step' : 'time',
        y_label: chartName(metric, CHART_LIMITS.axisLabel),
      },
    },
  };
}

export interface SeriesChart {
  readonly title: { readonly name: string; readonly end: string };
  readonly labels: readonly string[];
  /** Each with a value for each label. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly xLabel: string;
  readonly yLabel: string;
}

/** A line chart of named things. Labels that are the same get a number, because Slack wants each once. */
export function seriesChart({ title, labels, series, xLabel, yLabel }: SeriesChart): ChartBlock {
  const categories = uniqueNames(labels.slice(-CHART_LIMITS.points), CHART_LIMITS.label);
  const names = seriesNames(series.map(({ name }) => name));
  return {
    type: 'data_visualization',
    title: `${chartName(title.name, CHART_LIMITS.title - title.end.length)}${title.end}`,
    chart: {
      type: 'line',
      series: series.slice(0, CHART_LIMITS.series).map(({ values }, i) => ({
        name: names[i] ?? '',
        data: values.slice(-CHART_LIMITS.points).map((value, k) => ({ label: categories[k] ?? '', value })),
      })),
      axis_config: { categories, x_label: chartName(xLabel, CHART_LIMITS.axisLabel), y_label: chartName(yLabel, CHART_LIMITS.axisLabel) },
    },
  };
}

/** The same in words, as mrkdwn: for people who do not see the chart, and for messages that Slack takes only without it. */
export function chartWords(event: RelayEvent, { metric, axis, points, notFinite }: MetricPoints): string | undefined {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  const values = points.map(({ value }) => value);
  const [from, to] = [first, last].map(({ at }) => labelOf(axis, at));
  const range = axis === 'step' ? `steps ${from} to ${to}` : `${from} to ${to} of the run`;
  const sentences = [
    `${mrkdwnName(metric)}, last ${points.length} values (${range}): from ${numberWords(first.value)} to ${numberWords(last.value)}, ` +
      `lowest ${numberWords(Math.min(...values))}, highest ${numberWords(Math.max(...values))}`,
    ...limitsOf(event).map(({ name, value }) => `${name} ${numberWords(value)}`),
    ...(notFinite === 0 ? [] : [notFinite === 1 ? '1 more is NaN or infinite' : `${notFinite} more are NaN or infinite`]),
  ];
  return sentences.join(' · ');
}

const ABOVE: ReadonlySet<string> = new Set(['above', 'above_or_equal_to', 'gt', 'gte']);
const BELOW: ReadonlySet<string> = new Set(['below', 'below_or_equal_to', 'lt', 'lte']);

/** The automation's limit in the metric's own unit. A change is counted from the value before; a z-score and a stall have no such line. */
function limitsOf({ type, comparison = '', threshold, values = [] }: RelayEvent): Limit[] {
  if (threshold === undefined || type === 'run_metric_zscore' || type === 'run_metric_stall') return [];
  const [before] = values;
  const named = (name: string, value: number): Limit[] => (Number.isFinite(value) ? [{ name, value }] : []);
  const difference = differenceOf(threshold, before);
  if (/^(?:increases|decreases|changes)_by$/.test(comparison)) {
    if (values.length < 2 || before === undefined || difference === undefined) return [];
    if (comparison === 'increases_by') return named('alert above', before + difference);
    if (comparison === 'decreases_by') return named('alert below', before - difference);
    return [...named('alert above', before + difference), ...named('alert below', before - difference)];
  }
  if (typeof threshold !== 'number') return [];
  return named(ABOVE.has(comparison) ? 'alert above' : BELOW.has(comparison) ? 'alert below' : 'alert at', threshold);
}

/** `25%` is a part of the value before. */
function differenceOf(threshold: number | string, before: number | undefined): number | undefined {
  if (typeof threshold === 'number') return threshold;
  const percent = /^([\d.]+)%$/.exec(threshold)?.[1];
  return percent === undefined || before === undefined ? undefined : (Math.abs(before) * Number(percent)) / 100;
}

/** Each label once, as Slack wants it: of two places that look alike the later one stays. */
function labelsOf(axis: MetricPoints['axis'], points: readonly MetricPoint[]): { label: string; value: number }[] {
  const byLabel = new Map(points.map(({ at, value }) => [labelOf(axis, at), value]));
  return [...byLabel].slice(-CHART_LIMITS.points).map(([label, value]) => ({ label, value }));
}

/** `12400`, or `1:05:30` of the run. */
function labelOf(axis: MetricPoints['axis'], at: number): string {
  if (axis === 'step') return String(at).length <= CHART_LIMITS.label ? String(at) : at.toPrecision(8);
  const seconds = Math.max(0, Math.round(at));
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function titleOf(metric: string, count: number): string {
  const end = `, last ${count} values`;
  return `${chartName(metric, CHART_LIMITS.title - end.length)}${end}`;
}

/** Slack wants different names: a metric may be called `alert at`. */
function seriesNames(names: readonly string[]): string[] {
  return uniqueNames(names, CHART_LIMITS.seriesName);
}

function uniqueNames(names: readonly string[], limit: number): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = chartName(name, limit);
    for (let n = 2; taken.has(own); n++) own = `${chartName(name, limit - 5)} (${n})`;
    taken.add(own);
    return own;
  });
}

/** A name in a chart: Slack does not say whether it turns `:fire:` into an emoji there. */
function chartName(name: string, limit: number): string {
  return plainName(name.replace(/:(?=[\p{L}\p{N}_+'-]+:)/gu, '\uA789'), limit);
}
