import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { configWarnings } from '../../../src/config/config-warnings.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { theValue } from '../event/samples.ts';
import { automationConfig, problemsIn, routeConfig } from './config-samples.ts';

/** What people write by mistake: each gives one error with what to write instead. */

const inEvent = (event: string) => problemsIn(automationConfig({ event }));
const inAction = (action: string) => problemsIn(automationConfig({ action }));
const inScope = (scope: string) => problemsIn(automationConfig({ scope }));

describe('a condition in an automation', () => {
  it.each([
    ['{ add_artifact_alias: { alias: [a, b c] } }', '43: automations[0].event.add_artifact_alias.alias: write alias: { in: [a, "b c"] }'],
    ['{ remove_collection_tag: { tag: [x] } }', '44: automations[0].event.remove_collection_tag.tag: write tag: { in: [x] }'],
    ['{ link_artifact: { alias: { in: a } } }', '44: automations[0].event.link_artifact.alias.in: must be a list: write in: [a]'],
    [
      '{ link_artifact: { alias: { not: [a, b] } } }',
      '45: automations[0].event.link_artifact.alias.not: takes one value: write not_in: [a, b]',
    ],
    ['{ link_artifact: { alias: 1 } }', '38: automations[0].event.link_artifact.alias: must be text: write alias: "1"'],
    [
      '{ link_artifact: production }',
      '29: automations[0].event.link_artifact: must be a mapping: write link_artifact: { alias: "production" }',
    ],
  ])('%s', (event, problem) => {
    expect(inEvent(event)).toEqual([`relay.yaml:6:${problem}`]);
  });

  it('on runs is the same', () => {
    const text = automationConfig({ event: '{ run_state: { states: [failed] } }', more: 'runs: { user: [ada, bob] }' });
    expect(problemsIn(text)).toEqual(['relay.yaml:8:19: automations[0].runs.user: write user: { in: [ada, bob] }']);
  });
});

