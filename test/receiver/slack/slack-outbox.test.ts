import { expect, it, onTestFinished, vi } from 'vitest';
import { dispatchTarget } from '../../../receiver/github/dispatch-target.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import { createOutbox } from '../../../receiver/outbox/outbox.ts';
import { slackClient } from '../../../receiver/slack/client.ts';
import { slackTarget } from '../../../receiver/slack/slack-target.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { startGitHub } from '../../stand-ins/github.ts';
import { startSlack } from '../../stand-ins/slack.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, deliveryOf, eventOf } from '../store/samples.ts';
import { render, slackDelivery } from './slack-world.ts';

/** Both outboxes of a receiver over one database, with a GitHub and a Slack to send to. */
async function relay() {
  const slack = await startSlack({ channels: ['ml'] });
  const github = await startGitHub({ repositories: ['acme/deploy'], workflows: [], tokens: { ghp_x: 'acme' } });
  const store = sqliteStore(openMigrated());
  const client = slackClient({ token: slack.botToken, apiUrl: slack.apiUrl, fetch });
  const toSlack = slackTarget({ client, conversations: store, render, now: Date.now });
  const toGitHub = dispatchTarget({ credentials: tokenCredentials('ghp_x'), apiUrl: github.url, fetch, now: Date.now });
  let tokens = 0;
  const isSlack = (credential: string) => credential.startsWith('slack:');
  const outboxes = [isSlack, (credential: string) => !isSlack(credential)].map((serves) =>
    createOutbox({
      queue: store,
      targets: { repository_dispatch: toGitHub, slack: toSlack, slack_update: toSlack, slack_reply: toSlack },
      retry: { firstDelayMs: 20, maxDelayMs: 100, settleMs: 20, retryForMs: 3_600_000 },
      paceMs: 0,
      now: Date.now,
      random: Math.random,
      newToken: () => `token ${++tokens}`,
      redact: (text) => text,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      serves,
    }),
  );
  for (const outbox of outboxes) outbox.start();
  onTestFinished(async () => {
    await Promise.all(outboxes.map((outbox) => outbox.stop(0)));
    await store.close();
    await slack.close();
    await github.close();
  });
  const arrive = async (id: string) => {
    const deliveries = [slackDelivery(`s-${id}`), deliveryOf(`g-${id}`)];
    await accept(store, eventOf(id, { subject: 'model', at: Date.now(), deliveries }));
    for (const outbox of outboxes) outbox.wake();
  };
  const until = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
  const stateOf = async (id: string) => (await store.delivery(id))?.delivery.state;
  return { slack, github, arrive, until, stateOf };
}

it('reports two events of one subject with one message, one reply, and updates', async () => {
  const { slack, arrive, until, stateOf } = await relay();
  await arrive('e1');
  await until(async () => expect(await stateOf('s-e1')).toBe('delivered'));
  await arrive('e2');
  await until(() => expect(slack.messages('ml')[0]?.text).toBe('2 event(s): e1, e2'));
  await until(async () => expect(await stateOf('s-e2')).toBe('delivered'));
  const [head, ...replies] = slack.messages('ml');
  expect(head?.threadTs).toBeNull();
  expect(replies.map(({ text, threadTs }) => [text, threadTs])).toEqual([['then e2', head?.ts]]);
  expect(slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(2);
});

it('sends to GitHub at once while Slack is down, and to Slack when it is back', async () => {
  const { slack, github, arrive, until, stateOf } = await relay();
  slack.setDown(true);
  await arrive('e1');
  await arrive('e2');
  await until(async () => expect([await stateOf('g-e1'), await stateOf('g-e2')]).toEqual(['delivered', 'delivered']));
  expect(github.dispatches).toHaveLength(2);
  await until(() => expect(slack.calls.length).toBeGreaterThan(2));
  expect(slack.messages('ml')).toEqual([]);
  slack.setDown(false);
  await until(async () => expect([await stateOf('s-e1'), await stateOf('s-e2')]).toEqual(['delivered', 'delivered']));
  expect(slack.messages('ml').map(({ threadTs }) => threadTs)).toEqual([null, slack.messages('ml')[0]?.ts]);
  expect(github.dispatches).toHaveLength(2);
});

it('sends to Slack at once while GitHub fails', async () => {
  const { slack, github, arrive, until, stateOf } = await relay();
  github.fail(...Array.from({ length: 15 }, () => ({ status: 503 })));
  await arrive('e1');
  await until(() => expect(slack.messages('ml')).toHaveLength(1));
  expect(await stateOf('g-e1')).not.toBe('delivered');
  await until(async () => expect(await stateOf('g-e1')).toBe('delivered'));
  expect(github.dispatches).toHaveLength(16);
});
