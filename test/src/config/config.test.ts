import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, readConfig } from '../../../src/config/config.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { theValue } from '../event/samples.ts';
import { problemsIn, routeConfig } from './config-samples.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
const read = (text: string) => theValue(readConfig(text, 'relay.yaml'));

/** A list of routes, one per line from line 3 on. */
const routes = (...lines: string[]) => ['version: 1', 'routes:', ...lines.map((line) => `  - ${line}`)].join('\n');
const isPositive = (n: number) => n >= 1;
const TO = 'to: [ { slack: { channel: x } } ]';

describe('readConfig accepts', () => {
  it('the example of the documentation, as it is written there', () => {
    const config = read(fixture('config-example.yaml'));
    expect(config.entity).toBe('acme');
    expect(config.automations.map(({ name }) => name)).toEqual(['deploy-production']);
    expect(config.routes.map(({ name }) => name)).toEqual(['anything-tagged-europe', 'deploy-production']);
    expect(config.routes.map(({ path }) => path)).toEqual([
      ['routes', 0],
      ['automations', 0, 'action', 'relay'],
    ]);
  });

  it('the route of the documentation with everything that a route can have', () => {
    const [route] = read(fixture('routes-example.yaml')).routes;
    expect(route).toMatchObject({ name: 'deploy', source: 'prod', order: 'fifo', cooldown: 600_000, approval: { slack: '#ml-deploys' } });
    expect(route?.to.flatMap((target) => Object.keys(target))).toEqual(['repository_dispatch', 'workflow_dispatch', 'slack']);
  });

  it('one automation of every shape that W&B knows', () => {
    const config = read(fixture('automations.yaml'));
    expect(config.automations).toHaveLength(19);
    expect(config.routes).toEqual([]);
    expect(new Set(config.automations.flatMap(({ event }) => Object.keys(event)))).toEqual(
      new Set([
        ...['add_artifact_alias', 'link_artifact', 'unlink_artifact', 'create_artifact', 'add_artifact_tag', 'remove_artifact_tag'],
        ...['add_collection_tag', 'run_metric', 'run_metric_change', 'run_metric_zscore', 'run_state'],
      ]),
    );
  });

  it('a file with neither automations nor routes', () => {
    expect(read('version: 1')).toMatchObject({ automations: [], routes: [], settings: DEFAULT_SETTINGS });
  });

  it('routes without an entity', () => {
    expect(read(routeConfig({})).entity).toBeUndefined();
  });

  it('settings, read as milliseconds and bytes', () => {
    const numbers = 'dedupe_window: 30s, retry_for: 12h, github_writes_per_second: 0.5, max_body_bytes: 1024';
    const settings = `{ ${numbers}, slack_users: { ada: U012ABC }, slack_operators: [S1AB], slack_unfurl: true, commit_status: true }`;
    expect(read(`version: 1\nsettings: ${settings}`).settings).toEqual({
      alertChannel: null,
      alertWebhook: null,
      heartbeat: null,
      undeliveredAfterMs: 900_000,
      dedupeWindowMs: 30_000,
      retryForMs: 43_200_000,
      githubWritesPerSecond: 0.5,
      maxBodyBytes: 1024,
      slackUsers: { ada: 'U012ABC' },
      slackOperators: ['S1AB'],
      slackUnfurl: true,
      commitStatus: true,
    });
  });

  it('the defaults of the documentation where settings are left out', () => {
    expect(read('version: 1\nsettings: {}').settings).toMatchObject({
      dedupeWindowMs: 30_000,
      retryForMs: 259_200_000,
      githubWritesPerSecond: 3,
    });
  });

  it('every event type in a condition', () => {
    const on = '{ event: [link_artifact, weave_metric, unknown], alias: { not_in: [a, b] }, tag: [x, y], run: { contains: z } }';
    expect(read(routeConfig({ on })).routes).toHaveLength(1);
  });

  it('an anchor that is used twice', () => {
    expect(read(routes(`{ name: a, on: &on { alias: x }, ${TO} }`, `{ name: b, on: *on, ${TO} }`)).routes[1]?.on).toEqual({ alias: 'x' });
  });

  it('only routes that can be compiled', () => {
    for (const name of ['config-example.yaml', 'routes-example.yaml']) {
      for (const route of read(fixture(name)).routes) expect(compileRoute(route).targets.length).toBeGreaterThan(0);
    }
  });
});

