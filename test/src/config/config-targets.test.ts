import { describe, expect, it } from 'vitest';
import { problemsIn, routeConfig } from './config-samples.ts';

const FIELD = 'routes[0].to[0]';
const dispatch = (fields: string) => `{ repository_dispatch: { ${fields} } }`;
const workflow = (fields: string) => `{ workflow_dispatch: { ${fields} } }`;
const entries = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `k${i}: v`).join(', ')} }`;

describe('readConfig reports errors in a target', () => {
  it.each([
    ['{}', `6:9: ${FIELD}: must have exactly one of repository_dispatch, workflow_dispatch, slack; has none`],
    ['{ slak: { channel: x } }', `6:11: ${FIELD}.slak: unknown key (did you mean "slack"?)`],
    [
      '{ slack: { channel: x }, repository_dispatch: { repository: a/b, event_type: x } }',
      `6:9: ${FIELD}: must have exactly one of repository_dispatch, workflow_dispatch, slack; has repository_dispatch, slack`,
    ],
    ['slack', `6:9: ${FIELD}: must be a mapping, not a string`],
    ['{ slack: }', `6:18: ${FIELD}.slack: must be a mapping, not null`],
    ['{ slack: {} }', `6:18: ${FIELD}.slack.channel: is missing`],
    ['{ slack: { channel: "" } }', `6:29: ${FIELD}.slack.channel: must not be empty`],
    ['{ slack: { channel: x, txt: y } }', `6:32: ${FIELD}.slack.txt: unknown key (did you mean "text"?)`],
  ])('%s', (to, problem) => {
    expect(problemsIn(routeConfig({ to }))).toEqual([`relay.yaml:${problem}`]);
  });

  it.each([
    ['event_type: x', '6:32', 'repository: is missing'],
    ['repository: acme, event_type: x', '6:46', 'repository: must be a repository such as acme/deploy'],
    ['repository: a/b', '6:32', 'event_type: is missing'],
    ['repository: a/b, event_type: ""', '6:63', 'event_type: must not be empty'],
    [`repository: a/b, event_type: ${'x'.repeat(101)}`, '6:63', 'event_type: must be at most 100 characters (a limit of GitHub)'],
    ['repository: a/b, event_typ: x, event_type: y', '6:51', 'event_typ: unknown key (did you mean "event_type"?)'],
    ['repository: a/b, event_type: x, client_payload: [1]', '6:82', 'client_payload: must be a mapping, not a list'],
    [
      'repository: a/b, passthrough: true, event_type: x',
      '6:82',
      'event_type: comes from the body with "passthrough: true": remove one of the two',
    ],
    [
      'repository: a/b, passthrough: true, client_payload: {}',
      '6:86',
      'client_payload: comes from the body with "passthrough: true": remove one of the two',
    ],
    ['repository: a/b, passthrough: false', '6:32', 'event_type: is missing'],
    ['repository: a/b, passthrough: yes, event_type: x', '6:64', 'passthrough: must be true or false, not a string'],
    [
      `repository: a/b, event_type: x, client_payload: ${entries(11)}`,
      '6:82',
      'client_payload: must have at most 10 top-level keys (a limit of GitHub)',
    ],
  ])('repository_dispatch: { %s }', (fields, place, problem) => {
    expect(problemsIn(routeConfig({ to: dispatch(fields) }))).toEqual([`relay.yaml:${place}: ${FIELD}.repository_dispatch.${problem}`]);
  });

  it.each([
    ['repository: a/b, workflow: x.yml', '6:30', 'ref: is missing'],
    ['repository: a/b, workflow: 5, ref: main', '6:59', 'workflow: must be a string, not a number'],
    [
      'repository: a/b, workflow: .github/workflows/x.yml, ref: main',
      '6:59',
      'workflow: must be the file name of a workflow, such as deploy.yml, or its id',
    ],
    ['repository: a/b, workflow: x.yml, ref: ""', '6:71', 'ref: must not be empty'],
    ['repository: a/b, workflow: x.yml, ref: main, inputs: { a: [1] }', '6:90', 'inputs.a: must be a string, not a list'],
    [
      `repository: a/b, workflow: x.yml, ref: main, inputs: ${entries(26)}`,
      '6:85',
      'inputs: must have at most 25 inputs (a limit of GitHub)',
    ],
  ])('workflow_dispatch: { %s }', (fields, place, problem) => {
    expect(problemsIn(routeConfig({ to: workflow(fields) }))).toEqual([`relay.yaml:${place}: ${FIELD}.workflow_dispatch.${problem}`]);
  });

  it.each([
    ['{ slack: { channel: x, text: "{{ evnt }}" } }', '6:38', 'slack.text', 'templates have no variable "evnt" (did you mean "event"?)'],
    ['{ slack: { channel: x, text: "{% if %}" } }', '6:38', 'slack.text', 'not a Liquid template: '],
    ['{ slack: { channel: x, text: "{{ route | upcaes }}" } }', '6:38', 'slack.text', 'not a Liquid template: undefined filter'],
    [dispatch('repository: a/b, event_type: "{{ event.alais }}"'), '6:63', 'repository_dispatch.event_type', 'an event has no "alais"'],
    [
      dispatch('repository: a/b, event_type: x, client_payload: { k: { deep: [ "{{ event.alais }}" ] } }'),
      '6:87',
      'repository_dispatch.client_payload.k',
      'an event has no "alais" (did you mean "alias"?)',
    ],
    [
      workflow('repository: a/b, workflow: x.yml, ref: main, inputs: { a: "{{ event.vers }}" }'),
      '6:90',
      'workflow_dispatch.inputs.a',
      'an event has no "vers"',
    ],
  ])('whose template is wrong: %s', (to, place, field, message) => {
    const problems = problemsIn(routeConfig({ to }));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(`relay.yaml:${place}: ${FIELD}.${field}: ${message}`)).toBe(true);
  });
});
