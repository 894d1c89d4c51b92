import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import type { RunMemory } from '../store/engine.ts';

/** What is remembered of one rule on one run. Steps are W&B's `_step`, times milliseconds since 1970. */
export interface RuleOnRun {
  readonly version: string;
  /** Rows up to this step were evaluated; -1: none. */
  readonly step: number;
  /** System metrics up to this time (`_timestamp`) were evaluated. */
  readonly systemAt: number;
  /** Rows up to this step only fill windows: they were there at first sight, or before the run was rewound. */
  readonly fillUpTo: number;
  /** Rows logged before this time only fill windows. */
  readonly fillBefore: number;
  /** See `Evaluation.save`. */
  readonly saved: JsonObject;
  /** What it would have to remember is too large: it is not evaluated on this run any more. Left out: it is. */
  readonly isLeftOut?: true;
}

/** What is remembered of one run: `RunMemory.state` in the store. */
export interface RunState {
  /** The run's last step when it was last seen; -1: nothing logged. */
  readonly lastStep: number;
  /** When it was last seen with a new row. */
  readonly rowAt: number;
  /** The run's heartbeat by then: what has an older one is an answer of before. */
  readonly heartbeatAt: number;
  readonly state: string;
  /** When it was first seen in this state. */
  readonly stateSince: number;
  /** The run's heartbeat when its system metrics were last read whole. */
  readonly systemReadAt: number;
  /** It has ended, and since then rows are missing before its last step; `null`: none are. */
  readonly shortSince: number | null;
  /** Since then W&B does not know the run; `null`: it does. */
  readonly absentSince: number | null;
  /** By the rule's key. */
  readonly rules: ReadonlyMap<string, RuleOnRun>;
}

export function runStateToJson(state: RunState): JsonObject {
  const { rules, ...rest } = state;
  return { ...rest, rules: Object.fromEntries([...rules].map(([key, { ...rule }]) => [key, rule])) };
}

/**
 * Reads what `runStateToJson` wrote. `undefined` for anything else, such as what a later version wrote: then the run is one
 * that was never seen, and since it is older than that, what it has logged by now only fills windows.
 */
export function runStateFromJson(json: JsonObject): RunState | undefined {
  const lastStep = numberAt(json, 'lastStep');
  const rowAt = numberAt(json, 'rowAt');
  const stateSince = numberAt(json, 'stateSince');
  const { state, rules } = json;
  if (lastStep === undefined || rowAt === undefined || stateSince === undefined || typeof state !== 'string' || !isJsonObject(rules))
    return undefined;
  const read = Object.entries(rules).flatMap(([key, value]): [string, RuleOnRun][] => {
    const rule = ruleOnRunFrom(value);
    return rule === undefined ? [] : [[key, rule]];
  });
  return {
    lastStep,
    rowAt,
    heartbeatAt: numberAt(json, 'heartbeatAt') ?? 0,
    state,
    stateSince,
    systemReadAt: numberAt(json, 'systemReadAt') ?? 0,
    shortSince: numberAt(json, 'shortSince') ?? null,
    absentSince: numberAt(json, 'absentSince') ?? null,
    rules: new Map(read),
  };
}

/** So long a run that W&B does not know any more is asked for. Milliseconds. */
const ABSENT_MS = 10 * 60_000;

/** What is remembered of a run that was asked for, and that W&B did not name: most likely it was deleted. */
export function absentRun(memory: RunMemory, now: number): RunMemory | undefined {
  const since = numberAt(memory.state, 'absentSince');
  if (since === undefined) return { ...memory, state: { ...memory.state, absentSince: now } };
  return now - since < ABSENT_MS ? undefined : { ...memory, isLive: false, at: now };
}

function ruleOnRunFrom(value: JsonValue): RuleOnRun | undefined {
  if (!isJsonObject(value) || typeof value.version !== 'string' || !isJsonObject(value.saved)) return undefined;
  return {
    version: value.version,
    step: numberAt(value, 'step') ?? -1,
    systemAt: numberAt(value, 'systemAt') ?? 0,
    fillUpTo: numberAt(value, 'fillUpTo') ?? -1,
    fillBefore: numberAt(value, 'fillBefore') ?? 0,
    saved: value.saved,
    ...(value.isLeftOut === true ? { isLeftOut: true } : {}),
  };
}

/**
 * What is to be remembered, within what the store takes: the rules that would have to remember most are left out, for good, so that
 * one run cannot keep a whole project from being stored.
 */
export function withinLimit(state: JsonObject, mostBytes: number): JsonObject {
  let excess = bytesOf(state, mostBytes) - mostBytes;
  if (excess <= 0 || !isJsonObject(state.rules)) return state;
  const rules = { ...state.rules };
  const sizes = Object.entries(rules).map(([key, rule]) => ({ key, rule, bytes: bytesOf(rule) }));
  for (const { key, rule, bytes } of sizes.toSorted((a, b) => b.bytes - a.bytes)) {
    if (excess <= 0) break;
    if (!isJsonObject(rule) || rule.isLeftOut === true) continue;
    const leftOut: JsonObject = { ...rule, saved: {}, isLeftOut: true };
    rules[key] = leftOut;
    excess -= bytes - bytesOf(leftOut);
  }
  return { ...state, rules };
}

/** As JSON. No text has fewer bytes than characters: below `enough` nothing is counted, and it is an estimate that is not too low. */
function bytesOf(value: JsonValue, enough = 0): number {
  const text = JSON.stringify(value);
  return text.length * 3 <= enough ? text.length * 3 : new TextEncoder().encode(text).length;
}

function numberAt(json: JsonObject, key: string): number | undefined {
  const value = json[key];
  return typeof value === 'number' ? value : undefined;
}
