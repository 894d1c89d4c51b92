import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { didYouMean } from '../lib/nearest-word.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { regexProblem } from '../route/match.ts';

/** Filters on runs in W&B's form, as far as the relay evaluates them: Mongo's operators from a list, on fields from a list. */

/** A filter that was checked. */
export type RunCondition =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly parts: readonly RunCondition[] }
  | { readonly kind: 'test'; readonly field: RunField; readonly tests: readonly FieldTest[] };

export interface RunField {
  /** As the filter names it, which is how the server knows it. */
  readonly name: string;
  /** One of `RUN_FIELDS`, or `config.…` or `summary_metrics.…`. */
  readonly canonical: string;
  readonly type: FieldType;
}

export type FieldTest =
  | { readonly operator: ValueOperator; readonly value: JsonValue }
  | { readonly operator: '$not'; readonly tests: readonly FieldTest[] };

export interface RunQuery {
  readonly condition: RunCondition;
  /** Names of values that a list of runs does not have by itself. */
  readonly fields: readonly string[];
}

export interface FilterProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

const VALUE_OPERATORS = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$exists', '$regex', '$contains'] as const;
export type ValueOperator = (typeof VALUE_OPERATORS)[number];
const GROUPS = { $and: 'and', $or: 'or', $nor: 'nor' } as const;
const GROUP_OPERATORS: readonly string[] = [...Object.keys(GROUPS), '$not'];
const FIELD_OPERATORS: readonly string[] = [...VALUE_OPERATORS, '$not'];

type FieldType = 'text' | 'texts' | 'time' | 'seconds' | 'any';

/** The fields that W&B can filter runs by (Python client, `apis/public/runs.py`). */
const RUN_FIELDS: Readonly<Record<string, FieldType>> = {
  createdAt: 'time',
  displayName: 'text',
  duration: 'seconds',
  group: 'text',
  host: 'text',
  jobType: 'text',
  name: 'text',
  state: 'text',
  tags: 'texts',
  username: 'text',
};
/** What W&B's automations call a run's name (client, `automations/events.py`). */
const ALIASES: Readonly<Record<string, string>> = { display_name: 'displayName' };
const KEYED = /^(config|summary_metrics)\.(.+)$/;
const KNOWN_FIELDS: readonly string[] = [...Object.keys(RUN_FIELDS), 'config', 'summary_metrics'];

/** Checks a filter, and reads it into its parts. */
export function readRunFilter(filter: JsonObject): Result<RunQuery, FilterProblem[]> {
  const problems: FilterProblem[] = [];
  const condition = groupOf(filter, [], problems);
  if (problems.length > 0) return err(problems);
  const fields = new Set<string>();
  collectFields(condition, fields);
  return ok({ condition, fields: [...fields] });
}

function groupOf(filter: JsonObject, path: FilterProblem['path'], problems: FilterProblem[]): RunCondition {
  const parts = Object.entries(filter).flatMap(([key, value]): RunCondition[] => {
    const here = [...path, key];
    if (Object.hasOwn(GROUPS, key)) return [listOf(key as keyof typeof GROUPS, value, here, problems)];
    // At the top W&B's client knows `$not` of a filter, which Mongo writes as `$nor` of one.
    if (key === '$not') return [{ kind: 'nor', parts: [childOf(value, here, problems)] }];
    if (key.startsWith('$')) {
      problems.push({ path: here, message: unknownOperator(key, GROUP_OPERATORS, 'combines filters with') });
      return [];
    }
    const field = fieldOf(key);
    if (field === undefined) {
      problems.push({ path: here, message: unknownField(key) });
      return [];
    }
    return [{ kind: 'test', field, tests: testsOf(field, value, here, problems) }];
  });
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'and', parts };
}

function listOf(key: keyof typeof GROUPS, value: JsonValue, path: FilterProblem['path'], problems: FilterProblem[]): RunCondition {
  if (!Array.isArray(value)) {
    problems.push({ path, message: 'must be a list of filters' });
    return { kind: 'and', parts: [] };
  }
  if (key === '$or' && value.length === 0) problems.push({ path, message: 'must list at least one filter: an empty $or passes no run' });
  return { kind: GROUPS[key], parts: value.map((child, i) => childOf(child, [...path, i], problems)) };
}

function childOf(child: JsonValue, path: FilterProblem['path'], problems: FilterProblem[]): RunCondition {
  if (isJsonObject(child)) return groupOf(child, path, problems);
  problems.push({ path, message: 'must be a filter: a mapping' });
  return { kind: 'and', parts: [] };
}

