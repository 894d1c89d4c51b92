import { expect, it, onTestFinished } from 'vitest';
import { type SlackStandIn, startSlack } from '../../stand-ins/slack.ts';
import { rateLimited } from '../../stand-ins/slack-call.ts';
import { slackInteractions } from '../../stand-ins/slack-interactions.ts';

/** What the tests believe about Slack: its own errors, modals, people and links (docs.slack.dev, each method's page). */

const text = { type: 'plain_text', text: 'a', emoji: false };
const MODAL = {
  type: 'modal',
  title: text,
  submit: text,
  callback_id: 'reject',
  blocks: [{ type: 'input', block_id: 'why', label: text, element: { type: 'plain_text_input', action_id: 'reason', max_length: 20 } }],
};
const CHART = { type: 'data_visualization', title: 'a', chart: { type: 'pie', segments: [{ label: 'a', value: 1 }] } };

async function slackFor(options: Partial<Parameters<typeof startSlack>[0]> = {}) {
  const slack = await startSlack({ channels: ['ml', { name: 'secret', private: true }], users: ['ada', 'bob'], ...options });
  onTestFinished(() => slack.close());
  return { slack, call: caller(slack) };
}

function caller(slack: SlackStandIn) {
  return async (method: string, args: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${slack.apiUrl}${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ...((await response.json()) as object) };
  };
}

it('refuses what the workspace does not allow, in the words of Slack', async () => {
  const { slack, call } = await slackFor();
  const { ts } = await call('chat.postMessage', { channel: '#ml', text: 'a' });
  const message = { channel: slack.channelId('ml'), ts };
  slack.lock('ml', String(ts));
  expect(await call('chat.update', { ...message, text: 'b' })).toMatchObject({ error: 'edit_window_closed' });
  slack.lock('ml', String(ts), 'cant_update_message');
  expect(await call('chat.update', { ...message, text: 'b' })).toMatchObject({ error: 'cant_update_message' });
  expect(await call('chat.update', { ...message, text: 'x'.repeat(4001) })).toMatchObject({ error: 'msg_too_long' });
  expect(await call('chat.update', { ...slack.say('ml', 'ada', 'mine'), text: 'b' })).toMatchObject({ error: 'cant_update_message' });
  expect(await call('chat.update', { ...message, ts: '1.1', text: 'b' })).toMatchObject({ error: 'message_not_found' });
  slack.change('ml', { archived: true });
  expect(await call('chat.postMessage', { channel: 'ml', text: 'a' })).toMatchObject({ error: 'is_archived' });
  expect(await call('chat.update', { ...message, text: 'b' })).toMatchObject({ error: 'is_inactive' });
  slack.change('ml', { archived: false, member: false });
  slack.grant(['chat:write']);
  expect(await call('chat.postMessage', { channel: 'ml', text: 'a' })).toMatchObject({ error: 'not_in_channel' });
  slack.change('secret', { member: false });
  expect(await call('chat.postMessage', { channel: 'secret', text: 'a' })).toMatchObject({ error: 'channel_not_found' });
  expect(await call('chat.postMessage', { channel: 'nowhere', text: 'a' })).toMatchObject({ error: 'channel_not_found' });
  slack.fail(rateLimited(30, 'chat.postMessage'));
  expect(await call('chat.postMessage', { channel: 'ml', text: 'a' })).toMatchObject({
    status: 429,
    error: 'ratelimited',
    retryAfter: '30',
  });
  for (const error of ['token_revoked', 'account_inactive']) {
    slack.refuse(error);
    expect(await call('chat.postMessage', { channel: 'ml', text: 'a' })).toMatchObject({ ok: false, error });
  }
});

it('asks for the scope of each method', async () => {
  const { slack, call } = await slackFor({ scopes: [] });
  const [ml, secret] = [slack.channelId('ml'), slack.channelId('secret')];
  const needs = async (method: string, args: object) => (await call(method, args)).needed;
  expect(await call('chat.postMessage', { channel: 'ml', text: 'a' })).toMatchObject({
    error: 'missing_scope',
    needed: 'chat:write',
    provided: '',
  });
  expect(await needs('conversations.members', { channel: ml })).toBe('channels:read');
  expect(await needs('conversations.members', { channel: secret })).toBe('groups:read');
  expect(await needs('conversations.history', { channel: ml })).toBe('channels:history');
  expect(await needs('conversations.replies', { channel: secret, ts: '1.1' })).toBe('groups:history');
  expect(await needs('conversations.list', { types: 'public_channel' })).toBe('channels:read');
  expect(await needs('conversations.open', { users: 'U1' })).toBe('im:write');
  expect(await needs('users.info', { user: 'U1' })).toBe('users:read');
  expect(await needs('usergroups.users.list', { usergroup: 'S1' })).toBe('usergroups:read');
  expect(await needs('chat.unfurl', {})).toBe('links:write');
  slack.grant(['channels:read']);
  expect(await call('conversations.members', { channel: ml })).toMatchObject({ ok: true });
});

