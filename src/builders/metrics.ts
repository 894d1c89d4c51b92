import { RUN_FIELDS } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import { formatPercent } from '../lib/percent.ts';
import { type Field, type Filter, field, type RunCondition } from './filters.ts';

/**
 * Conditions on metrics and states of runs for the TypeScript builders.
 *
 * Counterparts of `MetricVal`, `MetricAgg`, `ZScoreMetricOperand` and `StateOperand` in the W&B client (0.30.0:
 * `_run_metric_filters.py`, `_run_state_filters.py`), with the defaults of the config file, which are those of W&B's app: a
 * window of 5 values for a threshold, of 10 for a change, and a prior window of 50. The client's own differ: there a window has
 * to be given, and the prior window is as long as the current one.
 */

export type MetricCondition = RunCondition<'metric'>;
export type StateCondition = RunCondition<'state'>;

/** By how much: a difference, or a fraction of the prior value. */
export type Change = ({ readonly diff: number; readonly frac?: undefined } | { readonly frac: number; readonly diff?: undefined }) & {
  /** Number of values in the prior window; default 50. Needs an aggregate. */
  readonly priorWindow?: number;
};

/** The latest value of a metric, or an aggregate of its last values. */
export interface MetricOperand {
  gt(threshold: number): MetricCondition;
  gte(threshold: number): MetricCondition;
  lt(threshold: number): MetricCondition;
  lte(threshold: number): MetricCondition;
  eq(threshold: number): MetricCondition;
  ne(threshold: number): MetricCondition;
  changesBy(change: Change): MetricCondition;
  increasesBy(change: Change): MetricCondition;
  decreasesBy(change: Change): MetricCondition;
}

export interface Metric extends MetricOperand {
  /** @param window number of values; default 5 for a threshold and 10 for a change */
  avg(window?: number): MetricOperand;
  /** The same as `avg`. */
  mean(window?: number): MetricOperand;
  min(window?: number): MetricOperand;
  max(window?: number): MetricOperand;
  /** How many standard deviations the value is from the mean over the window. */
  zscore(window?: number): Zscore;
}

/** W&B compares z-scores inclusively, so `gt` and `gte` are the same, and `lt` and `lte`. */
export interface Zscore extends AbsoluteZscore {
  /** @param threshold negative */
  lt(threshold: number): MetricCondition;
  /** @param threshold negative */
  lte(threshold: number): MetricCondition;
  /** In either direction. */
  abs(): AbsoluteZscore;
}

export interface AbsoluteZscore {
  /** @param threshold positive */
  gt(threshold: number): MetricCondition;
  /** @param threshold positive */
  gte(threshold: number): MetricCondition;
}

export type State = 'running' | 'finished' | 'failed';

/**
 * Conditions on a run: its name, user, state and metrics.
 *
 * @example
 * runEvent.metric('loss').avg(10).increasesBy({ frac: 0.25 })
 */
export const runEvent = {
  /** The display name. */
  name: field('run', RUN_FIELDS.name) as Field<'run'>,
  user: field('run', RUN_FIELDS.user) as Field<'run'>,
  state: {
    eq: (state: State): StateCondition => stateCondition([state]),
    in: (states: readonly [State, ...State[]]): StateCondition => stateCondition(states),
  },
  metric,
  /** A Mongo-like filter with the server's field names, sent unchanged. */
  filter: (raw: JsonObject): Filter<'run'> => ({ subject: 'run', filter: raw }),
} as const;

function stateCondition(states: readonly State[]): StateCondition {
  return { kind: 'state', event: { run_state: { states: [...new Set(states)] } }, runs: undefined };
}

function metric(name: string): Metric {
  const aggregate = (word: 'average' | 'min' | 'max') => (window?: number) =>
    operand({ metric: name, aggregate: word }, window === undefined ? {} : { window: windowOf(window) });
  return {
    ...operand({ metric: name }, {}),
    avg: aggregate('average'),
    mean: aggregate('average'),
    min: aggregate('min'),
    max: aggregate('max'),
    zscore: (window = 30) => zscore(name, windowOf(window)),
  };
}

function operand(base: JsonObject, window: JsonObject): MetricOperand {
  const compare = (word: string) => (threshold: number) => condition('run_metric', { ...base, ...window, [word]: numberOf(threshold) });
  const change = (word: string) => (by: Change) =>
    condition('run_metric_change', { ...base, ...window, ...priorWindow(by, 'aggregate' in base), [word]: amountOf(by) });
  return {
    gt: compare('above'),
    gte: compare('above_or_equal_to'),
    lt: compare('below'),
    lte: compare('below_or_equal_to'),
    eq: compare('equal_to'),
    ne: compare('not_equal_to'),
    changesBy: change('changes_by'),
    increasesBy: change('increases_by'),
    decreasesBy: change('decreases_by'),
  };
}

function zscore(name: string, window: number): Zscore {
  const compare = (direction: string, sign: 1 | -1) => (threshold: number) => {
    const distance = numberOf(threshold) * sign;
    if (distance <= 0) throw new RangeError(`the threshold of a z-score must be positive for gt and negative for lt, not ${threshold}`);
    return condition('run_metric_zscore', { metric: name, window, threshold: distance, direction });
  };
  const above = compare('above', 1);
  const below = compare('below', -1);
  const away = compare('either', 1);
  return { gt: above, gte: above, lt: below, lte: below, abs: () => ({ gt: away, gte: away }) };
}

/**
 * The z-score in either direction.
 *
 * @example
 * abs(runEvent.metric('loss').zscore(30)).gt(3)
 */
export function abs(score: Zscore): AbsoluteZscore {
  return score.abs();
}

function condition(event: string, fields: JsonObject): MetricCondition {
  return { kind: 'metric', event: { [event]: fields }, runs: undefined };
}

function priorWindow({ priorWindow: window }: Change, hasAggregate: boolean): JsonObject {
  if (window === undefined) return {};
  if (hasAggregate) return { prior_window: windowOf(window) };
  if (window !== 1) throw new TypeError('priorWindow needs an aggregate, such as avg(10)');
  return {};
}

function amountOf({ diff, frac }: Change): string | number {
  if ((diff === undefined) === (frac === undefined)) throw new TypeError('a change must have either diff or frac');
  const amount = numberOf(diff ?? frac);
  if (amount <= 0) throw new RangeError(`a change must be by a positive amount, not ${amount}`);
  return frac === undefined ? amount : formatPercent(amount);
}

function windowOf(window: number): number {
  if (!Number.isInteger(window) || window < 1) throw new RangeError(`a window must be a whole number of at least 1, not ${window}`);
  return window;
}

/** A config in JavaScript is not type-checked. */
function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new TypeError(`expected a number, got ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
  return value;
}
