import { RE2JS } from 're2js';
// The file itself: the package's entry cannot be imported by names, and brings operators that are not on the list.
import {
  $and,
  $eq,
  $exists,
  $gt,
  $gte,
  $in,
  $lt,
  $lte,
  $ne,
  $nin,
  $nor,
  $not,
  $or,
  createEqualsOperation,
  createQueryTester,
} from 'sift/lib/index.js';
import type { JsonValue } from '../lib/json.ts';
import type { RunSnapshot } from './run.ts';
import { type FieldTest, type RunCondition, type RunField, timeOf } from './run-filter-query.ts';

/** Evaluates a filter on runs, with the operators of `sift` (MongoDB's meaning, also for lists and missing values). */

/** The operators that there are: sift refuses any other, and `$where`, which runs code, is not among them. */
const OPERATIONS = {
  ...{ $and, $or, $nor, $not, $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists },
  // Linear time, as on W&B's server; sift's own takes JavaScript's expressions.
  $regex: textOperation((pattern) => {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.test(text);
  }),
  $contains: textOperation((part) => (text) => text.includes(part)),
};

type Operation = typeof $eq;

function textOperation(make: (operand: string) => (text: string) => boolean): Operation {
  return (operand, owner, options) => {
    const test = make(String(operand));
    return createEqualsOperation((value: unknown) => typeof value === 'string' && test(value), owner, options);
  };
}

type Query = { readonly [key: string]: unknown };

/** Compiles a condition into a test. */
export function testerOf(condition: RunCondition): (run: RunSnapshot) => boolean {
  const slots = new Map<string, { readonly slot: string; readonly field: RunField }>();
  const query = queryOf(condition, slots);
  if (typeof query === 'boolean') return () => query;
  const test = createQueryTester(query, { operations: OPERATIONS });
  return (run) => {
    const values: Record<string, unknown> = {};
    for (const { slot, field } of slots.values()) {
      const value = fieldValue(run, field);
      if (value !== undefined) values[slot] = value;
    }
    return test(values);
  };
}

/**
 * The query for sift. Fields are called `f0`, `f1`: their names have dots, which sift would follow.
 * `true` and `false`: all runs, none; sift has no empty groups.
 */
function queryOf(condition: RunCondition, slots: Map<string, { slot: string; field: RunField }>): Query | boolean {
  if (condition.kind === 'test') {
    const { field } = condition;
    const known = slots.get(field.canonical) ?? { slot: `f${slots.size}`, field };
    slots.set(field.canonical, known);
    return { $and: condition.tests.map((test) => ({ [known.slot]: operatorOf(test, field) })) };
  }
  const parts = condition.parts.map((part) => queryOf(part, slots));
  const queries = parts.filter((part) => typeof part !== 'boolean');
  const { kind } = condition;
  if (kind === 'and') return parts.includes(false) ? false : queries.length === 0 || { $and: queries };
  if (parts.includes(true)) return kind === 'or';
  return queries.length === 0 ? kind === 'nor' : { [`$${kind}`]: queries };
}

function operatorOf(test: FieldTest, field: RunField): Query {
  if (test.operator === '$not') return { $not: Object.assign({}, ...test.tests.map((inner) => operatorOf(inner, field))) as Query };
  return { [test.operator]: field.type === 'time' ? timesOf(test.value) : test.value };
}

function timesOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(timesOf);
  return typeof value === 'string' ? timeOf(value) : value;
}

function fieldValue(run: RunSnapshot, { canonical }: RunField): unknown {
  switch (canonical) {
    case 'createdAt':
      return run.createdAt;
    case 'displayName':
      return run.displayName;
    case 'duration':
      return (run.heartbeatAt - run.createdAt) / 1000;
    case 'group':
      return run.group;
    case 'jobType':
      return run.jobType;
    case 'name':
      return run.name;
    case 'state':
      return run.state;
    case 'tags':
      return run.tags;
    case 'username':
      return run.username;
    default:
      return run.fields?.[canonical];
  }
}