function fieldOf(name: string): RunField | undefined {
  const canonical = ALIASES[name] ?? name;
  const type = Object.hasOwn(RUN_FIELDS, canonical) ? RUN_FIELDS[canonical] : KEYED.test(canonical) ? 'any' : undefined;
  return type === undefined ? undefined : { name, canonical, type };
}

function testsOf(field: RunField, value: JsonValue, path: FilterProblem['path'], problems: FilterProblem[]): FieldTest[] {
  const operators = isJsonObject(value) ? value : { $eq: value };
  if (Object.keys(operators).length === 0) problems.push({ path, message: 'must have an operator, such as $eq' });
  return Object.entries(operators).flatMap(([operator, operand]): FieldTest[] => {
    const here = isJsonObject(value) ? [...path, operator] : path;
    if (operator === '$not') {
      if (isJsonObject(operand)) return [{ operator, tests: testsOf(field, operand, here, problems) }];
      problems.push({ path: here, message: 'must be a mapping of operators' });
      return [];
    }
    if (!isValueOperator(operator)) {
      problems.push({
        path: here,
        message: operator.startsWith('$')
          ? unknownOperator(operator, FIELD_OPERATORS, 'tests a field with')
          : 'must be an operator, such as $eq',
      });
      return [];
    }
    const plain = plainOf(operand);
    const message = operandProblem(field, operator, plain);
    if (message !== undefined) problems.push({ path: here, message });
    return [{ operator, value: plain }];
  });
}

function isValueOperator(operator: string): operator is ValueOperator {
  return (VALUE_OPERATORS as readonly string[]).includes(operator);
}

function plainOf(value: JsonValue): JsonValue {
  if (value instanceof JsonNumber) return value.valueOf();
  return Array.isArray(value) ? value.map(plainOf) : value;
}

function operandProblem(field: RunField, operator: ValueOperator, value: JsonValue): string | undefined {
  switch (operator) {
    case '$exists':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case '$regex':
      if (field.type === 'time' || field.type === 'seconds') return `${field.name} is no text: $regex does not apply`;
      return typeof value === 'string' ? regexProblem(value) : 'must be a regular expression, as text';
    case '$contains':
      if (field.type === 'time' || field.type === 'seconds') return `${field.name} is no text: $contains does not apply`;
      return typeof value === 'string' ? undefined : 'must be text';
    case '$in':
    case '$nin': {
      if (!Array.isArray(value)) return 'must be a list of values';
      return value.map((one) => valueProblem(field, one, true)).find((problem) => problem !== undefined);
    }
    case '$eq':
    case '$ne':
      return valueProblem(field, value, true);
    default:
      return valueProblem(field, value, false);
  }
}

function valueProblem({ name, type }: RunField, value: JsonValue, mayBeNull: boolean): string | undefined {
  if (value === null) return mayBeNull ? undefined : 'must be a number or text';
  if (typeof value === 'object') return 'must be a single value; for several use $in';
  switch (type) {
    case 'text':
    case 'texts':
      return typeof value === 'string' ? undefined : `must be text: ${name} is`;
    case 'time':
      return typeof value === 'string' && !Number.isNaN(timeOf(value)) ? undefined : `must be a time, such as "2026-01-31T12:00:00Z"`;
    case 'seconds':
      return typeof value === 'number' ? undefined : `must be a number of seconds`;
    case 'any':
      return mayBeNull || typeof value !== 'boolean' ? undefined : 'must be a number or text';
  }
}

/** Milliseconds since 1970; without a zone the time is in UTC, as everywhere at W&B. */
export function timeOf(value: string): number {
  const hasTime = /\d[T ]\d/.test(value);
  return Date.parse(hasTime && !/(?:[zZ]|[+-]\d\d:?\d\d)$/.test(value) ? `${value}Z` : value);
}

function unknownOperator(operator: string, known: readonly string[], use: string): string {
  const hint = operator === '$options' ? ': write (?i) at the beginning of the expression' : didYouMean(operator, known);
  return `${operator} is not an operator that the relay evaluates here${hint}. It ${use} ${known.join(', ')}`;
}

function unknownField(field: string): string {
  const first = field.split('.')[0] ?? field;
  return `${field} is not a field of runs${didYouMean(first, KNOWN_FIELDS)}. There are ${Object.keys(RUN_FIELDS).join(', ')}, config.KEY and summary_metrics.KEY`;
}

function collectFields(condition: RunCondition, fields: Set<string>): void {
  if (condition.kind === 'test') {
    const { canonical } = condition.field;
    if (KEYED.test(canonical) || canonical === 'host') fields.add(canonical);
  } else for (const part of condition.parts) collectFields(part, fields);
}
