import { describe, expect, it } from 'vitest';
import { planRoutes } from '../../../src/plan/route-plan.ts';
import { configOf } from './plan-samples.ts';

const COMMIT = 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678';
const dispatch = (repository: string) => `{ repository_dispatch: { repository: ${repository}, event_type: model } }`;
const route = (to: string, more = '') => `routes:\n  - { name: deploy, on: { event: add_artifact_alias }, to: [${to}]${more} }\n`;
const relay = (to: string, more = '') =>
  `automations:\n  - { name: one, scope: { project: train }, event: { run_state: { states: [failed] } }, action: { relay: { to: [${to}]${more} } } }\n`;

function changes(before: string, after: string) {
  const { changes: found } = planRoutes(configOf(after), { config: configOf(before), commit: COMMIT });
  return found.map(({ action, name, automation, fields }) => ({
    action,
    name,
    automation,
    fields: fields.map((one) => [one.path, one.before, one.after]),
  }));
}

describe('changes of routes', () => {
  it.each([
    [
      'another repository',
      route(dispatch('acme/a')),
      route(dispatch('acme/b')),
      ['to[0].repository_dispatch.repository', 'acme/a', 'acme/b'],
    ],
    [
      'approval',
      route(dispatch('acme/a')),
      route(dispatch('acme/a'), ', approval: { slack: "#x", expires: 12h }'),
      ['approval.slack', undefined, '#x'],
    ],
    ['order', route(dispatch('acme/a')), route(dispatch('acme/a'), ', order: latest'), ['order', 'fifo', 'latest']],
    ['cooldown', route(dispatch('acme/a'), ', cooldown: 90s'), route(dispatch('acme/a'), ', cooldown: 10m'), ['cooldown', '90s', '10m']],
    [
      'a condition',
      route(dispatch('acme/a')),
      route(dispatch('acme/a')).replace('alias }', 'alias, alias: x }'),
      ['on.alias', undefined, 'x'],
    ],
    ['a source', route(dispatch('acme/a')), route(dispatch('acme/a'), ', source: prod'), ['source', undefined, 'prod']],
    [
      'an action',
      relay(dispatch('acme/a')),
      relay(dispatch('acme/b')),
      ['action.relay.to[0].repository_dispatch.repository', 'acme/a', 'acme/b'],
    ],
  ])('%s', (_what, before, after, wanted) => {
    const [found] = changes(before, after);
    expect(found?.action).toBe('update');
    expect(found?.fields).toContainEqual(wanted);
  });

  it('shows a target that is put in front of others as one change', () => {
    const [found] = changes(route(dispatch('acme/a')), route(`{ slack: { channel: "#x" } }, ${dispatch('acme/a')}`));
    expect(found?.fields).toEqual([['to[0].slack.channel', undefined, '#x']]);
  });

  it('shows another kind of target as a whole', () => {
    const [found] = changes(route(dispatch('acme/a')), route('{ slack: { channel: "#x" } }'));
    expect(found?.fields).toEqual([
      ['to[0]', { repository_dispatch: { repository: 'acme/a', event_type: 'model' } }, { slack: { channel: '#x' } }],
    ]);
  });

  it('has new and removed routes as definitions', () => {
    const both = planRoutes(configOf(relay(dispatch('acme/a'), ', cooldown: 1h')), {
      config: configOf(route(dispatch('acme/a'))),
      commit: COMMIT,
    });
    expect(both.changes).toMatchObject([
      { action: 'create', name: 'one', automation: 'one', definition: { cooldown: '1h' }, location: { line: 4 } },
      { action: 'delete', name: 'deploy', definition: { on: { event: 'add_artifact_alias' } } },
    ]);
    expect(both.changes[0]?.definition).not.toHaveProperty('on');
  });

  it('follows an automation that was renamed by moved_from', () => {
    const renamed = relay(dispatch('acme/b')).replace('name: one', 'name: uno, moved_from: one');
    expect(changes(relay(dispatch('acme/a')), renamed)).toMatchObject([
      { action: 'update', name: 'uno', fields: [[expect.any(String), 'acme/a', 'acme/b']] },
    ]);
    expect(changes(relay(dispatch('acme/b')), renamed)).toEqual([]);
  });

  it('is empty for the same routes in another order, and hides secrets in what is sent', () => {
    const second = '  - { name: second, on: {}, to: [{ slack: { channel: "#x" } }] }\n';
    const one = route(dispatch('acme/a'));
    const other = `routes:\n${second}${one.slice('routes:\n'.length)}`;
    expect(changes(`${one}${second}`, other)).toEqual([]);
    const secret = (token: string) =>
      route(`{ repository_dispatch: { repository: acme/a, event_type: e, client_payload: { token: ${token} } } }`);
    expect(changes(secret('abc'), secret('def'))[0]?.fields).toEqual([
      ['to[0].repository_dispatch.client_payload.token', '(hidden)', '(hidden)'],
    ]);
  });
});

describe('the digest', () => {
  it('depends on the routes and not on the base', () => {
    const config = configOf(route(dispatch('acme/a')));
    const digest = (base: Parameters<typeof planRoutes>[1]) => planRoutes(config, base).digest;
    expect(digest({ unknown: 'x' })).toBe(digest({ config: configOf(''), commit: COMMIT }));
    expect(digest({ unknown: 'x' })).not.toBe(planRoutes(configOf(route(dispatch('acme/b'))), { unknown: 'x' }).digest);
  });
});

describe('repositories that the base does not name', () => {
  it('are listed once each, in any spelling, also when the base has no config', () => {
    const after = configOf(`${relay(`${dispatch('acme/a')}, ${dispatch('acme/new')}`)}${route(dispatch('acme/NEW'))}`);
    const found = (config: ReturnType<typeof configOf> | undefined) =>
      planRoutes(after, { config, commit: COMMIT }).newRepositories.map(({ repository }) => repository.toLowerCase());
    expect(found(configOf(route(dispatch('Acme/A'))))).toEqual(['acme/new']);
    expect(found(undefined)).toEqual(['acme/new', 'acme/a']);
  });
});

describe('an unknown base', () => {
  it('is said, if there are routes', () => {
    expect(planRoutes(configOf(route(dispatch('acme/a'))), { unknown: 'no git' })).toMatchObject({
      changes: [],
      base: null,
      notCompared: 'no git',
    });
    expect(planRoutes(configOf(''), { unknown: 'no git' })).not.toHaveProperty('notCompared');
  });
});
