import { RE2JS } from 're2js';
import type { JsonObject } from '../lib/json.ts';
import type { FieldTest, RunCondition, RunField } from './run-filter-query.ts';

/**
 * The part of a filter that may be sent to W&B: it passes at least the runs that the filter passes, because the relay filters
 * again and what the server leaves out is never seen. Left out are conditions
 *
 * - on the state, which changes without a heartbeat, and on the duration, which W&B may measure differently
 * - on missing values, and what is negative on fields that may be missing: a database may answer differently than MongoDB
 * - on parts of tags: W&B documents the whole tag only
 */
export function serverFilter(condition: RunCondition): JsonObject | undefined {
  return partOf(condition).filter;
}

interface Part {
  /** `undefined`: all runs. */
  readonly filter: JsonObject | undefined;
  /** The filter passes the same runs, not only at least those. */
  readonly isExact: boolean;
}

const ALL: Part = { filter: undefined, isExact: false };

function partOf(condition: RunCondition): Part {
  if (condition.kind === 'test') return testPart(condition.field, condition.tests);
  const parts = condition.parts.map(partOf);
  const filters = parts.map(({ filter }) => filter).filter((filter) => filter !== undefined);
  const isExact = parts.every((part) => part.isExact);
  switch (condition.kind) {
    case 'and':
      if (parts.length === 0) return { filter: undefined, isExact: true };
      return { filter: filters.length > 1 ? { $and: filters } : filters[0], isExact };
    case 'or':
      return filters.length < parts.length ? ALL : { filter: filters.length > 1 ? { $or: filters } : filters[0], isExact };
    case 'nor':
      if (parts.length === 0) return { filter: undefined, isExact: true };
      return !isExact || filters.length < parts.length ? ALL : { filter: { $nor: filters }, isExact: true };
  }
}

/** Every run has them, so that a negative condition means the same everywhere. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(['createdAt', 'displayName', 'name']);
const NEVER_SENT: ReadonlySet<string> = new Set(['state', 'duration']);
const WHOLE_VALUE: ReadonlySet<string> = new Set(['$eq', '$in']);

function testPart(field: RunField, tests: readonly FieldTest[]): Part {
  const sent = tests.filter((test) => mayBeSent(field, test));
  const filters = sent.map((test): JsonObject => ({ [field.canonical]: operatorOf(test) }));
  // Under a negation a run without the value passes at MongoDB; elsewhere it may not.
  const isExact = sent.length === tests.length && ALWAYS_THERE.has(field.canonical);
  return { filter: filters.length > 1 ? { $and: filters } : filters[0], isExact };
}

function mayBeSent({ canonical, type }: RunField, test: FieldTest): boolean {
  if (NEVER_SENT.has(canonical)) return false;
  if (ALWAYS_THERE.has(canonical)) return true;
  if (test.operator === '$not' || test.operator === '$ne' || test.operator === '$nin' || test.operator === '$exists') return false;
  if (test.value === null || (Array.isArray(test.value) && test.value.includes(null))) return false;
  return type !== 'texts' || WHOLE_VALUE.has(test.operator);
}

function operatorOf(test: FieldTest): JsonObject {
  if (test.operator === '$not') return { $not: Object.assign({}, ...test.tests.map(operatorOf)) as JsonObject };
  // W&B has `$contains` in automations only.
  if (test.operator === '$contains') return { $regex: RE2JS.quote(String(test.value)) };
  return { [test.operator]: test.value };
}
