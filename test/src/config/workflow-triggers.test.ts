import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { readTriggers, unheardDispatches } from '../../../src/config/workflow-triggers.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { theValue } from '../event/samples.ts';
import { routeConfig } from './config-samples.ts';

const NOTHING = { repositoryDispatch: undefined, workflowDispatch: undefined };

describe('readTriggers', () => {
  it.each([
    ['on: push', NOTHING],
    ['on: repository_dispatch', { ...NOTHING, repositoryDispatch: 'any' }],
    ['on: [push, workflow_dispatch]', { ...NOTHING, workflowDispatch: [] }],
    ['"on": { repository_dispatch: }', { ...NOTHING, repositoryDispatch: 'any' }],
    ['on: { repository_dispatch: { types: model } }', { ...NOTHING, repositoryDispatch: ['model'] }],
    ['on: { repository_dispatch: { types: [a, b] }, push: }', { ...NOTHING, repositoryDispatch: ['a', 'b'] }],
    ['on: { workflow_dispatch: }', { ...NOTHING, workflowDispatch: [] }],
    ['on: { workflow_dispatch: { inputs: { a: , b: { required: true } } } }', { ...NOTHING, workflowDispatch: ['a', 'b'] }],
  ])('reads %s', (text, triggers) => {
    expect(readTriggers(text)).toEqual(triggers);
  });

  it.each(['', 'on:', 'name: x', '- on', 'on: 5', '[', 'on: *nowhere', '"'])('finds nothing in %j, which is no workflow', (text) => {
    expect(readTriggers(text)).toEqual(NOTHING);
  });
});

describe('unheardDispatches', () => {
  const WORKFLOWS = new Map([
    ['deploy.yml', 'on: { repository_dispatch: { types: [model] }, workflow_dispatch: { inputs: { version: } } }'],
    ['test.yml', 'on: push'],
  ]);

  const problemsOf = (to: string, workflows: ReadonlyMap<string, string> = WORKFLOWS) =>
    unheardDispatches(theValue(readConfig(routeConfig({ to }), 'relay.yaml')), 'acme/deploy', workflows).map(formatDiagnostic);

  it.each([
    '{ repository_dispatch: { repository: acme/deploy, event_type: model } }',
    '{ repository_dispatch: { repository: ACME/Deploy, event_type: model } }',
    '{ repository_dispatch: { repository: acme/elsewhere, event_type: nobody } }',
    '{ repository_dispatch: { repository: acme/deploy, event_type: "{{ event.alias }}" } }',
    '{ workflow_dispatch: { repository: acme/deploy, workflow: deploy.yml, ref: main, inputs: { version: v1 } } }',
    '{ workflow_dispatch: { repository: acme/deploy, workflow: "123", ref: main } }',
    '{ workflow_dispatch: { repository: acme/elsewhere, workflow: none.yml, ref: main } }',
    '{ slack: { channel: x } }',
  ])('reports nothing for %s', (to) => {
    expect(problemsOf(to)).toEqual([]);
  });

  it.each([
    [
      '{ repository_dispatch: { repository: acme/deploy, event_type: nobody } }',
      'relay.yaml:6:32: routes[0].to[0].repository_dispatch: no workflow in .github/workflows listens to it: add "nobody"',
    ],
    [
      '{ workflow_dispatch: { repository: Acme/deploy, workflow: none.yml, ref: main } }',
      'relay.yaml:6:30: routes[0].to[0].workflow_dispatch: there is no .github/workflows/none.yml',
    ],
    [
      '{ workflow_dispatch: { repository: acme/deploy, workflow: test.yml, ref: main } }',
      'relay.yaml:6:30: routes[0].to[0].workflow_dispatch: .github/workflows/test.yml has no "on: workflow_dispatch"',
    ],
    [
      '{ workflow_dispatch: { repository: acme/deploy, workflow: deploy.yml, ref: main, inputs: { version: a, b: c, d: e } } }',
      'relay.yaml:6:30: routes[0].to[0].workflow_dispatch: .github/workflows/deploy.yml declares no input b, d',
    ],
  ])('names the place and what is missing for %s', (to, beginning) => {
    const problems = problemsOf(to);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.slice(0, beginning.length)).toBe(beginning);
  });

  it('reports nothing when one workflow listens to every type', () => {
    const workflows = new Map([['any.yml', 'on: repository_dispatch']]);
    expect(problemsOf('{ repository_dispatch: { repository: acme/deploy, event_type: nobody } }', workflows)).toEqual([]);
  });

  it('points to the relay action whose dispatch starts no workflow', () => {
    const config = `version: 1
entity: acme
automations:
  - name: watch
    scope: { project: train }
    event: { link_artifact: {} }
    action: { relay: { to: [ { repository_dispatch: { repository: acme/deploy, event_type: nobody } } ] } }
`;
    const [problem] = unheardDispatches(theValue(readConfig(config, 'relay.yaml')), 'acme/deploy', WORKFLOWS);
    expect(problem).toMatchObject({ location: { line: 7 }, field: 'automations[0].action.relay.to[0].repository_dispatch' });
  });
});
