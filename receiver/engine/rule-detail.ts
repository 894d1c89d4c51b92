import type { CurrentValue, Firing } from '../../src/engine/evaluation.ts';
import type { Condition, Rule } from '../../src/engine/rule.ts';
import type { RunSnapshot } from '../../src/engine/run.ts';
import type { EventType } from '../../src/event/event.ts';
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts';
import { type RecentOf, type RecentRun, withRecentFiring, withRecentValue } from './recent-values.ts';

/** What people see of a rule in a project: `RuleMemory.detail` in the store. Times are milliseconds since 1970. */
export type RuleDetail = {
  /** The automation's name. This and what it compares is of the version that was evaluated last. */
  name?: string;
  event?: EventType;
  /** A `Condition`. */
  condition?: JsonObject;
  for_points?: number;
  dry_run?: boolean;
  /** How many runs that go on the rule looks at. */
  runs?: number;
  /** False: no run has logged the metric since the rule was first seen. Left out: the rule is not about one metric. */
  logged?: boolean;
  /** Of the run that was evaluated with a new value last. */
  current?: ShownValue;
  /** The last firing. */
  last?: ShownFiring;
  /** What fired while `dry_run` was set, newest last. */
  dry?: ShownFiring[];
  /** The latest runs with what was compared on them. */
  recent?: RecentRun[];
};

/** Numbers that JSON does not have are `NaN`, `Infinity` and `-Infinity` as text. */
type ShownNumber = number | string;

export type ShownValue = { run: string; display_name: string; value: ShownNumber; at: number; met: boolean };

export type ShownFiring = {
  run: string;
  display_name: string;
  at: number;
  step?: number;
  value?: ShownNumber;
  resolved?: true;
};

const MOST_DRY = 20;
/** A list of many metrics is not shown: with it there would be no room for the rest. In characters. */
const LONGEST_CONDITION = 8_000;
/** A run's name may be long, and is shown only. */
const LONGEST_NAME = 200;

/** Goes on with what is stored; anything else there counts as nothing. */
export function readDetail(json: JsonObject | undefined): RuleDetail {
  return json !== undefined && isJsonObject(json) ? (json as RuleDetail) : {};
}

/** What the rule is, for who reads the store without its config. */
export function aboutRule({ name, type, condition, forPoints, dryRun }: Rule): RuleDetail {
  const text = JSON.stringify(condition);
  const shown = text.length > LONGEST_CONDITION ? {} : { condition: JSON.parse(text) as JsonObject };
  return { name, event: type, ...shown, for_points: forPoints, dry_run: dryRun };
}

export function withFiring(detail: RuleDetail, run: RunSnapshot, firing: Firing, isDry: boolean): RuleDetail {
  const shown: ShownFiring = {
    ...nameOf(run),
    at: firing.at,
    ...(firing.x === undefined ? {} : { step: firing.x }),
    ...(firing.value === undefined ? {} : { value: shownNumber(firing.value) }),
    ...(firing.kind === 'resolved' ? { resolved: true as const } : {}),
  };
  const { at, kind } = firing;
  const recent = [...withRecentFiring(detail.recent ?? [], recentOf(run), { at, value: shown.value, isResolved: kind === 'resolved' })];
  if (isDry) return { ...detail, recent, dry: [...(detail.dry ?? []), shown].slice(-MOST_DRY) };
  // Earlier versions kept the end of a condition here.
  const isOlder = detail.last !== undefined && detail.last.resolved !== true && detail.last.at > at;
  return kind === 'resolved' || isOlder ? { ...detail, recent } : { ...detail, recent, last: shown };
}

/** Keeps the value that is newest. */
export function withCurrent(detail: RuleDetail, run: RunSnapshot, current: CurrentValue): RuleDetail {
  const { at, value, isMet } = current;
  if (at === undefined) return detail;
  const logged = detail.logged === undefined ? {} : { logged: true };
  if (value === undefined) return { ...detail, ...logged };
  const recent = [...withRecentValue(detail.recent ?? [], recentOf(run), at, shownNumber(value))];
  if ((detail.current?.at ?? 0) > at) return { ...detail, ...logged, recent };
  return { ...detail, ...logged, recent, current: { ...nameOf(run), value: shownNumber(value), at, met: isMet } };
}

/** Whether anybody has logged the metric is only a question where there is one. */
export function isAboutOneMetric(condition: Condition): boolean {
  return 'metric' in condition;
}

function recentOf(run: RunSnapshot): RecentOf {
  return { ...nameOf(run), createdAt: run.createdAt };
}

function nameOf({ name, displayName }: RunSnapshot): { run: string; display_name: string } {
  return { run: name, display_name: displayName.slice(0, LONGEST_NAME) };
}

function shownNumber(value: number): ShownNumber {
  return Number.isFinite(value) ? value : String(value);
}
