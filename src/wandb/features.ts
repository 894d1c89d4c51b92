/** The feature flags that the server has switched on. */
export type ServerFeatures = ReadonlySet<string>;

/** A feature that only newer servers have. */
export type Capability =
  | { readonly event: string }
  | { readonly action: string }
  | { readonly scope: string }
  /** `Entity.triggers`; without it automations are found by walking the projects. */
  | 'query_on_entity'
  /** `Organization.triggers`. */
  | 'organization'
  /** `Project.artifactCollectionMembership`: the number of a version in a collection that it is linked to. */
  | 'membership';

/** Features of every server in use, without a flag (Python client 0.30, `automations/_compat.py`). */
const ALWAYS_EVENTS: ReadonlySet<string> = new Set([
  'CREATE_ARTIFACT',
  'LINK_MODEL',
  'ADD_ARTIFACT_ALIAS',
  'RUN_METRIC',
  'RUN_METRIC_CHANGE',
  'RUN_STATE',
]);
const ALWAYS_ACTIONS: ReadonlySet<string> = new Set(['NOTIFICATION', 'GENERIC_WEBHOOK', 'NO_OP']);
const ALWAYS_SCOPES: ReadonlySet<string> = new Set(['PROJECT', 'ARTIFACT_COLLECTION']);

/** Whether the server has the feature. Every event, action or scope that is not listed above has a flag of its own name. */
export function supports(features: ServerFeatures, capability: Capability): boolean {
  if (capability === 'query_on_entity') return features.has('QUERY_AUTOMATIONS_ON_ENTITY');
  if (capability === 'organization') return features.has('AUTOMATIONS_ON_ORGANIZATION');
  if (capability === 'membership') return features.has('PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP');
  if ('event' in capability) return ALWAYS_EVENTS.has(capability.event) || features.has(`AUTOMATION_EVENT_${capability.event}`);
  if ('action' in capability) return ALWAYS_ACTIONS.has(capability.action) || features.has(`AUTOMATION_ACTION_${capability.action}`);
  return ALWAYS_SCOPES.has(capability.scope) || features.has(`AUTOMATION_SCOPE_${capability.scope}`);
}
