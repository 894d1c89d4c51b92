import {
  entityOfScope,
  isRegistry,
  type WandbWorld,
  type WorldAction,
  type WorldIntegration,
  type WorldScope,
  type WorldTrigger,
} from './wandb-world.ts';

/** What W&B refuses, and what its mutations do (shared facts: documentation, Python client and its system tests). */

/** A mutation that is refused: the HTTP status, and why. */
export class WandbRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Given<T> = { readonly [Key in keyof T]?: T[Key] | null };

interface ActionConfig {
  readonly genericWebhookActionInput?: { readonly integrationID: string; readonly requestPayload?: string | null } | null;
  readonly notificationActionInput?:
    | (Given<{ title: string; message: string; severity: string }> & { readonly integrationID: string })
    | null;
  readonly noOpActionInput?: { readonly noOp?: boolean | null } | null;
  readonly queueJobActionInput?: object | null;
  readonly pushNotificationActionInput?: object | null;
  readonly ariaActionInput?: { readonly prompt: string } | null;
}

export interface TriggerFields {
  readonly name: string;
  readonly description?: string | null;
  readonly enabled: boolean;
  readonly scopeType: string;
  readonly scopeID: string;
  readonly triggeringEventType: string;
  readonly eventFilter: string;
  readonly triggeredActionType: string;
  readonly triggeredActionConfig: ActionConfig;
}

export type TriggerChange = Given<TriggerFields> & { readonly id: string };

const RUN_METRIC_EVENTS = new Set(['RUN_METRIC', 'RUN_METRIC_CHANGE', 'RUN_METRIC_ZSCORE']);
const SCOPE_TYPES = { entity: 'ENTITY', project: 'PROJECT', collection: 'ARTIFACT_COLLECTION' } as const;

/** Run events have filters of their own shape, and come back as they were sent. */
export function isRunEvent(eventType: string): boolean {
  return RUN_METRIC_EVENTS.has(eventType) || eventType === 'RUN_STATE';
}

export function createTrigger(world: WandbWorld, input: TriggerFields, now: string): WorldTrigger {
  const fields = checked(world, input, undefined);
  const trigger: WorldTrigger = { id: world.newId('Trigger'), createdAt: now, updatedAt: null, ...fields };
  world.triggers.push(trigger);
  return trigger;
}

/**
 * Changes an automation. A description or a filter that is left out is lost, not kept: the safe reading of a bug in an
 * official client that left the filter out.
 */
export function updateTrigger(world: WandbWorld, change: TriggerChange, now: string): WorldTrigger {
  const trigger = triggerById(world, change.id);
  const config = change.triggeredActionConfig ?? undefined;
  if ((config === undefined) !== (change.triggeredActionType === undefined || change.triggeredActionType === null)) {
    throw new WandbRefusal(400, 'triggeredActionType and triggeredActionConfig go together');
  }
  const scope = change.scopeID === undefined || change.scopeID === null ? trigger.scope : scopeOf(world, change.scopeID, change.scopeType);
  if (scope === null) throw new WandbRefusal(400, 'this scope cannot be changed');
  const next = {
    name: change.name ?? trigger.name,
    description: change.description ?? null,
    enabled: change.enabled ?? trigger.enabled,
    scope,
    eventType: change.triggeringEventType ?? trigger.eventType,
    filter: change.eventFilter ?? '{}',
    action: config === undefined ? trigger.action : actionOf(world, change.triggeredActionType ?? '', config),
  };
  refuseMisfits(world, next, trigger.id);
  return Object.assign(trigger, next, { updatedAt: now });
}

export function deleteTrigger(world: WandbWorld, id: string): void {
  world.triggers.splice(world.triggers.indexOf(triggerById(world, id)), 1);
}

export function createWebhook(
  world: WandbWorld,
  input: {
    readonly entityName: string;
    readonly name: string;
    readonly urlEndpoint: string;
    readonly accessTokenRef?: string | null;
    readonly secretRef?: string | null;
  },
): WorldIntegration {
  const entity = world.entities.find((known) => known.name === input.entityName);
  if (entity === undefined) throw new WandbRefusal(404, `entity ${input.entityName} not found`);
  if (input.name.length > 64 || !/^[-\w]+([ ]+[-\w]+)*$/.test(input.name)) throw new WandbRefusal(400, 'invalid webhook name');
  if (!URL.canParse(input.urlEndpoint)) throw new WandbRefusal(400, 'invalid url');
  for (const ref of [input.accessTokenRef, input.secretRef]) {
    if (typeof ref === 'string' && !entity.secrets.has(ref)) throw new WandbRefusal(400, `secret ${ref} does not exist in ${entity.name}`);
  }
  const isTaken = world.integrations.some(
    (known) => known.__typename === 'GenericWebhookIntegration' && known.entity === entity && known.name === input.name,
  );
  if (isTaken) throw new WandbRefusal(409, `a webhook named ${input.name} already exists`);
  return world.addWebhook(entity, input.name, input.urlEndpoint, {
    accessTokenRef: input.accessTokenRef ?? null,
    secretRef: input.secretRef ?? null,
  });
}

