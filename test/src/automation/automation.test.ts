import { describe, expect, it } from 'vitest';
import { eventTypeOf } from '../../../src/automation/automation.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { understandBody } from '../../../src/event/webhook-body.ts';
import { compileRoute, routeMatches, whyNot } from '../../../src/route/route.ts';
import { automationConfig, problemsIn } from '../config/config-samples.ts';
import { eventWith, theValue } from '../event/samples.ts';

const RELAY = 'action: { relay: { integration: hook, order: latest, cooldown: 1h, to: [ { slack: { channel: x } } ] } }';
const LINK = 'event: { link_artifact: {} }';

const read = (text: string) => theValue(readConfig(text, 'relay.yaml'));

/** A config of several automations, one per line from line 4 on. */
const several = (...lines: string[]) =>
  ['version: 1', 'entity: acme', 'automations:', ...lines.map((line) => `  - { ${line} }`)].join('\n');

describe('an automation may have', () => {
  it.each([
    '{ project: train }',
    '{ project: other/train }',
    '{ project: train, collection: data }',
    '{ registry: model }',
    '{ registry: model, collection: resnet50 }',
    '{ team: acme }',
    '{ organization: acme-org }',
  ])('the scope %s', (scope) => {
    expect(read(automationConfig({ scope })).automations).toHaveLength(1);
  });

  it.each([
    '{ unlink_artifact: { alias: { not_in: [a, b] } } }',
    '{ add_artifact_alias: { filter: { $or: [ { alias: a } ] } } }',
    '{ remove_collection_tag: { tag: { contains: x } } }',
    '{ run_metric: { metric: loss, window: 1, below: -0.5 } }',
    '{ run_metric: { metric: loss, aggregate: max, not_equal_to: 0 } }',
    '{ run_metric_change: { metric: loss, changes_by: 0.5% } }',
    '{ run_metric_zscore: { metric: loss, threshold: 2.5, direction: either } }',
    '{ run_state: { states: [running, finished, failed] } }',
  ])('the event %s', (event) => {
    const [automation] = read(automationConfig({ event })).automations;
    expect(automation && event.startsWith(`{ ${eventTypeOf(automation)}:`)).toBe(true);
  });

  it.each(['runs: { name: a, user: { not: b } }', 'runs: { filter: { state: failed } }', 'engine: wandb'])(
    '%s when its event is one of runs',
    (more) => {
      expect(read(automationConfig({ event: '{ run_state: { states: [failed] } }', more })).automations).toHaveLength(1);
    },
  );

  it('a payload that is null, which is not the same as none', () => {
    const payloadOf = (payload: string) =>
      read(automationConfig({ action: `{ webhook: { integration: hook${payload} } }` })).automations[0]?.action.webhook?.payload;
    expect(payloadOf(', payload: null')).toBeNull();
    expect(payloadOf('')).toBeUndefined();
  });
});

describe('readConfig reports errors in the scope', () => {
  it.each([
    ['{}', '12: automations[0].scope: must have exactly one of project, registry, team, organization; has none'],
    [
      '{ project: p, team: t }',
      '12: automations[0].scope: must have exactly one of project, registry, team, organization; has project, team',
    ],
    ['{ team: t, collection: c }', '35: automations[0].scope.collection: a collection needs a project or a registry: add one of them'],
    ['{ projct: p }', '14: automations[0].scope.projct: unknown key (did you mean "project"?)'],
    ['{ project: "" }', '23: automations[0].scope.project: must not be empty'],
    ['{ project: 7 }', '23: automations[0].scope.project: must be a string, not a number'],
    [
      'train',
      '12: automations[0].scope: must be a mapping: write scope: { project: train }, or { registry: … }, { team: … }, { organization: … }',
    ],
  ])('%s', (scope, problem) => {
    expect(problemsIn(automationConfig({ scope }))).toEqual([`relay.yaml:5:${problem}`]);
  });

  it('of create_artifact, which needs a collection', () => {
    expect(problemsIn(automationConfig({ event: '{ create_artifact: {} }' }))).toEqual([
      'relay.yaml:5:12: automations[0].scope: create_artifact needs a collection: W&B has it for no wider scope',
    ]);
  });

  const runEvents = [
    'run_state: { states: [failed] }',
    'run_metric: { metric: x, above: 1 }',
    'run_metric_change: { metric: x, changes_by: 1 }',
    'run_metric_zscore: { metric: x, threshold: 1, direction: above }',
  ];
  describe.each(runEvents)('of %s, whose runs belong to a project or a team', (event) => {
    it.each(['{ registry: r }', '{ organization: o }', '{ project: p, collection: c }'])('%s', (scope) => {
      const type = event.split(':')[0];
      expect(problemsIn(automationConfig({ scope, event: `{ ${event} }` }))).toEqual([
        `relay.yaml:5:12: automations[0].scope: ${type} needs a project or a team: registries, collections and organizations have no runs`,
      ]);
    });

    it.each(['{ project: p }', '{ team: t }'])('but not %s', (scope) => {
      expect(read(automationConfig({ scope, event: `{ ${event} }` })).automations).toHaveLength(1);
    });
  });
});

