import type { JsonObject } from '../lib/json.ts';
import { parsePercent } from '../lib/percent.ts';
import type { Match } from '../route/match.ts';
import { type Automation, eventTypeOf } from './automation.ts';
import { mutationFilter, runFilter } from './filter-algebra.ts';
import { matchFilter, RUN_FIELDS } from './match-filter.ts';

/**
 * The condition of an automation in the form of W&B's API. Every shape and constant is the W&B client's (0.30.0:
 * `wandb/automations/events.py`, `_run_metric_filters.py`, `_run_state_filters.py`), except where a comment says otherwise.
 */

type AutomationEvent = Automation['event'];
type ThresholdEvent = NonNullable<AutomationEvent['run_metric']>;
type ChangeEvent = NonNullable<AutomationEvent['run_metric_change']>;
type ZscoreEvent = NonNullable<AutomationEvent['run_metric_zscore']>;
type StateEvent = NonNullable<AutomationEvent['run_state']>;

/** The default windows of events with an aggregate: those that W&B's app proposes. */
export const DEFAULT_WINDOWS = { threshold: 5, current: 10, prior: 50, zscore: 30 } as const;

/** `triggeringEventType` of the API. */
export function triggeringEventType(automation: Pick<Automation, 'event'>): string {
  const type = eventTypeOf(automation);
  return type === 'link_artifact' ? 'LINK_MODEL' : type.toUpperCase();
}

/** `eventFilter` of the API: JSON text. Its filter on runs is again JSON text inside of it. */
export function eventFilter(automation: Pick<Automation, 'event' | 'runs'>): string {
  return JSON.stringify(filterOf(automation));
}

function filterOf({ event, runs }: Pick<Automation, 'event' | 'runs'>): JsonObject {
  if (event.run_metric !== undefined) return metricFilter(runs, { threshold_filter: thresholdFilter(event.run_metric) });
  if (event.run_metric_change !== undefined) return metricFilter(runs, { change_filter: changeFilter(event.run_metric_change) });
  if (event.run_metric_zscore !== undefined) return metricFilter(runs, { zscore_filter: zscoreFilter(event.run_metric_zscore) });
  if (event.run_state !== undefined) return { run_filter: runsText(runs), run_state_filter: stateFilter(event.run_state) };
  return mutationFilter(artifactCondition(event));
}

function metricFilter(runs: Automation['runs'], condition: JsonObject): JsonObject {
  return { run_filter: runsText(runs), run_metric_filter: condition, metric_filter: null };
}

function artifactCondition(event: AutomationEvent): JsonObject | undefined {
  const [fields] = Object.values(event) as { alias?: Match; tag?: Match; filter?: JsonObject }[];
  if (fields?.alias !== undefined) return matchFilter('alias', fields.alias);
  if (fields?.tag !== undefined) return matchFilter('tag', fields.tag);
  return fields?.filter;
}

function runsText(runs: Automation['runs']): string {
  return JSON.stringify(runFilter(runsCondition(runs)));
}

function runsCondition(runs: Automation['runs']): JsonObject | undefined {
  if (runs === undefined) return undefined;
  if (runs.filter !== undefined) return runs.filter;
  const conditions = (Object.keys(runs) as (keyof typeof runs)[]).flatMap((word) =>
    // W&B's automations have no `tags`: see automation-fit.ts.
    word === 'filter' || word === 'tags' || runs[word] === undefined ? [] : [matchFilter(RUN_FIELDS[word], runs[word])],
  );
  return { $and: conditions };
}

const AGGREGATES = { average: 'AVERAGE', min: 'MIN', max: 'MAX' } as const;

/** The client knows the first four; `$eq` and `$ne` follow W&B's app, which offers both comparisons (documentation). */
const COMPARISONS = {
  above: '$gt',
  above_or_equal_to: '$gte',
  below: '$lt',
  below_or_equal_to: '$lte',
  equal_to: '$eq',
  not_equal_to: '$ne',
} as const;

function thresholdFilter(event: ThresholdEvent): JsonObject {
  const [word, threshold] = theOne(event, Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]);
  return {
    name: event.metric,
    agg_op: aggregateOf(event),
    window_size: windowOf(event, event.window, DEFAULT_WINDOWS.threshold),
    cmp_op: COMPARISONS[word],
    threshold,
  };
}

const CHANGES = { increases_by: 'INCREASE', decreases_by: 'DECREASE', changes_by: 'ANY' } as const;

function changeFilter(event: ChangeEvent): JsonObject {
  const [word, amount] = theOne(event, Object.keys(CHANGES) as (keyof typeof CHANGES)[]);
  const isRelative = typeof amount === 'string';
  return {
    name: event.metric,
    agg_op: aggregateOf(event),
    current_window_size: windowOf(event, event.window, DEFAULT_WINDOWS.current),
    change_amount: isRelative ? parsePercent(amount) : amount,
    prior_window_size: windowOf(event, event.prior_window, DEFAULT_WINDOWS.prior),
    change_type: isRelative ? 'RELATIVE' : 'ABSOLUTE',
    change_dir: CHANGES[word],
  };
}

const DIRECTIONS = { above: 'INCREASE', below: 'DECREASE', either: 'ANY' } as const;

function zscoreFilter(event: ZscoreEvent): JsonObject {
  return {
    name: event.metric,
    window_size: event.window ?? DEFAULT_WINDOWS.zscore,
    threshold: event.threshold,
    change_dir: DIRECTIONS[event.direction],
  };
}

/** In the client's order, which is the alphabet's. */
function stateFilter(event: StateEvent): JsonObject {
  return { states: [...new Set(event.states.map((state) => state.toUpperCase()))].sort() };
}

function aggregateOf(event: ThresholdEvent | ChangeEvent): string | null {
  return event.aggregate === undefined ? null : AGGREGATES[event.aggregate];
}

/** Without an aggregate the latest value counts alone. */
export function windowOf(event: ThresholdEvent | ChangeEvent, window: number | undefined, standard: number): number {
  return event.aggregate === undefined ? 1 : (window ?? standard);
}

/** The one of several keys that the schema made sure is there, with its value. */
function theOne<T extends object, K extends keyof T>(object: T, keys: readonly K[]): [K, NonNullable<T[K]>] {
  for (const key of keys) {
    const value = object[key];
    if (value !== undefined && value !== null) return [key, value];
  }
  throw new Error(`none of ${keys.join(', ')} in a definition that the schema accepted`);
}
