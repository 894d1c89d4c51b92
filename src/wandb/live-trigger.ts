import * as z from 'zod';
import { type LiveAction, type LiveScope, type LiveTrigger, NO_LONGER_EXISTS } from '../automation/trigger.ts';
import { isJsonObject, type JsonValue, parseJson } from '../lib/json.ts';

/** The response to the fragment `Automation` (documents.ts). Enums are plain text, because a newer server may have more values. */

const named = z.string().nullish();
const integrationShape = z.object({ id: named, name: named, channelName: named }).nullish();

export const triggerShape = z.object({
  id: z.string(),
  name: z.string(),
  description: named,
  enabled: z.boolean(),
  createdAt: z.string(),
  updatedAt: named,
  scope: z.object({
    __typename: z.string(),
    id: named,
    name: named,
    entityName: named,
    project: z.object({ name: z.string(), entityName: named }).nullish(),
  }),
  triggeringCondition: z.object({ eventType: named, filter: named, __typename: z.string() }),
  triggeredAction: z.object({
    __typename: z.string(),
    integration: integrationShape,
    requestPayload: named,
    title: named,
    message: named,
    severity: named,
  }),
});

export type TriggerAnswer = z.infer<typeof triggerShape>;

/** The automation as a `LiveTrigger`; `undefined` if its kind of scope is unknown. */
export function liveTriggerOf(answer: TriggerAnswer): LiveTrigger | undefined {
  const scope = scopeOf(answer.scope);
  if (scope === undefined) return undefined;
  return {
    id: answer.id,
    name: answer.name,
    description: answer.description ?? null,
    enabled: answer.enabled,
    createdAt: answer.createdAt,
    updatedAt: answer.updatedAt ?? null,
    scope,
    eventType: answer.triggeringCondition.eventType ?? answer.triggeringCondition.__typename,
    filter: savedFilter(answer.triggeringCondition.filter ?? ''),
    action: actionOf(answer.triggeredAction),
  };
}

/** A scope that was deleted comes without its name, and perhaps without its id. Its automation can still be moved or deleted. */
function scopeOf(scope: TriggerAnswer['scope']): LiveScope | undefined {
  const id = scope.id ?? '';
  const name = scope.name ?? NO_LONGER_EXISTS;
  switch (scope.__typename) {
    case 'Project':
      return { type: 'PROJECT', id, name, entity: scope.entityName ?? null, project: null };
    case 'ArtifactPortfolio':
    case 'ArtifactSequence':
      return {
        type: 'ARTIFACT_COLLECTION',
        id,
        name,
        entity: scope.project?.entityName ?? null,
        project: scope.project?.name ?? null,
      };
    case 'Entity':
      return { type: 'ENTITY', id, name, entity: scope.name ?? null, project: null };
    default:
      return undefined;
  }
}

function actionOf(action: TriggerAnswer['triggeredAction']): LiveAction {
  const integrationId = action.integration?.id ?? null;
  switch (action.__typename) {
    case 'GenericWebhookTriggeredAction':
      return {
        type: 'GENERIC_WEBHOOK',
        integrationId,
        integrationName: action.integration?.name ?? null,
        requestPayload: action.requestPayload ?? null,
      };
    case 'NotificationTriggeredAction':
      return {
        type: 'NOTIFICATION',
        integrationId,
        channel: action.integration?.channelName ?? null,
        title: action.title ?? null,
        message: action.message ?? null,
        severity: action.severity ?? null,
      };
    case 'NoOpTriggeredAction':
      return { type: 'NO_OP' };
    default:
      return { type: 'OTHER', kind: action.__typename };
  }
}

/**
 * A saved filter as a value. W&B returns the filters of artifact events as `{"filter": F}`, where F is JSON or a text of
 * JSON, and those of run events as they were sent (Python client, `automations/events.py`). Text that is not JSON stays text.
 */
export function savedFilter(text: string): JsonValue {
  const outer = jsonOr(text);
  if (!isJsonObject(outer) || !('filter' in outer) || Object.keys(outer).length !== 1) return outer;
  const inner = outer.filter ?? {};
  return typeof inner === 'string' ? jsonOr(inner) : inner;
}

function jsonOr(text: string): JsonValue {
  if (text === '') return {};
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}
