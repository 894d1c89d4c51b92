import { GraphQLError } from 'graphql';

/** Rows of a run's history at the W&B stand-in, and the two forms in which W&B sends them. */

export type LoggedValue = number | string | boolean | null | readonly LoggedValue[] | { readonly [name: string]: LoggedValue };

/** One row as it was logged: nested values are objects, NaN and infinities are numbers. */
export type LoggedRow = { readonly [name: string]: LoggedValue };

/** Rows that may be made when they are read: a run of 10,000 rows costs nothing until somebody asks. */
export interface RowList {
  readonly length: number;
  at(index: number): LoggedRow | undefined;
}

/** Where a run belongs; what is left out is not there. */
export interface RunPlace {
  readonly id?: string;
  readonly group?: string | null;
  readonly jobType?: string | null;
  readonly host?: string | null;
  readonly sweepName?: string | null;
}

/** Rows made by a function; every row has the same names, the step grows. */
export function madeRows(length: number, make: (index: number) => LoggedRow): RowList & { readonly isRegular: true } {
  return { length, isRegular: true, at: (index) => (index < length ? make(index) : undefined) };
}

/** The value at a dotted name: W&B flattens nested objects, and a name may have dots of its own. */
export function valueAt(row: LoggedRow, name: string): LoggedValue | undefined {
  if (Object.hasOwn(row, name)) return row[name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const inner = row[name.slice(0, dot)];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      const found = valueAt(inner as LoggedRow, name.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** All dotted names of a row with their values; lists are values. */
export function leavesOf(row: LoggedRow, prefix = ''): [string, LoggedValue][] {
  return Object.entries(row).flatMap(([name, value]): [string, LoggedValue][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leavesOf(value as LoggedRow, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  );
}

/** A row as `history` and `events` send it: JSON, but NaN and infinities stand in it bare. */
export function bareJson(value: LoggedValue): string {
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(bareJson).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${bareJson(inner)}`)
    .join(',')}}`;
}

/** A value as `sampledHistory` and summaries send it: NaN and infinities are text. */
export function textForNonfinite(value: LoggedValue): LoggedValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(textForNonfinite);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, textForNonfinite(inner)]));
}

interface HistorySpec {
  readonly keys: readonly string[];
  readonly samples?: number;
  readonly minStep?: number;
  readonly maxStep?: number;
}

/**
 * `sampledHistory` for one spec: rows that have all keys, both ends of the range among them; thinned out when there are more
 * than `samples`. A row has the keys that were asked for, under their dotted names.
 */
export function sampledRows(rows: RowList, text: string): object[] {
  const spec = JSON.parse(text) as HistorySpec;
  const { keys, samples = 500, minStep = 0, maxStep = Number.POSITIVE_INFINITY } = spec;
  if (!Array.isArray(keys) || keys.length === 0) throw new GraphQLError('a spec needs keys');
  const found: object[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows.at(i);
    if (row === undefined) continue;
    const step = stepOf(row);
    if (step < minStep || step > maxStep) continue;
    const picked = pick(row, keys);
    if (picked !== undefined) found.push(picked);
  }
  return thinned(found, samples);
}

/** `history`: whole rows as text, `maxStep` is not among them; thinned out when there are more than `samples`. */
export function textRows(
  rows: RowList,
  { minStep, maxStep, samples }: { minStep?: number | null; maxStep?: number | null; samples?: number | null },
): string[] {
  const found: LoggedRow[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows.at(i);
    if (row === undefined) continue;
    const step = stepOf(row);
    if (step >= (minStep ?? 0) && step < (maxStep ?? Number.POSITIVE_INFINITY)) found.push(row);
  }
  return thinned(found, samples ?? 500).map(bareJson);
}

export function stepOf(row: LoggedRow): number {
  return typeof row._step === 'number' ? row._step : 0;
}

function pick(row: LoggedRow, keys: readonly string[]): object | undefined {
  const picked: Record<string, LoggedValue> = {};
  for (const key of keys) {
    const value = valueAt(row, key);
    if (value === undefined || value === null) return undefined;
    picked[key] = textForNonfinite(value);
  }
  return picked;
}

export function thinned<T>(found: readonly T[], samples: number): readonly T[] & T[] {
  if (found.length <= samples) return [...found];
  const every = found.length / samples;
  return Array.from({ length: samples }, (_none, i) => found[Math.floor(i * every)] as T);
}

/** `historyKeys`: what was logged, how often, and the last step. */
export function historyKeysOf(rows: RowList & { readonly isRegular?: true }): object | null {
  const last = rows.at(rows.length - 1);
  if (last === undefined) return null;
  const counts = new Map<string, { type: string; count: number; previousValue: LoggedValue }>();
  let lastStep = Number.NEGATIVE_INFINITY;
  const count = (row: LoggedRow, times: number) => {
    lastStep = Math.max(lastStep, stepOf(row));
    for (const [name, value] of leavesOf(row)) {
      const known = counts.get(name);
      const type = value === null ? 'nil' : Array.isArray(value) ? 'list' : typeof value;
      counts.set(name, { type, count: (known?.count ?? 0) + times, previousValue: textForNonfinite(value) });
    }
  };
  if (rows.isRegular) count(last, rows.length);
  else for (let i = 0; i < rows.length; i++) count(rows.at(i) ?? {}, 1);
  const keys = Object.fromEntries(
    [...counts].map(([name, { type, count: times, previousValue }]) => [
      name,
      { typeCounts: [{ type, count: times }], monotonic: name === '_step', previousValue },
    ]),
  );
  return { sets: [], keys, lastStep };
}
