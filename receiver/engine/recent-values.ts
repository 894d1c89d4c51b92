import * as z from 'zod';
import type { JsonObject } from '../../src/lib/json.ts';

/**
 * The latest runs of one rule with what was compared on them, for a chart: kept in `RuleDetail`, so everything is bounded. Of a
 * run that goes on for long, every second value is dropped whenever there are too many: its line stays whole and gets coarser.
 */

const MOST_RUNS = 5;
const MOST_VALUES = 60;
const MOST_FIRINGS = 20;
/** A chart shows no more of a number. */
const DIGITS = 6;

/** A number that JSON does not have is a text. */
type StoredNumber = number | string;

/** One run, as it is stored. Times in it are whole seconds since `from`. */
export type RecentRun = {
  run: string;
  display_name: string;
  /** When it was created, or fired last; the five with the latest are kept. Milliseconds since 1970. */
  rank: number;
  /** Milliseconds since 1970. */
  from: number;
  /** Values are at least so many seconds apart; the last one may be nearer. */
  every: number;
  /** Time and value in turn, in order. */
  values: StoredNumber[];
  /** Time, value (`null`: none) and whether the condition had ended (1), in turn, in order. */
  fired: (StoredNumber | null)[];
};

export interface RecentOf {
  readonly run: string;
  readonly display_name: string;
  /** When it was created. Milliseconds since 1970. */
  readonly createdAt: number;
}

/** With one value more. The same list where there is nothing to add. */
export function withRecentValue(recent: readonly RecentRun[], of: RecentOf, at: number, value: StoredNumber): readonly RecentRun[] {
  const known = recent.find(({ run }) => run === of.run);
  const { run, display_name, createdAt } = of;
  const before = known ?? { run, display_name, rank: createdAt, from: at, every: 0, values: [], fired: [] };
  const seconds = Math.round((at - before.from) / 1000);
  const last = lastTime(before);
  if (last !== undefined && seconds <= last) return recent;
  return kept(recent, withValue({ ...before, display_name }, seconds, rounded(value)));
}

/** With one firing more, or the end of its condition. What fires is kept before what does not. */
export function withRecentFiring(
  recent: readonly RecentRun[],
  of: RecentOf,
  { at, value, isResolved }: { readonly at: number; readonly value: StoredNumber | undefined; readonly isResolved: boolean },
): readonly RecentRun[] {
  const { run, display_name, createdAt } = of;
  const known = recent.find((one) => one.run === run);
  const before = known ?? { run, display_name, rank: createdAt, from: at, every: 0, values: [], fired: [] };
  const firing = [Math.round((at - before.from) / 1000), value === undefined ? null : rounded(value), isResolved ? 1 : 0];
  return kept(recent, { ...before, rank: Math.max(before.rank, at), fired: [...before.fired, ...firing].slice(-3 * MOST_FIRINGS) });
}

function kept(recent: readonly RecentRun[], changed: RecentRun): RecentRun[] {
  const others = recent.filter(({ run }) => run !== changed.run);
  return [...others, changed].toSorted((a, b) => b.rank - a.rank || (a.run < b.run ? -1 : 1)).slice(0, MOST_RUNS);
}

function lastTime({ values }: RecentRun): number | undefined {
  const last = values.at(-2);
  return last === undefined ? undefined : Number(last);
}

function withValue(run: RecentRun, seconds: number, value: StoredNumber): RecentRun {
  const { values, every } = run;
  const [last, beforeLast] = [values.at(-2), values.at(-4)];
  // The last value is always the newest: one that is too near to the one before it gives its place.
  const isNear = last !== undefined && beforeLast !== undefined && Number(last) - Number(beforeLast) < every;
  const more = [...(isNear ? values.slice(0, -2) : values), seconds, value];
  if (more.length <= 2 * MOST_VALUES) return { ...run, values: more };
  const half = more.filter((_one, i) => Math.floor(i / 2) % 2 === 0 || i >= more.length - 2);
  // As many as are left take the same time again until there are too many.
  return { ...run, every: Math.max(1, Math.ceil((seconds - Number(half[0])) / (MOST_VALUES / 2))), values: half };
}

function rounded(value: StoredNumber): StoredNumber {
  return typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value;
}

/** One run as a chart shows it, in the order of time. Times are milliseconds since 1970. */
export interface ShownRun {
  readonly run: string;
  readonly displayName: string;
  readonly values: readonly { readonly at: number; readonly value: number }[];
  readonly firings: readonly { readonly at: number; readonly value: number | undefined; readonly isResolved: boolean }[];
}

const stored = z.union([z.number(), z.string()]);
const shape = z.object({
  recent: z
    .array(
      z.object({
        run: z.string(),
        display_name: z.string(),
        from: z.number(),
        values: z.array(stored),
        fired: z.array(z.union([stored, z.null()])),
      }),
    )
    .catch([]),
});

/** The runs that a rule's memory keeps, the latest first. What another version of this program has stored in another form is left out. */
export function recentRuns(detail: JsonObject): ShownRun[] {
  const { recent } = shape.parse(detail);
  return recent.map(({ run, display_name, from, values, fired }) => ({
    run,
    displayName: display_name,
    values: groups(values, 2).map(([at, value]) => ({ at: from + Number(at) * 1000, value: Number(value) })),
    firings: groups(fired, 3).map(([at, value, ended]) => ({
      at: from + Number(at) * 1000,
      value: value === null || value === undefined ? undefined : Number(value),
      isResolved: ended === 1,
    })),
  }));
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.floor(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