function triggerById(world: WandbWorld, id: string): WorldTrigger {
  const trigger = world.triggers.find((known) => known.id === id);
  if (trigger === undefined) throw new WandbRefusal(404, `trigger ${id} not found`);
  return trigger;
}

type Editable = Pick<WorldTrigger, 'name' | 'description' | 'enabled' | 'eventType' | 'filter' | 'action'> & { readonly scope: WorldScope };

function checked(world: WandbWorld, input: TriggerFields, ownId: string | undefined): Editable {
  const fields = {
    name: input.name,
    description: input.description ?? null,
    enabled: input.enabled,
    scope: scopeOf(world, input.scopeID, input.scopeType),
    eventType: input.triggeringEventType,
    filter: input.eventFilter,
    action: actionOf(world, input.triggeredActionType, input.triggeredActionConfig),
  };
  refuseMisfits(world, fields, ownId);
  return fields;
}

function scopeOf(world: WandbWorld, id: string, type: string | null | undefined): WorldScope {
  const scope = world.scopeById(id);
  if (scope === undefined) throw new WandbRefusal(404, `scope ${id} not found`);
  if (SCOPE_TYPES[scope.kind] !== type) throw new WandbRefusal(400, `${id} is not of scope type ${type}`);
  return scope;
}

function refuseMisfits(world: WandbWorld, fields: Editable, ownId: string | undefined): void {
  const { name, scope, eventType, filter } = fields;
  if (name === '' || name.length > 255) throw new WandbRefusal(400, 'a name has 1 to 255 characters');
  if (eventType === 'CREATE_ARTIFACT' && scope.kind !== 'collection') {
    throw new WandbRefusal(400, 'CREATE_ARTIFACT is for artifact collections only');
  }
  if (isRunEvent(eventType) && !holdsRuns(scope)) throw new WandbRefusal(400, `${eventType} is not for this scope`);
  if (scope.kind === 'entity' && entityOfScope(scope).organization?.flags.has('automation_entity_scope') !== true) {
    throw new WandbRefusal(400, 'automations on an entity are not enabled for this organization');
  }
  refuseFilter(eventType, filter);
  if (world.triggers.some((known) => known.name === name && known.scope === scope && known.id !== ownId)) {
    throw new WandbRefusal(409, `a trigger named ${name} already exists in this scope`);
  }
}

function holdsRuns(scope: WorldScope): boolean {
  return (scope.kind === 'project' && !isRegistry(scope)) || (scope.kind === 'entity' && scope.entityType !== 'organization');
}

function refuseFilter(eventType: string, filter: string): void {
  const parsed = jsonObject(filter, 'eventFilter');
  if (RUN_METRIC_EVENTS.has(eventType) && !('run_metric_filter' in parsed || 'metric_filter' in parsed)) {
    throw new WandbRefusal(400, `${eventType} needs a run_metric_filter`);
  }
  if (eventType === 'RUN_STATE' && !('run_state_filter' in parsed)) throw new WandbRefusal(400, 'RUN_STATE needs a run_state_filter');
}

function actionOf(world: WandbWorld, type: string, config: ActionConfig): WorldAction {
  const given = Object.entries(config).filter(([, value]) => value !== undefined && value !== null);
  if (given.length !== 1) throw new WandbRefusal(400, 'triggeredActionConfig needs exactly one action');
  const {
    genericWebhookActionInput: webhook,
    notificationActionInput: notification,
    noOpActionInput: noOp,
    ariaActionInput: aria,
  } = config;
  if (type === 'GENERIC_WEBHOOK' && webhook) {
    const { integrationID, requestPayload = null } = webhook;
    refuseIntegration(world, integrationID, 'GenericWebhookIntegration');
    if (requestPayload !== null) jsonObject(requestPayload, 'requestPayload');
    return { __typename: 'GenericWebhookTriggeredAction', integrationID, requestPayload };
  }
  if (type === 'NOTIFICATION' && notification) {
    const { integrationID, title = null, message = null, severity = null } = notification;
    refuseIntegration(world, integrationID, 'SlackIntegration');
    return { __typename: 'NotificationTriggeredAction', integrationID, title, message, severity };
  }
  if (type === 'NO_OP' && noOp) return { __typename: 'NoOpTriggeredAction', noOp: noOp.noOp ?? null };
  if (type === 'ARIA' && aria) return { __typename: 'ARIATriggeredAction', prompt: aria.prompt };
  throw new WandbRefusal(400, `triggeredActionConfig does not fit ${type}`);
}

function refuseIntegration(world: WandbWorld, id: string, type: WorldIntegration['__typename']): void {
  const integration = world.integrations.find((known) => known.id === id);
  if (integration === undefined) throw new WandbRefusal(404, `integration ${id} not found`);
  if (integration.__typename !== type) throw new WandbRefusal(400, `integration ${id} is not a ${type}`);
}

function jsonObject(text: string, field: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WandbRefusal(400, `${field} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WandbRefusal(400, `${field} is not a JSON object`);
  return value;
}
