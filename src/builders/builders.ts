/**
 * `wandb-relay/builders`: definitions in TypeScript that read like those of W&B's Python client and are plain JSON in the
 * end. This is the package's public entry for them, and the only file that gathers what others define.
 */

export type { AutomationDefinition, AutomationFields, ConfigDefinition } from './automation.ts';
export { automation, config, doNothing, relay, sendNotification, sendWebhook } from './automation.ts';
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
  onRunState,
  onUnlinkArtifact,
  organization,
  project,
  registry,
  team,
} from './events.ts';
export { and, artifactEvent, not, or } from './filters.ts';
export { abs, runEvent } from './metrics.ts';
