import type { Automation } from '../automation/automation.ts';
import { automationEventSchema } from '../automation/automation-event.ts';
import { eventFilter } from '../automation/event-filter.ts';
import { EVENT_KEYS, eventOf } from '../automation/export-definition.ts';
import { readMark } from '../automation/ownership.ts';
import {
  type LiveAction,
  type LiveScope,
  type LiveTrigger,
  NO_LONGER_EXISTS,
  type TriggerInput,
  type TriggerScope,
} from '../automation/trigger.ts';
import { integrationOf, relayPayloadOf } from '../automation/trigger-input.ts';
import { normalFilter } from '../automation/trigger-state.ts';
import { EVENT_TYPES, type EventType } from '../event/event.ts';
import { METRIC_LITERALS } from '../event/metric-facts.ts';
import { relayPayload } from '../event/relay-payload.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson, parseJson } from '../lib/json.ts';

/** What a config leaves to its defaults, to say the name of a scope as the config would. */
export interface ConfigNames {
  /** The team of projects without one of their own. */
  readonly entity: string | undefined;
  /** Organizations by the entity that has their automations. */
  readonly organizations: readonly { readonly name: string; readonly entity: string }[];
}

/** A definition, and what it is in W&B. */
export interface DefinedTrigger {
  readonly automation: Automation;
  readonly input: TriggerInput;
  readonly scope: TriggerScope;
}

/**
 * An automation in the words of the config, with every default written out and every id replaced by its name. What no word
 * of the config can say is inside of `filter`, or in parentheses.
 */
export interface DefinitionView {
  readonly name: string;
  readonly description: string | null;
  readonly enabled: boolean;
  /** `project train`, `registry model, collection resnet50` */
  readonly scope: string;
  readonly event: JsonObject;
  readonly runs: JsonObject | null;
  readonly action: JsonObject;
}

export const RELAY_PAYLOAD = '(relay payload)';
const OTHER_RELAY_PAYLOAD = '(relay payload of another version)';

/** The view of what a definition makes. */
export function viewOfDefined({ automation, input, scope }: DefinedTrigger): DefinitionView {
  const event = eventView(input.triggeringEventType, jsonOr(input.eventFilter));
  return {
    name: input.name,
    description: readMark(input.description).text,
    enabled: input.enabled,
    scope: scope.description,
    ...event,
    action: definedAction(automation, input, event),
  };
}

/**
 * The view of what exists.
 *
 * @param counterpart its definition, so that one and the same integration has the same name on both sides
 */
export function viewOfLive(live: LiveTrigger, names: ConfigNames, counterpart?: DefinedTrigger): DefinitionView {
  const event = eventView(live.eventType, live.filter);
  return {
    name: live.name,
    description: readMark(live.description).text,
    enabled: live.enabled,
    scope: counterpart?.scope.id === live.scope.id ? counterpart.scope.description : scopeWords(live.scope, names),
    ...event,
    action: liveAction(live, event, counterpart),
  };
}

/** A scope at W&B as the config would name it. */
export function scopeWords(scope: LiveScope, { entity, organizations }: ConfigNames): string {
  if (scope.type === 'ENTITY') {
    const organization = organizations.find((one) => one.entity === scope.name);
    return organization === undefined ? `team ${scope.name}` : `organization ${organization.name}`;
  }
  const name = scope.type === 'PROJECT' ? scope.name : scope.project;
  const collection = scope.type === 'ARTIFACT_COLLECTION' ? `collection ${scope.name}` : undefined;
  if (name === null) return collection ?? NO_LONGER_EXISTS;
  const registry = /^wandb-registry-(.+)$/.exec(name)?.[1];
  const elsewhere = scope.entity !== null && entity !== undefined && scope.entity !== entity;
  const wider = registry === undefined ? `project ${elsewhere ? `${scope.entity}/` : ''}${name}` : `registry ${registry}`;
  return collection === undefined ? wider : `${wider}, ${collection}`;
}

interface EventView {
  readonly event: JsonObject;
  readonly runs: JsonObject | null;
}

/** The words of the config, if they say all of the condition; else the condition as it is, in `filter`. */
function eventView(type: string, filter: JsonValue): EventView {
  const words = eventOf({ eventType: type, filter });
  const normal = normalFilter(filter);
  if (words.ok) {
    const { event, runs } = words.value;
    const view = { event: withNormalFilter(event), runs: isJsonObject(runs) ? runs : null };
    if (saysAll(view, normal)) return { ...view, runs: view.runs === null ? null : normalRuns(view.runs) };
  }
  return { event: { [EVENT_KEYS.get(type) ?? type.toLowerCase()]: { filter: normal } }, runs: null };
}

/** True when writing these words gives this condition again. */
function saysAll({ event, runs }: EventView, normal: JsonValue): boolean {
  const parsed = automationEventSchema.safeParse(event);
  if (!parsed.success) return false;
  const written = eventFilter({ event: parsed.data, ...(runs === null ? {} : { runs: runs as NonNullable<Automation['runs']> }) });
  return canonicalJson(normalFilter(jsonOr(written))) === canonicalJson(normal);
}