describe('readConfig reports errors in the event', () => {
  it.each([
    ['link_artifact', '12: automations[0].event: must be a mapping: write event: { link_artifact: {} }'],
    ['{ add_artifact_alia: {} }', '14: automations[0].event.add_artifact_alia: unknown key (did you mean "add_artifact_alias"?)'],
    [
      '{ add_artifact_alias: { tag: x } }',
      '36: automations[0].event.add_artifact_alias.tag: unknown key: add_artifact_alias has an alias, not a tag: write alias',
    ],
    [
      '{ add_artifact_tag: { alias: x } }',
      '34: automations[0].event.add_artifact_tag.alias: unknown key: add_artifact_tag has a tag, not an alias: write tag',
    ],
    ['{ link_artifact: { alias: a, filter: {} } }', '29: automations[0].event.link_artifact: alias and filter exclude each other'],
    ['{ link_artifact: { filter: text } }', '39: automations[0].event.link_artifact.filter: must be a mapping, not a string'],
    ['{ run_metric: { above: 1 } }', '26: automations[0].event.run_metric.metric: is missing'],
    ['{ run_metric: { metric: x, above: high } }', '46: automations[0].event.run_metric.above: must be a number'],
    ['{ run_metric: { metric: x, abov: 1 } }', '39: automations[0].event.run_metric.abov: unknown key (did you mean "above"?)'],
    [
      '{ run_metric: { metric: x, above: 1, aggregate: mean } }',
      '60: automations[0].event.run_metric.aggregate: must be one of "average", "min", "max" (did you mean "average"?)',
    ],
    [
      '{ run_metric: { metric: x, above: 1, window: 5 } }',
      '57: automations[0].event.run_metric.window: needs an aggregate: without one only the latest value is compared',
    ],
    [
      '{ run_metric: { metric: x, above: 1, window: 1.5, aggregate: min } }',
      '57: automations[0].event.run_metric.window: must be a whole number',
    ],
    [
      '{ run_metric: { metric: x, above: 1, window: 0, aggregate: min } }',
      '57: automations[0].event.run_metric.window: must be at least 1',
    ],
    [
      '{ run_metric_change: { metric: x, changes_by: 1, prior_window: 3 } }',
      '75: automations[0].event.run_metric_change.prior_window: needs an aggregate: without one only the latest value is compared',
    ],
    ['{ run_metric_change: { metric: x, changes_by: -1 } }', '58: automations[0].event.run_metric_change.changes_by: must be positive'],
    [
      '{ run_metric_change: { metric: x, changes_by: 0.0% } }',
      '58: automations[0].event.run_metric_change.changes_by: must be a positive number, or a percentage such as 25%',
    ],
    [
      '{ run_metric_zscore: { metric: x, threshold: -1, direction: above } }',
      '57: automations[0].event.run_metric_zscore.threshold: must be positive',
    ],
    [
      '{ run_metric_zscore: { metric: x, threshold: 1, direction: up } }',
      '71: automations[0].event.run_metric_zscore.direction: must be one of "above", "below", "either" (did you mean "above"?)',
    ],
    ['{ run_state: {} }', '25: automations[0].event.run_state.states: is missing'],
    ['{ run_state: { states: [] } }', '35: automations[0].event.run_state.states: must list at least one state'],
    [
      '{ run_state: { states: [killed] } }',
      '36: automations[0].event.run_state.states[0]: a killed run triggers nothing in W&B: add "engine: relay", so that the receiver evaluates it. W&B\'s states are running, finished, failed',
    ],
    ['{ run_state: { states: [failed, failed] } }', '35: automations[0].event.run_state.states: lists a state twice'],
  ])('%s', (event, problem) => {
    expect(problemsIn(automationConfig({ event }))).toEqual([`relay.yaml:6:${problem}`]);
  });

  it.each([
    ['{}', '12: automations[0].event: must have exactly one of create_artifact, ', '; has none'],
    ['{ link_artifact: {}, unlink_artifact: {} }', '12: automations[0].event: must have', '; has link_artifact, unlink_artifact'],
    [
      '{ run_metric: { metric: x } }',
      '26: automations[0].event.run_metric: must have exactly one of above, above_or_equal_to, ',
      '; has none',
    ],
    ['{ run_metric: { metric: x, above: 1, below: 2 } }', '26: automations[0].event.run_metric: must have', '; has above, below'],
    [
      '{ run_metric_change: { metric: x } }',
      '33: automations[0].event.run_metric_change: must have exactly one of increases_by, decreases_by, changes_by',
      '; has none',
    ],
    [
      '{ add_artifact_alias: { alias: { regex: "(?=x)" } } }',
      '52: automations[0].event.add_artifact_alias.alias.regex: not an RE2 regular expression',
      'look-around',
    ],
  ])('%s', (event, beginning, end) => {
    const problems = problemsIn(automationConfig({ event }));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(`relay.yaml:6:${beginning}`)).toBe(true);
    expect(problems[0]).toContain(end);
  });
});

