import type { TriggerInput } from '../../../src/automation/trigger.ts';
import type { Result } from '../../../src/lib/result.ts';

/** Ids of the stand-in's world. */
export const ACME = 'RW50aXR5OjMwMQ==';
export const ACME_ORG_ENTITY = 'RW50aXR5OjMwMg==';
export const TRAIN = 'UHJvamVjdDoxMDE=';
export const REGISTRY_MODEL = 'UHJvamVjdDoxMDI=';
export const RESNET50 = 'QXJ0aWZhY3RDb2xsZWN0aW9uOjIwMQ==';
export const DATASET_A = 'QXJ0aWZhY3RDb2xsZWN0aW9uOjIwMg==';
export const SLACK_ML_ALERTS = 'SW50ZWdyYXRpb246NDAx';
export const WEBHOOK_RELAY = 'SW50ZWdyYXRpb246NDAy';

export const ALIAS_FILTER = { $or: [{ $and: [{ alias: { $eq: 'production' } }] }] };

/** A webhook automation on an alias in the registry's collection by default. */
export function triggerInput(changes: Partial<TriggerInput> = {}): TriggerInput {
  return {
    name: 'deploy-production',
    description: null,
    enabled: true,
    scopeType: 'ARTIFACT_COLLECTION',
    scopeID: RESNET50,
    triggeringEventType: 'ADD_ARTIFACT_ALIAS',
    eventFilter: JSON.stringify(ALIAS_FILTER),
    triggeredActionType: 'GENERIC_WEBHOOK',
    triggeredActionConfig: {
      genericWebhookActionInput: { integrationID: WEBHOOK_RELAY, requestPayload: '{"event":"${event_type}","alias":"${alias}"}' },
    },
    ...changes,
  };
}

export const NO_OP: Pick<TriggerInput, 'triggeredActionType' | 'triggeredActionConfig'> = {
  triggeredActionType: 'NO_OP',
  triggeredActionConfig: { noOpActionInput: { noOp: true } },
};

/** The value of what went well. */
export function successOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The error of what went wrong. */
export function errorOf<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return result.error;
}
