import { describe, expect, it } from 'vitest';
import { broadAutomation } from '../../../src/automation/broad-automation.ts';
import { readConfig } from '../../../src/config/config.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { broadRoute, routeWords, targetWords } from '../../../src/route/route-words.ts';

function configOf(text: string) {
  const config = readConfig(`version: 1\nentity: acme\n${text}`, 'wandb-relay.yaml');
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join('\n'));
  return config.value;
}

const TO = 'to: [{ repository_dispatch: { repository: acme/deploy, event_type: model } }]';

function route(on: string, source = '') {
  const [only] = configOf(`routes:\n  - name: a\n    on: ${on}\n    ${source}\n    ${TO}\n`).routes;
  if (only === undefined) throw new Error('there is a route');
  return compileRoute(only);
}

function automation(event: string, scope: string, runs = '', engine = '') {
  const text = `automations:\n  - name: a\n    scope: ${scope}\n    event: ${event}\n    ${runs}\n    ${engine}\n    action: { relay: { ${TO} } }\n`;
  const [only] = configOf(text).automations;
  if (only === undefined) throw new Error('there is an automation');
  return only;
}

describe('a route in words', () => {
  it('says each condition, with every kind of match', () => {
    const on = `{ event: [link_artifact, create_artifact, run_state], alias: { not: latest }, collection: { regex: "^resnet" }, tag: { in: [a, b] }, payload: { stage: eu } }`;
    expect(routeWords(route(on, 'source: prod'))).toEqual([
      'source is "prod"',
      'event is "link_artifact", "create_artifact" or "run_state"',
      'collection is a match of /^resnet/',
      'alias is not "latest"',
      'tag is one of "a", "b"',
      'payload.stage is "eu"',
    ]);
    expect(routeWords(route('{}'))).toEqual([]);
  });

  it('of an automation says who evaluates it', () => {
    const [own] = configOf(
      `automations:\n  - { name: spike, engine: relay, scope: { project: train }, event: { run_metric: { metric: loss, above: 5 } }, action: { relay: { ${TO} } } }\n`,
    ).routes;
    if (own === undefined) throw new Error('the automation has a route');
    expect(routeWords(compileRoute(own)).at(-1)).toBe('evaluated by the relay');
  });

  it('says where it sends to', () => {
    expect(targetWords({ repository_dispatch: { repository: 'acme/deploy', event_type: 'model' } })).toBe(
      'repository_dispatch model to acme/deploy',
    );
    expect(targetWords({ repository_dispatch: { repository: 'acme/deploy', passthrough: true } })).toContain('as the body says');
    expect(targetWords({ workflow_dispatch: { repository: 'acme/deploy', workflow: 'eval.yml', ref: 'main' } })).toBe(
      'workflow eval.yml of acme/deploy at main',
    );
    expect(targetWords({ slack: { channel: '#ml' } })).toBe('Slack #ml');
    expect(targetWords({ wandb_stop: {} })).toBe('stops the run at W&B');
  });
});

describe('a route that is overly broad', () => {
  it.each([
    ['{}', 'every event, of every'],
    ['{ event: add_artifact_alias }', 'every event whose type is "add_artifact_alias", of every'],
    ['{ event: { regex: ".*" }, collection: { regex: "" } }', 'nearly every event, of every'],
    ['{ event: link_artifact, alias: { not: latest } }', 'nearly every event whose type'],
    ['{ event: link_artifact, collection: { contains: "" }, project: { not_in: [a, b] } }', 'nearly every event whose type'],
  ])('is %s', (on, words) => {
    expect(broadRoute(route(on))).toContain(words);
  });

  it('names the source that it is limited to', () => {
    expect(broadRoute(route('{ event: link_artifact }', 'source: prod'))).toContain('from the source "prod"');
  });

  it.each([
    '{ alias: production }',
    '{ event: link_artifact, collection: { regex: "^resnet" } }',
    '{ automation: promote }',
    '{ event: link_artifact, payload: { stage: eu } }',
    '{ event: link_artifact, alias: { not: latest }, project: train }',
  ])('is not %s', (on) => {
    expect(broadRoute(route(on))).toBeUndefined();
  });
});

describe('an automation that is overly broad', () => {
  it.each([
    ['{ add_artifact_alias: {} }', '{ project: train }', '', 'every collection of project train. Add a collection, an alias or a tag.'],
    ['{ link_artifact: {} }', '{ registry: model }', '', 'every collection of registry model. Add a collection.'],
    ['{ create_artifact: {} }', '{ project: train, collection: { regex: ".*" } }', '', 'every collection of project train'],
    ['{ add_artifact_alias: { alias: { not: latest } } }', '{ project: train }', '', 'every collection'],
    ['{ run_state: { states: [finished] } }', '{ project: train }', '', 'every run of project train'],
    ['{ run_metric: { metric: loss, above: 5 } }', '{ team: acme }', '', 'every run of every project of the team acme'],
    ['{ run_state: { states: [failed] } }', '{ team: acme }', 'runs: { name: { regex: ".*" } }', 'every run of every project'],
  ])('is %s in %s %s', (event, scope, runs, words) => {
    expect(broadAutomation(automation(event, scope, runs))).toContain(words);
  });

  it.each([
    ['{ add_artifact_alias: { alias: production } }', '{ project: train }', '', ''],
    ['{ create_artifact: {} }', '{ project: train, collection: resnet50 }', '', ''],
    ['{ run_metric: { metric: loss, above: 5 } }', '{ project: train }', '', ''],
    ['{ run_state: { states: [failed] } }', '{ project: train }', '', ''],
    ['{ run_state: { states: [running], longer_than: 24h } }', '{ project: train }', '', 'engine: relay'],
    ['{ run_state: { states: [finished] } }', '{ team: acme }', 'runs: { user: ada }', ''],
  ])('is not %s in %s %s', (event, scope, runs, engine) => {
    expect(broadAutomation(automation(event, scope, runs, engine))).toBeUndefined();
  });
});