describe('readConfig reports errors in the action', () => {
  it.each([
    ['{}', '13: automations[0].action: must have exactly one of relay, webhook, notification, no_op; has none'],
    ['{ nop: {} }', '15: automations[0].action.nop: unknown key (did you mean "no_op"?)'],
    ['{ no_op: { x: 1 } }', '24: automations[0].action.no_op.x: unknown key'],
    ['{ relay: {} }', '22: automations[0].action.relay.to: is missing'],
    ['{ relay: { to: [] } }', '28: automations[0].action.relay.to: must name at least one target'],
    ['{ notification: {} }', '29: automations[0].action.notification.slack: is missing'],
    [
      '{ notification: { slack: x, severity: warning } }',
      '51: automations[0].action.notification.severity: must be one of "info", "warn", "error" (did you mean "warn"?)',
    ],
  ])('%s', (action, problem) => {
    expect(problemsIn(automationConfig({ action }))).toEqual([`relay.yaml:7:${problem}`]);
  });
});

describe('readConfig reports errors in an automation', () => {
  it.each([
    ['colour: red', '5: automations[0].colour: unknown key; there are name, key, moved_from, description, '],
    ['enabled: yes', '14: automations[0].enabled: must be true or false, not a string'],
    ['engine: local', '13: automations[0].engine: must be one of "wandb", "relay"'],
    ['runs: { name: x }', '11: automations[0].runs: runs is for run events only; link_artifact is not one'],
    ['engine: relay', '13: automations[0].engine: engine: relay evaluates run events only; link_artifact is not one'],
  ])('%s', (more, problem) => {
    const problems = problemsIn(automationConfig({ more }));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(`relay.yaml:8:${problem}`)).toBe(true);
  });

  it.each([
    ['{ name: x, filter: {} }', '11: automations[0].runs: filter excludes name, user and tags'],
    ['{ nam: x }', '13: automations[0].runs.nam: unknown key (did you mean "name"?)'],
  ])('runs: %s', (runs, problem) => {
    expect(problemsIn(automationConfig({ event: '{ run_state: { states: [failed] } }', more: `runs: ${runs}` }))).toEqual([
      `relay.yaml:8:${problem}`,
    ]);
  });

  it('without an entity at the top of the file', () => {
    expect(problemsIn(automationConfig({}).replace('entity: acme\n', ''))).toEqual([
      'relay.yaml:3:3: automations: automations need "entity: <team>" at the top of the file',
    ]);
  });

  it('whose name is taken in its scope, but not in another one', () => {
    const named = (scope: string) => `name: a, scope: ${scope}, ${LINK}, action: { no_op: {} }`;
    expect(problemsIn(several(named('{ project: p }'), named('{ project: q }'), named('{ project: p }')))).toEqual([
      'relay.yaml:6:13: automations[2].name: there is another automation "a" in project p (line 4): names are unique in a scope',
    ]);
  });
});

describe('readConfig', () => {
  it('reports what only shows in comparison in the order of the file', () => {
    const automation = 'name: a, scope: { project: p }, event: { link_artifact: {} }, action: { no_op: {} }';
    const route = '  - { name: r, on: {}, to: [ { slack: { channel: x } } ] }';
    const text = [several(automation, automation), 'routes:', route, route].join('\n').replace('entity: acme', '');
    expect(problemsIn(text).map((problem) => problem.split(': ')[1])).toEqual(['automations', 'automations[1].name', 'routes[1].name']);
  });
});

