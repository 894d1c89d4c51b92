import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ACTIONS, encodeDecision } from '../../../receiver/slack/actions.ts';
import { MAX_SLACK_BODY_BYTES } from '../../../receiver/slack/hono-receiver.ts';
import { checkSlackSignature } from '../../../receiver/slack/signature.ts';
import { blockActions, FORM_TYPE, JSON_TYPE } from '../../stand-ins/slack-interactions.ts';
import { ADA, SIGNING_SECRET, type SlackAppInTest, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

/** An app with one approval that is waiting, and the press that would approve it. */
async function waiting(options: Partial<Parameters<typeof slackAppInTest>[0]> = {}) {
  const it = slackAppInTest({ slack: await slackInTest(), approval: '{ slack: "#ml-deploys" }', ...options });
  const asked = await it.event('v1');
  const value = encodeDecision({ source: 'default', eventId: asked.id, route: 'deploy' });
  const stateNow = async () => (await it.store.delivery(asked.deliveries[0]!))?.delivery.state;
  return { ...it, value, stateNow };
}

function reasonOf({ log }: SlackAppInTest): unknown {
  return log.filter(({ path }) => path === '/slack/events').at(-1)?.msg;
}

describe('a signature of Slack', () => {
  it('is that of the example in its documentation', () => {
    // Slack, "Verifying requests from Slack".
    const body = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    );
    const headers = { signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503', timestamp: '1531420618' };
    const secret = '8f742231b10e8888abcd99yyyzzz85a5';
    expect(checkSlackSignature(headers, body, secret, 1_531_420_618_000)).toBeUndefined();
    expect(checkSlackSignature(headers, body, `${secret}x`, 1_531_420_618_000)).toBe('mismatch');
    expect(checkSlackSignature(headers, body, secret, 1_531_420_918_000)).toBeUndefined();
    expect(checkSlackSignature(headers, body, secret, 1_531_420_919_000)).toBe('stale');
    expect(checkSlackSignature(headers, body, secret, 1_531_420_317_000)).toBe('future');
    expect(checkSlackSignature({ ...headers, signature: headers.signature.toUpperCase() }, body, secret, 0)).toBe('malformed');
  });

  it('is not that of another timestamp', async () => {
    const signed = createHmac('sha256', SIGNING_SECRET).update('v0:1800000000:{}').digest('hex');
    const headers = { signature: `v0=${signed}`, timestamp: '1800000001' };
    expect(checkSlackSignature(headers, Buffer.from('{}'), SIGNING_SECRET, 1_800_000_000_000)).toBe('mismatch');
  });
});

describe('a request that is not of now and of Slack', () => {
  const now = 1_800_000_000;
  it.each([
    ['stale', { timestamp: now - 301 }, /more than 300 seconds ago/],
    ['of the future', { timestamp: now + 301 }, /in the future/],
    ['stale by a clock that is ahead', { timestamp: now - 7_200 }, /the clock is 7200 s ahead: set it/],
    ['of the future by a clock that is behind', { timestamp: now + 600 }, /The clock is 600 s behind: set it/],
    ['signed with another secret', { secret: 'another' }, /does not match the body/],
    ['without a signature', { headers: { 'x-slack-signature': undefined } }, /no X-Slack-Signature/],
    ['without a timestamp', { headers: { 'x-slack-request-timestamp': undefined } }, /no X-Slack-Signature/],
    ['with another version of signature', { headers: { 'x-slack-signature': `v1=${'0'.repeat(64)}` } }, /not what Slack sends/],
  ])('is refused without details when it is %s, and nothing is changed', async (_what, changes, reason) => {
    const app = await waiting();
    const answer = await app.from.press(ADA, ACTIONS.approve, app.value, changes);
    await app.settled();
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 });
    expect(reasonOf(app)).toMatch(reason);
    expect(await app.stateNow()).toBe('held');
    expect(app.answers()).toEqual([]);
  });

  it('is refused the second time, by one receiver or by two', async () => {
    const app = await waiting();
    const body = new URLSearchParams({
      payload: JSON.stringify(blockActions(ADA, { type: 'button', action_id: ACTIONS.reject, value: app.value }, app.slack.responseUrl())),
    }).toString();
    const both = await Promise.all([app.from.send(body, FORM_TYPE), app.from.send(body, FORM_TYPE)]);
    await app.settled();
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await app.from.send(body, FORM_TYPE)).status).toBe(409);
    await app.settled();
    expect(reasonOf(app)).toBe('refused: the same signed request was received before');
    expect(app.answers()).toHaveLength(1);
    expect(await app.stateNow()).toBe('cancelled');
  });
});

