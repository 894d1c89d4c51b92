import type { ActivityFacts } from '../store/activity.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** The charts show so many hours, and so many days of UTC; the current ones count. */
export const SHOWN_HOURS = 24;
export const SHOWN_DAYS = 30;
/** Hours that no chart shows are forgotten after this. Milliseconds. */
const KEPT_MS = (SHOWN_DAYS + 1) * DAY_MS;
/** Senders may name as many automations as they like; more are not counted apart. */
const MOST_SERIES = 5_000;

/** How often something happened, by the hour: hours since 1970. */
export interface Series {
  readonly hours: ReadonlyMap<number, number>;
  readonly last: LastTime | undefined;
}

export interface LastTime {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The event's place in the store. */
  readonly seq: number;
}

/** Bars of a chart, the oldest first. */
export interface Bars {
  /** When the first one begins; milliseconds since 1970. */
  readonly from: number;
  readonly stepMs: number;
  readonly counts: readonly number[];
}

/** Sums by name and hour. Names are of the config, or what `automationKey` makes. */
export interface Tally {
  add(name: string, at: number, seq: number): void;
  addAll(more: Tally): void;
  series(name: string): Series | undefined;
  entries(): IterableIterator<[string, Series]>;
  /** Forgets hours that nobody shows; what happened last is kept. */
  forgetBefore(now: number): void;
}

export function newTally(): Tally {
  const all = new Map<string, { hours: Map<number, number>; last: LastTime | undefined }>();
  const seriesOf = (name: string) => {
    const known = all.get(name);
    if (known !== undefined || all.size >= MOST_SERIES) return known;
    const series = { hours: new Map<number, number>(), last: undefined };
    all.set(name, series);
    return series;
  };
  const addTo = (name: string, hours: Iterable<[number, number]>, last: LastTime | undefined): void => {
    const series = seriesOf(name);
    if (series === undefined) return;
    for (const [hour, count] of hours) series.hours.set(hour, (series.hours.get(hour) ?? 0) + count);
    series.last = later(series.last, last);
  };
  return {
    add: (name, at, seq) => addTo(name, [[Math.floor(at / HOUR_MS), 1]], { at, seq }),
    addAll: (more) => {
      for (const [name, { hours, last }] of more.entries()) addTo(name, hours, last);
    },
    series: (name) => all.get(name),
    entries: () => all.entries(),
    forgetBefore: (now) => {
      const oldest = Math.floor((now - KEPT_MS) / HOUR_MS);
      for (const { hours } of all.values()) for (const hour of hours.keys()) if (hour < oldest) hours.delete(hour);
    },
  };
}

function later(a: LastTime | undefined, b: LastTime | undefined): LastTime | undefined {
  return a === undefined || (b !== undefined && b.seq > a.seq) ? b : a;
}

/** Several series as one. */
export function sumOf(some: readonly (Series | undefined)[]): Series {
  const [only, ...others] = some.filter((one) => one !== undefined);
  if (only !== undefined && others.length === 0) return only;
  const hours = new Map<number, number>();
  let last: LastTime | undefined;
  for (const series of some) {
    if (series === undefined) continue;
    for (const [hour, count] of series.hours) hours.set(hour, (hours.get(hour) ?? 0) + count);
    last = later(last, series.last);
  }
  return { hours, last };
}

/** The last 24 hours, the current one included. */
export function byHour({ hours }: Series, now: number): Bars {
  const first = Math.floor(now / HOUR_MS) - SHOWN_HOURS + 1;
  return { from: first * HOUR_MS, stepMs: HOUR_MS, counts: Array.from({ length: SHOWN_HOURS }, (_, i) => hours.get(first + i) ?? 0) };
}

/** The last 30 days of UTC, today included. */
export function byDay({ hours }: Series, now: number): Bars {
  const first = Math.floor(now / DAY_MS) - SHOWN_DAYS + 1;
  const counts = new Array<number>(SHOWN_DAYS).fill(0);
  for (const [hour, count] of hours) {
    const day = Math.floor((hour * HOUR_MS) / DAY_MS) - first;
    if (day >= 0 && day < SHOWN_DAYS) counts[day] = (counts[day] ?? 0) + count;
  }
  return { from: first * DAY_MS, stepMs: DAY_MS, counts };
}

export function totalOf({ counts }: Pick<Bars, 'counts'>): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Which automation an event is of, and where it fired. */
export type AutomationFacts = Pick<ActivityFacts, 'automation' | 'entity' | 'project' | 'registry'>;

/** The name under which events of an automation are counted. */
export function automationKey({ automation, entity, project, registry }: AutomationFacts): string {
  return JSON.stringify({ automation, entity, project, registry });
}

export function automationOf(key: string): AutomationFacts {
  return JSON.parse(key) as AutomationFacts;
}
