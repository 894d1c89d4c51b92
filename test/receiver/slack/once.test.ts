import { describe, expect, it } from 'vitest';
import { onceKey } from '../../../receiver/slack/once.ts';
import { blockActions, eventCallback, FORM_TYPE, JSON_TYPE } from '../../stand-ins/slack-interactions.ts';
import { bury, claim } from '../store/samples.ts';
import { ADA, BOB, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const RETRIED = { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' };

describe('what names one thing that happened in Slack', () => {
  it.each([
    [{ type: 'event_callback', event_id: 'Ev1', event: {} }, 'slack:event_callback:Ev1'],
    [{ type: 'block_actions', trigger_id: '1.2.a' }, 'slack:block_actions:1.2.a'],
    [{ type: 'view_submission', trigger_id: '1.2.a' }, 'slack:view_submission:1.2.a'],
    [{ command: '/wandb-relay', trigger_id: '1.2.a' }, 'slack:command:1.2.a'],
    [{ type: 'event_callback', trigger_id: 'x' }, undefined],
    [{ type: 'block_actions' }, undefined],
    [{ type: 'block_actions', trigger_id: '' }, undefined],
    [{ type: 'block_actions', trigger_id: 'x'.repeat(201) }, undefined],
    [{ type: 'event_callback', event_id: 7 }, undefined],
    [null, undefined],
  ])('%j: %s', (body, key) => {
    expect(onceKey(body)).toBe(key);
  });
});

describe('over HTTP', () => {
  it('an event that Slack sends again, signed at a later time, is acted upon once', async () => {
    const slack = await slackInTest({ users: ['ada'] });
    const app = slackAppInTest({ slack });
    const event = { type: 'app_home_opened', user: slack.userId('ada'), channel: 'D0HOME', tab: 'home' };
    const body = JSON.stringify(eventCallback(event));
    const first = await app.from.send(body, JSON_TYPE);
    app.clock.now += 60_000;
    const again = await app.from.send(body, JSON_TYPE, { headers: RETRIED });
    await app.settled();
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(slack.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(1);
  });

  it('a retry with the signature of before is taken with 200, and does nothing', async () => {
    const slack = await slackInTest({ users: ['ada'] });
    const app = slackAppInTest({ slack });
    const body = JSON.stringify(eventCallback({ type: 'app_home_opened', user: slack.userId('ada'), channel: 'D0HOME', tab: 'home' }));
    await app.from.send(body, JSON_TYPE);
    expect(await app.from.send(body, JSON_TYPE, { headers: RETRIED })).toEqual({ status: 200, text: '' });
    await app.settled();
    expect(slack.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(1);
  });

  it('a command that is delivered twice acts once, and the second one is answered with nothing', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const { deliveries } = await app.event('v1');
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    const typed = { command: '/wandb-relay', text: `replay ${deliveries[0]}`, user_id: BOB.id, trigger_id: '7.7.a' };
    const body = new URLSearchParams(typed).toString();
    expect((await app.from.send(body, FORM_TYPE)).text).toContain('It is sent again');
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    app.clock.now += 1_000;
    expect(await app.from.send(body, FORM_TYPE)).toEqual({ status: 200, text: '' });
    expect((await app.store.delivery(deliveries[0]!))?.delivery.state).toBe('dead');
  });

  it('a press that is delivered twice is answered once; the next press counts', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const pressed = blockActions(ADA, { type: 'button', action_id: 'relay_dispatch_again', value: 'x' }, app.slack.responseUrl());
    const send = () => app.from.send(new URLSearchParams({ payload: JSON.stringify(pressed) }).toString(), FORM_TYPE);
    await send();
    app.clock.now += 1_000;
    expect((await send()).status).toBe(200);
    await app.settled();
    expect(app.answers()).toHaveLength(1);
    await app.from.press(ADA, 'relay_dispatch_again', 'x');
    await app.settled();
    expect(app.answers()).toHaveLength(2);
  });
});

describe('buttons', () => {
  it('of messages that an earlier version posted work: the same ids and values', async () => {
    const app = slackAppInTest({ slack: await slackInTest(), approval: '{ slack: "#ml-deploys" }' });
    const asked = await app.event('v1');
    await app.from.press(BOB, 'relay_approve', JSON.stringify(['default', asked.id, 'deploy']));
    await app.settled();
    expect(app.answers()).toEqual(['Approved: it is sent now.']);
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    const [id] = asked.deliveries;
    await app.from.choose(BOB, 'relay_mute', JSON.stringify(['default', id, '1h']));
    const { updatedAt } = (await app.store.delivery(id!))!.delivery;
    await app.from.press(BOB, 'relay_dispatch_again', JSON.stringify(['default', id, updatedAt]));
    await app.settled();
    expect(app.answers().slice(1).sort()).toEqual([
      'It is sent again, with the same id.',
      expect.stringMatching(/^Route deploy posts nothing about this subject until/),
    ]);
  });

  it.each(['relay_approve_all', 'relay_approve\n', 'of\nanother', 'x'])('that are of no version are refused: %j', async (actionId) => {
    const app = slackAppInTest({ slack: await slackInTest() });
    await app.from.press(BOB, actionId, 'x');
    await app.settled();
    expect(app.answers()).toEqual(['This version of wandb-relay does not know this button. Nothing was changed.']);
  });
});
