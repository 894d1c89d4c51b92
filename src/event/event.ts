import type { MetricFacts } from './metric-facts.ts';
import type { RunFacts } from './run-facts.ts';

/**
 * Every event type of W&B's automations, in our spelling; those that only the relay's own engine has (`run_metric_nonfinite`,
 * `run_metric_stall`, `run_silent`); and `unknown` for an authentic webhook of no known type.
 * Source: W&B's automation documentation (2026-09); `weave_metric` comes from Weave's own alerts.
 */
export const EVENT_TYPES = [
  'create_artifact',
  'link_artifact',
  'unlink_artifact',
  'add_artifact_alias',
  'add_artifact_tag',
  'remove_artifact_tag',
  'add_collection_tag',
  'remove_collection_tag',
  'run_metric',
  'run_metric_change',
  'run_metric_zscore',
  'run_metric_nonfinite',
  'run_metric_stall',
  'run_silent',
  'run_state',
  'weave_metric',
  'unknown',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/**
 * The event of a digest, which the relay makes itself. No route is asked about it, and nothing from outside can be one: it exists
 * so that a digest is stored, sent and retried like every message.
 */
export const DIGEST = 'digest';

/** The event of news about the relay itself, see `receiver/alerts/`. As with a digest, no route is asked, and nothing from outside can be one. */
export const RELAY_ALERT = 'relay_alert';

/** Events that the relay makes itself, and that no route is asked about. */
export type OwnEventType = typeof DIGEST | typeof RELAY_ALERT;

/** The fields of `on` in the config, of `event` in templates, and of the default payload. */
export const EVENT_FIELDS = [
  'source',
  'entity',
  'project',
  'registry',
  'collection',
  'version',
  'artifact',
  'alias',
  'tag',
  'author',
  'automation',
  'run',
  'status',
  'metric',
] as const;

export type EventField = (typeof EVENT_FIELDS)[number];

/** The sender of a request to `/webhooks/wandb` without a name of its own. */
export const DEFAULT_SOURCE = 'default';

/** The version that had the alias before. */
export type Replaced = {
  readonly version: string;
  /** `entity/project/collection:version`, where it is known. */
  readonly artifact?: string;
  /** When it was given the alias: ISO 8601, UTC. */
  readonly since: string;
};

/** Who approved what is dispatched: `event.approval` in templates and payloads. */
export type ApprovalFacts = {
  /** `ada (U012ABC)`, or `ada, by the command line`; of several people, all of them. */
  readonly by: string;
  /** When it was decided: ISO 8601, UTC. */
  readonly at: string;
  /** Why, where somebody said it. */
  readonly reason?: string;
};

/** An event of W&B. Fields that it does not have are absent, never blank. */
export type RelayEvent = { readonly type: EventType | OwnEventType; readonly source: string } & {
  readonly [F in Exclude<EventField, 'source'>]?: string;
} & MetricFacts &
  RunFacts & {
    /** What had the alias before, where an event gives one and that is known. */
    readonly replaces?: Replaced;
    /** Somebody asked the relay to deploy this version once more: W&B did not send it. */
    readonly rollback?: true;
    /** The relay's own engine evaluated the automation; absent when W&B did. */
    readonly engine?: 'relay';
    /** The condition of an automation with `resolve: true` has ended: the event that it had begun came before. */
    readonly resolved?: true;
  };

/** In characters: the longest value of a field. W&B's own names are far shorter. */
export const MAX_FIELD_LENGTH = 1024;

/** W&B's names that are not simply our name in another case. */
const OTHER_NAMES: ReadonlyMap<string, EventType> = new Map([
  ['link_model', 'link_artifact'],
  ['unlink_model', 'unlink_artifact'],
  ['update_artifact_alias', 'add_artifact_alias'],
  ['weave_metric_threshold', 'weave_metric'],
  ['run_metric_threshold', 'run_metric'],
]);

const KNOWN: ReadonlySet<string> = new Set(EVENT_TYPES);

/**
 * Reads an event type in any spelling: `LINK_ARTIFACT`, `LINK_MODEL`, `link-artifact`, `Link artifact`, `linkArtifact`.
 * Returns `undefined` for any other text. `unknown` is our own type and is never read from a body.
 */
export function readEventType(text: string): EventType | undefined {
  const word = text
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
  if (word === 'unknown') return undefined;
  return OTHER_NAMES.get(word) ?? (KNOWN.has(word) ? (word as EventType) : undefined);
}

/** The fields that, besides the artifact or the run, identify the subject of an event of this type. */
const SUBJECT_FIELDS: Readonly<Record<RelayEvent['type'], readonly EventField[]>> = {
  digest: ['automation'],
  relay_alert: ['automation'],
  create_artifact: [],
  link_artifact: [],
  unlink_artifact: [],
  add_artifact_alias: ['alias'],
  add_artifact_tag: ['tag'],
  remove_artifact_tag: ['tag'],
  add_collection_tag: ['tag'],
  remove_collection_tag: ['tag'],
  run_metric: ['run', 'metric'],
  run_metric_change: ['run', 'metric'],
  run_metric_zscore: ['run', 'metric'],
  run_metric_nonfinite: ['run', 'metric'],
  run_metric_stall: ['run', 'metric'],
  run_silent: ['run'],
  run_state: ['run'],
  weave_metric: ['metric'],
  unknown: ['alias', 'tag', 'run', 'metric'],
};

/**
 * The subject of an event, as its order key: source, entity, project and collection, and the alias, tag, run or metric of
 * its type. The version is not part of it: v12 and v13 of a model that get the alias `production` have one subject, so
 * they are delivered in order. Adding and removing one tag have the same subject, too.
 */
export function subjectOf(event: RelayEvent): string {
  const parts: Record<string, string> = { source: event.source };
  for (const field of ['entity', 'project', 'collection', ...SUBJECT_FIELDS[event.type]] as const) {
    const value = event[field];
    if (value !== undefined) parts[field] = value;
  }
  return JSON.stringify(parts);
}

/**
 * The subject of a Slack conversation: an artifact version, a run, or, if the event names neither, the fields that it has.
 * Unlike `subjectOf`, it separates v12 from v13 and groups all aliases.
 */
export function conversationSubjectOf(event: RelayEvent): string {
  const parts: Record<string, string> = { source: event.source };
  const about =
    event.run === undefined ? (['entity', 'project', 'collection', 'version'] as const) : (['entity', 'project', 'run'] as const);
  for (const field of about) {
    const value = event[field];
    if (value !== undefined) parts[field] = value;
  }
  // Without any of these fields: the subject of its order key.
  return Object.keys(parts).length === 1 ? subjectOf(event) : JSON.stringify(parts);
}
