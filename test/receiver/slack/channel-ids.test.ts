import { describe, expect, it } from 'vitest';
import { postingById } from '../../../receiver/slack/channel-ids.ts';
import { slackClient } from '../../../receiver/slack/client.ts';
import { slackInTest } from './slack-app-in-test.ts';

async function posting(stored: Record<string, string> = {}) {
  const slack = await slackInTest();
  const asked: string[] = [];
  const channelId = async (name: string) => {
    asked.push(name);
    return stored[name];
  };
  const client = postingById(slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch }), { channelId });
  const post = (channel: string) => client(AbortSignal.timeout(5_000)).apiCall('chat.postMessage', { channel, text: 'hello' });
  return { slack, asked, post, posted: () => slack.calls.map(({ args }) => args.channel) };
}

describe('a message to a channel by its name', () => {
  it('goes to the id once a message has told it', async () => {
    const { slack, post, posted, asked } = await posting();
    const id = slack.channelId('ml-deploys');
    await post('#ml-deploys');
    await post('#ml-deploys');
    expect(posted()).toEqual(['#ml-deploys', id]);
    expect(asked).toEqual(['#ml-deploys']);
  });

  it('goes to the id that an earlier process has stored', async () => {
    const slack = await slackInTest();
    const id = slack.channelId('ml-deploys');
    const client = postingById(slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch }), { channelId: async () => id });
    // It was renamed since.
    await client(AbortSignal.timeout(5_000)).apiCall('chat.postMessage', { channel: '#ml-of-before', text: 'hello' });
    expect(slack.messages('ml-deploys')).toHaveLength(1);
  });

  it('goes to the name when the id leads nowhere, and to the new id afterwards', async () => {
    const { slack, post, posted } = await posting({ '#ml-deploys': 'C0GONE000' });
    await post('#ml-deploys');
    await post('#ml-deploys');
    expect(posted()).toEqual(['C0GONE000', '#ml-deploys', slack.channelId('ml-deploys')]);
    expect(slack.messages('ml-deploys')).toHaveLength(2);
  });

  it('is not tried by name after a failure that may have posted it', async () => {
    const { slack, post } = await posting({ '#ml-deploys': 'C0GONE000' });
    slack.fail({ error: 'internal_error' });
    await expect(post('#ml-deploys')).rejects.toThrow('internal_error');
    expect(slack.calls).toHaveLength(1);
  });

  it('is left alone when it names an id already', async () => {
    const { slack, post, posted, asked } = await posting();
    const id = slack.channelId('ml-deploys');
    await post(id);
    expect([posted(), asked]).toEqual([[id], []]);
  });
});
