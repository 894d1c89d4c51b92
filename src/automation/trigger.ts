import type { JsonValue } from '../lib/json.ts';

/**
 * Automations in the form of W&B's GraphQL API, which calls them triggers. Names and spellings are those of its
 * schema (`CreateFilterTriggerInput`, `Trigger`).
 */

export type TriggerScopeType = 'ARTIFACT_COLLECTION' | 'ENTITY' | 'PROJECT';

/** The input of `createFilterTrigger`, complete; `updateFilterTrigger` takes the same and an id. */
export interface TriggerInput {
  readonly name: string;
  readonly description: string | null;
  readonly enabled: boolean;
  readonly scopeType: TriggerScopeType;
  readonly scopeID: string;
  readonly triggeringEventType: string;
  /** JSON, as text. */
  readonly eventFilter: string;
  readonly triggeredActionType: 'GENERIC_WEBHOOK' | 'NOTIFICATION' | 'NO_OP';
  readonly triggeredActionConfig: TriggeredActionConfig;
}

/** Exactly one is set. */
export type TriggeredActionConfig =
  | { readonly genericWebhookActionInput: { readonly integrationID: string; readonly requestPayload: string | null } }
  | {
      readonly notificationActionInput: {
        readonly integrationID: string;
        readonly title: string;
        readonly message: string;
        readonly severity: 'INFO' | 'WARN' | 'ERROR';
      };
    }
  | { readonly noOpActionInput: { readonly noOp: true } };

/** The scope of an automation: its id at W&B, and a description for people. */
export interface TriggerScope {
  readonly type: TriggerScopeType;
  readonly id: string;
  /** As in messages and plans: `registry model, collection resnet50`, `project train`, `team acme`. */
  readonly description: string;
}

/** An automation at W&B. Enums are plain text, because a newer server may have more values. */
export interface LiveTrigger {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string | null;
  readonly scope: LiveScope;
  readonly eventType: string;
  /** The saved filter, parsed and unwrapped (W&B returns artifact filters as `{"filter": …}`). */
  readonly filter: JsonValue;
  readonly action: LiveAction;
}

/** In place of the name of what was deleted while an automation still refers to it. */
export const NO_LONGER_EXISTS = '(no longer exists)';

export interface LiveScope {
  readonly type: TriggerScopeType;
  /** Blank if W&B has none any more. */
  readonly id: string;
  /** `NO_LONGER_EXISTS` if W&B has none any more. */
  readonly name: string;
  /** The entity that owns the project or collection; the entity itself for an entity scope. */
  readonly entity: string | null;
  /** The project of a collection; `null` for other scopes. */
  readonly project: string | null;
}

export type LiveAction =
  | {
      readonly type: 'GENERIC_WEBHOOK';
      readonly integrationId: string | null;
      readonly integrationName: string | null;
      readonly requestPayload: string | null;
    }
  | {
      readonly type: 'NOTIFICATION';
      readonly integrationId: string | null;
      readonly channel: string | null;
      readonly title: string | null;
      readonly message: string | null;
      readonly severity: string | null;
    }
  | { readonly type: 'NO_OP' }
  /** A kind that cannot be written as a definition (a queue job, for instance). */
  | { readonly type: 'OTHER'; readonly kind: string };
