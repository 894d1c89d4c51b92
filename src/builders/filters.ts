import { isJsonObject, type JsonObject } from '../lib/json.ts';

/**
 * Conditions on artifacts and on runs, for the TypeScript builders: fields, and `and`, `or`, `not` over them.
 * Counterparts of `FilterableField`, `ArtifactEvent` and `RunEvent` in the W&B client (0.30.0).
 */

export type Subject = 'artifact' | 'run';

/** A condition that is complete: on the artifact of an event, or on the run. */
export interface Filter<S extends Subject = Subject> {
  readonly subject: S;
  /** Mongo-like, in the server's words. */
  readonly filter: JsonObject;
}

/** What the last value of a metric, or the state of a run, has to be; with conditions on the run, if there are any. */
export interface RunCondition<K extends 'metric' | 'state'> {
  readonly kind: K;
  /** One key of `event` of the config, with its fields. */
  readonly event: JsonObject;
  readonly runs: Filter<'run'> | undefined;
}

export type Scalar = string | number | boolean;

/** A field that can be asked about. */
export interface Field<S extends Subject> {
  eq(value: Scalar | readonly Scalar[]): Filter<S>;
  ne(value: Scalar | readonly Scalar[]): Filter<S>;
  in(values: readonly Scalar[]): Filter<S>;
  notIn(values: readonly Scalar[]): Filter<S>;
  contains(text: string): Filter<S>;
  /** RE2, as on the server. */
  matchesRegex(pattern: string): Filter<S>;
  gt(value: Scalar): Filter<S>;
  gte(value: Scalar): Filter<S>;
  lt(value: Scalar): Filter<S>;
  lte(value: Scalar): Filter<S>;
  exists(exists?: boolean): Filter<S>;
}

/** @param name as the server calls the field */
export function field<S extends Subject>(subject: S, name: string): Field<S> {
  const ask = (operator: string, operand: Scalar | readonly Scalar[]): Filter<S> => ({
    subject,
    filter: { [name]: { [operator]: typeof operand === 'object' ? [...operand] : operand } },
  });
  return {
    eq: (value) => ask('$eq', value),
    ne: (value) => ask('$ne', value),
    in: (values) => ask('$in', values),
    notIn: (values) => ask('$nin', values),
    contains: (text) => ask('$contains', text),
    matchesRegex: (pattern) => ask('$regex', pattern),
    gt: (value) => ask('$gt', value),
    gte: (value) => ask('$gte', value),
    lt: (value) => ask('$lt', value),
    lte: (value) => ask('$lte', value),
    exists: (exists = true) => ask('$exists', exists),
  };
}

/** What can be asked about the artifact of an event. */
export const artifactEvent = {
  alias: field('artifact', 'alias'),
  tag: field('artifact', 'tag'),
  /** A Mongo-like filter in the server's words, passed on as it is. */
  filter: (raw: JsonObject): Filter<'artifact'> => ({ subject: 'artifact', filter: raw }),
} as const;

type RunPart<K extends 'metric' | 'state'> = Filter<'run'> | RunCondition<K>;

/**
 * All of them hold. Conditions on runs and one condition on a metric or a state make one that `onRunMetric` or `onRunState`
 * takes: `and(runEvent.name.contains('nightly'), runEvent.metric('loss').gt(1))`.
 */
export function and(first: Filter<'artifact'>, ...others: readonly Filter<'artifact'>[]): Filter<'artifact'>;
export function and(first: Filter<'run'>, ...others: readonly Filter<'run'>[]): Filter<'run'>;
export function and<K extends 'metric' | 'state'>(first: RunPart<K>, ...others: readonly RunPart<K>[]): RunCondition<K>;
export function and(...parts: readonly (Filter | RunCondition<'metric' | 'state'>)[]): Filter | RunCondition<'metric' | 'state'> {
  const conditions = parts.filter((part) => 'kind' in part);
  const [condition, second] = conditions;
  if (second !== undefined) throw new TypeError('and() takes one condition on a metric or a state: W&B watches one for each automation');
  if (condition === undefined) return combined('$and', parts.filter(isFilter));
  const runs = parts.flatMap((part) => ('kind' in part ? (part.runs ?? []) : part));
  const [first] = runs;
  if (first === undefined) return condition;
  return { ...condition, runs: asRunFilter(runs.length === 1 ? first : combined('$and', runs)) };
}

/** At least one of them holds. */
export function or(first: Filter<'artifact'>, ...others: readonly Filter<'artifact'>[]): Filter<'artifact'>;
export function or(first: Filter<'run'>, ...others: readonly Filter<'run'>[]): Filter<'run'>;
export function or(first: Filter, ...others: readonly Filter[]): Filter {
  return combined('$or', [first, ...others]);
}

/** It does not hold. As in the client, the negation of `or` is `$nor`, and a double negation is none. */
export function not<S extends Subject>({ subject, filter }: Filter<S>): Filter<S> {
  const entries = Object.entries(filter);
  const [operator, operand] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (operator === '$not' && isJsonObject(operand)) return { subject, filter: operand };
  if (operator === '$or' && operand !== undefined) return { subject, filter: { $nor: operand } };
  if (operator === '$nor' && operand !== undefined) return { subject, filter: { $or: operand } };
  return { subject, filter: { $not: filter } };
}

function combined<S extends Subject>(operator: '$and' | '$or', filters: readonly Filter<S>[]): Filter<S> {
  const [first] = filters;
  if (first === undefined) throw new TypeError(`${operator.slice(1)}() needs at least one condition`);
  if (filters.some(({ subject }) => subject !== first.subject)) {
    throw new TypeError(`${operator.slice(1)}() cannot mix conditions on artifacts with conditions on runs`);
  }
  return { subject: first.subject, filter: { [operator]: filters.map(({ filter }) => filter) } };
}

function asRunFilter({ subject, filter }: Filter): Filter<'run'> {
  if (subject !== 'run') throw new TypeError('a condition on a metric or a state goes with conditions on runs, not on artifacts');
  return { subject, filter };
}

function isFilter(part: Filter | RunCondition<'metric' | 'state'>): part is Filter {
  return 'subject' in part;
}
