import { describe, expect, it } from 'vitest';
import { slackClient } from '../../../receiver/slack/client.ts';
import { createInstallation } from '../../../receiver/slack/installation.ts';
import { slackTarget } from '../../../receiver/slack/slack-target.ts';
import { whileInstalled } from '../../../receiver/slack/while-installed.ts';
import { eventCallback, JSON_TYPE } from '../../stand-ins/slack-interactions.ts';
import { slackAppInTest, slackInTest } from './slack-app-in-test.ts';
import { render, slackWorld } from './slack-world.ts';

/** A world whose target stops when the app is not installed any more. */
async function installed() {
  const world = await slackWorld();
  const log: string[] = [];
  const note = (_fields: object, text: string) => void log.push(text);
  const installation = createInstallation({ log: { debug: note, info: note, warn: note, error: note } });
  const clock = { ahead: 0 };
  const calling = slackClient({ token: world.slack.botToken, apiUrl: world.slack.apiUrl, fetch });
  const client = whileInstalled(calling, installation, () => world.now() + clock.ahead);
  const target = slackTarget({ client, conversations: world.store, render, now: world.now });
  const send = async (id: string) => {
    await world.accept(id);
    const [delivery] = await world.store.claim({ now: world.now(), leaseMs: 1, limit: 1, paceMs: 0, newToken: () => id });
    if (delivery === undefined) throw new Error('nothing to claim');
    const result = await target.send(delivery.request as never, {
      deliveryId: delivery.id,
      eventId: delivery.eventId,
      conversation: delivery.conversation,
      attempts: 0,
      signal: AbortSignal.timeout(5_000),
    });
    const attempt = { startedAt: world.now(), durationMs: 1, outcome: 'refused', status: null, detail: result.detail } as const;
    await world.store.settle(delivery, attempt, { state: 'dead', reason: result.detail });
    return result;
  };
  return { world, installation, log, clock, send };
}

describe('an app that is not installed any more', () => {
  it('sends nothing, says once in the log what to do, and asks Slack again after a minute', async () => {
    const { world, installation, log, clock, send } = await installed();
    world.slack.fail({ error: 'account_inactive' });
    expect(await send('e1')).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('account_inactive') });
    expect(await send('e2')).toMatchObject({
      outcome: 'refused',
      status: null,
      detail: expect.stringMatching(/nothing can be sent to Slack\. Install the app again, set SLACK_BOT_TOKEN, restart and replay/),
    });
    expect(world.slack.calls).toHaveLength(1);
    expect(installation.trouble()).toMatch(/^the app was removed from the workspace, or its bot user was deactivated \(account_inactive\)/);

    world.slack.fail({ error: 'account_inactive' });
    clock.ahead = 61_000;
    await send('e3');
    await send('e4');
    expect(world.slack.calls).toHaveLength(2);
    expect(log).toHaveLength(1);

    clock.ahead = 122_000;
    expect(await send('e5')).toMatchObject({ outcome: 'delivered' });
    expect(installation.trouble()).toBeUndefined();
    expect(await send('e6')).toMatchObject({ outcome: 'delivered' });
    expect(log.at(-1)).toBe('slack: the token works again');
  });

  it.each(['token_revoked', 'token_expired', 'invalid_auth'])('is known by %s; not by what concerns one channel', async (word) => {
    const { world, installation, send } = await installed();
    world.slack.fail({ error: 'is_archived' });
    await send('e1');
    expect(installation.trouble()).toBeUndefined();
    world.slack.fail({ error: word });
    await send('e2');
    expect(installation.trouble()).toContain(`(${word})`);
  });
});

describe('an event of Slack about the installation', () => {
  async function told(event: object, answer?: string) {
    const app = slackAppInTest({ slack: await slackInTest() });
    if (answer !== undefined) app.slack.fail({ method: 'auth.test', error: answer });
    expect((await app.from.send(JSON.stringify(eventCallback(event)), JSON_TYPE)).status).toBe(200);
    await app.settled();
    return app;
  }

  it.each([
    [{ type: 'app_uninstalled' }, 'account_inactive', /removed from the workspace.*\(account_inactive\)/],
    [{ type: 'app_uninstalled' }, 'internal_error', /^the app was removed from the workspace \(app_uninstalled\)/],
    [{ type: 'tokens_revoked', tokens: { oauth: [], bot: ['UBOT'] } }, 'token_revoked', /token was revoked \(token_revoked\)/],
    [{ type: 'tokens_revoked', tokens: { bot: ['UBOT'] } }, 'internal_error', /\(tokens_revoked\)/],
  ])('stops what is sent: %j, when the token is refused with %s', async (event, answer, trouble) => {
    expect((await told(event, answer)).installation.trouble()).toMatch(trouble);
  });

  it('changes nothing when the token still works, or when it is about tokens of people', async () => {
    const other = await told({ type: 'app_uninstalled' });
    expect(other.installation.trouble()).toBeUndefined();
    expect(other.slack.calls.map(({ method }) => method)).toEqual(['auth.test']);
    const people = await told({ type: 'tokens_revoked', tokens: { oauth: ['U1'], bot: [] } }, 'token_revoked');
    expect(people.installation.trouble()).toBeUndefined();
    expect(people.slack.calls).toEqual([]);
  });
});