it('keeps threads: replies that the channel sees too, and replies to what is gone', async () => {
  const { slack, call } = await slackFor();
  const channel = slack.channelId('ml');
  const { ts } = await call('chat.postMessage', { channel, text: 'head' });
  await call('chat.postMessage', { channel, text: 'quiet', thread_ts: ts });
  await call('chat.postMessage', { channel, text: 'loud', thread_ts: ts, reply_broadcast: true });
  const texts = async (method: string, args: object) =>
    ((await call(method, { channel, ...args })).messages as { text: string }[]).map(({ text: words }) => words);
  expect(await texts('conversations.history', {})).toEqual(['loud', 'head']);
  expect(await texts('conversations.replies', { ts })).toEqual(['head', 'quiet', 'loud']);
  const both = { channel, ts, text: 'changed and loud', reply_broadcast: true };
  expect(await call('chat.update', both)).toMatchObject({ error: 'no_dual_broadcast_content_update' });
  const metadata = { event_type: 'a', event_payload: { id: 'b' } };
  expect(await call('chat.update', { channel, ts, text: 'head', metadata })).toMatchObject({ ok: true });
  expect(await call('chat.update', { channel, ts, text: 'head', metadata: {} })).toMatchObject({ ok: true });
  expect(slack.messages('ml')[0]).toMatchObject({ metadata: null, edits: 2 });
  slack.remove('ml', String(ts));
  expect((await call('chat.postMessage', { channel, text: 'in a thread without its head', thread_ts: ts })).message).toMatchObject({
    thread_ts: ts,
  });
  const alone = await call('chat.postMessage', { channel, text: 'alone', thread_ts: '1.1', reply_broadcast: true });
  expect(alone.message).not.toHaveProperty('thread_ts');
  expect(slack.messages('ml').at(-1)).toMatchObject({ text: 'alone', threadTs: null, broadcast: false });
  slack.change('secret', { member: false });
  const secret = slack.channelId('secret');
  expect(await call('conversations.history', { channel: secret })).toMatchObject({ error: 'channel_not_found' });
  expect(await call('conversations.members', { channel: secret })).toMatchObject({ error: 'channel_not_found' });
  slack.change('ml', { member: false });
  expect(await call('conversations.history', { channel })).toMatchObject({ error: 'not_in_channel' });
});

it('takes charts only where there are any, and says what is wrong with blocks', async () => {
  const { slack, call } = await slackFor();
  const chart = { channel: 'ml', text: 'a', blocks: [CHART] };
  expect(await call('chat.postMessage', chart)).toMatchObject({ ok: true });
  slack.setCharts(false);
  expect(await call('chat.postMessage', chart)).toMatchObject({
    error: 'invalid_blocks',
    response_metadata: { messages: ['[ERROR] unsupported type: data_visualization [json-pointer:/blocks/0/type]'] },
  });
});

it('opens a modal once, within three seconds, and submits what people write', async () => {
  const { slack, call } = await slackFor();
  const ada = { id: slack.userId('ada'), name: 'ada' };
  expect(await call('views.open', { trigger_id: 'x', view: MODAL })).toMatchObject({ error: 'invalid_trigger_id' });
  const trigger = slack.triggerId('ada');
  const opened = await call('views.open', { trigger_id: trigger, view: MODAL });
  expect(opened).toMatchObject({ ok: true, view: { callback_id: 'reject' } });
  expect(await call('views.open', { trigger_id: trigger, view: MODAL })).toMatchObject({ error: 'exchanged_trigger_id' });
  const late = slack.triggerId('ada');
  slack.expireTriggers();
  expect(await call('views.open', { trigger_id: late, view: MODAL })).toMatchObject({ error: 'expired_trigger_id' });
  expect(await call('views.open', { trigger_id: slack.triggerId('ada'), view: { ...MODAL, title: undefined } })).toMatchObject({
    error: 'invalid_arguments',
    response_metadata: { messages: ['[ERROR] missing required field [json-pointer:/view/title]'] },
  });
  const [view] = slack.views('ada');
  if (view === undefined) throw new Error('no modal is open');
  expect(await call('views.update', { view_id: view.id, hash: 'old', view: MODAL })).toMatchObject({ error: 'hash_conflict' });
  const sent: string[] = [];
  const from = slackInteractions({
    request: (_path, init) =>
      new Response(null, { status: sent.push(new URLSearchParams(String(init.body)).get('payload') ?? '') > 0 ? 200 : 500 }),
    signingSecret: 'a secret',
    now: Date.now,
    responseUrl: slack.responseUrl,
    triggerId: slack.triggerId,
  });
  await expect(from.submit(ada, view)).rejects.toThrow('reason is required');
  await expect(from.submit(ada, view, { reason: 'x'.repeat(21) })).rejects.toThrow('reason has 21 characters');
  await from.submit(ada, view, { reason: 'too slow' });
  expect(JSON.parse(sent[0] ?? '')).toMatchObject({
    type: 'view_submission',
    user: { id: ada.id },
    view: { id: view.id, callback_id: 'reject', state: { values: { why: { reason: { type: 'plain_text_input', value: 'too slow' } } } } },
  });
});

