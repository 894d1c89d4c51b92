import { describe, expect, vi } from 'vitest';
import { runCommand } from './stand-ins/receiver-process.ts';
import { headSays, it, production, quiet, staging, textOf, until } from './stand-ins/slack-conversation.ts';
import { eventCallback, JSON_TYPE } from './stand-ins/slack-interactions.ts';

describe.concurrent('an outage', () => {
  it('of Slack does not delay GitHub, and everything is reported when it is back', async ({ start }) => {
    const relay = await start();
    const { slack, github } = relay;
    slack.setDown(true);
    await relay.event(staging('v12'));
    await relay.event(production('v12'));
    await until(() => expect(github.dispatches.map(({ answered }) => answered)).toEqual([200]));
    await github.advance(relay.lastRun().id, { conclusion: 'success' });
    await until(() => expect(slack.calls.filter(({ status }) => status === 503).length).toBeGreaterThan(0));
    expect(slack.messages('ml-deploys')).toEqual([]);
    slack.setDown(false);
    const texts = () =>
      relay
        .heads('ml-deploys')
        .map(({ text }) => text)
        .toSorted();
    await until(() =>
      expect(texts()).toEqual([
        expect.stringMatching(/^Approve\? resnet50 v12 → production/),
        expect.stringMatching(/^Deployed: resnet50 v12 is in staging/),
      ]),
    );
    await quiet(relay);
    expect([relay.posts(), github.dispatches.length]).toEqual([2, 1]);
  });

  it('of GitHub does not delay Slack, which shows the retry', async ({ start }) => {
    const relay = await start();
    relay.github.fail({ status: 429, headers: { 'retry-after': '4' }, message: 'secondary rate limit' });
    await relay.event(staging('v12'));
    await headSays(relay, /^Retrying: resnet50 v12 → staging/);
    expect(relay.github.runs).toEqual([]);
    await headSays(relay, /is queued/);
    await quiet(relay);
    expect([relay.posts(), relay.github.dispatches.length]).toEqual([1, 2]);
  });

  it('of a channel that does not exist is said at once, and GitHub is not asked to wait', async ({ start }) => {
    const relay = await start({ channels: ['another'] });
    const { deliveries } = await relay.event(staging('v12'));
    await until(() => expect(relay.github.dispatches).toHaveLength(1));
    const id = deliveries?.find(({ target }) => target === 'slack:#ml-deploys')?.id ?? '';
    await until(() => expect(relay.receiver().log.find((line) => line.delivery === id)).toMatchObject({ state: 'dead' }));
    const { stdout } = await runCommand(['deliveries', id], { cwd: relay.folder });
    expect(stdout).toMatch(/channel_not_found[\s\S]*#ml-deploys|#ml-deploys[\s\S]*channel_not_found/);
  });
});

describe.concurrent('an app that was removed from the workspace', () => {
  it('is not used any more, /readyz says what to do, and a channel of before is posted to by its id', async ({ start }) => {
    const relay = await start();
    const { slack, from } = relay;
    await relay.event(staging('v11'));
    await until(() => expect(relay.heads('ml-deploys')).toHaveLength(1));
    await relay.event({ ...staging('v12'), artifact_collection_name: 'another' });
    await until(() => expect(relay.heads('ml-deploys')).toHaveLength(2));
    const posts = slack.calls.filter(({ method }) => method === 'chat.postMessage');
    expect(posts.map(({ args }) => args.channel)).toEqual(['#ml-deploys', slack.channelId('ml-deploys')]);
    await quiet(relay);

    slack.fail({ method: 'auth.test', error: 'account_inactive' });
    await from.send(JSON.stringify(eventCallback({ type: 'app_uninstalled' })), JSON_TYPE);
    const readyz = async () => (await (await fetch(`${relay.receiver().url}/readyz`)).json()) as { details?: { problems?: string[] } };
    await vi.waitFor(
      async () => expect((await readyz()).details?.problems?.join()).toMatch(/removed from the workspace.*Install the app again/),
      20_000,
    );
    slack.fail({ method: 'chat.postMessage', error: 'account_inactive' });
    await relay.event({ ...staging('v13'), artifact_collection_name: 'third' });
    await relay.event({ ...staging('v14'), artifact_collection_name: 'fourth' });
    const failed = () => relay.receiver().log.filter((line) => line.state === 'dead');
    await until(() => expect(failed().length).toBeGreaterThanOrEqual(2));
    expect(slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(3);
  });
});

describe.concurrent('a receiver that is killed', () => {
  it('between all that happens posts nothing twice and ends the conversation right', { timeout: 240_000 }, async ({ start }) => {
    const relay = await start();
    const { github, people } = relay;
    const restart = async () => {
      await relay.kill();
      await relay.start();
    };
    const { deliveries } = await relay.event(production('v12'));
    await restart();
    await headSays(relay, /^Approve\? /);
    await restart();
    await relay.press(relay.heads('ml-deploys')[0], 'approve', people.bob);
    await restart();
    await until(() => expect(github.runs).toHaveLength(1));
    await headSays(relay, new RegExp(`<@${people.bob.id}> approved`));
    await relay.kill();
    // Nobody hears these, and GitHub does not repeat them.
    await github.advance(relay.lastRun().id, 'in_progress');
    await relay.start();
    await github.advance(relay.lastRun().id, { conclusion: 'failure' });
    await restart();
    await headSays(relay, /^Failed: .* failed/);
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(1));
    await quiet(relay);
    expect(relay.posts()).toBe(2);
    expect(github.dispatches.filter(({ answered }) => answered === 204)).toHaveLength(1);
    const { stdout } = await runCommand(['deliveries', deliveries?.[0]?.id ?? ''], { cwd: relay.folder });
    expect(stdout).toMatch(/approved by bob[\s\S]*run ended: failure/);
  });

  it('while Slack takes its message finds it, does not post it again, and brings it up to date', { timeout: 240_000 }, async ({
    start,
  }) => {
    const relay = await start();
    relay.slack.fail({ method: 'chat.postMessage', silent: true, applied: true });
    await relay.event(staging('v12'));
    await until(() => expect([relay.heads('ml-deploys').length, relay.github.runs.length]).toEqual([1, 1]));
    await relay.github.advance(relay.lastRun().id, { conclusion: 'success' });
    await relay.kill();
    expect(textOf(relay.heads('ml-deploys')[0])).not.toMatch(/ succeeded/);
    await relay.start();
    await headSays(relay, / succeeded/);
    expect(relay.slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
    expect(relay.github.dispatches).toHaveLength(1);
  });

  it('while it was away asks GitHub how the run ended', { timeout: 240_000 }, async ({ start }) => {
    const relay = await start({ webhooks: false });
    await relay.event(staging('v12'));
    await headSays(relay, /is queued/);
    await relay.kill();
    await relay.github.advance(relay.lastRun().id, { conclusion: 'success' });
    await relay.start();
    await headSays(relay, / succeeded/);
    expect(relay.posts()).toBe(1);
  });
});