describe('a request that cannot be taken', () => {
  it('is refused when it is too large', async () => {
    const app = await waiting();
    const answer = await app.from.send(`payload=${'x'.repeat(MAX_SLACK_BODY_BYTES)}`, FORM_TYPE);
    expect(answer.status).toBe(413);
    expect(reasonOf(app)).toBe('refused: a body of more than 1048576 bytes');
  });

  it.each([
    ['broken JSON', '{', JSON_TYPE, 400, /Not the JSON/],
    ['JSON that is no object', '[]', JSON_TYPE, 400, /no object/],
    ['JSON that is no event', '{"type":"party"}', JSON_TYPE, 400, /no event of Slack/],
    ['an event of no type', '{"type":"event_callback","event":{}}', JSON_TYPE, 400, /no event of Slack/],
    ['a form of something else', 'a=b', FORM_TYPE, 400, /neither an interaction nor a slash command/],
    ['a payload of broken JSON', 'payload=%7B', FORM_TYPE, 400, /Not the JSON/],
    ['an interaction of no kind', 'payload={"type":"party"}', FORM_TYPE, 400, /no interaction of Slack/],
    ['an interaction of nobody', 'payload={"type":"block_actions","actions":[{}]}', FORM_TYPE, 400, /does not say who/],
    ['an interaction without actions', 'payload={"type":"block_actions","user":{"id":"U1"}}', FORM_TYPE, 400, /no actions/],
    ['an action without a name', 'payload={"type":"block_actions","user":{"id":"U1"},"actions":[{}]}', FORM_TYPE, 200, /no handler for it/],
    ['a challenge that is none', '{"type":"url_verification"}', JSON_TYPE, 400, /without a challenge/],
    [
      'an event that Bolt chokes on',
      '{"type":"event_callback","event":{"type":"x","channel":null}}',
      JSON_TYPE,
      400,
      /Bolt could not take it/,
    ],
    ['another type of content', '<x/>', 'text/xml', 415, /Content-Type must be/],
  ])('is answered and logged: %s', async (_what, body, type, status, reason) => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const answer = await app.from.send(body, type);
    await app.settled();
    expect(answer.status).toBe(status);
    expect(reasonOf(app)).toMatch(reason);
    expect(app.changes()).toBe(0);
  });

  it('is to be sent again when the store fails', async () => {
    const wrap = (store: SlackAppInTest['store']) => ({ ...store, firstSeen: () => Promise.reject(new Error('disk full')) });
    const app = await waiting({ wrap });
    expect((await app.from.press(ADA, ACTIONS.approve, app.value)).status).toBe(503);
    expect(reasonOf(app)).toBe('the store failed: disk full');
    expect(await app.stateNow()).toBe('held');
  });

  it('is a GET', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const answer = await app.receiver.app.request('/slack/events');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe("Slack's own checks", () => {
  it('the address is verified by echoing a signed challenge', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const body = JSON.stringify({
      type: 'url_verification',
      token: 'x',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    });
    const answer = await app.from.send(body, JSON_TYPE);
    expect(answer).toEqual({ status: 200, text: '{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}' });
    expect((await app.from.send(body, JSON_TYPE, { secret: 'another' })).status).toBe(401);
  });

  it('the certificate is checked with GET and POST, signed or not', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    expect((await app.receiver.app.request('/slack/events?ssl_check=1')).status).toBe(200);
    expect((await app.from.send('ssl_check=1&token=x', FORM_TYPE)).status).toBe(200);
    const unsigned = { headers: { 'x-slack-signature': undefined, 'x-slack-request-timestamp': undefined } };
    expect((await app.from.send('ssl_check=1&token=x', FORM_TYPE, unsigned)).status).toBe(200);
    expect((await app.from.send('ssl_check=1&token=x', FORM_TYPE, { secret: 'another' })).status).toBe(401);
    expect((await app.from.send('ssl_check=2&command=/wandb-relay&user_id=U1', FORM_TYPE, unsigned)).status).toBe(401);
  });
});

describe('an acknowledgement', () => {
  it('comes before the work that follows it', async () => {
    let goOn = () => {};
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const wrap = (store: SlackAppInTest['store']) => ({
      ...store,
      decide: async (decision: Parameters<typeof store.decide>[0]) => {
        await blocked;
        return store.decide(decision);
      },
    });
    const app = await waiting({ wrap });
    expect(await app.from.press(ADA, ACTIONS.approve, app.value)).toEqual({ status: 200, text: '' });
    expect(await app.stateNow()).toBe('held');
    goOn();
    await app.settled();
    expect(await app.stateNow()).toBe('pending');
    expect(app.answers()).toEqual(['Approved: it is sent now.']);
  });

  it('is made for a handler that takes too long, and logged', async () => {
    let goOn = () => {};
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const wrap = (store: SlackAppInTest['store']) => ({ ...store, counts: () => blocked.then(() => store.counts()) });
    const app = slackAppInTest({ slack: await slackInTest(), wrap, app: { ackTimeoutMs: 20 } });
    expect(await app.from.command(ADA, 'status')).toEqual({ status: 200, text: '' });
    expect(reasonOf(app)).toBe('no handler acknowledged it in time');
    goOn();
    await app.settled();
    expect(app.log.map(({ msg }) => msg)).toContain('slack: acknowledged twice, or too late');
  });

  it('is empty for what nothing here is for', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    expect(await app.from.command(ADA, '', '/another')).toEqual({ status: 200, text: '' });
    expect(reasonOf(app)).toBe('no handler for it');
    const shortcut = JSON.stringify({ type: 'shortcut', user: { id: ADA.id }, team: { id: 'T0ACME' }, callback_id: 'x' });
    expect(await app.from.send(new URLSearchParams({ payload: shortcut }).toString(), FORM_TYPE)).toEqual({ status: 200, text: '' });
  });
});
