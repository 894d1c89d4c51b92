import { RUN_FIELDS } from '../automation/match-filter.ts';
import type { JsonObject } from '../lib/json.ts';
import { formatPercent } from '../lib/percent.ts';
import type { MatchDefinition } from './definition-types.ts';
import { type Field, type Filter, field, type RelayCondition, type RunCondition } from './filters.ts';

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
  /** The same, from the mean of the summary values of the project's last runs. Needs `engine: 'relay'`. */
  zscoreOverRuns(window?: number): RelayZscore;
  /** NaN or an infinity was logged. Needs `engine: 'relay'`. */
  nonfinite(): RelayCondition<'metric'>;
  /** Over the last values it changed by less than this. Needs `engine: 'relay'`. */
  stalls(by: Stall): RelayCondition<'metric'>;
}

/** By less than how much, over how many values: a difference, or a fraction of the oldest one. */
export type Stall = { readonly window: number } & (
  | { readonly diff: number; readonly frac?: undefined }
  | { readonly frac: number; readonly diff?: undefined }
);

/** A z-score that only `engine: 'relay'` can evaluate. */
export interface RelayZscore {
  /** @param threshold positive */
  gt(threshold: number): RelayCondition<'metric'>;
  /** @param threshold negative */
  lt(threshold: number): RelayCondition<'metric'>;
  /** In either direction. */
  abs(): Pick<RelayZscore, 'gt'>;
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
/** The states that W&B has no automation for. */
export type RelayState = 'crashed' | 'killed' | 'preempted';
const RELAY_STATES: readonly string[] = ['crashed', 'killed', 'preempted'] satisfies RelayState[];

/** Durations as in YAML: `10m`, `6h`. Need `engine: 'relay'`. */
export interface StateTimes {
  /** A run that comes back within this time has not crashed. */
  readonly grace?: string;
  /** Only runs that took so long. */
  readonly longerThan?: string;
}

interface States {
  eq(state: State): StateCondition;
  eq(state: State | RelayState, times?: StateTimes): RelayCondition<'state'>;
  in(states: readonly [State, ...State[]]): StateCondition;
  in(states: readonly [State | RelayState, ...(State | RelayState)[]], times?: StateTimes): RelayCondition<'state'>;
}

/**
 * Conditions on a run: its name, user, tags, state and metrics.
 *
 * @example
 * runEvent.metric('loss').avg(10).increasesBy({ frac: 0.25 })
 * @example
 * // These need engine: 'relay'.
 * runEvent.state.in(['crashed', 'preempted'], { grace: '10m' })
 * runEvent.metric('loss').stalls({ window: 50, frac: 0.01 })
 * runEvent.metrics({ regex: '^train/' }).nonfinite()
 */
export const runEvent = {
  /** The display name. */
  name: field('run', RUN_FIELDS.name) as Field<'run'>,
  user: field('run', RUN_FIELDS.user) as Field<'run'>,
  /** True when one of the run's tags meets it. */
  tags: field('run', 'tags') as Field<'run'>,
  state: {
    eq: (state: State | RelayState, times?: StateTimes) => stateCondition([state], times),
    in: (states: readonly (State | RelayState)[], times?: StateTimes) => stateCondition(states, times),
  } as States,
  metric,
  /** Several metrics, as a MATCH in YAML. */
  metrics: (metrics: MatchDefinition) => ({
    /** NaN or an infinity was logged in one of them. Needs `engine: 'relay'`. */
    nonfinite: (): RelayCondition<'metric'> => relayCondition('run_metric_nonfinite', { metrics: metrics as JsonObject }),
  }),
  /** A Mongo-like filter with the server's field names, sent unchanged. */
  filter: (raw: JsonObject): Filter<'run'> => ({ subject: 'run', filter: raw }),
} as const;

function stateCondition(
  states: readonly (State | RelayState)[],
  { grace, longerThan }: StateTimes = {},
): StateCondition | RelayCondition<'state'> {
  const times = { ...(grace === undefined ? {} : { grace }), ...(longerThan === undefined ? {} : { longer_than: longerThan }) };
  const event: JsonObject = { run_state: { states: [...new Set(states)], ...times } };
  const isOfRelay = states.some((state) => RELAY_STATES.includes(state)) || Object.keys(times).length > 0;
  return { kind: 'state', event, runs: undefined, ...(isOfRelay ? { engine: 'relay' } : {}) };
}

function relayCondition(event: string, fields: JsonObject): RelayCondition<'metric'> {
  return { ...condition(event, fields), engine: 'relay' };
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
    zscoreOverRuns: (window = 30) => zscoreOverRuns(zscore(name, windowOf(window))),
    nonfinite: () => relayCondition('run_metric_nonfinite', { metric: name }),
    stalls: ({ window, ...by }) => relayCondition('run_metric_stall', { metric: name, window: windowOf(window), less_than: amountOf(by) }),
  };
}

function zscoreOverRuns(score: Zscore): RelayZscore {
  const overRuns = ({ event }: MetricCondition) =>
    relayCondition('run_metric_zscore', { ...(event.run_metric_zscore as JsonObject), over: 'runs' });
  return {
    gt: (threshold) => overRuns(score.gt(threshold)),
    lt: (threshold) => overRuns(score.lt(threshold)),
    abs: () => ({ gt: (threshold) => overRuns(score.abs().gt(threshold)) }),
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
