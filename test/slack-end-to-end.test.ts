import { describe, expect } from 'vitest';
import type { JsonObject } from '../src/lib/json.ts';
import { webhookOf } from './stand-ins/github-runs.ts';
import { runCommand } from './stand-ins/receiver-process.ts';
import type { People } from './stand-ins/relay-with-slack.ts';
import type { StandInMessage } from './stand-ins/slack-call.ts';
import { config, headSays, it, production, quiet, staging, tag, textOf, until } from './stand-ins/slack-conversation.ts';
import { buttonTexts, linesOf } from './stand-ins/slack-words.ts';
import { addArtifact, addRun } from './stand-ins/wandb-artifacts.ts';
import { startWandb } from './stand-ins/wandb-server.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Long enough for the question to be posted before, also on a busy machine. */
const EXPIRING = '{ slack: "#ml-deploys", expires: 12s }';
const EXPIRED_MS = 12_100;

describe.concurrent('an approval', () => {
  it('goes from an automation that W&B fires, through a question, to a run that succeeded', { timeout: 240_000 }, async ({
    start,
    atEnd,
  }) => {
    const wandb = await startWandb();
    atEnd(() => wandb.close());
    const { world } = wandb;
    const relay = await start({
      environment: { WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url },
      config: ({ ada, bob }: People) => `version: 1
entity: acme
settings: { github_writes_per_second: 50, commit_status: true, slack_users: { ada: ${ada.id}, bob: ${bob.id} } }
automations:
  - name: deploy-production
    scope: { registry: model, collection: resnet50 }
    event: { add_artifact_alias: { alias: production } }
    action:
      relay:
        integration: local
        approval: { slack: "#ml-deploys", by: [${ada.id}, ${bob.id}], allow_self: false }
        to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`,
    });
    const { slack, github, people } = relay;
    world.addWebhook(world.entity('acme'), 'local', `${relay.receiver().url}/webhooks/wandb`, { secretRef: 'RELAY_SECRET' });
    const access = { WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url, GITHUB_REPOSITORY: 'acme/models' };
    expect(await runCommand(['apply'], { cwd: relay.folder, environment: access })).toMatchObject({ code: 0 });
    const { host } = new URL(github.url);
    const git = { remote: `https://${host}/acme/models.git`, commit: COMMIT };
    const train = addRun(world, world.project('train'), 'r1', {
      displayName: 'brave-sun-7',
      commit: COMMIT,
      summaryMetrics: '{"accuracy":0.93}',
      config: JSON.stringify({ _wandb: { value: { e: { abc: { git } } } } }),
    });
    const artifact = addArtifact(world, world.addCollection(world.project('train'), 'resnet50'), { createdBy: train });

    const fired = await wandb.fire(world.trigger('deploy-production').id, {
      entity_name: 'acme',
      project_name: 'wandb-registry-model',
      artifact_collection_name: 'resnet50',
      artifact_version: `wandb-artifact://_id/${artifact.id}`,
      artifact_version_string: 'acme/wandb-registry-model/resnet50:v7',
      alias: 'production',
      event_author: 'ada',
    });
    expect(fired.status).toBe(202);
    await headSays(relay, 'resnet50', 'v7', 'production', `<@${people.ada.id}>`, /^Approve\? /, 'model-production in acme/deploy', '0.93');
    const head = () => relay.heads('ml-deploys')[0];
    expect(buttonTexts(head()!)).toEqual(['Approve', 'Reject…', 'Approve with reason…']);
    expect(github.dispatches).toEqual([]);

    await relay.press(head(), 'approve', people.ada);
    await until(() => expect(relay.answers()).toEqual([expect.stringContaining('may not approve their own events')]));
    expect(github.dispatches).toEqual([]);
    await relay.press(head(), 'approve', people.bob);
    await until(() => expect(github.dispatches).toHaveLength(1));
    expect(github.dispatches[0]?.body).toMatchObject({
      event_type: 'model-production',
      client_payload: {
        route: 'deploy-production',
        event: { version: 'v7', author: 'ada', wandb: { artifact: { type: 'model' }, run: { name: 'r1', summary: { accuracy: 0.93 } } } },
      },
    });
    await headSays(relay, `<@${people.bob.id}> approved`, /is queued/, /^Deploying: resnet50 v7 → production/);
    expect(buttonTexts(head()!)).toEqual(['Open run']);

    const { id } = relay.lastRun();
    await github.advance(id, 'in_progress');
    await headSays(relay, 'run in progress', 'is running');
    relay.afterStart(192_000);
    const run = await github.advance(id, { conclusion: 'success' });
    await headSays(relay, 'Deployed: resnet50 v7 is in production', 'succeeded in 3 min', run.html_url);
    expect(buttonTexts(head()!)).toEqual(['Open run', 'Run again…']);
    await until(() => expect(github.statuses).toHaveLength(1));
    expect(github.statuses[0]).toMatchObject({ repository: 'acme/models', sha: COMMIT, state: 'success', target_url: run.html_url });

    // GitHub's last word, said once more under another id: nothing follows from it.
    const again = await fetch(webhookOf(run, 'completed', { url: `${relay.receiver().url}/webhooks/github`, secret: relay.githubSecret }));
    expect(again.status).toBe(200);
    await quiet(relay);
    expect([relay.posts(), github.dispatches.length, github.statuses.length]).toEqual([1, 1, 1]);
    expect(slack.messages('ml-deploys')).toHaveLength(1);
  });

  it('that is rejected sends nothing and says by whom', async ({ start }) => {
    const relay = await start();
    const { deliveries } = await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    const question = relay.heads('ml-deploys')[0];
    const { ada } = relay.people;
    await relay.press(question, 'rejectWithReason', ada);
    await until(() => expect(relay.slack.views(ada.id)).toHaveLength(1));
    expect(await relay.from.submit(ada, relay.slack.views(ada.id)[0]!, { reason: 'wrong data' })).toMatchObject({ status: 200, text: '' });
    await headSays(relay, /^Rejected by ada: /, 'is not sent', '“wrong data”', `was rejected by <@${ada.id}>`);
    expect(buttonTexts(relay.heads('ml-deploys')[0]!)).toEqual([]);
    await relay.press(question, 'approve', relay.people.bob);
    await until(() => expect(relay.answers().at(-1)).toMatch(/Too late: ada .* rejected it/));
    const command = await runCommand(['deliveries', deliveries?.[0]?.id ?? ''], { cwd: relay.folder });
    expect(command.stdout).toContain(`rejected by ada (${relay.people.ada.id})`);
    expect([relay.github.dispatches.length, relay.posts()]).toEqual([0, 1]);
  });

  it('that nobody gives expires, and a press after that says so', async ({ start }) => {
    const relay = await start({ config: () => config(EXPIRING) });
    await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    const question = relay.heads('ml-deploys')[0];
    await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS));
    await relay.press(question, 'approve', relay.people.bob);
    await until(() => expect(relay.answers()).toEqual([expect.stringContaining('nobody had decided')]));
    await headSays(relay, /^Expired: /, 'Nobody approved it in time');
    expect([relay.github.dispatches.length, relay.posts()]).toEqual([0, 1]);
  });

  it('that nobody gives expires by itself, also when the receiver was not there at the time', async ({ start }) => {
    const relay = await start({ config: () => config(EXPIRING) });
    await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    await relay.kill();
    await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS));
    await relay.start();
    await headSays(relay, /^Expired: /, 'Nobody approved it in time');
    expect([relay.github.dispatches.length, relay.posts()]).toEqual([0, 1]);
  });

  it('is superseded by a newer event of the subject, and the first message says so', async ({ start }) => {
    const relay = await start();
    await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    const first = relay.heads('ml-deploys')[0];
    await relay.event(production('v13'));
    await until(() => expect(textOf(relay.heads('ml-deploys')[0])).toMatch(/^Superseded by v13: resnet50 v12/));
    await until(() => expect(textOf(relay.heads('ml-deploys')[1])).toMatch(/^Approve\? resnet50 v13/));
    expect(buttonTexts(relay.heads('ml-deploys')[0]!)).toEqual([]);
    await relay.press(first, 'approve', relay.people.bob);
    await until(() => expect(relay.answers()).toEqual([expect.stringContaining('a newer event replaced it')]));
    await relay.press(relay.heads('ml-deploys')[1], 'approve', relay.people.bob);
    await until(() => expect(relay.github.dispatches).toHaveLength(1));
    expect(relay.github.dispatches[0]?.body).toMatchObject({ client_payload: { event: { version: 'v13' } } });
    await quiet(relay);
    expect([relay.github.dispatches.length, relay.posts()]).toEqual([1, 2]);
  });
});

