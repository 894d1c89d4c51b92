import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import { theValue } from '../event/samples.ts';
import { problemsIn } from './config-samples.ts';

const read = (text: string) => theValue(readConfig(text, 'relay.yaml'));

const forEach = (lists: string, name = '"{{ each.project }}-{{ each.metric }}"') => `version: 1
entity: acme
automations:
  - name: ${name}
    for_each: ${lists}
    scope: { project: "{{ each.project }}" }
    event: { run_metric: { metric: "{{ each.metric }}", above: 1 } }
    action: { no_op: {} }
`;

describe('for_each', () => {
  it('makes one automation per combination, in order', () => {
    const { automations } = read(forEach('{ project: [eu, us], metric: [loss, val/loss] }'));
    expect(automations.map(({ name, scope, event }) => [name, scope.project, event.run_metric?.metric])).toEqual([
      ['eu-loss', 'eu', 'loss'],
      ['eu-val/loss', 'eu', 'val/loss'],
      ['us-loss', 'us', 'loss'],
      ['us-val/loss', 'us', 'val/loss'],
    ]);
    expect(new Set(automations.map(({ location }) => location.line))).toEqual(new Set([4]));
  });

  it('keeps the type of a value that is one whole template, and leaves every other template alone', () => {
    const { automations, routes } = read(`version: 1
entity: acme
automations:
  - name: "loss-{{ each.limit }}"
    for_each: { limit: [0.5, 2] }
    scope: { project: train }
    event: { run_metric: { metric: loss, above: "{{each.limit}}" } }
    action:
      relay:
        to:
          - repository_dispatch: { repository: acme/x, event_type: "e-{{ each.limit }}", client_payload: { at: "{{ event.run }}", "{{ each.limit }}": 1 } }
`);
    expect(automations.map(({ event }) => event.run_metric?.above)).toEqual([0.5, 2]);
    expect(routes[1]?.to[0]?.repository_dispatch).toEqual({
      repository: 'acme/x',
      event_type: 'e-2',
      client_payload: { at: '{{ event.run }}', '2': 1 },
    });
  });

  it('gives a config whose source reads as the same config', () => {
    const config = read(forEach('{ project: [eu], metric: [a, b] }'));
    const again = read(JSON.stringify(config.source));
    expect(again.source).toEqual(config.source);
    expect(again.automations.map(({ name }) => name)).toEqual(['eu-a', 'eu-b']);
  });

  it.each([
    ['{ project: eu, metric: [a] }', '5:26: automations[0].for_each.project: must be a list: write project: [ … ]'],
    ['{ project: [], metric: [a] }', '5:26: automations[0].for_each.project: is an empty list, which would make no automation'],
    ['{ project: [eu, eu], metric: [a] }', '5:31: automations[0].for_each.project[1]: lists "eu" twice'],
    ['{ project: [[eu]], metric: [a] }', '5:27: automations[0].for_each.project[0]: must be a text, a number, or true or false'],
    ['[eu, us]', '5:15: automations[0].for_each: must be a mapping of lists, such as { project: [train-eu, train-us] }'],
    ['{}', '5:15: automations[0].for_each: must have at least one list'],
    [
      '{ project: [a], metric: [b], team: [c] }',
      '5:50: automations[0].for_each.team: is not used: write "{{ each.team }}" where its values belong, at least in the name',
    ],
    ['{ projct: [a], metric: [b] }', '4:11: automations[0].name: {{ each.project }}: for_each has no project; it has projct, metric'],
  ])('%s is one clear error', (lists, problem) => {
    expect(problemsIn(forEach(lists))).toEqual([`relay.yaml:${problem}`]);
  });

  it('says which word is missing from the name when two names are equal', () => {
    expect(problemsIn(forEach('{ project: [eu, us], metric: [a] }', '"m-{{ each.metric }}"'))).toEqual([
      'relay.yaml:4:11: automations[0].name: several combinations of for_each have the name "m-a", and the names must differ: write {{ each.project }} in the name',
    ]);
  });

  it('makes at most 500 automations', () => {
    const list = (n: number) => `[${Array.from({ length: n }, (_none, i) => `x${i}`).join(', ')}]`;
    expect(read(forEach(`{ project: ${list(25)}, metric: ${list(20)} }`)).automations).toHaveLength(500);
    expect(problemsIn(forEach(`{ project: ${list(501)}, metric: [a] }`))).toEqual([
      'relay.yaml:5:15: automations[0].for_each: makes 501 automations, and the most is 500: split it, or use a wider scope such as { team: … }',
    ]);
  });

  it('has its errors once, on the line of the one definition', () => {
    const text = forEach('{ project: [eu, us], metric: [a, b] }').replace('above: 1', 'abov: 1');
    expect(problemsIn(text)).toEqual(['relay.yaml:7:57: automations[0].event.run_metric.abov: unknown key (did you mean "above"?)']);
  });

  it('is needed for {{ each }}, which takes no filters', () => {
    const bare =
      'version: 1\nentity: acme\nautomations:\n  - { name: "{{ each.x }}", scope: { project: t }, event: { link_artifact: {} }, action: { no_op: {} } }\n';
    expect(problemsIn(bare)).toEqual(['relay.yaml:4:13: automations[0].name: {{ each.x }}: this automation has no for_each']);
    expect(problemsIn(bare.replace('each.x }}', 'each.x | upcase }}'))[0]).toContain('only {{ each.WORD }} is replaced, without filters');
    expect(problemsIn(bare.replace('"{{ each.x }}"', '{{ each.x }}'))).toEqual([
      'relay.yaml:4:13: "{{" begins a mapping in YAML: write the whole value in quotes, such as "{{ each.project }}"',
    ]);
  });
});

