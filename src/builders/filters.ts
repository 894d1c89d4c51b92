import { isJsonObject, type JsonObject } from '../lib/json.ts';

/**
 * Conditions on artifacts and on runs, for the TypeScript builders: fields, and `and`, `or`, `not` over them.
 * Counterparts of `FilterableField`, `ArtifactEvent` and `RunEvent` in the W&B client (0.30.0).
 */

export type Subject = 'artifact' | 'run';

/** A condition on the artifact of an event, or on the run. */
export interface Filter<S extends Subject = Subject> {
  readonly subject: S;
  /** Mongo-like, with the server's field names. */
  readonly filter: JsonObject;
}

/** A condition on a metric or on the state of a run, with optional conditions on the run. */
export interface RunCondition<K extends 'metric' | 'state'> {
  readonly kind: K;
  /** The `event` of the config: one key with its fields. */
  readonly event: JsonObject;
  readonly runs: Filter<'run'> | undefined;
  readonly engine?: undefined;
}

/** A condition that only `engine: 'relay'` can evaluate. */
export interface RelayCondition<K extends 'metric' | 'state'> extends Omit<RunCondition<K>, 'engine'> {
  readonly engine: 'relay';
}

export type AnyRunCondition<K extends 'metric' | 'state'> = RunCondition<K> | RelayCondition<K>;

export type Scalar = string | number | boolean;

/** A field for conditions. */
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

/** @param name the server's name of the field */
export function field<S extends Subject>(subject: S, name: string): Field<S> {
  const condition = (operator: string, operand: Scalar | readonly Scalar[]): Filter<S> => ({
    subject,
    filter: { [name]: { [operator]: typeof operand === 'object' ? [...operand] : operand } },
  });
  return {
    eq: (value) => condition('$eq', value),
    ne: (value) => condition('$ne', value),
    in: (values) => condition('$in', values),
    notIn: (values) => condition('$nin', values),
    contains: (text) => condition('$contains', text),
    matchesRegex: (pattern) => condition('$regex', pattern),
    gt: (value) => condition('$gt', value),
    gte: (value) => condition('$gte', value),
    lt: (value) => condition('$lt', value),
    lte: (value) => condition('$lte', value),
    exists: (exists = true) => condition('$exists', exists),
  };
}

/**
 * Conditions on the artifact of an event.
 *
 * @example
 * artifactEvent.alias.in(['staging', 'production'])
 */
export const artifactEvent = {
  alias: field('artifact', 'alias'),
  tag: field('artifact', 'tag'),
  /** A Mongo-like filter with the server's field names, sent unchanged. */
  filter: (raw: JsonObject): Filter<'artifact'> => ({ subject: 'artifact', filter: raw }),
} as const;

type RunPart = Filter<'run'> | AnyRunCondition<'metric'> | AnyRunCondition<'state'>;
type KindOf<P> = P extends AnyRunCondition<infer K> ? K : never;
/** All parts together need the relay if one of them does. */
type Combined<P> = [Extract<P, { readonly engine: 'relay' }>] extends [never] ? RunCondition<KindOf<P>> : RelayCondition<KindOf<P>>;

/**
 * All conditions are true. Conditions on runs can be combined with one condition on a metric or a state, for `onRunMetric`
 * or `onRunState`.
 *
 * @throws TypeError for two conditions on metrics or states, or for a mix of artifacts and runs
 * @example
 * and(runEvent.name.contains('nightly'), runEvent.metric('loss').gt(1))
 */
export function and(first: Filter<'artifact'>, ...others: readonly Filter<'artifact'>[]): Filter<'artifact'>;
export function and(first: Filter<'run'>, ...others: readonly Filter<'run'>[]): Filter<'run'>;
export function and<P extends readonly [RunPart, ...RunPart[]]>(...parts: P): Combined<P[number]>;
export function and(...parts: readonly (Filter | AnyRunCondition<'metric' | 'state'>)[]): Filter | AnyRunCondition<'metric' | 'state'> {
  const conditions = parts.filter((part) => 'kind' in part);
  const [condition, second] = conditions;
  if (second !== undefined) throw new TypeError('and() takes one condition on a metric or a state: W&B allows one for each automation');
  if (condition === undefined) return combined('$and', parts.filter(isFilter));
  const runs = parts.flatMap((part) => ('kind' in part ? (part.runs ?? []) : part));
  const [first] = runs;
  if (first === undefined) return condition;
  return { ...condition, runs: asRunFilter(runs.length === 1 ? first : combined('$and', runs)) };
}

/**
 * At least one condition is true.
 *
 * @throws TypeError for a mix of artifacts and runs
 * @example
 * or(artifactEvent.alias.eq('staging'), artifactEvent.alias.eq('production'))
 */
export function or(first: Filter<'artifact'>, ...others: readonly Filter<'artifact'>[]): Filter<'artifact'>;
export function or(first: Filter<'run'>, ...others: readonly Filter<'run'>[]): Filter<'run'>;
export function or(first: Filter, ...others: readonly Filter[]): Filter {
  return combined('$or', [first, ...others]);
}

/**
 * The condition is false. As in W&B's client, the negation of `or` is `$nor`, and a double negation is dropped.
 *
 * @example
 * not(artifactEvent.alias.contains('test'))
 */
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
  if (subject !== 'run')
    throw new TypeError('a condition on a metric or a state can be combined with conditions on runs, not on artifacts');
  return { subject, filter };
}

function isFilter(part: Filter | AnyRunCondition<'metric' | 'state'>): part is Filter {
  return 'subject' in part;
}
