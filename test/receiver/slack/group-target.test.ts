import { describe, expect, it } from 'vitest';
import { postingById } from '../../../receiver/slack/channel-ids.ts';
import { slackClient } from '../../../receiver/slack/client.ts';
import { toMembers } from '../../../receiver/slack/group-target.ts';
import { slackTarget } from '../../../receiver/slack/slack-target.ts';
import { render, slackDelivery, slackWorld } from './slack-world.ts';

async function direct(options: Parameters<typeof slackWorld>[0] = {}) {
  const world = await slackWorld({ users: ['ada', 'bob'], userGroups: { S0OPS: ['ada', 'bob'] }, ...options });
  const { slack, store, now } = world;
  const client = postingById(slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch }), store);
  const target = toMembers(slackTarget({ client, conversations: store, render, now }), client, { now });
  const send = (channel: string, id = 'd-e1') =>
    target.send(
      { kind: 'slack', channel, text: null, thread: true },
      { deliveryId: id, eventId: 'e1', conversation: 'conversation', attempts: 0, signal: AbortSignal.timeout(5_000) },
    );
  return { world, slack, send, target };
}

describe('a message to a user group', () => {
  it('stands for one to each member', async () => {
    const { slack, send } = await direct();
    expect(await send('S0OPS')).toMatchObject({
      outcome: 'delivered',
      detail: 'for 2 members of S0OPS',
      channels: [slack.userId('ada'), slack.userId('bob')],
    });
    expect(slack.calls.map(({ method }) => method)).toEqual(['usergroups.users.list']);
  });

  it.each([
    ['missing_scope', /usergroups:read/],
    ['no_such_subteam', /Correct the id/],
  ])('is refused with what to do: %s', async (error, advice) => {
    const { slack, send } = await direct();
    slack.fail({ error, extra: { needed: 'usergroups:read' } });
    expect(await send('S0OPS')).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(advice) });
  });

  it('is asked for again, and not searched for, when an attempt was unclear', async () => {
    const { target } = await direct();
    const context = {
      deliveryId: 'd',
      eventId: 'e1',
      conversation: 'c',
      attempts: 1,
      signal: AbortSignal.timeout(5_000),
      runsSince: 0,
      sentWithin: [],
    };
    expect(await target.findPrior({ kind: 'slack', channel: 'S0OPS', text: null, thread: true }, context)).toEqual({
      outcome: 'not_found',
    });
  });
});

describe('a direct message', () => {
  it('goes into the conversation with the person, which is opened once', async () => {
    const { world, slack, send } = await direct();
    const ada = slack.userId('ada');
    await world.accept('e1', [slackDelivery('d-e1', { channel: ada })]);
    const first = await send(ada);
    expect(first).toMatchObject({ outcome: 'delivered', message: { channel: expect.stringMatching(/^D/) } });
    await send(ada);
    expect(slack.directMessages('ada')).toHaveLength(2);
    expect(slack.calls.filter(({ method }) => method === 'conversations.open')).toHaveLength(1);
  });

  it('goes to the id of the person without im:write', async () => {
    const { world, slack, send } = await direct();
    const ada = slack.userId('ada');
    await world.accept('e1', [slackDelivery('d-e1', { channel: ada })]);
    slack.fail({ method: 'conversations.open', error: 'missing_scope' });
    await send(ada);
    expect(slack.calls.at(-1)).toMatchObject({ method: 'chat.postMessage', args: { channel: ada } });
  });

  it('is refused with what to do when the app has no Messages tab', async () => {
    const { world, slack, send } = await direct({ messagesTab: false });
    const ada = slack.userId('ada');
    await world.accept('e1', [slackDelivery('d-e1', { channel: ada })]);
    expect(await send(ada)).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/messages_tab_disabled.*Messages Tab/) });
  });

  it('is searched for in that conversation after an unclear attempt', async () => {
    const { world, slack, send, target } = await direct({
      scopes: ['chat:write', 'im:write', 'im:history', 'channels:read', 'users:read'],
    });
    const ada = slack.userId('ada');
    await world.accept('e1', [slackDelivery('d-e1', { channel: ada })]);
    const sent = await send(ada);
    const context = { deliveryId: 'd-e1', eventId: 'e1', conversation: 'conversation', attempts: 1, signal: AbortSignal.timeout(5_000) };
    const found = await target.findPrior(
      { kind: 'slack', channel: ada, text: null, thread: true },
      { ...context, runsSince: 0, sentWithin: [] },
    );
    expect(found).toMatchObject({ outcome: 'found', message: 'message' in sent ? sent.message : {} });
  });
});