const withDefaults = (defaults: string, automation: string) => `version: 1
entity: acme
defaults: ${defaults}
automations:
  - { name: one, ${automation} }
  - { name: two, event: { run_state: { states: [failed] } }, scope: { project: two } }
`;

describe('defaults', () => {
  const base = '{ scope: { project: train }, action: { no_op: {} }, runs: { name: nightly } }';

  it('hold for every field that an automation leaves out; its own field replaces the whole default', () => {
    const { automations } = read(withDefaults(base, 'event: { run_state: { states: [failed] } }'));
    expect(automations.map(({ scope, runs, action }) => [scope, runs, action])).toEqual([
      [{ project: 'train' }, { name: 'nightly' }, { no_op: {} }],
      [{ project: 'two' }, { name: 'nightly' }, { no_op: {} }],
    ]);
  });

  it('do not hold for a field that is null', () => {
    const { automations } = read(withDefaults(base, 'event: { link_artifact: {} }, runs: null'));
    expect(automations[0]?.runs).toBeUndefined();
  });

  it('have their errors once, where they are written', () => {
    expect(
      problemsIn(
        withDefaults('{ action: { no_op: {} }, scop: { project: train } }', 'scope: { project: a }, event: { link_artifact: {} }'),
      ),
    ).toEqual([expect.stringMatching(/^relay\.yaml:3:36: defaults\.scop: unknown key/)]);
    expect(
      problemsIn(withDefaults('{ action: { notification: { slack: 1 } } }', 'scope: { project: a }, event: { link_artifact: {} }')),
    ).toEqual(['relay.yaml:3:46: defaults.action.notification.slack: must be a string, not a number']);
    expect(problemsIn(withDefaults('[]', 'scope: { project: a }, event: { link_artifact: {} }, action: { no_op: {} }'))[0]).toContain(
      "3:11: defaults: must be a mapping with any of an automation's fields",
    );
  });

  it('are those of their own file', () => {
    const first = `version: 1\nentity: acme\ndefaults: { scope: { project: train } }\nautomations: [{ name: a, event: { link_artifact: }, action: { no_op: } }]`;
    const second = `version: 1\nautomations: [{ name: b, event: { link_artifact: }, action: { no_op: } }]`;
    const read = readConfigFiles([
      { name: 'a.yaml', text: first },
      { name: 'b.yaml', text: second },
    ]);
    expect(read.ok ? [] : read.error.map(({ location, field, message }) => [location?.file, field, message])).toEqual([
      ['b.yaml', 'automations[0].scope', 'is missing'],
    ]);
  });

  it('may be for_each with its templates', () => {
    const { automations } = read(`version: 1
entity: acme
defaults: { for_each: { project: [a, b] }, scope: { project: "{{ each.project }}" } }
automations: [{ name: "x-{{ each.project }}", event: { link_artifact: {} }, action: { no_op: {} } }]`);
    expect(automations.map(({ name }) => name)).toEqual(['x-a', 'x-b']);
  });
});

describe('keys that begin with x-', () => {
  it('are free, and hold YAML anchors', () => {
    const { automations, source } = read(`version: 1
entity: acme
x-train: &train { project: train }
x-anything: [1, two]
automations: [{ name: a, scope: *train, event: { link_artifact: {} }, action: { no_op: {} } }]`);
    expect(automations[0]?.scope).toEqual({ project: 'train' });
    expect(Object.keys(source)).toEqual(['version', 'entity', 'automations', 'namespace']);
  });

  it('are refused deeper in the file', () => {
    expect(problemsIn('version: 1\nroutes:\n  - { name: a, x-note: b, on: {}, to: [{ slack: { channel: x } }] }')).toHaveLength(1);
  });
});
