import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { configWarnings } from '../../../src/config/config-warnings.ts';
import { theValue } from '../event/samples.ts';
import { automationConfig, routeConfig } from './config-samples.ts';

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

/** The one warning of a config, as people read it, without its place. */
const messageIn = (text: string): string | undefined => {
  const [warning, ...more] = warningsIn(text);
  expect(more).toEqual([]);
  return warning?.message;
};
const FAILED = '{ run_state: { states: [failed] } }';

describe('text that looks like a pattern', () => {
  it.each([
    ['"^production$"', '{ regex: "^production$" }'],
    ['production$', '{ regex: "production$" }'],
    ['"nightly-*"', '{ regex: "^nightly-" }'],
    ['"*-nightly"', '{ regex: "-nightly$" }'],
    ['"*nightly*"', '{ contains: "nightly" }'],
    ['"v1.*-x"', '{ regex: "v1.*-x" }'],
    ['"a.b*c"', String.raw`{ regex: "^a\\.b.*c$" }`],
    ['/nightly/', '{ regex: "nightly" }'],
    ['/nightly/i', '{ regex: "(?i)nightly" }'],
    ['prod|staging', '{ regex: "prod|staging" }'],
    ['"%prod%"', '{ contains: "prod" }'],
    ['{ in: ["rc-*"] }', '{ regex: "^rc-" }'],
    ['{ contains: "^rc" }', '{ regex: "^rc" }'],
  ])('%s in an event', (match, meant) => {
    const message = messageIn(automationConfig({ event: `{ add_artifact_alias: { alias: ${match} } }` }));
    expect(message).toContain(`looks like a pattern, but`);
    expect(message).toContain(`write ${meant}`);
  });

  it.each(['v1.2', '"a (copy)"', 'resnet-50_b', '"$5"', '{ regex: "^a.*$" }', '"C++"', '"100%"'])('is not %s', (match) => {
    expect(warningsIn(automationConfig({ event: `{ add_artifact_alias: { alias: ${match} } }` }))).toEqual([]);
  });

  it('is found in every MATCH', () => {
    expect(messageIn(automationConfig({ event: FAILED, more: 'runs: { name: "^nightly" }' }))).toContain('regex: "^nightly"');
    expect(messageIn(automationConfig({ scope: '{ project: t, collection: "resnet*" }' }))).toContain('regex: "^resnet"');
    expect(messageIn(routeConfig({ on: '{ run: "nightly-*" }' }))).toContain('regex: "^nightly-"');
    expect(messageIn(routeConfig({ on: '{ payload: { a.b: ["x", "^y"] } }' }))).toContain('regex: "^y"');
    expect(messageIn(routeConfig({ more: 'source: "prod*"' }))).toContain('regex: "^prod"');
  });

  it('is none where a name is needed', () => {
    expect(messageIn(automationConfig({ scope: '{ project: "train-*" }' }))).toContain('a scope has one project: use for_each');
    expect(messageIn(automationConfig({ event: '{ run_metric: { metric: "val/*", above: 1 } }' }))).toContain('watches one metric');
  });

  it('in a regular expression is that of another language', () => {
    const inRegex = (regex: string) => messageIn(automationConfig({ event: `{ add_artifact_alias: { alias: { regex: ${regex} } } }` }));
    expect(inRegex('/x/i')).toContain('write "(?i)x"');
    expect(inRegex('"nightly-*"')).toContain('"-*" is any number of "-": write "nightly-"');
    expect(inRegex('"^nightly-.*"')).toBeUndefined();
  });
});

