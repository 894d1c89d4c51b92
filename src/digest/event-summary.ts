import type { RelayEvent } from '../event/event.ts';
import { promotionOf } from '../event/promotion.ts';
import { isJsonObject, type JsonObject } from '../lib/json.ts';
import type { Digest } from './definition.ts';
import type { DigestFacts } from './facts.ts';

/** What a digest says of events that the relay received, or made itself. Pure. */

export interface SummarizedEvent {
  readonly event: RelayEvent;
  /** What W&B's API knows about it. */
  readonly wandb: JsonObject | null | undefined;
}

const MOST_VERSIONS = 8;
const MOST_PROMOTIONS = 8;
const MOST_ALERTS = 5;

const NEW_VERSION: ReadonlySet<RelayEvent['type']> = new Set(['create_artifact', 'link_artifact']);
const ALERTS: ReadonlySet<RelayEvent['type']> = new Set([
  'run_metric',
  'run_metric_change',
  'run_metric_zscore',
  'run_metric_nonfinite',
  'run_metric_stall',
  'run_silent',
  'run_state',
  'weave_metric',
]);

/** The project of a digest, whole; `undefined`: it is about something else. */
export function projectOf({ scope }: Pick<Digest, 'scope'>, entity: string | undefined): { entity: string; project: string } | undefined {
  if (scope.project === undefined) return undefined;
  const [own, project] = scope.project.includes('/') ? scope.project.split('/') : [entity, scope.project];
  return own === undefined || project === undefined ? undefined : { entity: own, project };
}

/** Whether an event is of a digest's scope. A version that a run of the project logged is, also when it is in a registry. */
export function isInScope({ event, wandb }: SummarizedEvent, digest: Pick<Digest, 'scope'>, entity: string | undefined): boolean {
  const { scope } = digest;
  if (scope.collection !== undefined && event.collection !== scope.collection) return false;
  if (scope.registry !== undefined) return event.registry === scope.registry;
  if (scope.team !== undefined) return event.entity === scope.team || sourceOf(wandb)?.startsWith(`${scope.team}/`) === true;
  const project = projectOf(digest, entity);
  if (project === undefined) return false;
  if (event.project === project.project && event.entity === project.entity) return true;
  return sourceOf(wandb)?.startsWith(`${project.entity}/${project.project}/`) === true;
}

/** Where a run logged the version: `entity/project/collection:vN`. */
function sourceOf(wandb: JsonObject | null | undefined): string | undefined {
  const artifact = wandb?.artifact;
  return isJsonObject(artifact) && typeof artifact.source === 'string' ? artifact.source : undefined;
}

/** @param events of the digest's scope and time, oldest first */
export function summarizeEvents(events: readonly SummarizedEvent[]): Pick<DigestFacts, 'alerts' | 'versions' | 'promotions'> {
  const versions = new Map<string, DigestFacts['versions']['latest'][number]>();
  const promotions: DigestFacts['promotions']['latest'] = [];
  const alerts = new Map<string, number>();
  for (const { event } of events) {
    const version = NEW_VERSION.has(event.type) ? versionOf(event) : undefined;
    if (version !== undefined)
      versions.set(JSON.stringify([event.registry, event.entity, event.project, version.collection, version.version]), version);
    const promotion = promotedBy(event);
    // Two events may report one promotion.
    if (promotion !== undefined && !isSame(promotions.at(-1), promotion)) promotions.push(promotion);
    if (ALERTS.has(event.type) && event.resolved !== true) {
      const name = event.automation ?? event.metric ?? event.type;
      alerts.set(name, (alerts.get(name) ?? 0) + 1);
    }
  }
  const sorted = [...alerts].map(([automation, count]) => ({ automation, count })).toSorted((a, b) => b.count - a.count);
  return {
    alerts: sorted.slice(0, MOST_ALERTS),
    versions: { count: versions.size, latest: [...versions.values()].slice(-MOST_VERSIONS).toReversed() },
    promotions: { count: promotions.length, latest: promotions.slice(-MOST_PROMOTIONS).toReversed() },
  };
}

function versionOf({ collection, version, registry, author }: RelayEvent): DigestFacts['versions']['latest'][number] | undefined {
  if (collection === undefined || version === undefined) return undefined;
  return { collection, version, ...(registry === undefined ? {} : { registry }), ...(author === undefined ? {} : { by: author }) };
}

function promotedBy(event: RelayEvent): DigestFacts['promotions']['latest'][number] | undefined {
  const promotion = promotionOf(event);
  const version = versionOf(event);
  if (promotion === undefined || version === undefined) return undefined;
  return {
    ...version,
    alias: promotion.alias,
    ...(event.replaces === undefined ? {} : { replaces: event.replaces.version }),
    ...(event.rollback === true ? { rollback: true } : {}),
  };
}

function isSame(one: DigestFacts['promotions']['latest'][number] | undefined, other: DigestFacts['promotions']['latest'][number]): boolean {
  return one !== undefined && one.collection === other.collection && one.version === other.version && one.alias === other.alias;
}
