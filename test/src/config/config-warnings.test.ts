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