describe("variables in a webhook's payload", () => {
  const inPayload = (value: string, event = '{ add_artifact_alias: {} }') =>
    messageIn(automationConfig({ event, action: `{ webhook: { integration: ci, payload: { deep: [{ v: '${value}' }] } } }` }));

  it.each([
    ['${artifact_verison}', '${artifact_verison} is no variable of W&B (did you mean ${artifact_version}?)'],
    ['${collection}', '(did you mean ${artifact_collection_name}?)'],
    ['${ARTIFACT_VERSION}', '(did you mean ${artifact_version}?)'],
    ['${something_else_entirely}', 'is no variable of W&B; for add_artifact_alias there are event_type'],
    ['${run_name}', '${run_name} is blank for add_artifact_alias'],
    ['$alias', '$alias is not filled in: write ${alias}'],
    ['{{ alias }}', '{{ alias }} is not filled in: W&B replaces ${…} only: write ${alias}'],
    ['{{ event.author }}', 'write ${event_author}'],
    ['${{ alias }}', 'write ${alias}'],
  ])('%s', (value, message) => {
    expect(inPayload(value)).toContain(message);
  });

  it.each(['${alias}', '${artifact_metadata.val/loss}', '${ACCESS_TOKEN}', '${MY_TEAM_SECRET}', 'costs $5', 'plain'])(
    'accepts %s',
    (value) => {
      expect(inPayload(value)).toBeUndefined();
    },
  );

  it('are those of the event', () => {
    expect(inPayload('${alias}', '{ link_artifact: {} }')).toContain('is blank for link_artifact');
    expect(inPayload('${tag}', '{ add_collection_tag: {} }')).toBeUndefined();
    expect(inPayload('${artifact_version}', '{ add_collection_tag: {} }')).toContain('is blank for add_collection_tag');
    expect(inPayload('${run_status}', FAILED)).toBeUndefined();
    expect(inPayload('${run_status}', '{ run_metric: { metric: x, above: 1 } }')).toContain('is blank');
    expect(inPayload('${artifact_metadata.x}', FAILED)).toContain('run_state has no artifact version');
  });

  it('are not filled into a route', () => {
    expect(messageIn(routeConfig({ to: '{ slack: { channel: x, text: "got $alias" } }' }))).toContain('Write {{ event.alias }}');
  });
});

describe('raw filters', () => {
  const inFilter = (filter: string) => messageIn(automationConfig({ event: `{ add_artifact_alias: { filter: ${filter} } }` }));
  const inRuns = (filter: string) => messageIn(automationConfig({ event: FAILED, more: `runs: { filter: ${filter} }` }));

  it.each([
    ['{ alias: { $regx: x } }', 'W&B has no operator "$regx" (did you mean "$regex"?)'],
    ['{ alias: { regex: x } }', 'W&B has no operator "regex" (did you mean "$regex"?)'],
    ['{ alias: { $like: x } }', '(did you mean "$contains"?)'],
    ['{ $ands: [] }', 'W&B has no operator "$ands" (did you mean "$and"?)'],
    ['{ $or: [{ alias: a }, { aliass: b }] }', 'the field "aliass" of an artifact event (did you mean "alias"?)'],
    ['{ $eq: a }', '$eq belongs below a field'],
  ])('%s', (filter, message) => {
    expect(inFilter(filter)).toContain(message);
  });

  it.each([
    ['{ user: ada }', '(did you mean "username"?)'],
    ['{ run_name: x }', '(did you mean "display_name"?)'],
    ['{ summary.loss: 1 }', '(did you mean "summary_metrics.loss"?)'],
    ['{ $not: { grup: x } }', '(did you mean "group"?)'],
  ])('%s of runs', (filter, message) => {
    expect(inRuns(filter)).toContain(message);
  });

  it('of known words have no warning', () => {
    expect(inFilter('{ $or: [{ alias: { $in: [a] } }, { tag: { $not: { $regex: x } } }] }')).toBeUndefined();
    expect(inRuns('{ $and: [{ config.lr: { $gte: 1 } }, { displayName: { $contains: x } }, { state: failed }] }')).toBeUndefined();
  });
});

describe('shares', () => {
  const change = (amount: string) => messageIn(automationConfig({ event: `{ run_metric_change: { metric: x, ${amount} } }` }));

  it('that are tiny or huge are probably meant otherwise', () => {
    expect(change('increases_by: 0.25%')).toBe(
      '0.25% is a very small share (0.0025 of the prior value): if 0.25 was meant as a fraction, write 25%',
    );
    expect(change('increases_by: 2500%')).toBe('2500% is a very large share (25 times the prior value): if 25% was meant, write 25%');
    expect(change('decreases_by: 150%')).toContain('more than the whole prior value');
    for (const amount of ['increases_by: 25%', 'decreases_by: 100%', 'changes_by: 1%', 'increases_by: 0.25', 'increases_by: 300%'])
      expect(change(amount)).toBeUndefined();
  });
});

describe('a definition of several automations', () => {
  it('has each warning once', () => {
    const text = automationConfig({
      event: FAILED,
      more: 'for_each: { p: [a, b] }\n    runs: { name: "^n" }',
      scope: '{ project: "{{ each.p }}" }',
    });
    expect(warningsIn(text.replace('name: watch', 'name: "w-{{ each.p }}"'))).toHaveLength(1);
  });
});
