import { describe, expect, it } from 'vitest';
import {
  actionWords,
  automationWords,
  isOf,
  repeatWords,
  routesThatTake,
  visibilityOf,
} from '../../../../receiver/admin/components/automation-words.ts';
import { readConfig } from '../../../../src/config/config.ts';
import { formatDiagnostic } from '../../../../src/lib/diagnostic.ts';

const CONFIG = `
version: 1
entity: acme
automations:
  - name: promote
    scope: { registry: model, collection: { regex: "^resnet" } }
    event: { add_artifact_alias: { alias: production } }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
  - name: spike
    engine: relay
    refire: never
    resolve: true
    for_points: 3
    scope: { project: train }
    event: { run_metric: { metric: loss, aggregate: average, window: 5, above: 2.5 } }
    runs: { tags: { in: [nightly, weekly] }, user: ada }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
  - name: hook
    scope: { project: other/train }
    event: { link_artifact: {} }
    action: { webhook: { integration: relay, payload: { client_payload: { automation_name: hook, event: link_artifact } } } }
  - name: mute
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { webhook: { integration: pager, payload: { text: failed } } }
  - name: slack
    scope: { team: acme }
    event: { run_state: { states: [failed] } }
    action: { notification: { slack: "#ml" } }
routes:
  - { name: models, on: { event: add_artifact_alias, registry: model }, to: [{ slack: { channel: "#ml" } }] }
  - { name: staging, on: { event: add_artifact_alias, alias: staging }, to: [{ slack: { channel: "#ml" } }] }
  - { name: of resnet50, on: { event: add_artifact_alias, collection: resnet50 }, to: [{ slack: { channel: "#ml" } }] }
  - { name: of prod, source: prod, on: { event: [link_artifact, run_state] }, to: [{ slack: { channel: "#ml" } }] }
  - { name: tagged, on: { tag: best }, to: [{ slack: { channel: "#ml" } }] }
  - { name: by name, on: { automation: hook }, to: [{ slack: { channel: "#ml" } }] }
`;

const read = readConfig(CONFIG, 'wandb-relay.yaml');
if (!read.ok) throw new Error(read.error.map(formatDiagnostic).join('\n'));
const config = read.value;

function named(name: string) {
  const found = config.automations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no automation ${name}`);
  return found;
}

describe('an automation in words', () => {
  it('says what it waits for, with its scope and runs', () => {
    expect(automationWords(named('promote'))).toEqual([
      'a version gets an alias',
      'alias is "production"',
      'registry model, collection /^resnet/',
    ]);
    expect(automationWords(named('spike'))).toEqual([
      'average of 5 values of loss above 2.5, 3 points in a row',
      'run user is "ada"',
      'run tag is one of "nightly", "weekly"',
      'project train',
    ]);
    expect(repeatWords(named('spike'))).toEqual(['once for each run', 'after 3 points in a row', 'says when its condition has ended']);
    expect(['promote', 'hook', 'slack'].map((name) => actionWords(named(name)))).toEqual([
      'sends its event to this relay',
      'W&B calls the webhook integration relay',
      'W&B writes to Slack, #ml',
    ]);
  });

  it('is seen here when its events come by under its name', () => {
    expect(config.automations.map((one) => [one.name, visibilityOf(one)])).toEqual([
      ['promote', 'always'],
      ['spike', 'always'],
      ['hook', 'when it names itself'],
      ['mute', 'never'],
      ['slack', 'never'],
    ]);
  });
});

describe('the routes that take an automation’s events', () => {
  const takers = (name: string) => routesThatTake(named(name), config.entity, config.routes).map((route) => `${route.how} ${route.name}`);

  it('are its own, those whose conditions it meets for certain, and those that depend on the event', () => {
    expect(takers('promote').toSorted()).toEqual(['may of resnet50', 'takes models', 'takes promote']);
    expect(takers('spike')).toEqual(['takes spike']);
    expect(takers('hook').toSorted()).toEqual(['may of prod', 'takes by name']);
    expect(takers('mute')).toEqual(['may of prod']);
    expect(takers('slack')).toEqual([]);
  });
});

describe('an event', () => {
  it('is an automation’s by the name, and by the place where several share it', () => {
    const facts = { automation: 'spike', entity: 'acme', project: 'train' };
    expect(isOf(named('spike'), 'acme', false)({ automation: 'spike', project: 'other' })).toBe(true);
    expect(isOf(named('spike'), 'acme', false)({ automation: 'promote' })).toBe(false);
    expect(isOf(named('spike'), 'acme', true)(facts)).toBe(true);
    expect(isOf(named('spike'), 'acme', true)({ ...facts, project: 'other' })).toBe(false);
    expect(isOf(named('hook'), 'acme', true)({ automation: 'hook', entity: 'acme', project: 'train' })).toBe(false);
    expect(isOf(named('promote'), 'acme', true)({ automation: 'promote', entity: 'acme-org', registry: 'model' })).toBe(true);
  });
});