describe.concurrent('a conversation', () => {
  it('is a message for each promotion; later events about the version are in the thread of the latest', async ({ start }) => {
    const relay = await start();
    await relay.event(staging('v12'));
    await headSays(relay, /^Deploying: resnet50 v12 → staging/, /is queued/);
    await relay.event(production('v12'));
    await until(() => expect(textOf(relay.heads('ml-deploys')[1])).toMatch(/^Approve\? resnet50 v12 → production/));
    await relay.event(tag('v12'));
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(1));
    const [reply] = relay.replies('ml-deploys');
    expect(reply).toMatchObject({ threadTs: relay.heads('ml-deploys')[1]?.ts, broadcast: false });
    expect(reply?.text).toMatch(/^resnet50 v12 got the tag good/);
    await quiet(relay);
    expect(buttonTexts(relay.heads('ml-deploys')[1]!)).toEqual(['Approve', 'Reject…', 'Approve with reason…']);
    expect(relay.posts()).toBe(3);
  });

  it('shows promotions and rollbacks as new messages, and who replaced whom', async ({ start }) => {
    const relay = await start();
    for (const version of ['v12', 'v13', 'v12']) {
      const runs = relay.github.runs.length;
      await relay.event(staging(version));
      await until(() => expect(relay.github.runs).toHaveLength(runs + 1));
      await relay.github.advance(relay.lastRun().id, { conclusion: 'success' });
      await until(() => expect(textOf(relay.heads('ml-deploys').at(-1))).toMatch(/ succeeded/));
    }
    await until(() =>
      expect(relay.heads('ml-deploys').map(({ text }) => text.split('. ')[0])).toEqual([
        'Replaced by v13: resnet50 v12 in staging',
        'Replaced by v12: resnet50 v13 in staging',
        'Deployed: resnet50 staging rolled back to v12',
      ]),
    );
    expect(relay.replies('ml-deploys')).toEqual([]);
  });

  it('of many versions at once is six messages, the last of which counts', { timeout: 240_000 }, async ({ start }) => {
    const relay = await start();
    await Promise.all(Array.from({ length: 15 }, (_, i) => relay.event(staging('v1', `model-${i}`))));
    await until(() =>
      expect(relay.heads('ml-deploys').at(-1)?.text).toMatch(/^10 more versions got staging in one minute: model-\d+ v1 … model-\d+ v1/),
    );
    await quiet(relay);
    expect(relay.heads('ml-deploys')).toHaveLength(6);
  });
});

