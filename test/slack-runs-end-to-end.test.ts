import { describe, expect } from 'vitest';
import { webhookOf } from './stand-ins/github-runs.ts';
import { approved, headSays, it, quiet, textOf, until } from './stand-ins/slack-conversation.ts';

describe.concurrent('how the workflow ends', () => {
  it('says a failure in the thread once, however often GitHub tells it, and the success of a re-run in the head', async ({ start }) => {
    const relay = await start();
    await approved(relay);
    const { github } = relay;
    const { id } = relay.lastRun();
    await github.advance(id, 'in_progress');
    relay.afterStart(42_000);
    const run = await github.advance(id, { conclusion: 'failure' });
    await headSays(relay, /^Failed: .*failed after 42 s/, run.html_url);
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(1));
    const [reply] = relay.replies('ml-deploys');
    expect(reply).toMatchObject({ threadTs: relay.heads('ml-deploys')[0]?.ts, broadcast: true });
    expect(reply?.text).toBe('FAILED: resnet50 v12 → production. acme/deploy failed after 42 s in deploy / push image');
    const webhook = { url: `${relay.receiver().url}/webhooks/github`, secret: relay.githubSecret, guid: 'the-same-delivery-twice' };
    expect((await fetch(webhookOf(run, 'completed', webhook))).status).toBe(200);
    expect((await fetch(webhookOf(run, 'completed', webhook))).status).toBe(200);
    await quiet(relay);
    expect(relay.replies('ml-deploys')).toHaveLength(1);

    await github.advance(id, 'rerun');
    await headSays(relay, /attempt 2.* is queued/);
    await github.advance(id, { conclusion: 'success' });
    await headSays(relay, / succeeded/, 'attempt 2');
    await quiet(relay);
    expect(relay.replies('ml-deploys')[1]).toMatchObject({ broadcast: true, text: expect.stringMatching(/^RESOLVED: /) });
    expect([relay.posts(), github.dispatches.length]).toEqual([3, 1]);
  });

  it('is not held up by webhooks that arrive the wrong way round or with a wrong signature', async ({ start }) => {
    const relay = await start();
    await approved(relay);
    const { github } = relay;
    const queued = { ...relay.lastRun() };
    await headSays(relay, /is queued/);
    const url = `${relay.receiver().url}/webhooks/github`;
    const forged = { ...queued, status: 'completed', conclusion: 'failure' } as const;
    expect((await fetch(webhookOf(forged, 'completed', { url, secret: 'not-the-secret-of-anybody' }))).status).toBe(401);
    await github.advance(queued.id, { conclusion: 'success' });
    expect((await fetch(webhookOf({ ...queued, status: 'in_progress' }, 'in_progress', { url, secret: relay.githubSecret }))).status).toBe(
      200,
    );
    expect((await fetch(webhookOf(queued, 'requested', { url, secret: relay.githubSecret }))).status).toBe(200);
    await quiet(relay);
    await headSays(relay, / succeeded/);
    expect(relay.replies('ml-deploys')).toEqual([]);
  });

  it('is found by asking when GitHub sends no webhooks', async ({ start }) => {
    // GitHub is asked every five seconds.
    const clock = { factor: 5, since: Date.now() };
    const relay = await start({ webhooks: false, clock });
    await approved(relay);
    await until(() => expect(textOf(relay.heads('ml-deploys')[0])).toMatch(/is queued/));
    const { id } = relay.lastRun();
    await relay.github.advance(id, 'in_progress');
    await headSays(relay, 'run in progress');
    relay.afterStart(42_000);
    const run = await relay.github.advance(id, { conclusion: 'failure' });
    await headSays(relay, /^Failed: .*failed after 42 s/, run.html_url);
    await until(() => expect(relay.replies('ml-deploys').map(({ text }) => text)).toEqual([expect.stringContaining('failed after 42 s')]));
    const reads = relay.github.reads.length;
    await new Promise((resolve) => setTimeout(resolve, 6_000 / clock.factor));
    expect([relay.posts(), relay.github.dispatches.length, relay.github.reads.length]).toEqual([2, 1, reads]);
  });
});
