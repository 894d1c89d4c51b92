/**
 * `wandb-relay/builders`: definitions in TypeScript that read like those of W&B's Python client and return plain JSON.
 * This file is the public entry of the package, and the only one that re-exports from others.
 */

export type { AutomationFields, AutomationTestFields } from './automation.ts';
export { automation, automationTest, config, digest, doNothing, relay, sendNotification, sendWebhook } from './automation.ts';
export type {
  ActionDefinition,
  AutomationDefinition,
  ConfigDefinition,
  DigestDefinition,
  MatchDefinition,
  RunActionDefinition,
  TestDefinition,
} from './definition-types.ts';
export {
  collection,
  onAddArtifactAlias,
  onAddArtifactTag,
  onAddCollectionTag,
  onCreateArtifact,
  onLinkArtifact,
  onRemoveArtifactTag,
  onRemoveCollectionTag,
  onRunMetric,
  onRunSilent,
  onRunState,
  onUnlinkArtifact,
  organization,
  project,
  registry,
  team,
} from './events.ts';
export { and, artifactEvent, not, or } from './filters.ts';
export { abs, runEvent } from './metrics.ts';
