import type { EventType } from '../../src/event/event.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { relayBody } from '../../test/stand-ins/wandb-sender.ts';

/** When the pictures are taken: milliseconds since 1970. */
export const NOW = Date.parse('2026-11-27T09:00:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The people of acme who sign in. Nobody else has these tokens. */
export const TOKENS = {
  ada: 'ada-for-pictures-only',
  ben: 'ben-for-pictures-only',
  admin: 'admin-for-pictures-only',
  viewer: 'viewer-for-pictures-only',
};

/** The config of acme. Slack's ids of people come from its workspace. */
export function configText(userId: (name: string) => string): string {
  return `version: 1
entity: acme
organization: acme-org
alerts: { slack: "#ml-ops" }
settings:
  slack_users: { ada: ${userId('ada')}, ben: ${userId('ben')}, grace: ${userId('grace')}, lin: ${userId('lin')} }
routes:
  - name: deploy-production
    on: { event: add_artifact_alias, alias: production }
    approval: { slack: "#ml-deploys", by: [${userId('ben')}, ${userId('grace')}], allow_self: false }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
      - slack: { channel: "#ml-deploys" }
  - name: deploy-fleet
    on: { event: add_artifact_alias, alias: fleet }
    approval: { slack: "#ml-deploys", approvals: 2 }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-fleet }
  - name: deploy-staging
    on: { event: add_artifact_alias, alias: staging }
    order: latest
    to:
      - workflow_dispatch: { repository: acme/deploy, workflow: staging.yml, ref: main, inputs: { model: "{{ event.collection }}", delivery_id: "{{ delivery_id }}" } }
      - slack: { channel: "#ml-deploys" }
  - name: evaluate
    on: { event: link_artifact }
    cooldown: 10m
    to:
      - repository_dispatch: { repository: acme/evaluate, event_type: model-linked }
  - name: edge-devices
    on: { event: add_artifact_tag, tag: edge }
    to:
      - repository_dispatch: { repository: acme/edge, event_type: model-edge }
  - name: datasets
    on: { event: create_artifact, collection: { regex: "^dataset" } }
    to:
      - repository_dispatch: { repository: acme/data, event_type: dataset-created }
  - name: training-failed
    on: { event: run_state, status: failed }
    to:
      - slack: { channel: "#training" }
automations:
  - name: loss-too-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 5 } }
    resolve: true
    action: { relay: { to: [{ slack: { channel: "#training" } }] } }
  - name: nightly-failed
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { notification: { slack: "#training", severity: warn } }
`;
}

/** A webhook about a version of a model in the registry. */
export function aboutModel(
  type: EventType,
  collection: string,
  version: string,
  by: string,
  more: Readonly<Record<string, string>> = {},
): JsonObject {
  return relayBody(
    type,
    {
      event_author: by,
      project_name: 'wandb-registry-model',
      artifact_collection_name: collection,
      artifact_version_string: `acme/wandb-registry-model/${collection}:${version}`,
      ...more,
    },
    { add_artifact_alias: 'promotions', link_artifact: 'new-in-registry', add_artifact_tag: 'edge-tag' }[type as string] ?? type,
  );
}

/** A webhook about a run of the project train. */
export function aboutRun(type: EventType, run: string, by: string, more: Readonly<Record<string, string>> = {}): JsonObject {
  return relayBody(type, { event_author: by, project_name: 'train', run_name: run, ...more }, 'training');
}

export function aboutDataset(collection: string, version: string, by: string): JsonObject {
  return relayBody(
    'create_artifact',
    {
      event_author: by,
      project_name: 'train',
      artifact_collection_name: collection,
      artifact_version_string: `acme/train/${collection}:${version}`,
    },
    'new-data',
  );
}