it('knows guests, strangers, members and groups', async () => {
  const { slack, call } = await slackFor({
    users: ['ada', { name: 'gus', guest: 'single-channel' }, { name: 'max', guest: 'multi-channel' }, { name: 'eve', team: 'T0OTHER' }],
    channels: [{ name: 'ml', members: ['ada', 'eve'] }],
    userGroups: { SLEADS: ['ada'] },
  });
  const info = async (name: string) => (await call('users.info', { user: slack.userId(name) })).user;
  expect(await info('ada')).toMatchObject({ is_restricted: false, is_ultra_restricted: false, deleted: false });
  expect(await info('gus')).toMatchObject({ is_restricted: true, is_ultra_restricted: true });
  expect(await info('max')).toMatchObject({ is_restricted: true, is_ultra_restricted: false });
  expect(await info('eve')).toMatchObject({ team_id: 'T0OTHER', is_stranger: true });
  const first = await call('conversations.members', { channel: slack.channelId('ml'), limit: 2 });
  const rest = await call('conversations.members', { channel: slack.channelId('ml'), limit: 100, cursor: 'page-2' });
  const members = [...(first.members as string[]), ...(rest.members as string[])];
  expect(first).toMatchObject({ response_metadata: { next_cursor: 'page-2' } });
  expect(members).toEqual(expect.arrayContaining([slack.userId('ada'), slack.userId('eve'), 'UWANDBRELAY']));
  expect(members).not.toContain(slack.userId('gus'));
  expect(await call('usergroups.users.list', { usergroup: 'SLEADS' })).toMatchObject({ users: [slack.userId('ada')] });
  expect(await call('usergroups.users.list', { usergroup: 'SNONE' })).toMatchObject({ error: 'no_such_subteam' });
});

it('sends direct messages, where people have the app’s tab', async () => {
  const { slack, call } = await slackFor();
  const ada = slack.userId('ada');
  const opened = (await call('conversations.open', { users: ada })).channel as { id: string };
  const posted = await call('chat.postMessage', { channel: opened.id, text: 'a' });
  expect(await call('chat.postMessage', { channel: ada, text: 'b' })).toMatchObject({ channel: opened.id });
  await call('chat.postMessage', { channel: opened.id, thread_ts: posted.ts, text: 'c' });
  expect(await call('chat.update', { channel: opened.id, ts: posted.ts, text: 'd' })).toMatchObject({ ok: true });
  expect(slack.directMessages('ada').map((message) => [message.text, message.threadTs])).toEqual([
    ['d', null],
    ['b', null],
    ['c', posted.ts],
  ]);
  const closed = await slackFor({ messagesTab: false });
  const toAda = { channel: closed.slack.userId('ada'), text: 'a' };
  expect(await closed.call('chat.postMessage', toAda)).toMatchObject({ error: 'messages_tab_disabled' });
});

it('unfurls links of messages that are there', async () => {
  const { slack, call } = await slackFor();
  const url = 'https://wandb.ai/acme/vision/runs/1';
  const place = slack.say('ml', 'ada', `look: <${url}>`);
  const unfurls = { [url]: { blocks: [{ type: 'section', text }] } };
  expect(await call('chat.unfurl', place)).toMatchObject({ error: 'missing_unfurls' });
  expect(await call('chat.unfurl', { ...place, ts: '1.1', unfurls })).toMatchObject({ error: 'cannot_find_message' });
  expect(await call('chat.unfurl', { ...place, channel: 'C0NONE', unfurls })).toMatchObject({ error: 'cannot_find_channel' });
  expect(await call('chat.unfurl', { ...place, unfurls: { 'https://wandb.ai/other': {} } })).toMatchObject({
    error: 'cannot_unfurl_message',
  });
  expect(await call('chat.unfurl', { ...place, unfurls: { nowhere: {} } })).toMatchObject({ error: 'cannot_unfurl_url' });
  expect(await call('chat.unfurl', { ...place, unfurls: { [url]: { blocks: [{ type: 'x' }] } } })).toMatchObject({
    error: 'cannot_parse_attachment',
  });
  expect(await call('chat.unfurl', { ...place, unfurls })).toMatchObject({ ok: true });
  expect(slack.unfurls).toEqual([{ ...place, unfurlId: null, unfurls }]);
});

it('takes five answers at a response_url, and only messages', async () => {
  const { slack } = await slackFor();
  const url = slack.responseUrl();
  const respond = async (body: object) =>
    (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json();
  expect(await respond({ blocks: [{ type: 'x' }] })).toEqual({ ok: false, error: 'invalid_blocks' });
  expect(await respond({ delete_original: true })).toEqual({ ok: true });
  for (let i = 0; i < 3; i += 1) expect(await respond({ text: 'a' })).toEqual({ ok: true });
  expect(await respond({ text: 'a' })).toEqual({ ok: false, error: 'used_url' });
});
