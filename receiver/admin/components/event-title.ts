import type { RelayEvent } from '../../../src/event/event.ts';
import { metricWords } from '../../../src/event/metric-words.ts';
import { visible } from '../../../src/lib/visible.ts';

/** What an event is about, in a few words of plain text, without signs that would turn it round: `resnet50 v12 → production`, `loss of nightly-7 is 0.91 (alert above 0.6)`. */
export function eventTitle(event: RelayEvent): string {
  return visible(titleOf(event));
}

function titleOf(event: RelayEvent): string {
  const version = subjectOf(event);
  const collection = event.collection ?? 'a collection';
  const resolved = event.resolved === true ? 'Resolved: ' : '';
  if (event.rollback === true) return `${collection} ${event.alias ?? 'an alias'} rolled back to ${event.version ?? 'an earlier version'}`;
  switch (event.type) {
    case 'create_artifact':
      return `${version} created`;
    case 'link_artifact':
      return `${version} linked${event.registry === undefined ? '' : ` to ${event.registry}`}`;
    case 'unlink_artifact':
      return `${version} unlinked${event.registry === undefined ? '' : ` from ${event.registry}`}`;
    case 'add_artifact_alias':
      return `${version} → ${event.alias ?? 'an alias'}`;
    case 'add_artifact_tag':
      return `${version} got the tag ${event.tag ?? ''}`;
    case 'remove_artifact_tag':
      return `${version} lost the tag ${event.tag ?? ''}`;
    case 'add_collection_tag':
      return `${collection} got the tag ${event.tag ?? ''}`;
    case 'remove_collection_tag':
      return `${collection} lost the tag ${event.tag ?? ''}`;
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
      return `${resolved}${event.metric ?? 'a metric'} of ${runOf(event)} ${metricWords(event) ?? METRIC_WORDS[event.type]}`;
    case 'run_silent':
      return `${resolved}Run ${runOf(event)} logs nothing`;
    case 'run_state':
      return `${resolved}Run ${runOf(event)} ${event.status ?? 'changed its state'}`;
    case 'relay_alert':
      return `Alert ${event.automation ?? ''} ${event.status ?? ''}`;
    case 'weave_metric':
      return `Weave alert ${event.automation ?? ''} fired`;
    default:
      return version === NOTHING ? `Event of type ${event.type}` : `Event of type ${event.type} about ${version}`;
  }
}

const METRIC_WORDS = {
  run_metric: 'met the limit of its automation',
  run_metric_change: 'changed as much as its automation watches for',
  run_metric_zscore: 'is far from its mean',
  run_metric_nonfinite: 'is not a finite number',
  run_metric_stall: 'has stopped changing',
} as const;

const NOTHING = 'an artifact';

function subjectOf({ collection, version, artifact, run, display_name }: RelayEvent): string {
  if (collection !== undefined) return version === undefined ? collection : `${collection} ${version}`;
  return artifact ?? display_name ?? run ?? NOTHING;
}

function runOf({ display_name, run }: RelayEvent): string {
  return display_name ?? run ?? 'a run';
}

/** Where it lives: `acme/vision`, or the registry. */
export function eventPlace({ registry, entity, project }: RelayEvent): string | undefined {
  if (registry !== undefined) return `registry ${registry}`;
  const path = [entity, project].filter((part) => part !== undefined);
  return path.length === 0 ? undefined : path.join('/');
}
