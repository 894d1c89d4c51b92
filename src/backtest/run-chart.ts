import type { Rule } from '../engine/rule.ts';
import { valueName } from './condition-words.ts';
import { limitsOf } from './margin.ts';
import type { ChartPanel, RunChart, TestedRun } from './result.ts';
import type { Series } from './series.ts';
import type { RunHistory, RunOutcome } from './simulate-run.ts';
import { type Line, thinnedLine } from './thin.ts';

/** Stretches of a line: about two points for each, and a chart is a few hundred pixels wide. */
const STRETCHES = 160;
const MOST_MARKS = 50;

/** One run to draw: what it logged, what was compared, the limit, and where it fired or came closest. `undefined`: there is no line. */
export function runChart(rule: Rule, run: TestedRun, history: RunHistory, outcome: RunOutcome): RunChart | undefined {
  const series = drawnSeries(history, outcome);
  if (series === undefined || series.x.length < 2) return undefined;
  const { x, value, axis } = series;
  const panels = panelsOf(rule, series, outcome);
  return {
    run,
    axis,
    from: x[0] ?? 0,
    to: x[x.length - 1] ?? 0,
    total: x.length,
    panels,
    firedAt: outcome.firings.slice(0, MOST_MARKS).flatMap(({ firing }) => (firing.x === undefined ? [] : [firing.x])),
    notFiniteAt: placesOf(x, value),
  };
}

/** Of several series the one that fired. */
function drawnSeries({ series }: RunHistory, { firings }: RunOutcome): Series | undefined {
  const metric = firings[0]?.firing.metric;
  return series.find((one) => one.metric === metric) ?? series[0];
}

function panelsOf({ condition }: Rule, series: Series, outcome: RunOutcome): ChartPanel[] {
  const { x, value } = series;
  const logged = thinnedLine(x, value, STRETCHES);
  const empty: Line = [];
  const fired = outcome.firings.slice(0, MOST_MARKS).flatMap(({ firing }): [number, number][] => {
    const isDrawn = firing.x !== undefined && firing.value !== undefined && Number.isFinite(firing.value);
    return isDrawn && firing.x !== undefined && firing.value !== undefined ? [[firing.x, firing.value]] : [];
  });
  const { closest } = outcome;
  const nearest: [number, number] | undefined = closest === undefined || fired.length > 0 ? undefined : [closest.x, closest.value];
  if (condition.kind === 'nonfinite') {
    return [{ label: series.metric, logged, compared: empty, limits: [], fired: [], nearest: undefined }];
  }
  const limits = limitsOf(condition);
  if (condition.kind === 'threshold' && condition.aggregate === undefined) {
    return [{ label: series.metric, logged, compared: empty, limits, fired, nearest }];
  }
  const compared = thinnedLine(x, outcome.compared, STRETCHES);
  if (condition.kind === 'threshold') return [{ label: valueName(condition), logged, compared, limits, fired, nearest }];
  // Another unit than what was logged: a plot of its own.
  return [
    { label: series.metric, logged, compared: empty, limits: [], fired: [], nearest: undefined },
    { label: valueName(condition), logged: empty, compared, limits, fired, nearest },
  ];
}

function placesOf(x: Float64Array, value: Float64Array): number[] {
  const places: number[] = [];
  for (let i = 0; i < value.length && places.length < MOST_MARKS; i++) if (!Number.isFinite(value[i])) places.push(x[i] ?? 0);
  return places;
}
