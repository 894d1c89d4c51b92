import { canonicalJson, fingerprintOf } from '../lib/canonical.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from '../lib/json.ts';
import { mutationFilter, runFilter } from './filter-algebra.ts';
import { readMark } from './ownership.ts';
import type { LiveTrigger, TriggerInput } from './trigger.ts';

/**
 * What an automation says, in one shape for what is intended and what exists, so that the two can be compared field by
 * field. What the server fills in, how it wraps filters and in which order keys come makes no difference here.
 */
export type TriggerState = {
  name: string;
  /** Without the mark of ownership. */
  description: string | null;
  enabled: boolean;
  scope: { type: string; id: string };
  event: { type: string; filter: JsonValue };
  action: JsonObject;
};

export function stateOfInput(input: TriggerInput): TriggerState {
  return {
    name: input.name,
    description: readMark(input.description).text,
    enabled: input.enabled,
    scope: { type: input.scopeType, id: input.scopeID },
    event: { type: input.triggeringEventType, filter: normalFilter(parsed(input.eventFilter)) },
    action: actionOfInput(input),
  };
}

export function stateOfLive(live: LiveTrigger): TriggerState {
  return {
    name: live.name,
    description: readMark(live.description).text,
    enabled: live.enabled,
    scope: { type: live.scope.type, id: live.scope.id },
    event: { type: live.eventType, filter: normalFilter(live.filter) },
    action: actionOfLive(live),
  };
}

/** Eight hex digits that stand for a state in the mark of ownership. */
export function stateDigest(state: TriggerState): string {
  return fingerprintOf(state, 8);
}

function actionOfInput({ triggeredActionType: type, triggeredActionConfig: config }: TriggerInput): JsonObject {
  if ('genericWebhookActionInput' in config) {
    const { integrationID, requestPayload } = config.genericWebhookActionInput;
    return { type, integration: integrationID, payload: payloadOf(requestPayload) };
  }
  if ('notificationActionInput' in config) {
    const { integrationID, title, message, severity } = config.notificationActionInput;
    return { type, integration: integrationID, title, message, severity };
  }
  return { type };
}

function actionOfLive({ action }: LiveTrigger): JsonObject {
  switch (action.type) {
    case 'GENERIC_WEBHOOK':
      return { type: action.type, integration: action.integrationId, payload: payloadOf(action.requestPayload) };
    case 'NOTIFICATION':
      return {
        type: action.type,
        integration: action.integrationId,
        title: action.title ?? '',
        message: action.message ?? '',
        severity: action.severity ?? 'INFO',
      };
    case 'NO_OP':
      return { type: action.type };
    case 'OTHER':
      return { type: action.kind };
  }
}

/** A payload as the JSON that it is; text that is no JSON stays text. */
function payloadOf(text: string | null): JsonValue {
  if (text === null || text === '') return null;
  const payload = parseExactJson(text);
  return payload.ok ? payload.value : text;
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

const ENVELOPE_KEYS = ['run_filter', 'run_metric_filter', 'run_state_filter', 'metric_filter'];

/**
 * A filter without what says nothing: JSON inside text is parsed, groups of one are opened, empty groups and absent
 * values dropped, `{x: 1}` written as `{x: {$eq: 1}}`, and the states of a run filter put in order.
 */
export function normalFilter(filter: JsonValue): JsonValue {
  if (!isJsonObject(filter)) return filter;
  // Brought into the shape in which we would send it, so that every way to write a condition is the same.
  if (!ENVELOPE_KEYS.some((key) => Object.hasOwn(filter, key))) return normalCondition(mutationFilter(filter));
  return withoutNulls(
    Object.fromEntries(
      Object.entries(filter).map(([key, value]): [string, JsonValue] => {
        if (key === 'run_filter') {
          const condition = typeof value === 'string' ? parsed(value) : value;
          return [key, isJsonObject(condition) ? normalCondition(runFilter(condition)) : condition];
        }
        if (key === 'run_state_filter' && isJsonObject(value) && Array.isArray(value.states)) {
          return [key, { ...value, states: value.states.map(String).sort() }];
        }
        return [key, isJsonObject(value) ? mapObject(value, withoutNulls) : value];
      }),
    ),
  );
}

/** The Mongo-like part. */
function normalCondition(condition: JsonValue): JsonValue {
  if (Array.isArray(condition)) return condition.map(normalCondition);
  if (!isJsonObject(condition)) return condition;
  const entries = Object.entries(condition).filter(([, value]) => value !== null);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only !== undefined && (only[0] === '$and' || only[0] === '$or') && Array.isArray(only[1])) return normalGroup(only[0], only[1]);
  return Object.fromEntries(
    entries.map(([key, value]): [string, JsonValue] => {
      const isBareField = !key.startsWith('$') && typeof value !== 'object';
      return [key, isBareField ? { $eq: value } : normalCondition(value)];
    }),
  );
}

function withoutNulls(value: JsonValue): JsonValue {
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null)) : value;
}

function mapObject(object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function normalGroup(word: string, members: JsonValue[]): JsonValue {
  const inner = members.map(normalCondition).filter((member) => !(isJsonObject(member) && Object.keys(member).length === 0));
  if (inner.length === 0) return {};
  const [first] = inner;
  return inner.length === 1 && first !== undefined ? first : { [word]: inner };
}

/** One field that differs: where, what is there, what shall be. `undefined` stands for nothing. */
export interface FieldChange {
  readonly path: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** A payload may have a field that is called `constructor`. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * The fields in which two states differ, in the order of the intended one; of what is new or gone, every field. Lists are
 * compared whole.
 */
export function fieldChanges(before: JsonValue | undefined, after: JsonValue | undefined, path = ''): FieldChange[] {
  const from = before === undefined && isFilled(after) ? {} : before;
  const to = after === undefined && isFilled(before) ? {} : after;
  if (isJsonObject(from) && isJsonObject(to)) {
    return [...new Set([...Object.keys(to), ...Object.keys(from)])].flatMap((key) =>
      fieldChanges(own(from, key), own(to, key), path === '' ? key : `${path}.${key}`),
    );
  }
  const same = before === undefined || after === undefined ? before === after : canonicalJson(before) === canonicalJson(after);
  return same ? [] : [{ path, before, after }];
}

function isFilled(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.keys(value).length > 0;
}
