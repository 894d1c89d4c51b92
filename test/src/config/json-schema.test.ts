import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../../src/config/config.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { PROJECT } from '../../stand-ins/receiver-process.ts';
import { automationConfig, routeConfig } from './config-samples.ts';

/** What an editor says, next to what the receiver says. */

const ajv = new Ajv({ strict: false, allErrors: true });
const validate = ajv.compile(configJsonSchema());
const isValid = (text: string): boolean => validate(parse(text)) as boolean;
const isRead = (text: string): boolean => readConfig(text, 'relay.yaml').ok;

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
}

/** The paths of all properties, wherever in the schema they are, that have no description. */
function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap((one) => undescribed(one, path));
  const { properties = {}, ...rest } = node as Node;
  return [
    ...Object.entries(properties).flatMap(([name, child]) => [
      ...(child.description === undefined || child.description === '' ? [`${path}.${name}`] : []),
      ...undescribed(child, `${path}.${name}`),
    ]),
    ...Object.values(rest).flatMap((child: unknown) => undescribed(child, path)),
  ];
}

describe('the JSON Schema of the config', () => {
  it('describes every property', () => {
    expect([...new Set(undescribed(configJsonSchema(), ''))]).toEqual([]);
  });

  it('is valid draft-07', () => {
    expect(ajv.validateSchema(configJsonSchema())).toBe(true);
    expect(configJsonSchema()).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', additionalProperties: false });
  });

  const ROOT = 'version: 1\nentity: acme\n';
  const RUN = '{ run_state: { states: [failed] } }';
  const relayed = (event: string, more = 'for_points: 1', action = '{ relay: { to: [{ slack: { channel: x } }] } }') =>
    automationConfig({ event: `{ ${event} }`, action, more: `engine: relay\n    ${more}` });

  it.each([
    ['the example', readFileSync(join(PROJECT, 'examples/wandb-relay.yaml'), 'utf8')],
    ['a blank event and action', automationConfig({ event: '{ link_artifact: }', action: '{ no_op: }' })],
    [
      'a collection by pattern',
      automationConfig({ scope: '{ registry: r, collection: { regex: "^x" } }', event: '{ create_artifact: {} }' }),
    ],
    ['a run event in a team', automationConfig({ scope: '{ team: t }', event: RUN, more: 'runs: { name: x, user: { not: y } }' })],
    ['a threshold', automationConfig({ event: '{ run_metric: { metric: x, aggregate: min, window: 3, above: 1 } }' })],
    ['a change', automationConfig({ event: '{ run_metric_change: { metric: x, increases_by: 25% } }' })],
    ['an explicit window of one', automationConfig({ event: '{ run_metric: { metric: x, window: 1, above: 1 } }' })],
    ['a run that is stopped', automationConfig({ event: RUN, action: '{ relay: { to: [{ wandb_stop: {} }] } }' })],
    ['engine: relay', relayed('run_state: { states: [crashed, failed], grace: 10m }', 'refire: never')],
    ['engine: relay with a stall', relayed('run_metric_stall: { metric: x, window: 50, less_than: 1% }', 'resolve: true')],
    ['engine: relay with NaN', relayed('run_metric_nonfinite: { metrics: { regex: "" } }', 'dry_run: true')],
    [
      'engine: relay with tags',
      relayed('run_metric_zscore: { metric: x, threshold: 3, direction: above, over: runs }', 'runs: { tags: prod }'),
    ],
    [
      'engine: relay in the defaults',
      `${ROOT}defaults: { engine: relay, refire: 1h, action: { relay: { to: [{ slack: { channel: x } }] } } }\nautomations: [{ name: a, scope: { project: t }, event: { run_silent: { for: 30m } } }]`,
    ],
    ['x- keys', `${ROOT}x-anything: { a: [1] }\n`],
    [
      'for_each',
      `${ROOT}automations: [{ name: "{{ each.n }}", for_each: { n: [1, 2] }, scope: { project: t }, event: { run_metric: { metric: x, above: "{{ each.n }}" } }, action: { no_op: {} } }]`,
    ],
    [
      'defaults',
      `${ROOT}defaults: { scope: { project: t }, action: { no_op: {} } }\nautomations: [{ name: a, event: { link_artifact: {} } }]`,
    ],
    [
      'a default that is declined',
      `${ROOT}defaults: { runs: { name: n } }\nautomations: [{ name: a, scope: { project: t }, event: { link_artifact: {} }, runs: null, action: { no_op: {} } }]`,
    ],
    ['a route', routeConfig({ on: '{ event: [link_artifact], alias: { in: [a] } }', more: 'cooldown: 10m' })],
  ])('accepts %s', (_what, text) => {
    expect([isRead(text), isValid(text)]).toEqual([true, true]);
  });

  it.each([
    ['an unknown key', automationConfig({ more: 'colour: red' })],
    ['no comparison', automationConfig({ event: '{ run_metric: { metric: x } }' })],
    ['two comparisons', automationConfig({ event: '{ run_metric: { metric: x, above: 1, below: 2 } }' })],
    ['two changes', automationConfig({ event: '{ run_metric_change: { metric: x, increases_by: 1, decreases_by: 2 } }' })],
    ['a window without an aggregate', automationConfig({ event: '{ run_metric: { metric: x, window: 5, above: 1 } }' })],
    [
      'a prior window without an aggregate',
      automationConfig({ event: '{ run_metric_change: { metric: x, prior_window: 5, changes_by: 1 } }' }),
    ],
    ['a percentage as threshold', automationConfig({ event: '{ run_metric: { metric: x, above: 60% } }' })],
    ['two events', automationConfig({ event: '{ link_artifact: {}, unlink_artifact: {} }' })],
    ['a blank run event', automationConfig({ event: '{ run_state: }' })],
    ['alias and filter', automationConfig({ event: '{ link_artifact: { alias: a, filter: {} } }' })],
    ['name and filter of runs', automationConfig({ event: RUN, more: 'runs: { name: a, filter: {} }' })],
    ['a scope of nothing', automationConfig({ scope: '{}' })],
    ['a scope of two', automationConfig({ scope: '{ project: a, team: b }' })],
    ['a collection of a team', automationConfig({ scope: '{ team: a, collection: b }' })],
    ['a MATCH of two keys', automationConfig({ scope: '{ project: a, collection: { regex: b, not: c } }' })],
    ['create_artifact without a collection', automationConfig({ event: '{ create_artifact: {} }' })],
    ['a run event in a registry', automationConfig({ scope: '{ registry: r }', event: RUN })],
    ['a run event in a collection', automationConfig({ scope: '{ project: p, collection: c }', event: RUN })],
    ['runs of an artifact event', automationConfig({ more: 'runs: { name: x }' })],
    ['engine: relay for an artifact event', automationConfig({ more: 'engine: relay' })],
    ['a killed run', automationConfig({ event: '{ run_state: { states: [killed] } }' })],
    ['an event that only engine: relay has', automationConfig({ event: '{ run_silent: { for: 30m } }' })],
    ['such an event with engine: wandb', automationConfig({ event: '{ run_silent: { for: 30m } }', more: 'engine: wandb' })],
    ['refire without engine: relay', automationConfig({ event: RUN, more: 'refire: 1h' })],
    ['refire of an artifact event', automationConfig({ more: 'refire: 1h' })],
    ['tags without engine: relay', automationConfig({ event: RUN, more: 'runs: { tags: x }' })],
    [
      'over without engine: relay',
      automationConfig({ event: '{ run_metric_zscore: { metric: x, threshold: 3, direction: above, over: runs } }' }),
    ],
    ['engine: relay without a relay action', relayed('run_silent: { for: 30m }', 'refire: 1h', '{ no_op: {} }')],
    ['NaN of one and of several', relayed('run_metric_nonfinite: { metric: x, metrics: { regex: y } }')],
    ['a stall of one value', relayed('run_metric_stall: { metric: x, window: 1, less_than: 1 }')],
    ['a stop of an artifact', automationConfig({ action: '{ relay: { to: [{ wandb_stop: {} }] } }' })],
    ['a stop with a field', automationConfig({ event: RUN, action: '{ relay: { to: [{ wandb_stop: { x: 1 } }] } }' })],
    ['a stop in a route', routeConfig({ to: '{ wandb_stop: {} }' })],
    ['two actions', automationConfig({ action: '{ no_op: {}, notification: { slack: x } }' })],
    ['a missing action', `${ROOT}automations: [{ name: a, scope: { project: t }, event: { link_artifact: {} } }]`],
    [
      'an action that the defaults lack',
      `${ROOT}defaults: { scope: { project: t } }\nautomations: [{ name: a, event: { link_artifact: {} } }]`,
    ],
    ['an empty list in for_each', automationConfig({ more: 'for_each: { p: [] }' })],
    ['a route without a target', 'version: 1\nroutes: [{ name: a, on: {}, to: [] }]'],
    [
      'a target of two',
      routeConfig({ to: '{ slack: { channel: x }, workflow_dispatch: { repository: a/b, workflow: c.yml, ref: main } }' }),
    ],
  ])('refuses %s, as the receiver does', (_what, text) => {
    expect([isRead(text), isValid(text)]).toEqual([false, false]);
  });
});
