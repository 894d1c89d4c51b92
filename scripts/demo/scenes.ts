import assert from 'node:assert/strict';
import { EVENT_TYPES, type EventType } from '../../src/event/event.ts';
import { signBody } from '../../src/lib/signature.ts';
import type { GitHubStandIn, StandInDispatch, StandInWorkflow } from '../../test/stand-ins/github.ts';
import { type CommandResult, eventually, type ReceiverProcess } from '../../test/stand-ins/receiver-process.ts';
import type { SlackStandIn } from '../../test/stand-ins/slack.ts';
import type { SlackInteractions, SlackPerson } from '../../test/stand-ins/slack-interactions.ts';
import { type Answer, aliasBody, post, relayBody, type SignatureForm } from '../../test/stand-ins/wandb-sender.ts';
import type { WandbStandIn } from '../../test/stand-ins/wandb-server.ts';

export const DEMO_SECRET = 'a-secret-for-the-demo-only';
export const DEMO_TOKEN = 'ghp_a_token_for_the_demo_only';
export const DEMO_REPOSITORIES = ['acme/models', 'acme/deploy'];
export const DEMO_WORKFLOWS: readonly StandInWorkflow[] = [
  { repository: 'acme/models', file: 'events.yml', types: [...EVENT_TYPES], namesRuns: true },
  { repository: 'acme/deploy', file: 'champion.yml', types: ['model-champion'], namesRuns: true },
  { repository: 'acme/deploy', file: 'deploy.yml', types: ['model-production'], inputs: ['model', 'delivery_id'], namesRuns: true },
];

export const DEMO_CONFIG = `
version: 1
entity: acme
settings: { github_writes_per_second: 50 }
automations:
  - name: link-to-registry
    scope: { registry: model }
    event: { link_artifact: {} }
    action:
      relay:
        integration: demo
        to:
          - repository_dispatch: { repository: acme/models, event_type: link_artifact, client_payload: { delivery_id: "{{ delivery_id }}", model: "{{ event.artifact }}" } }
routes:
  - name: every-kind
    on: { event: { not: add_artifact_alias } }
    to:
      - repository_dispatch: { repository: acme/models, event_type: "{{ event.type }}" }
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: deploy-staging
    on: { event: add_artifact_alias, alias: staging }
    to:
      - workflow_dispatch:
          { repository: acme/deploy, workflow: deploy.yml, ref: main, inputs: { model: "{{ event.artifact }}", delivery_id: "{{ delivery_id }}" } }
  - name: champion
    on: { event: add_artifact_alias, alias: champion }
    approval: { slack: "#ml-deploys" }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-champion }
  - name: canary
    on: { event: add_artifact_alias, alias: canary }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-champion }
      - slack: { channel: "#ml-deploys" }
`;

export interface Stage {
  readonly wandb: WandbStandIn;
  /** Runs a command of the CLI against the stand-in for W&B. */
  readonly command: (...words: string[]) => Promise<CommandResult>;
  readonly github: GitHubStandIn;
  readonly receiver: () => ReceiverProcess;
  /** Kills the receiver and starts it again. */
  readonly restart: () => Promise<void>;
  readonly slack: SlackStandIn;
  /** What people do in Slack. */
  readonly from: SlackInteractions;
  readonly people: Readonly<Record<'ada' | 'bob', SlackPerson>>;
  /** Advances GitHub's clock. */
  readonly later: (milliseconds: number) => void;
  /** Prints lines below the scene's title. */
  readonly say: (lines: readonly string[]) => void;
}

export interface Scene {
  readonly title: string;
  /** Runs and checks it. Returns what happened, and throws if a check fails. */
  play(stage: Stage): Promise<string>;
}

const FORMS: readonly SignatureForm[] = ['base64', 'hex', 'sha256=hex'];

const eachKind: Scene[] = EVENT_TYPES.map((type, i) => ({
  title: type === 'unknown' ? 'something that W&B does not document' : `an event ${type}`,
  play: async ({ github, receiver }) => {
    const answer = await send(receiver(), bodyOf(type), FORMS[i % FORMS.length]);
    const dispatch = await arrived(github, answer);
    return `202, then ${dispatch.kind} ${String(dispatch.body.event_type)} to ${dispatch.repository}`;
  },
}));

