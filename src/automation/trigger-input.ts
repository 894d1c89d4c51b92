import type { MetricLiterals } from '../event/metric-facts.ts';
import { relayPayload } from '../event/relay-payload.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from '../lib/json.ts';
import { type Automation, eventTypeOf } from './automation.ts';
import { CHANGES, COMPARISONS } from './automation-event.ts';
import { DEFAULT_WINDOWS, eventFilter, triggeringEventType, windowOf } from './event-filter.ts';
import type { TriggeredActionConfig, TriggerInput, TriggerScope } from './trigger.ts';

/** The webhook integration of W&B that points to the receiver, where a `relay` action names none. */
export const RELAY_INTEGRATION = 'relay';

/** An integration of the team, by its name: for `slack`, that is the channel. */
export interface IntegrationName {
  readonly kind: 'slack' | 'webhook';
  readonly name: string;
}

/** The integration that an automation's action needs, or `undefined` when it needs none. */
export function integrationOf(automation: Pick<Automation, 'action'>): IntegrationName | undefined {
  const { relay, webhook, notification } = automation.action;
  if (relay !== undefined) return { kind: 'webhook', name: relay.integration ?? RELAY_INTEGRATION };
  if (webhook !== undefined) return { kind: 'webhook', name: webhook.integration };
  return notification === undefined ? undefined : { kind: 'slack', name: notification.slack };
}

/** A definition whose scope is resolved apart. */
type Definition = Omit<Automation, 'scope'>;

/** The ids at W&B of the names in a definition. */
export interface ResolvedNames {
  readonly scope: TriggerScope;
  /** The id of the integration that `integrationOf` returns; `undefined` if it returns none. */
  readonly integrationId: string | undefined;
}

/** The input of `createFilterTrigger` for a definition, equal to what the W&B client would send (its `prepare_to_create`). */
export function triggerInput(automation: Definition, names: ResolvedNames): TriggerInput {
  return {
    name: automation.name,
    description: automation.description ?? null,
    enabled: automation.enabled ?? true,
    scopeType: names.scope.type,
    scopeID: names.scope.id,
    triggeringEventType: triggeringEventType(automation),
    eventFilter: eventFilter(automation),
    ...triggeredAction(automation, names.integrationId),
  };
}

function triggeredAction(
  automation: Definition,
  integrationId: string | undefined,
): Pick<TriggerInput, 'triggeredActionType' | 'triggeredActionConfig'> {
  if (automation.action.no_op !== undefined) {
    return { triggeredActionType: 'NO_OP', triggeredActionConfig: { noOpActionInput: { noOp: true } } };
  }
  if (integrationId === undefined) throw new Error(`automation "${automation.name}": its integration was not resolved`);
  const { notification } = automation.action;
  if (notification !== undefined) {
    return { triggeredActionType: 'NOTIFICATION', triggeredActionConfig: notificationConfig(notification, integrationId) };
  }
  return {
    triggeredActionType: 'GENERIC_WEBHOOK',
    triggeredActionConfig: { genericWebhookActionInput: { integrationID: integrationId, requestPayload: requestPayload(automation) } },
  };
}

/** The defaults are those of W&B's client: no text, severity INFO. */
function notificationConfig(notification: NonNullable<Automation['action']['notification']>, integrationID: string): TriggeredActionConfig {
  const { title = '', message = '', severity = 'info' } = notification;
  return {
    notificationActionInput: { integrationID, title, message, severity: severity.toUpperCase() as 'INFO' | 'WARN' | 'ERROR' },
  };
}

function requestPayload(automation: Definition): string | null {
  const written = automation.action.webhook?.payload;
  if (written === null) return null;
  return JSON.stringify(written === undefined ? relayPayloadOf(automation) : parsedPayload(written));
}

/** The payload of a `relay` action, and of a webhook for which none is written. */
export function relayPayloadOf(automation: Pick<Definition, 'name' | 'event'>): JsonObject {
  return relayPayload(eventTypeOf(automation), automation.name, metricOf(automation), watchedBy(automation));
}

/** W&B's client parses a text that contains a JSON object. Any other value stays as it is. */
function parsedPayload(payload: JsonValue): JsonValue {
  if (typeof payload !== 'string') return payload;
  const parsed = parseExactJson(payload);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : payload;
}

function metricOf({ event }: Pick<Definition, 'event'>): string | undefined {
  return (event.run_metric ?? event.run_metric_change ?? event.run_metric_zscore)?.metric;
}

/** What a run metric automation compares, in the words of the config; defaults included. */
function watchedBy({ event }: Pick<Automation, 'event'>): MetricLiterals {
  const { run_metric: threshold, run_metric_change: change, run_metric_zscore: zscore } = event;
  if (threshold !== undefined) {
    const window = { window: windowOf(threshold, threshold.window, DEFAULT_WINDOWS.threshold) };
    return { ...aggregateOf(threshold), ...window, ...comparisonIn(threshold, COMPARISONS) };
  }
  if (change !== undefined) {
    const window = { window: windowOf(change, change.window, DEFAULT_WINDOWS.current) };
    return { ...aggregateOf(change), ...window, ...comparisonIn(change, CHANGES) };
  }
  if (zscore === undefined) return {};
  return { window: zscore.window ?? DEFAULT_WINDOWS.zscore, comparison: zscore.direction, threshold: zscore.threshold };
}

function aggregateOf({ aggregate }: { readonly aggregate?: string | undefined }): MetricLiterals {
  return aggregate === undefined ? {} : { aggregate };
}

function comparisonIn<Word extends string>(
  event: Readonly<Partial<Record<Word, number | string | undefined>>>,
  words: readonly Word[],
): MetricLiterals {
  const comparison = words.find((word) => event[word] !== undefined);
  const threshold = comparison === undefined ? undefined : event[comparison];
  return comparison === undefined || threshold === undefined ? {} : { comparison, threshold };
}