describe.concurrent('the app', () => {
  it('shows on its Home what waits, and answers its command', async ({ start }) => {
    const relay = await start();
    const { slack, people, from } = relay;
    const { deliveries } = await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    expect((await from.openHome(people.ada)).status).toBe(200);
    await until(() => expect(slack.home(people.ada.id)).toBeDefined());
    const home = linesOf(slack.home(people.ada.id) as unknown as Pick<StandInMessage, 'blocks'>).join('\n');
    expect(home).toMatch(/For you: 1 to decide[\s\S]*resnet50[\s\S]*route production[\s\S]*In production[\s\S]*Needs attention/);

    const say = async (words: string) => JSON.parse((await from.command(people.ada, words)).text) as JsonObject;
    expect(await say('status')).toMatchObject({ response_type: 'ephemeral', text: expect.stringContaining('Open approvals* 1') });
    expect((await say('deliveries')).text).toContain(deliveries?.[0]?.id);
    expect((await say(`simulate ${JSON.stringify(staging('v1'))}`)).text).toContain('1 of 3 routes match');
    expect((await say('nonsense')).text).toContain('/wandb-relay status');
  });

  it('mutes a route for a subject, so that its next event is not posted, and ends it again', async ({ start }) => {
    const relay = await start();
    const { from, people } = relay;
    const { deliveries } = await relay.event(staging('v12'));
    await headSays(relay, /is queued/);
    const id = deliveries?.[0]?.id ?? '';
    const { text } = await from.command(people.ada, `mute ${id} 1h`);
    expect(text).toContain('posts nothing about this');
    await headSays(relay, /is muted for this subject/);
    await relay.event(staging('v13'));
    await until(() => expect(relay.github.dispatches).toHaveLength(2));
    await quiet(relay);
    expect(relay.posts()).toBe(1);
    await from.command(people.ada, `unmute ${id}`);
    await relay.event(staging('v14'));
    await until(() => expect(relay.heads('ml-deploys')).toHaveLength(2));
  });

  it('dispatches again what went wrong, from the message', async ({ start }) => {
    const relay = await start();
    relay.github.fail({ status: 422, message: 'Workflow does not have that' });
    await relay.event(staging('v12'));
    await headSays(relay, /^Failed: resnet50 v12 → staging/);
    await relay.press(relay.heads('ml-deploys')[0], 'dispatchAgain', relay.people.ada);
    await headSays(relay, /is queued/);
    await quiet(relay);
    // The head, and in its thread what an edit of the head would have told nobody.
    expect([relay.posts(), relay.github.runs.length]).toEqual([2, 1]);
    const [head, alert] = relay.slack.messages('ml-deploys');
    expect(alert).toMatchObject({
      threadTs: head?.ts,
      broadcast: true,
      text: expect.stringMatching(/^NOT DISPATCHED: resnet50 v12 → staging\. acme\/deploy\/staging\.yml: /),
    });
  });

  it('refuses requests that Slack did not sign, and those from another time', async ({ start }) => {
    const relay = await start();
    await relay.event(production('v12'));
    await headSays(relay, /^Approve\? /);
    const value = JSON.stringify(['default', 'x', 'production']);
    const seconds = Math.floor(Date.now() / 1000);
    for (const changes of [{ secret: 'a-secret-of-somebody-else' }, { timestamp: seconds - 400 }, { timestamp: seconds + 400 }]) {
      expect((await relay.from.press(relay.people.bob, 'relay_approve', value, changes)).status).toBe(401);
    }
    expect(relay.answers()).toEqual([]);
  });
});