function bodyOf(type: EventType): Parameters<typeof post>[1] {
  if (type === 'unknown') return { hello: 'from a newer W&B' };
  if (type === 'weave_metric')
    return { event_type: 'WEAVE_METRIC_THRESHOLD', alert_name: 'latency', metric_name: 'p95', metric_value: '2.1' };
  return relayBody(type);
}

export const demoScenes: readonly Scene[] = [
  ...eachKind,
  {
    title: 'a version gets the alias staging',
    play: async ({ github, receiver }) => {
      const answer = await send(receiver(), aliasBody('v12', 'resnet50', 'staging'));
      await arrived(github, answer);
      const run = github.runs.at(-1);
      assert.ok(run);
      return `202, then workflow_dispatch deploy.yml; GitHub returned the run ${run.html_url}`;
    },
  },
  {
    title: 'the same request a second time',
    play: async ({ github, receiver }) => {
      const first = await send(receiver(), aliasBody('v1', 'bert'));
      await arrived(github, first);
      const before = github.dispatches.length;
      const second = await post(`${receiver().url}/webhooks/wandb`, aliasBody('v1', 'bert'), DEMO_SECRET);
      assert.deepEqual([second.status, second.body.status, second.body.id], [200, 'duplicate', first.body.id]);
      assert.equal(github.dispatches.length, before);
      return '200, a duplicate of the first; one dispatch';
    },
  },
  {
    title: 'a wrong signature',
    play: async ({ github, receiver }) => {
      const before = github.dispatches.length;
      const answer = await post(`${receiver().url}/webhooks/wandb`, aliasBody('v9'), 'not-the-secret');
      assert.equal(answer.status, 401);
      assert.equal(answer.body.detail, undefined);
      assert.equal(github.dispatches.length, before);
      return '401 without a reason; the log has it';
    },
  },
  {
    title: 'the signature of {} instead of the body',
    play: async ({ receiver }) => {
      const body = JSON.stringify(aliasBody('v9'));
      const headers = { 'content-type': 'application/json', 'x-wandb-signature': signBody('{}', DEMO_SECRET) };
      const response = await fetch(`${receiver().url}/webhooks/wandb`, { method: 'POST', headers, body });
      assert.equal(response.status, 401);
      await eventually('the log names the case', () => receiver().log.some((line) => String(line.msg).includes('literal {}')));
      return '401; the log names the case';
    },
  },
  {
    title: "W&B's Test button",
    play: async ({ github, receiver }) => {
      const before = github.dispatches.length;
      const answer = await post(`${receiver().url}/webhooks/wandb`, {}, DEMO_SECRET);
      assert.deepEqual([answer.status, answer.body.status], [200, 'ok']);
      assert.equal(github.dispatches.length, before);
      return '200, nothing dispatched';
    },
  },
  {
    title: 'a name with a quote that broke the JSON',
    play: async ({ receiver }) => {
      const answer = await post(`${receiver().url}/webhooks/wandb`, '{"event": "run_state", "run_name": "my "best" run"}', DEMO_SECRET);
      assert.equal(answer.status, 400);
      assert.match(answer.body.detail ?? '', /line 1, column 41/);
      return `400: ${answer.body.detail}`;
    },
  },
  {
    title: 'a rollback: v12, v13, v12 within seconds',
    play: async ({ github, receiver }) => {
      const answers: Answer[] = [];
      for (const version of ['v12', 'v13', 'v12']) answers.push(await send(receiver(), aliasBody(version, 'gpt')));
      for (const answer of answers) await arrived(github, answer);
      const versions = answers.map((answer) => versionOf(dispatchesOf(github, answer)[0]));
      const order = answers.map((answer) => github.dispatches.findIndex((dispatch) => idOf(dispatch) === deliveryId(answer)));
      assert.deepEqual(versions, ['v12', 'v13', 'v12']);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
      return 'three dispatches, in this order';
    },
  },
  {
    title: 'GitHub is down, then answers again',
    play: async ({ github, receiver }) => {
      github.fail({ status: 503 }, { status: 429, headers: { 'retry-after': '1' }, message: 'secondary rate limit' });
      const answer = await send(receiver(), aliasBody('v2', 'whisper'));
      await eventually(
        'the dispatch leaves after the outage',
        () => dispatchesOf(github, answer).some((dispatch) => dispatch.answered === 204),
        40_000,
      );
      const statuses = dispatchesOf(github, answer).map((dispatch) => dispatch.answered);
      assert.deepEqual(statuses, [503, 429, 204]);
      return `answered ${statuses.join(', ')}: delivered in the end, once`;
    },
  },
  {
    title: 'GitHub starts the run but answers 502',
    play: async ({ github, receiver }) => {
      github.fail({ status: 502, applied: true });
      const answer = await send(receiver(), aliasBody('v3', 'whisper'));
      const settled = () => receiver().log.find((line) => line.delivery === deliveryId(answer) && line.state === 'delivered');
      await eventually('the run is found', () => settled() !== undefined, 40_000);
      assert.equal(settled()?.outcome, 'found');
      assert.equal(dispatchesOf(github, answer).length, 1);
      return 'the run was found by its delivery id and nothing was sent twice';
    },
  },
  {
    title: 'an automation from wandb-relay.yaml, applied to W&B and fired by it',
    play: async ({ github, wandb, command, receiver }) => {
      const { world } = wandb;
      world.entity('acme').secrets.set('DEMO_SECRET', DEMO_SECRET);
      world.addWebhook(world.entity('acme'), 'demo', `${receiver().url}/webhooks/wandb`, { secretRef: 'DEMO_SECRET' });
      wandb.forbidMutations();
      assert.equal((await command('plan')).code, 2);
      wandb.allowMutations();
      const applied = await command('apply');
      assert.equal(applied.code, 0, applied.stderr);
      assert.equal((await command('plan')).code, 0);
      await wandb.fire(world.trigger('link-to-registry').id, {
        entity_name: 'acme',
        artifact_version_string: 'acme/wandb-registry-model/resnet50:v14',
      });
      const models = () => github.dispatches.map(({ body }) => (body.client_payload as { model?: string } | undefined)?.model);
      await eventually('the dispatch arrives', () => models().includes('acme/wandb-registry-model/resnet50:v14'));
      return 'planned, applied, nothing left to plan; fired, then dispatched to acme/models';
    },
  },
  {
    title: 'the receiver is killed right after the 202',
    play: async ({ github, receiver, restart }) => {
      const answer = await send(receiver(), aliasBody('v4', 'whisper'));
      await restart();
      await eventually(
        'the accepted event is delivered',
        () => dispatchesOf(github, answer).some((dispatch) => dispatch.answered === 204),
        40_000,
      );
      return 'started again, it delivered what it had accepted, under the same id';
    },
  },
];

