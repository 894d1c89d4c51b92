import { METRIC_LITERALS } from '../event/metric-facts.ts';
import { canonicalJson, fingerprintOf } from '../lib/canonical.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from '../lib/json.ts';
import { mutationFilter, runFilter } from './filter-algebra.ts';
import { readMark } from './ownership.ts';
import type { LiveTrigger, TriggerInput } from './trigger.ts';

/**
 * The content of an automation, in one form for definitions and for automations at W&B, so that both can be compared field
 * by field. Defaults that the server fills in, its wrapping of filters and the order of keys make no difference.
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

/** The state that an input writes. */
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

/** The state that W&B has. */
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

/** Eight hex digits of a hash. The mark of ownership has the digest of the state applied last. */
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

/** A payload as JSON. Text that is not JSON stays text. */
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
 * A filter in normal form: JSON inside text is parsed, groups of one are unwrapped, empty groups and absent
 * values dropped, `{x: 1}` written as `{x: {$eq: 1}}`, and the states of a run filter put in order.
 */
export function normalFilter(filter: JsonValue): JsonValue {
  if (!isJsonObject(filter)) return filter;
  // In the form that we would send, so that every way to write a condition gives the same result.
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

/** One field that differs. `undefined`: the field does not exist on that side. */
export interface FieldChange {
  readonly path: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** Own fields only: a payload may have a field named `constructor`. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * The fields in which two states differ, in the order of the intended state. Of a state that is new or removed, every
 * field. Lists are compared as a whole.
 */
export function fieldChanges(before: JsonValue | undefined, after: JsonValue | undefined): FieldChange[] {
  const changes = differences(before, after, '');
  return changes.every(isNewerLiteral) && isRelayPayload(before) ? [] : changes;
}

const NEWER_LITERALS: ReadonlySet<string> = new Set(METRIC_LITERALS.map((name) => `action.payload.${name}`));

/** A relay payload of before has no such literal. It is equal until something else changes. */
function isNewerLiteral({ path, before }: FieldChange): boolean {
  return before === undefined && NEWER_LITERALS.has(path);
}

function isRelayPayload(state: JsonValue | undefined): boolean {
  const action = isJsonObject(state) ? own(state, 'action') : undefined;
  const payload = isJsonObject(action) ? own(action, 'payload') : undefined;
  return isJsonObject(payload) && own(payload, 'relay') === 1;
}

function differences(before: JsonValue | undefined, after: JsonValue | undefined, path: string): FieldChange[] {
  const from = before === undefined && isFilled(after) ? {} : before;
  const to = after === undefined && isFilled(before) ? {} : after;
  if (isJsonObject(from) && isJsonObject(to)) {
    return [...new Set([...Object.keys(to), ...Object.keys(from)])].flatMap((key) =>
      differences(own(from, key), own(to, key), path === '' ? key : `${path}.${key}`),
    );
  }
  const same = before === undefined || after === undefined ? before === after : canonicalJson(before) === canonicalJson(after);
  return same ? [] : [{ path, before, after }];
}

function isFilled(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.keys(value).length > 0;
}