describe('readConfig reports errors in the file as a whole', () => {
  it.each([
    ['', 'relay.yaml:1:1: the file is empty: it needs at least "version: 1" and routes'],
    ['# nothing yet\n', 'relay.yaml:1:1: the file is empty: it needs at least "version: 1" and routes'],
    ['just text', 'relay.yaml:1:1: must be a mapping, not a string'],
    ['- version: 1', 'relay.yaml:1:1: must be a mapping, not a list'],
    ['{}', 'relay.yaml:1:1: version: is missing'],
    ['version: 2', 'relay.yaml:1:10: version: must be 1'],
    ['version: "1"', 'relay.yaml:1:10: version: must be 1'],
    [
      'version: 1\nalerts: { slack: x, webhook: y }',
      'relay.yaml:2:30: alerts.webhook: must be a URL that begins with https://, without a user and a password in it',
    ],
    ['version: 1\nrutes: []', 'relay.yaml:2:1: rutes: unknown key (did you mean "routes"?)'],
    ['version: 1\n\nroutes:', 'relay.yaml:3:8: routes: must be a list, not null'],
    [
      'version: 1\nalerts: { slack: x, email: y }',
      'relay.yaml:2:21: alerts.email: unknown key; there are slack, webhook, heartbeat, undelivered_after',
    ],
    [
      'version: 1\nalerts: { undelivered_after: 1h }',
      'relay.yaml:2:9: alerts: names nobody who hears of them: add slack, webhook or heartbeat',
    ],
    ...['http://hook.example', 'http://localhost:x@evil.example/a', 'https://user:pw@hook.example', 'ftp://127.0.0.1'].map(
      (url): [string, string] => [
        `version: 1\nalerts: { webhook: "${url}" }`,
        'relay.yaml:2:20: alerts.webhook: must be a URL that begins with https://, without a user and a password in it',
      ],
    ),
    ['version: 1\nentity: ""', 'relay.yaml:2:9: entity: must not be empty'],
  ])('%j', (text, problem) => {
    expect(problemsIn(text)).toEqual([problem]);
  });

  it.each([
    ['version: 1\n\troutes: []', 'relay.yaml:2:1: not valid YAML: Tabs'],
    ['version: 1\nversion: 1', 'relay.yaml:2:1: not valid YAML: Map keys must be unique'],
    ['version: 1\nroutes: [', 'relay.yaml:2:10: not valid YAML: '],
    ['version: 1\nroutes: "', 'relay.yaml:2:10: not valid YAML: '],
    ['version: 1\n---\nversion: 1', 'relay.yaml:2:1: not valid YAML: '],
    ['version: 1\nroutes: *nowhere', 'relay.yaml:'],
  ])('%j is no YAML', (text, beginning) => {
    expect(problemsIn(text)[0]?.slice(0, beginning.length)).toBe(beginning);
  });

  it('refuses a file that grows without measure through its anchors', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${'abcdefgh'[i]}]`)];
    const bomb = lines.map((line) => line.replace(/\[([a-h])\]/, (_whole, name: string) => `[${Array(9).fill(`*${name}`).join(', ')}]`));
    expect(problemsIn(bomb.join('\n'))).toEqual([expect.stringContaining('not valid YAML')]);
  });

  it('returns a config or located errors for any text', () => {
    const piece = fc.constantFrom(
      'version: 1\n',
      'routes:',
      '\n',
      '  ',
      '- ',
      'name: a',
      'on: {}',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '&a ',
      '"',
      'to:',
      '#',
      '|',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        const result = readConfig(pieces.join(''), 'relay.yaml');
        const problems = result.ok ? [] : result.error;
        expect(result.ok || problems.length > 0).toBe(true);
        for (const { location, message } of problems) {
          expect(location).toMatchObject({ file: 'relay.yaml', line: expect.toSatisfy(isPositive), column: expect.toSatisfy(isPositive) });
          expect(message).not.toBe('');
        }
      }),
    );
  });
});

describe('readConfig reports errors in the conditions of a route', () => {
  it.each([
    ['{ alais: x }', '4:11: routes[0].on.alais: unknown key (did you mean "alias"?)'],
    ['{ alias: 5 }', '4:18: routes[0].on.alias: must be a string, not a number'],
    ['{ alias: [] }', '4:18: routes[0].on.alias: must list at least one value'],
    ['{ alias: [a, 5] }', '4:22: routes[0].on.alias[1]: must be a string, not a number'],
    ['{ alias: {} }', '4:18: routes[0].on.alias: must have exactly one of regex, contains, in, not_in, not; has none'],
    ['{ alias: { in: [] } }', '4:24: routes[0].on.alias.in: must list at least one value'],
    ['{ alias: { regexp: a } }', '4:20: routes[0].on.alias.regexp: unknown key (did you mean "regex"?)'],
    ['alias', '4:9: routes[0].on: must be a mapping, not a string'],
  ])('on: %s', (on, problem) => {
    expect(problemsIn(routeConfig({ on }))).toEqual([`relay.yaml:${problem}`]);
  });

  it('that has two kinds of match for one field', () => {
    expect(problemsIn(routeConfig({ on: '{ alias: { not: a, regex: b } }' }))).toEqual([
      'relay.yaml:4:18: routes[0].on.alias: must have exactly one of regex, contains, in, not_in, not; has regex, not',
    ]);
  });

  it.each(['(?=x)', '(?<!x)y', '(a)\\1', '['])('that has the regular expression %j, which is not RE2', (pattern) => {
    const [problem] = problemsIn(routeConfig({ on: `{ tag: { regex: '${pattern}' } }` }));
    expect(problem).toMatch(/^relay\.yaml:4:25: routes\[0\]\.on\.tag\.regex: not an RE2 regular expression: /);
  });

  it.each([
    ['ad_artifact_alias', '4:18: routes[0].on.event', ' (did you mean "add_artifact_alias"?)'],
    ['[link_artifact, run_stat]', '4:34: routes[0].on.event[1]', ' (did you mean "run_state"?)'],
    ['LINK_MODEL', '4:18: routes[0].on.event', '; there are create_artifact, '],
  ])('that asks for the event type %s', (event, place, hint) => {
    const [problem] = problemsIn(routeConfig({ on: `{ event: ${event} }` }));
    expect(problem?.startsWith(`relay.yaml:${place}: there is no event type "`)).toBe(true);
    expect(problem).toContain(hint);
  });
});

