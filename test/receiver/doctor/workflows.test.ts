import { expect, it } from 'vitest';
import { checkWorkflows } from '../../../receiver/doctor/workflows.ts';
import { readConfig } from '../../../src/config/config.ts';

const CONFIG = readConfig(
  `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
  - name: train
    on: { event: link_artifact }
    to: [{ workflow_dispatch: { repository: acme/deploy, workflow: train.yml, ref: main } }]
`,
  'wandb-relay.yaml',
);
const TRAIN = 'on: workflow_dispatch\nconcurrency: { group: train, queue: max }\n';

function deploy(concurrency: string, runName = `run-name: "\${{ github.event.client_payload.delivery_id }}"`): string {
  return `${runName}\non: { repository_dispatch: { types: [model-production] } }\n${concurrency}\njobs: { deploy: { runs-on: x } }\n`;
}

function found(files: Readonly<Record<string, string>>, isEnterpriseServer = false): string[] {
  if (!CONFIG.ok) throw new Error('the config is wrong');
  const checks = checkWorkflows(CONFIG.value, {
    repository: 'Acme/deploy',
    files: new Map(Object.entries({ 'train.yml': TRAIN, 'other.yml': 'on: push', 'broken.yml': '{', ...files })),
    isEnterpriseServer,
  });
  return checks.map(({ subject, state, detail }) => `${state} ${subject.replace('Acme/deploy', '').trim()} ${detail}`);
}

const FINE = 'ok train.yml listens; its runs can be followed, and none is cancelled';
const QUEUE = 'GitHub cancels the run that waits when another one comes: set "queue: max" in "concurrency"';

it.each([
  ['queue: max', 'concurrency: { group: a, queue: max }', 'ok deploy.yml listens; its runs can be followed, and none is cancelled'],
  ['no queue', 'concurrency: { group: a }', `warning deploy.yml ${QUEUE}`],
  ['a name only', 'concurrency: deploy', `warning deploy.yml ${QUEUE}`],
  [
    'runs that are cancelled',
    'concurrency: { group: a, queue: max, cancel-in-progress: true }',
    'warning deploy.yml a run is cancelled when another one comes: take "cancel-in-progress" out of "concurrency"',
  ],
  ['no concurrency', '', 'warning deploy.yml two of its runs may be under way at once, and end in any order: set "concurrency"'],
])('a workflow with %s', (_, concurrency, expected) => {
  expect(found({ 'deploy.yml': deploy(concurrency) })).toEqual([FINE, expected]);
});

it('a workflow whose runs have no name to be found by', () => {
  expect(found({ 'deploy.yml': deploy('concurrency: { group: a, queue: max }', 'name: deploy') })[1]).toBe(
    'warning deploy.yml its runs cannot be followed: add ${{ github.event.client_payload.delivery_id }} to its "run-name"',
  );
});

it('jobs with a concurrency of their own', () => {
  const inJob = deploy('').replace('runs-on: x', 'runs-on: x, concurrency: { group: a }');
  expect(found({ 'deploy.yml': inJob })[1]).toBe(`warning deploy.yml ${QUEUE}`);
});

it('what nobody listens to, with its place in the config', () => {
  expect(found({ 'train.yml': 'on: push' })).toEqual([
    expect.stringMatching(/^problem {2}wandb-relay\.yaml:5:.*no workflow in \.github\/workflows listens to it/),
    expect.stringMatching(/^problem {2}wandb-relay\.yaml:8:.*train\.yml has no "on: workflow_dispatch"/),
  ]);
});

it('a server without queues, where a group for each model is the way', () => {
  const shared = found({ 'deploy.yml': deploy('concurrency: { group: deploy }') }, true);
  expect(shared[1]).toMatch(/^warning deploy\.yml GitHub Enterprise Server cancels the run that waits/);
  const own = found({ 'deploy.yml': deploy(`concurrency: { group: "\${{ github.event.client_payload.event.collection }}" }`) }, true);
  expect(own[1]).toMatch(/^ok /);
});