describe('a sign that YAML takes for its own', () => {
  const metric = (line: string) => automationConfig({ event: `\n      run_metric:\n        metric: loss\n        ${line}` });

  it.each([
    [automationConfig({ event: '{ run_metric: { metric: loss, >: .6 } }' }), '6:42: ">" is no key (did you mean "above"?)'],
    [metric('>: .6'), '9:9: ">" is no key (did you mean "above"?)'],
    [metric('">" : .6'), '9:9: automations[0].event.run_metric.>: unknown key (did you mean "above"?)'],
    [metric('>= : .6'), '9:9: ">=" is no key (did you mean "above_or_equal_to"?)'],
    [metric('above: >0.6'), '9:16: ">" begins a text of several lines in YAML: write the number alone, such as above: 0.6'],
    [
      automationConfig({ action: '{ notification: { slack: @ada, title: x } }' }),
      '7:38: "@" means something else to YAML at the beginning of a value: write "@ada" in quotes',
    ],
    [
      automationConfig({ scope: '{ project: train, collection: * }' }),
      '5:42: "*" means something else to YAML at the beginning of a value: write "*" in quotes',
    ],
    [
      'version: 1\nx-text: |\n  - @ada\n  > : 1\nroutes: [\n',
      '6:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%j', (text, problem) => {
    expect(problemsIn(text)).toEqual([`relay.yaml:${problem}`]);
  });
});

describe('"#" before a value', () => {
  const advice = (word: string) => `"#" begins a comment, so ${word} is no value: write "${word}" in quotes`;

  it.each([
    ['a block', automationConfig({ action: '\n      notification:\n        slack: #ml-alerts' }), '9:16', '#ml-alerts'],
    ['a flow mapping', automationConfig({ action: '{ notification: { slack: #ml-alerts, title: x } }' }), '7:38', '#ml-alerts'],
    ['a list in lines', 'version: 1\nsettings:\n  slack_operators:\n    - #S012ABC\n', '4:7', '#S012ABC'],
    ['a list in brackets', 'version: 1\nsettings: { slack_operators: [#S012ABC, U012ABC] }\n', '2:31', '#S012ABC'],
    ['a route', 'version: 1\nroutes:\n  - name: a\n    on: {}\n    to:\n      - slack:\n          channel: #x\n', '7:20', '#x'],
    ['an alias', automationConfig({ event: '\n      add_artifact_alias:\n        alias: #1' }), '8:16', '#1'],
  ])('is a comment in %s', (_where, text, place, word) => {
    // A bracket after "#" is no value, so YAML reads on; the place of the "#" counts.
    expect(problemsIn(text)).toEqual([`relay.yaml:${place}: ${advice(word)}`]);
  });

  it('may follow a blank event, whose comment it is', () => {
    const text = automationConfig({ event: '\n      link_artifact: #any\n', action: '\n      no_op: # nothing' });
    expect(theValue(readConfig(text, 'relay.yaml')).automations[0]?.event).toEqual({ link_artifact: {} });
  });

  it('cuts a value off, which is a warning unless it is written as a comment', () => {
    const warnings = (more: string) => configWarnings(theValue(readConfig(automationConfig({ more }), 'relay.yaml'))).map(formatDiagnostic);
    expect(warnings('description: for #ml-ops only')).toEqual([
      'relay.yaml:8:22: warning: "#" begins a comment, so #ml-ops is no part of the value: write "for #ml-ops" in quotes, or a space after the "#" of a comment',
    ]);
    expect(warnings('description: for # ml-ops only')).toEqual([]);
    expect(warnings('description: "for #ml-ops only"')).toEqual([]);
  });
});

describe('words of W&B, of its app and of its client', () => {
  it.each([
    ['RUN_STATE', 'run_state'],
    ['OnRunState', 'run_state'],
    ['Run_State', 'run_state'],
    ['link_model', 'link_artifact'],
    ['LINK_MODEL', 'link_artifact'],
    ['OnLinkArtifact', 'link_artifact'],
    ['UPDATE_ARTIFACT_ALIAS', 'add_artifact_alias'],
    ['add-artifact-alias', 'add_artifact_alias'],
    ['run_metric_threshold', 'run_metric'],
    ['create_artefact', 'create_artifact'],
  ])('the event %s is %s', (written, meant) => {
    expect(inEvent(`{ ${written}: {} }`)).toEqual([
      `relay.yaml:6:14: automations[0].event.${written}: unknown key (did you mean "${meant}"?)`,
    ]);
  });

  it.each([
    ['aggregate: avg', '"average", "min", "max" (did you mean "average"?)'],
    ['aggregate: MEAN', '"average", "min", "max" (did you mean "average"?)'],
    ['aggregate: Maximum', '"average", "min", "max" (did you mean "max"?)'],
  ])('%s', (aggregate, words) => {
    expect(inEvent(`{ run_metric: { metric: x, above: 1, ${aggregate} } }`)).toEqual([
      `relay.yaml:6:60: automations[0].event.run_metric.aggregate: must be one of ${words}`,
    ]);
  });

  it.each([
    ['gt', 'above'],
    ['">"', 'above'],
    ['">="', 'above_or_equal_to'],
    ['$lte', 'below_or_equal_to'],
    ['LT', 'below'],
    ['"!="', 'not_equal_to'],
    ['at_least', 'above_or_equal_to'],
  ])('the comparison %s is %s', (written, meant) => {
    const word = written.replaceAll('"', '');
    expect(inEvent(`{ run_metric: { metric: x, ${written}: 1 } }`)).toEqual([
      `relay.yaml:6:39: automations[0].event.run_metric.${word}: unknown key (did you mean "${meant}"?)`,
    ]);
  });

  it.each([
    ['{ notification: { slack: x, severity: warning } }', '"info", "warn", "error" (did you mean "warn"?)'],
    ['{ notification: { slack: x, severity: ERROR } }', '"info", "warn", "error" (did you mean "error"?)'],
  ])('%s', (action, words) => {
    expect(inAction(action)).toEqual([`relay.yaml:7:51: automations[0].action.notification.severity: must be one of ${words}`]);
  });

  it.each([
    ['Failed', 'failed'],
    ['RUNNING', 'running'],
    ['completed', 'finished'],
  ])('the state %s is %s', (written, meant) => {
    expect(inEvent(`{ run_state: { states: [${written}] } }`)).toEqual([
      `relay.yaml:6:36: automations[0].event.run_state.states[0]: must be one of "running", "finished", "failed", "killed", "preempted", "crashed" (did you mean "${meant}"?)`,
    ]);
  });

  it.each([
    [
      'threshold: .6',
      'threshold: the comparison names the threshold: write above: 0.6, or one of above_or_equal_to, below, below_or_equal_to, equal_to, not_equal_to',
    ],
    ['value: 3, operator: "<"', 'value: write below: 3'],
    ['threshold: 3, cmp_op: $gte', 'threshold: write above_or_equal_to: 3'],
  ])('%s is one error', (fields, problem) => {
    expect(inEvent(`{ run_metric: { metric: x, ${fields} } }`)).toEqual([`relay.yaml:6:39: automations[0].event.run_metric.${problem}`]);
  });
});

describe('states that W&B has no automation for', () => {
  const at = (message: string) => [`relay.yaml:6:36: automations[0].event.run_state.states[0]: ${message}`];

  it('are explained', () => {
    expect(inEvent('{ run_state: { states: [crashed] } }')).toEqual(
      at('W&B counts a crashed run as failed: write failed, or add "engine: relay", so that the receiver evaluates it'),
    );
    expect(inEvent('{ run_state: { states: [stopped, failed] } }')).toEqual(
      at(
        'a killed run triggers nothing in W&B: write killed and add "engine: relay", so that the receiver evaluates it. W&B\'s states are running, finished, failed',
      ),
    );
    expect(inEvent('{ run_state: { states: [pending] } }')).toEqual(
      at('there is no automation for pending runs. The states are running, finished, failed'),
    );
    expect(inEvent('{ run_state: { states: failed } }')).toEqual([
      'relay.yaml:6:35: automations[0].event.run_state.states: must be a list: write states: [failed]',
    ]);
  });
});

describe('a scope', () => {
  it.each([
    ['{ entity: acme, project: train }', '14: automations[0].scope.entity: unknown key: write project: acme/train'],
    ['{ project: train, entity: acme }', '30: automations[0].scope.entity: unknown key: write project: acme/train'],
    ['{ entity: acme }', '14: automations[0].scope.entity: unknown key: write team: acme'],
    ['{ org: acme }', '14: automations[0].scope.org: unknown key (did you mean "organization"?)'],
    ['[{ project: a }, { project: b }]', '12: automations[0].scope: an automation has one scope: use for_each for several'],
    [
      '{ project: [a, b] }',
      '23: automations[0].scope.project: takes one project: write for_each: { project: [a, b] } and project: "{{ each.project }}"',
    ],
    [
      '{ registry: { regex: x } }',
      '24: automations[0].scope.registry: takes one name: only a collection may be a pattern. Use for_each, or a wider scope',
    ],
    ['{ project: t, collection: [a, b] }', '38: automations[0].scope.collection: write collection: { in: [a, b] }'],
  ])('%s', (scope, problem) => {
    expect(inScope(scope)).toEqual([`relay.yaml:5:${problem}`]);
  });
});

describe('a number', () => {
  it.each([
    [
      '{ run_metric: { metric: x, above: 60% } }',
      '46: automations[0].event.run_metric.above: a percentage is possible only in run_metric_change: write above: 0.6, if the metric is a fraction',
    ],
    ['{ run_metric: { metric: x, above: "0.6" } }', '46: automations[0].event.run_metric.above: is text: remove the quotes: above: 0.6'],
    ['{ run_metric: { metric: x, above: "0,6" } }', '46: automations[0].event.run_metric.above: has a decimal comma: write above: 0.6'],
    [
      '{ run_metric: { metric: x, above: 1, aggregate: min, window: "5" } }',
      '73: automations[0].event.run_metric.window: is text: remove the quotes: window: 5',
    ],
    [
      '{ run_metric_zscore: { metric: x, threshold: "3", direction: above } }',
      '57: automations[0].event.run_metric_zscore.threshold: is text: remove the quotes: threshold: 3',
    ],
    [
      '{ run_metric_change: { metric: x, decreases_by: "0.25" } }',
      '60: automations[0].event.run_metric_change.decreases_by: is text: remove the quotes: decreases_by: 0.25',
    ],
    [
      '{ run_metric_change: { metric: x, increases_by: -2 } }',
      '60: automations[0].event.run_metric_change.increases_by: must be positive: write for a fall decreases_by: 2',
    ],
    [
      '{ run_metric_change: { metric: x, frac: 25 } }',
      '46: automations[0].event.run_metric_change.frac: write increases_by: 2500%, decreases_by: 2500% or changes_by: 2500% (frac: 25 is 2500%; for 25% write 25%)',
    ],
    [
      '{ run_metric_change: { metric: x, increases_by: { frac: 0.25 } } }',
      '60: automations[0].event.run_metric_change.increases_by: write increases_by: 25%',
    ],
  ])('%s', (event, problem) => {
    expect(inEvent(event)).toEqual([`relay.yaml:6:${problem}`]);
  });
});

describe('merge keys and variables do not exist', () => {
  it('wherever they stand', () => {
    const merge =
      'version: 1\nentity: acme\nx-base: &base { scope: { project: t } }\nautomations:\n  - name: x\n    <<: *base\n    action: { no_op: {} }\n';
    expect(problemsIn(merge)).toEqual([
      'relay.yaml:6:5: automations[0].<<: merge keys do not exist in YAML 1.2: use "defaults" for what all automations share, or "for_each" for one automation per value',
    ]);
    expect(problemsIn(automationConfig({ scope: '\n      project: ${PROJECT}' }))[0]).toContain(
      '6:16: automations[0].scope.project: variables do not exist here: ${PROJECT}',
    );
    expect(inScope('{ project: "${PROJECT}" }')[0]).toContain('variables do not exist here: ${PROJECT}');
    expect(inScope('{ project: $PROJECT }')[0]).toContain('variables do not exist here: $PROJECT');
    expect(inScope('{ project: ${PROJECT} }')).toEqual([expect.stringContaining('5:23: ${PROJECT} must be in quotes')]);
    expect(problemsIn('version: 1\nentity: ${TEAM}\n')[0]).toContain('2:9: entity: variables do not exist here');
    expect(inEvent('{ add_artifact_alias: { alias: "${ALIAS}" } }')).toHaveLength(1);
  });

  it('but W&B fills in those of a payload', () => {
    expect(problemsOf(automationConfig({ action: '{ webhook: { integration: relay, payload: { a: "${event_type}" } } }' }))).toEqual([]);
  });
});

const problemsOf = (text: string) => {
  const read = readConfig(text, 'relay.yaml');
  return read.ok ? [] : read.error;
};

describe('an action', () => {
  it.each([
    ['{ slack: "#ml" }', '15: automations[0].action.slack: unknown key: write notification: { slack: "#ml" }'],
    ['{ notification: "#ml" }', '29: automations[0].action.notification: must be a mapping: write notification: { slack: "#ml" }'],
    ['{ webhook: ci }', '24: automations[0].action.webhook: must be a mapping: write webhook: { integration: ci }'],
    ['{ webhook: { name: ci } }', '26: automations[0].action.webhook.name: unknown key: write integration: ci'],
    [
      '{ repository_dispatch: { repository: a/b } }',
      '15: automations[0].action.repository_dispatch: unknown key: write relay: { to: [{ repository_dispatch: … }] }',
    ],
    ['no_op', '13: automations[0].action: must be a mapping: write action: { no_op: {} }'],
    ['{ NO_OP: {} }', '15: automations[0].action.NO_OP: unknown key (did you mean "no_op"?)'],
    ['{ SendNotification: {} }', '15: automations[0].action.SendNotification: unknown key (did you mean "notification"?)'],
  ])('%s', (action, problem) => {
    expect(inAction(action)).toEqual([`relay.yaml:7:${problem}`]);
  });

  it('with the address of a webhook is told where that belongs', () => {
    expect(inAction('{ webhook: { url: "https://ci.example", payload: { a: 1 } } }')).toEqual([
      'relay.yaml:7:26: automations[0].action.webhook.url: unknown key: the address belongs to a webhook integration. Declare it at the top of the file (integrations: { webhooks: [{ name: my-hook, url: "https://ci.example" }] }) and write webhook: { integration: my-hook }',
    ]);
  });
});

describe('one cause', () => {
  it.each([
    [
      'a misspelt key that was required',
      automationConfig({ event: '{ run_metric: { metrik: x, above: 1 } }' }),
      'metrik: unknown key (did you mean "metric"?)',
    ],
    [
      'a misspelt field of the automation',
      automationConfig({}).replace('action:', 'actoin:'),
      'actoin: unknown key (did you mean "action"?)',
    ],
    [
      'a misspelt MATCH',
      automationConfig({ scope: '{ project: t, collection: { regexp: x } }' }),
      'regexp: unknown key (did you mean "regex"?)',
    ],
    ['a quoted true', automationConfig({ more: 'enabled: "yes"' }), 'write enabled: true'],
    [
      'an event of another engine',
      automationConfig({ event: '{ run_silent: { for: 30m } }' }),
      'W&B has no such event: add "engine: relay"',
    ],
  ])('%s gives one error', (_cause, text, problem) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('an event type in a route', () => {
  it.each([
    ['LINK_MODEL', 'link_artifact'],
    ['OnRunState', 'run_state'],
    ['Add_Artifact_Alias', 'add_artifact_alias'],
    ['run_sate', 'run_state'],
  ])('%s is %s', (written, meant) => {
    expect(problemsIn(routeConfig({ on: `{ event: [${written}] }` }))).toEqual([
      expect.stringContaining(`relay.yaml:4:19: routes[0].on.event[0]: there is no event type "${written}" (did you mean "${meant}"?)`),
    ]);
  });
});

describe('words of other tools', () => {
  it.each([
    [inScope("{ project: '{{ project }}' }"), '5:23: automations[0].scope.project: variables do not exist here: {{ project }} would be'],
    [inScope("{ project: '$(PROJECT)' }"), '5:23: automations[0].scope.project: variables do not exist here: $(PROJECT) would be'],
    [
      inEvent('{ run_metric_change: { metric: loss, threshold: 25% } }'),
      '6:49: automations[0].event.run_metric_change.threshold: write increases_by: 25%, decreases_by: 25% or changes_by: 25%',
    ],
    [inEvent('{ link_registry_model: {} }'), '6:14: automations[0].event.link_registry_model: unknown key (did you mean "link_artifact"?)'],
    [inEvent('{ run_zscore: {} }'), '6:14: automations[0].event.run_zscore: unknown key (did you mean "run_metric_zscore"?)'],
    [
      inEvent('{ add_artifact_alias: { alias: { equals: a } } }'),
      '6:45: automations[0].event.add_artifact_alias.alias.equals: unknown key: write alias: a',
    ],
    [
      inEvent('{ add_artifact_alias: { alias: { glob: "a*" } } }'),
      '6:45: automations[0].event.add_artifact_alias.alias.glob: unknown key (did you mean "regex"?)',
    ],
    [inAction('{ github: acme/x }'), '7:15: automations[0].action.github: unknown key: write relay: { to: [{ repository_dispatch: … }] }'],
    [
      inAction('{ relay: { repository_dispatch: { repository: acme/d, event_type: x } } }'),
      '7:24: automations[0].action.relay.repository_dispatch: unknown key: write to: [{ repository_dispatch: … }]',
    ],
    [
      inAction('{ relay: { to: { slack: { channel: "#a" } } } }'),
      '7:28: automations[0].action.relay.to: must be a list: write to: [{ slack: … }]',
    ],
  ])('%j', (problems, beginning) => {
    expect(problems.map((problem) => problem.slice(0, `relay.yaml:${beginning}`.length))).toEqual([`relay.yaml:${beginning}`]);
  });
});
