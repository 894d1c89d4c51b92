import * as z from 'zod';
import type { RunSnapshot } from '../engine/run.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { type LoggedJson, loggedNumber, loggedObject, loggedValue, unwrapConfig } from './logged-json.ts';

/** A run as the server lists it, read into a `RunSnapshot`. Pure. */

const text = z.string().nullish();

export const runShape = z.object({
  id: z.string(),
  name: z.string(),
  displayName: text,
  state: text,
  createdAt: text,
  heartbeatAt: text,
  tags: z.array(z.string()).nullish(),
  group: text,
  jobType: text,
  sweepName: text,
  historyLineCount: z.number().nullish(),
  historyKeys: z.unknown(),
  user: z.object({ username: text, name: text }).nullish(),
  summaryMetrics: text,
  config: text,
});

export type RunFields = z.infer<typeof runShape>;

/** Which values of a run are wanted besides what a list always has. */
export interface WantedValues {
  readonly summary: readonly string[];
  /** Names of a run filter: `config.lr`, `summary_metrics.loss`, `host`. */
  readonly fields: readonly string[];
}

const CONFIG = 'config.';
const SUMMARY = 'summary_metrics.';

/** What to ask `summaryMetrics(keys)` and `config(keys)` for. A nested value may come under its first name. */
export function wantedKeys({ summary, fields }: WantedValues): { summary: string[]; config: string[] } {
  const names = (prefix: string) => fields.filter((field) => field.startsWith(prefix)).map((field) => field.slice(prefix.length));
  const withParents = (all: readonly string[]) => [
    ...new Set(all.flatMap((name) => (name.includes('.') ? [name, name.slice(0, name.indexOf('.'))] : [name]))),
  ];
  return {
    summary: withParents([...summary, ...names(SUMMARY)]),
    config: withParents([...names(CONFIG), ...(fields.includes('host') ? ['_wandb'] : [])]),
  };
}

/** @param shared gives equal sets of names once, see `sharedSets` */
export function snapshotOf(run: RunFields, wanted: WantedValues, shared: (names: readonly string[]) => ReadonlySet<string>): RunSnapshot {
  const createdAt = timeOf(run.createdAt) ?? 0;
  const keys = isJsonObject(run.historyKeys as JsonValue) ? (run.historyKeys as JsonObject) : {};
  const summary = loggedObject(run.summaryMetrics);
  return {
    id: run.id,
    name: run.name,
    displayName: run.displayName ?? run.name,
    state: run.state ?? '',
    createdAt,
    heartbeatAt: timeOf(run.heartbeatAt) ?? createdAt,
    username: run.user?.username ?? undefined,
    userName: run.user?.name ?? undefined,
    tags: run.tags ?? [],
    group: run.group ?? undefined,
    jobType: run.jobType ?? undefined,
    sweep: run.sweepName ?? undefined,
    lastStep: loggedNumber(keys.lastStep),
    loggedMetrics: shared(Object.keys(isJsonObject(keys.keys) ? keys.keys : {})),
    summary: numbersOf(summary, wanted.summary),
    ...(wanted.fields.length === 0 ? {} : { fields: fieldsOf(run, summary, wanted.fields) }),
  };
}

/** W&B sends times in UTC, some without a zone. */
function timeOf(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  const time = Date.parse(/(?:[zZ]|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(time) ? undefined : time;
}

function numbersOf(summary: LoggedJson, names: readonly string[]): Record<string, number> {
  const found = names.flatMap((name): [string, number][] => {
    const value = loggedNumber(loggedValue(summary, name));
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}

function fieldsOf(run: RunFields, summary: LoggedJson, names: readonly string[]): Record<string, JsonValue> {
  const config = loggedObject(run.config);
  const values = unwrapConfig(config);
  const found = names.flatMap((name): [string, JsonValue][] => {
    const value = fieldOf(name, summary, values);
    return value === undefined ? [] : [[name, value as JsonValue]];
  });
  return Object.fromEntries(found);
}

function fieldOf(name: string, summary: LoggedJson, config: JsonObject): unknown {
  if (name === 'host') return hostIn(config);
  if (name.startsWith(CONFIG)) {
    const key = name.slice(CONFIG.length);
    // W&B's order keys, and filters of older clients, name the wrapped value.
    return loggedValue(config, key) ?? loggedValue(config, key.replace(/\.value$/, ''));
  }
  const value = name.startsWith(SUMMARY) ? loggedValue(summary, name.slice(SUMMARY.length)) : undefined;
  return loggedNumber(value) ?? value;
}

/** The client writes where it runs below `_wandb.value.e.<id>` (seen with 0.30). */
function hostIn(config: JsonObject): string | undefined {
  const places = loggedValue(config, '_wandb.e');
  if (typeof places !== 'object' || places === null) return undefined;
  const hosts = Object.values(places).map((place: JsonValue) => (isJsonObject(place) ? place.host : undefined));
  return hosts.find((host) => typeof host === 'string');
}

/**
 * Whether each row of the run is known to have a `_timestamp`: then it can be asked for together with a metric, and no row is
 * left out. `historyKeys` counts how often each name was logged.
 */
export function isStamped(run: RunFields): boolean {
  const keys = isJsonObject(run.historyKeys as JsonValue) ? (run.historyKeys as JsonObject).keys : undefined;
  const entry = isJsonObject(keys) ? keys._timestamp : undefined;
  const counts = isJsonObject(entry) && Array.isArray(entry.typeCounts) ? entry.typeCounts : [];
  const times = counts.reduce<number>((sum, one) => sum + (isJsonObject(one) && typeof one.count === 'number' ? one.count : 0), 0);
  return times > 0 && times >= (run.historyLineCount ?? Number.POSITIVE_INFINITY);
}
