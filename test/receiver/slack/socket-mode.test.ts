import { describe, expect, it, onTestFinished } from 'vitest';
import { ACTIONS, encodeDecision } from '../../../receiver/slack/actions.ts';
import { blockActions } from '../../stand-ins/slack-interactions.ts';
import { slackSocket } from '../../stand-ins/slack-socket.ts';
import { BOB, type SlackAppInTest, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const APP_TOKEN = 'xapp-stand-in';

/** An app in Socket Mode; its calls to the Web API other than for the connection are not needed here. */
async function inSocketMode(token = APP_TOKEN) {
  const socket = await slackSocket(APP_TOKEN);
  const slack = await slackInTest();
  const app = slackAppInTest({
    slack: { ...slack, apiUrl: socket.apiUrl },
    approval: '{ slack: "#ml-deploys" }',
    app: { connection: { appToken: token }, firstWaitMs: 5 },
  });
  onTestFinished(() => app.app.stop());
  return { app, slack, socket };
}

function messages({ log }: SlackAppInTest): unknown[] {
  return log.map(({ msg }) => msg);
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setImmediate(resolve));
}

describe('Socket Mode', () => {
  it('has no route, and does over its connection what HTTP does', async () => {
    const { app, slack, socket } = await inSocketMode();
    expect((await app.receiver.app.request('/slack/events', { method: 'POST' })).status).toBe(404);
    const connected = socket.connected();
    await app.app.start();
    await connected;

    const { id, deliveries } = await app.event('v1');
    const value = encodeDecision({ source: 'default', eventId: id, route: 'deploy' });
    const press = blockActions(BOB, { type: 'button', action_id: ACTIONS.approve, value }, slack.responseUrl());
    expect(await socket.deliver('interactive', press)).toEqual({});
    await until(() => app.answers().length > 0);
    expect(app.answers()).toEqual(['Approved: it is sent now.']);
    expect((await app.store.delivery(deliveries[0]!))?.delivery.state).toBe('pending');

    const command = { command: '/wandb-relay', text: 'status', user_id: BOB.id, user_name: BOB.name, team_id: 'T0ACME' };
    expect(await socket.deliver('slash_commands', command)).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('*Deliveries* 1 waiting or retrying'),
    });
  });

  it('acts once on what is delivered twice, and acknowledges both', async () => {
    const { app, slack, socket } = await inSocketMode();
    const connected = socket.connected();
    await app.app.start();
    await connected;
    const { id } = await app.event('v1');
    const value = encodeDecision({ source: 'default', eventId: id, route: 'deploy' });
    const press = blockActions(BOB, { type: 'button', action_id: ACTIONS.approve, value }, slack.responseUrl());
    expect(await socket.deliver('interactive', press)).toEqual({});
    expect(await socket.deliver('interactive', press)).toEqual({});
    const command = { command: '/wandb-relay', text: 'help', user_id: BOB.id, trigger_id: '1.2.a' };
    expect(await socket.deliver('slash_commands', command)).toMatchObject({ response_type: 'ephemeral' });
    expect(await socket.deliver('slash_commands', command)).toEqual({});
    await app.settled();
    expect(app.answers()).toEqual(['Approved: it is sent now.']);
  });

  it('tries once an hour when Slack keeps refusing the token, and says what to do', async () => {
    const { app, socket } = await inSocketMode('xapp-another');
    expect(app.app.details()).toEqual([]);
    await app.app.start();
    await until(() => messages(app).some((text) => String(text).endsWith('once an hour')));
    const opened = socket.opened();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([opened, socket.opened()]).toEqual([5, 5]);
    expect(app.app.details()).toEqual([
      expect.stringMatching(/^Socket Mode is not connected: is SLACK_APP_TOKEN .* Correct it and restart$/),
    ]);
  });

  it('connects again when Slack ends a connection', async () => {
    const { app, socket } = await inSocketMode();
    const first = socket.connected();
    await app.app.start();
    await first;
    const second = socket.connected();
    socket.disconnect();
    await second;
    expect(socket.opened()).toBe(2);
  });

  it('starts when Slack cannot be reached, and connects once it can', async () => {
    const { app, socket } = await inSocketMode();
    socket.refuse('down', 'internal_error', 'down');
    const connected = socket.connected();
    await app.app.start();
    await connected;
    await until(() => messages(app).includes('slack: connected in Socket Mode'));
    expect(messages(app).filter((text) => String(text).startsWith('slack: Socket Mode is not connected'))).toHaveLength(3);
    expect(socket.opened()).toBe(4);
  });

  it('stays up when Slack goes away later', async () => {
    const { app, socket } = await inSocketMode();
    const connected = socket.connected();
    await app.app.start();
    await connected;
    socket.refuse('down', 'down');
    const again = socket.connected();
    socket.disconnect();
    await again;
    expect(socket.opened()).toBe(4);
  });

  it('says what to do about a token that is not good, without telling it', async () => {
    const { app } = await inSocketMode('xapp-another');
    await app.app.start();
    await until(() => messages(app).some((text) => String(text).includes('Socket Mode is not connected')));
    expect(messages(app).join('\n')).toMatch(/is SLACK_APP_TOKEN an app-level token \(xapp-…\) with the scope connections:write\?/);
    expect(JSON.stringify(app.log)).not.toMatch(/xapp-another|secret-ticket/);
  });

  it('stops, also while it tries to connect, and tries no more', async () => {
    const { app, socket } = await inSocketMode('xapp-another');
    await app.app.start();
    await until(() => socket.opened() >= 2);
    await app.app.stop();
    const opened = socket.opened();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(socket.opened()).toBe(opened);
  });
});
