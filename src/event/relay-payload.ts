import type { JsonObject } from '../lib/json.ts';
import type { RelayEvent } from './event.ts';
import type { MetricLiterals } from './metric-facts.ts';

/**
 * The payload of a W&B webhook action: literals for what is known in advance, and the W&B variables that exist for the
 * event (W&B documentation, "Payload variables").
 *
 * @param automation the automation's name
 * @param metric the metric's name, for run metric events
 * @param watched what the automation compares, for run metric events
 */
export function relayPayload(event: RelayEvent['type'], automation: string, metric?: string, watched: MetricLiterals = {}): JsonObject {
  return {
    relay: 1,
    automation,
    event,
    event_author: '${event_author}',
    entity_name: '${entity_name}',
    project_name: '${project_name}',
    ...variablesOf(event, metric, watched),
  };
}

function variablesOf(event: RelayEvent['type'], metric: string | undefined, watched: MetricLiterals): JsonObject {
  const collection = { artifact_collection_name: '${artifact_collection_name}' };
  const artifact = {
    ...collection,
    artifact_version: '${artifact_version}',
    artifact_version_string: '${artifact_version_string}',
  };
  switch (event) {
    case 'create_artifact':
    case 'link_artifact':
    case 'unlink_artifact':
      return artifact;
    case 'add_artifact_alias':
      return { ...artifact, alias: '${alias}' };
    case 'add_artifact_tag':
    case 'remove_artifact_tag':
      return { ...artifact, tag: '${tag}' };
    case 'add_collection_tag':
    case 'remove_collection_tag':
      return { ...collection, tag: '${tag}' };
    case 'run_metric':
    case 'run_metric_change':
    case 'run_metric_zscore':
      return {
        run_name: '${run_name}',
        metric: metric ?? '${metric_name}',
        ...watched,
        metric_values: '${metric_values}',
        metric_current_status: '${metric_current_status}',
      };
    case 'run_state':
      return { run_name: '${run_name}', run_status: '${run_status}' };
    case 'run_metric_nonfinite':
    case 'run_metric_stall':
    case 'run_silent':
    case 'weave_metric':
    case 'digest':
    case 'relay_alert':
    case 'unknown':
      return {};
  }
}

/** Replaces variables as W&B does. A variable without a value becomes blank. */
export function substituteVariables(payload: JsonObject, values: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? value.replace(/\$\{(\w+)\}/g, (_whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : ''))
        : value,
    ]),
  );
}
