import { EVENT_TYPES, type EventType } from '../../src/event/event.ts';
import { relayPayload, substituteVariables } from '../../src/event/relay-payload.ts';
import { SAMPLE_VALUES } from '../../src/event/sample-values.ts';
import type { JsonObject } from '../../src/lib/json.ts';

/** The types that there is an example of. */
export const SAMPLE_TYPES = EVENT_TYPES.filter((type) => type !== 'unknown');

/** What only our own engine has, as it writes a firing. */
const ENGINE_FACTS: Readonly<Partial<Record<EventType, JsonObject>>> = {
  run_metric_nonfinite: { metric: 'loss', metric_values: ['NaN'], metric_value: 'NaN', step: 1200 },
  run_metric_stall: { metric: 'accuracy', metric_values: [0.91, 0.91], metric_value: 0.91, step: 1200 },
  run_silent: { duration_seconds: 5400 },
};

/** An example of what arrives for an event of this type, with the values that `send-test` sends. */
export function sampleBody(type: EventType): JsonObject {
  if (type === 'weave_metric')
    return { event_type: 'WEAVE_METRIC_THRESHOLD', alert_name: 'slow-answers', metric_name: 'latency', metric_value: 9, threshold: 5 };
  const facts = ENGINE_FACTS[type];
  const body = substituteVariables(relayPayload(type, 'example', 'accuracy'), SAMPLE_VALUES);
  if (facts === undefined) return body;
  const { entity_name = '', project_name = '' } = SAMPLE_VALUES;
  return { ...body, engine: 'relay', entity_name, project_name, run_name: 'train-42', ...facts };
}