async function send(receiver: ReceiverProcess, body: Parameters<typeof post>[1], form?: SignatureForm): Promise<Answer> {
  const answer = await post(`${receiver.url}/webhooks/wandb`, body, DEMO_SECRET, form);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.body.deliveries?.length, 1, JSON.stringify(answer.body));
  return answer;
}

async function arrived(github: GitHubStandIn, answer: Answer): Promise<StandInDispatch> {
  await eventually('the dispatch arrives', () => dispatchesOf(github, answer).length > 0);
  const [dispatch, ...more] = dispatchesOf(github, answer);
  assert.ok(dispatch);
  assert.equal(more.length, 0);
  assert.ok(dispatch.answered < 300, `answered ${dispatch.answered}`);
  return dispatch;
}

function dispatchesOf(github: GitHubStandIn, answer: Answer): StandInDispatch[] {
  return github.dispatches.filter((dispatch) => idOf(dispatch) === deliveryId(answer));
}

function deliveryId(answer: Answer): string {
  return answer.body.deliveries?.[0]?.id ?? 'no delivery';
}

function idOf(dispatch: StandInDispatch): unknown {
  return (
    (dispatch.body.client_payload as Record<string, unknown> | undefined)?.delivery_id ??
    (dispatch.body.inputs as Record<string, unknown> | undefined)?.delivery_id
  );
}

function versionOf(dispatch: StandInDispatch | undefined): unknown {
  return (dispatch?.body.client_payload as { event?: { version?: string } } | undefined)?.event?.version;
}