/** A raw filter in one form, however it was written. */
function withNormalFilter(event: JsonValue | undefined): JsonObject {
  if (!isJsonObject(event)) return {};
  return Object.fromEntries(Object.entries(event).map(([key, fields]) => [key, isJsonObject(fields) ? normalRuns(fields) : fields]));
}

function normalRuns(fields: JsonObject): JsonObject {
  return fields.filter === undefined ? fields : { ...fields, filter: normalFilter(fields.filter) };
}

function definedAction(automation: Automation, input: TriggerInput, event: EventView): JsonObject {
  const config = input.triggeredActionConfig;
  const integration = integrationOf(automation)?.name ?? '';
  if ('genericWebhookActionInput' in config) {
    const kind = automation.action.relay === undefined ? 'webhook' : 'relay';
    return { [kind]: webhookView(integration, config.genericWebhookActionInput.requestPayload, input.name, event) };
  }
  if ('notificationActionInput' in config) {
    const { title, message, severity } = config.notificationActionInput;
    return { notification: notificationView(hashed(integration), title, message, severity) };
  }
  return { no_op: {} };
}

function liveAction(live: LiveTrigger, event: EventView, counterpart: DefinedTrigger | undefined): JsonObject {
  const { action } = live;
  switch (action.type) {
    case 'GENERIC_WEBHOOK': {
      const kind = counterpart?.automation.action.relay === undefined ? 'webhook' : 'relay';
      return { [kind]: webhookView(integrationName(action, action.integrationName, counterpart), action.requestPayload, live.name, event) };
    }
    case 'NOTIFICATION': {
      const channel = action.channel === null ? null : hashed(action.channel);
      return {
        notification: notificationView(
          integrationName(action, channel, counterpart),
          action.title,
          action.message,
          action.severity ?? 'INFO',
        ),
      };
    }
    case 'NO_OP':
      return { no_op: {} };
    case 'OTHER':
      return { other: otherAction(action.kind) };
  }
}

function otherAction(kind: string): string {
  if (/queuejob/i.test(kind)) return '(a launch job, which no definition can say)';
  return /^aria/i.test(kind) ? '(an ARIA action, which no definition can say)' : '(an action that no definition can say)';
}

function integrationName(
  action: Extract<LiveAction, { integrationId: string | null }>,
  name: string | null,
  counterpart: DefinedTrigger | undefined,
): string {
  if (action.integrationId === null || name === null) return NO_LONGER_EXISTS;
  const wanted = counterpart === undefined ? undefined : integrationOf(counterpart.automation);
  if (wanted === undefined || counterpart === undefined) return name;
  const wantedName = wanted.kind === 'slack' ? hashed(wanted.name) : wanted.name;
  if (integrationIdOf(counterpart.input) === action.integrationId) return wantedName;
  return name === wantedName ? `${name} (another integration of this name)` : name;
}

function integrationIdOf({ triggeredActionConfig: config }: TriggerInput): string | undefined {
  if ('genericWebhookActionInput' in config) return config.genericWebhookActionInput.integrationID;
  return 'notificationActionInput' in config ? config.notificationActionInput.integrationID : undefined;
}

/** A channel with its `#`; `@name` and `workspace/#channel` are complete. */
function hashed(channel: string): string {
  return /^@|#/.test(channel) ? channel : `#${channel}`;
}

function webhookView(integration: string, text: string | null, name: string, event: EventView): JsonObject {
  return { integration, payload: payloadView(text, name, event) };
}

/** The relay payload in words: it follows from the name and the event, which the view has. */
function payloadView(text: string | null, name: string, { event }: EventView): JsonValue {
  if (text === null || text === '') return null;
  const parsed = parseExactJson(text);
  if (!parsed.ok) return text;
  if (!isJsonObject(parsed.value) || parsed.value.relay !== 1) return parsed.value;
  const written = canonicalJson(parsed.value);
  return standardPayloads(name, event).some((standard) => canonicalJson(standard) === written) ? RELAY_PAYLOAD : OTHER_RELAY_PAYLOAD;
}

/** The relay payload for an event in the words of the config, as it is made now and as it was before it had the literals of metrics. */
function standardPayloads(name: string, event: JsonObject): JsonObject[] {
  const said = automationEventSchema.safeParse(event);
  if (said.success) {
    const payload = relayPayloadOf({ name, event: said.data });
    const literals: ReadonlySet<string> = new Set(METRIC_LITERALS);
    return [payload, Object.fromEntries(Object.entries(payload).filter(([key]) => !literals.has(key)))];
  }
  const [type = ''] = Object.keys(event);
  return (EVENT_TYPES as readonly string[]).includes(type) ? [relayPayload(type as EventType, name)] : [];
}

function notificationView(slack: string, title: string | null, message: string | null, severity: string): JsonObject {
  return { slack, ...(title ? { title } : {}), ...(message ? { message } : {}), severity: severity.toLowerCase() };
}

/** Text that is not JSON stays text. */
function jsonOr(text: string): JsonValue {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}
