import { expect, it } from 'vitest';
import { slackClient } from '../../../receiver/slack/client.ts';
import { slackTarget } from '../../../receiver/slack/slack-target.ts';
import { slackWorld } from './slack-world.ts';

const CHART = { type: 'data_visualization', title: 'loss', chart: { type: 'line' } };
const WORDS = { type: 'section', text: { type: 'mrkdwn', text: 'from 1 to 2', verbatim: true } };
const INVALID = { body: { ok: false, error: 'invalid_blocks' } };

/** A Slack that refuses messages with charts, as one that does not have them; and what of each call it took. */
async function slackWithoutCharts(blocks: readonly object[]) {
  const world = await slackWorld();
  const sent: { method: string; types: string[] }[] = [];
  const refusing: typeof fetch = async (input, init) => {
    const method = String(input).split('/').at(-1) ?? '';
    const form = new URLSearchParams(String(init?.body ?? ''));
    const types = (JSON.parse(form.get('blocks') ?? '[]') as { type: string }[]).map(({ type }) => type);
    sent.push({ method, types });
    return types.includes('data_visualization') ? Response.json(INVALID.body) : await fetch(input, init);
  };
  const client = slackClient({ token: world.slack.botToken, apiUrl: world.slack.apiUrl, fetch: refusing });
  const message = () => ({ text: 'loss', blocks });
  const render = { conversation: message, event: message, alert: message };
  const target = slackTarget({ client, conversations: world.store, render, now: world.now });
  Object.assign(world, { target });
  return { world, sent };
}

it('a message is posted and updated without its chart where Slack refuses that, and says the same in words', async () => {
  const { world, sent } = await slackWithoutCharts([WORDS, CHART]);
  await world.accept('e1');
  expect((await world.drain()).map(({ outcome }) => outcome)).toEqual(['delivered']);
  await world.store.refreshConversations('e1', world.now());
  expect((await world.drain()).map(({ outcome, detail }) => [outcome, detail])).toEqual([['delivered', 'updated the message in #ml']]);
  const [withChart, without] = [['section', 'data_visualization'], ['section']];
  expect(sent).toEqual([
    { method: 'chat.postMessage', types: withChart },
    { method: 'chat.postMessage', types: without },
    { method: 'chat.update', types: withChart },
    { method: 'chat.update', types: without },
  ]);
  expect(world.slack.messages('ml')).toMatchObject([{ text: 'loss', blocks: [WORDS], edits: 1 }]);
});

it('a message without a chart is refused once', async () => {
  const world = await slackWorld();
  world.slack.fail({ method: 'chat.postMessage', error: 'invalid_blocks' });
  await world.accept('e1');
  expect((await world.step()).outcome).toBe('refused');
  expect(world.callsOf('chat.postMessage')).toHaveLength(1);
});
