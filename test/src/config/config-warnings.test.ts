import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { configWarnings } from '../../../src/config/config-warnings.ts';
import { theValue } from '../event/samples.ts';
import { routeConfig } from './config-samples.ts';

const warningsIn = (text: string) => configWarnings(theValue(readConfig(text, 'relay.yaml')));
const STRICT = { more: 'approval: { slack: "#ml", by: [U012ABC], allow_self: false }' };

describe('configWarnings', () => {
  it('reports nothing for a config without mistakes', () => {
    expect(warningsIn(routeConfig({}))).toEqual([]);
  });

  it('locates a W&B variable in a route', () => {
    expect(warningsIn(routeConfig({ on: "{ alias: '${alias}' }" }))).toMatchObject([
      { severity: 'warning', location: { file: 'relay.yaml', line: 4, column: 18 }, field: 'routes[0].on.alias' },
    ]);
  });

  const DISPATCH = '{ repository_dispatch: { repository: acme/deploy, event_type: x } }';

  it('locates the first route whose failures nobody hears of, and names them', () => {
    const route = (name: string) => `  - { name: ${name}, on: {}, to: [${DISPATCH}] }`;
    const names = ['b', 'c', 'd', 'e'];
    expect(warningsIn(`${routeConfig({ to: DISPATCH })}${names.map(route).join('\n')}`)).toMatchObject([
      {
        severity: 'warning',
        location: { file: 'relay.yaml', line: 6 },
        field: 'routes[0].to',
        message:
          'nobody is told when a dispatch of "deploy", "b", "c" and 2 more fails: add "alerts: { slack: <channel> }" at the top of the file, or a slack target',
      },
    ]);
  });

  it('accepts a route whose failures people hear of', () => {
    const alerts = `${routeConfig({ to: DISPATCH })}alerts: { slack: "#ml-ops" }`;
    for (const text of [alerts, routeConfig({ to: DISPATCH, more: 'approval: { slack: "#ml" }' })]) expect(warningsIn(text)).toEqual([]);
  });

  it('locates "allow_self: false" when no author can be known', () => {
    expect(warningsIn(routeConfig(STRICT))).toMatchObject([
      {
        severity: 'warning',
        location: { file: 'relay.yaml', line: 7, column: 58 },
        field: 'routes[0].approval.allow_self',
        message: expect.stringContaining('settings.slack_users is empty'),
      },
    ]);
  });

  it('accepts "allow_self: false" when authors are matched', () => {
    expect(warningsIn(`${routeConfig(STRICT)}\nsettings: { slack_users: { ada: U012ABC } }`)).toEqual([]);
  });

  it('locates "notify" that reaches nobody', () => {
    const more = 'notify: [author, approvers]';
    expect(warningsIn(routeConfig({ more })).filter(({ field }) => field === 'routes[0].notify')).toMatchObject([
      { message: expect.stringContaining('settings.slack_users is empty') },
      { message: expect.stringContaining('approval.by lists nobody') },
    ]);
    const reached = 'notify: [author, approvers]\n    approval: { slack: "#ml", by: [S045DEF] }';
    const text = `${routeConfig({ more: reached })}\nsettings: { slack_users: { ada: U012ABC } }`;
    expect(warningsIn(text).filter(({ field }) => field === 'routes[0].notify')).toEqual([]);
  });
});