describe('readConfig reports errors in the rest of a route', () => {
  it.each([
    ['colour: red', '7:5: routes[0].colour: unknown key; there are name, source, on, to, approval, order, cooldown, on_failure, notify'],
    ['ordr: fifo', '7:5: routes[0].ordr: unknown key (did you mean "order"?)'],
    ['order: lifo', '7:12: routes[0].order: must be one of "fifo", "latest" (did you mean "latest"?)'],
    ['cooldown: 10 minutes', '7:15: routes[0].cooldown: must be a duration such as 30s, 10m, 24h or 3d'],
    ['cooldown: 10', '7:15: routes[0].cooldown: must be a string, not a number'],
    ['approval: {}', '7:15: routes[0].approval.slack: is missing'],
    ['approval: { slack: x, buy: [U1] }', '7:27: routes[0].approval.buy: unknown key (did you mean "by"?)'],
  ])('%s', (more, problem) => {
    expect(problemsIn(routeConfig({ more }))).toEqual([`relay.yaml:${problem}`]);
  });

  it('that lacks its conditions and its targets', () => {
    expect(problemsIn('version: 1\nroutes:\n  - name: a\n')).toEqual([
      'relay.yaml:3:5: routes[0].on: is missing',
      'relay.yaml:3:5: routes[0].to: is missing',
    ]);
  });

  it('that has a name of 256 characters', () => {
    expect(problemsIn(routes(`{ name: ${'n'.repeat(256)}, on: {}, ${TO} }`))).toEqual([
      'relay.yaml:3:13: routes[0].name: must be at most 255 characters',
    ]);
  });

  it('that has the name of another one', () => {
    expect(problemsIn(routes(`{ name: a, on: {}, ${TO} }`, `{ name: b, on: {}, ${TO} }`, `{ name: a, on: {}, ${TO} }`))).toEqual([
      'relay.yaml:5:13: routes[2].name: there is another route "a" (line 3): route names are unique',
    ]);
  });

  it('for all of them at once, in the order of the file', () => {
    const text = routes(`{ name: "", on: { alais: x }, ${TO} }`, `{ name: b, on: {}, to: [] }`, `{ name: c, on: {}, ordr: x, ${TO} }`);
    expect(problemsIn(text).map((problem) => problem.split(': ').slice(0, 2).join(': '))).toEqual([
      'relay.yaml:3:13: routes[0].name',
      'relay.yaml:3:23: routes[0].on.alais',
      'relay.yaml:4:28: routes[1].to',
      'relay.yaml:5:24: routes[2].ordr',
    ]);
  });
});

describe('readConfig reports errors in a setting', () => {
  it.each([
    ['{ dedupe_windw: 5m }', '2:13: settings.dedupe_windw: unknown key (did you mean "dedupe_window"?)'],
    ['{ retry_for: forever }', '2:24: settings.retry_for: must be a duration such as 30s, 10m, 24h or 3d'],
    ['{ github_writes_per_second: 0 }', '2:39: settings.github_writes_per_second: must be positive'],
    ['{ github_writes_per_second: 101 }', '2:39: settings.github_writes_per_second: must be at most 100'],
    ['{ max_body_bytes: 1.5 }', '2:29: settings.max_body_bytes: must be a whole number'],
  ])('%s', (settings, problem) => {
    expect(problemsIn(`version: 1\nsettings: ${settings}`)).toEqual([`relay.yaml:${problem}`]);
  });
});

describe('the JSON Schema for editors', () => {
  it('knows every key at the top and refuses others', () => {
    expect(configJsonSchema()).toMatchObject({
      title: 'wandb-relay.yaml',
      additionalProperties: false,
      required: ['version'],
      properties: { version: { const: 1 }, entity: {}, organization: {}, automations: {}, routes: {}, settings: {} },
    });
  });
});