describe('a relay action', () => {
  const relay = (name: string, more = '') => `name: ${name}, scope: { project: ${more === '' ? 'p' : 'q'} }, ${LINK}, ${RELAY}${more}`;

  it('makes a route for exactly this automation', () => {
    const [definition, ...rest] = read(several(relay('a'))).routes;
    expect(rest).toEqual([]);
    expect(definition).toEqual({
      name: 'a',
      on: { event: 'link_artifact', automation: 'a' },
      order: 'latest',
      cooldown: 3_600_000,
      to: [{ slack: { channel: 'x' } }],
      location: { file: 'relay.yaml', line: 4, column: 86 },
      path: ['automations', 0, 'action', 'relay'],
    });
  });

  it('gives the route the key of the automation as its name, and still matches the name', () => {
    expect(read(several(relay('a', ', key: k'))).routes[0]).toMatchObject({ name: 'k', on: { automation: 'a' } });
  });

  it('matches on the scope as well if two automations share a name', () => {
    const routes = read(several(relay('a'), relay('a', ', key: k'))).routes.map(compileRoute);
    const heardBy = (project: string) =>
      routes
        .filter((route) => routeMatches(route, eventWith({ type: 'link_artifact', automation: 'a', entity: 'acme', project }), {}))
        .map(({ name }) => name);
    expect([heardBy('p'), heardBy('q'), heardBy('other')]).toEqual([['a'], ['k'], []]);
  });

  describe('of a run automation, wants an event of its own engine', () => {
    const failed = (name: string, more: string) =>
      `name: ${name}, scope: { project: train }, event: { run_state: { states: [failed] } }, ${RELAY}${more}`;
    const heard = (event: Partial<RelayEvent>, ...automations: string[]) =>
      read([several(...automations), 'routes: [{ name: any, on: { event: run_state }, to: [{ slack: { channel: x } }] }]'].join('\n'))
        .routes.map(compileRoute)
        .filter((route) => routeMatches(route, eventWith({ type: 'run_state', automation: 'a', run: 'r', ...event }), {}))
        .map(({ name }) => name);

    it('of the relay', () => {
      expect(heard({ engine: 'relay' }, failed('a', ', engine: relay'))).toEqual(['any', 'a']);
      expect(heard({}, failed('a', ', engine: relay'))).toEqual(['any']);
    });

    it('of W&B, also where it is written', () => {
      expect(heard({}, failed('a', ''))).toEqual(['any', 'a']);
      expect(heard({ engine: 'relay' }, failed('a', ''))).toEqual(['any']);
      expect(heard({ engine: 'relay' }, failed('a', ', engine: wandb'))).toEqual(['any']);
    });

    it('which a webhook cannot claim', () => {
      const claimed = understandBody({ relay: 1, engine: 'relay', automation: 'a', event: 'run_state', run_name: 'r' }, 'default');
      const event = claimed.kind === 'event' ? claimed.event : undefined;
      expect(event).toMatchObject({ type: 'run_state', automation: 'a' });
      expect(heard({ ...event }, failed('a', ', engine: relay'))).toEqual(['any']);
    });

    it('and says why it does not match', () => {
      const [route] = read(several(failed('a', ', engine: relay'))).routes.map(compileRoute);
      expect(route && whyNot(route, eventWith({ type: 'run_state', automation: 'a' }), {})).toEqual(['engine is "wandb", wanted "relay"']);
    });
  });

  it('is refused where what the relay finds out would match the routes of two automations', () => {
    const named = (scope: string, key: string, engine = 'relay', event = 'run_state: { states: [failed] }') =>
      `name: a, key: ${key}, scope: ${scope}, event: { ${event} }, engine: ${engine}, ${RELAY}`;
    const problem =
      'the automation "a" in team acme (line 4) watches this project, too, and the routes of both would take the events of either: choose another name';
    expect(problemsIn(several(named('{ team: acme }', 'x'), named('{ project: p }', 'y')))).toEqual([
      `relay.yaml:5:13: automations[1].name: ${problem}`,
    ]);
    const fine = [
      [named('{ team: other }', 'x'), named('{ project: p }', 'y')],
      [named('{ team: acme }', 'x'), named('{ project: p }', 'y', 'wandb')],
      [named('{ team: acme }', 'x'), named('{ project: p }', 'y', 'relay', 'run_silent: { for: 30m }')],
      [named('{ project: q }', 'x'), named('{ project: p }', 'y')],
    ];
    for (const both of fine) expect(read(several(...both)).automations).toHaveLength(2);
  });

  it('needs a key where its route would have the name of another one', () => {
    const problem = 'its relay action makes the route "a", which exists already (line 4): give the automation a key of its own';
    expect(problemsIn(several(relay('a'), relay('a').replace('project: p', 'project: q')))).toEqual([
      `relay.yaml:5:13: automations[1].name: ${problem}`,
    ]);
  });
});
