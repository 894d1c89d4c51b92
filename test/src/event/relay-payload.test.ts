import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type EventType } from '../../../src/event/event.ts';
import { relayPayload, substituteVariables } from '../../../src/event/relay-payload.ts';
import { understandBody } from '../../../src/event/webhook-body.ts';

const ARTIFACT = ['artifact_collection_name', 'artifact_version', 'artifact_version_string'];
const METRIC = ['run_name', 'metric_values', 'metric_current_status'];

/** The variables that W&B has for each event, beside those that every event has. */
const VARIABLES: Readonly<
  Record<Exclude<EventType, 'run_metric_nonfinite' | 'run_metric_stall' | 'run_silent' | 'weave_metric' | 'unknown'>, readonly string[]>
> = {
  create_artifact: ARTIFACT,
  link_artifact: ARTIFACT,
  unlink_artifact: ARTIFACT,
  add_artifact_alias: [...ARTIFACT, 'alias'],
  add_artifact_tag: [...ARTIFACT, 'tag'],
  remove_artifact_tag: [...ARTIFACT, 'tag'],
  add_collection_tag: ['artifact_collection_name', 'tag'],
  remove_collection_tag: ['artifact_collection_name', 'tag'],
  run_metric: METRIC,
  run_metric_change: METRIC,
  run_metric_zscore: METRIC,
  run_state: ['run_name', 'run_status'],
};

describe('relayPayload', () => {
  it.each(Object.entries(VARIABLES) as [EventType, string[]][])('of %s uses only the variables that exist for it', (type, names) => {
    const used = Object.entries(relayPayload(type, 'watch', 'loss')).filter(([, value]) => String(value).startsWith('${'));
    expect(used.map(([name]) => name).sort()).toEqual(['entity_name', 'event_author', 'project_name', ...names].sort());
    for (const [name, value] of used) expect(value).toBe(`\${${name}}`);
  });

  it('has literals for what is known in advance', () => {
    expect(relayPayload('run_metric', 'watch', 'val/loss')).toMatchObject({
      relay: 1,
      automation: 'watch',
      event: 'run_metric',
      metric: 'val/loss',
    });
  });

  it('is understood as the same event when it comes back without a single variable filled in', () => {
    for (const type of EVENT_TYPES) {
      expect(understandBody(relayPayload(type, 'watch'), 'prod')).toEqual({
        kind: 'event',
        event: { type, source: 'prod', automation: 'watch' },
      });
    }
  });
});

describe('substituteVariables', () => {
  it('puts values where the variables are, and blanks where there is no value', () => {
    const payload = { a: '${alias}', b: 'by ${event_author} in ${entity_name}', c: '${tag}', d: 1, e: 'plain' };
    expect(substituteVariables(payload, { alias: 'production', event_author: 'ada', entity_name: 'acme' })).toEqual({
      a: 'production',
      b: 'by ada in acme',
      c: '',
      d: 1,
      e: 'plain',
    });
  });

  it('puts a value in as it is, even one that looks like a variable or a pattern', () => {
    expect(substituteVariables({ a: '${alias}' }, { alias: "${tag} $& $1 $'" })).toEqual({ a: "${tag} $& $1 $'" });
  });
});
