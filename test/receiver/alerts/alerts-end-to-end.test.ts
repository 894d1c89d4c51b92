import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { composeReceiver } from '../../../receiver/compose.ts';
import { readEnvironment } from '../../../receiver/environment.ts';
import { createLogger } from '../../../receiver/log/log.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../../src/config/config.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { compileRoute } from '../../../src/route/route.ts';
import { startSlack } from '../../stand-ins/slack.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';

const SECRET = 'the-signing-secret-of-the-relay';
const MINUTE = 60_000;

/** A server that answers with a status that the test sets, and keeps what it was asked. */
async function listener(status = 200) {
  const asked: { path: string; body: string }[] = [];
  const state = { status };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ path: request.url ?? '', body });
    response
      .writeHead(state.status, { 'content-type': 'application/json' })
      .end(state.status === 204 ? '' : JSON.stringify({ message: 'Bad credentials' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, state };
}

/** A whole receiver between a GitHub, a Slack and who gets its alerts, by a clock that the test moves. */
async function relay() {
  const [github, hook, slack] = await Promise.all([listener(204), listener(), startSlack({ channels: ['ml-ops'] })]);
  onTestFinished(() => slack.close());
  const config = readConfig(
    `version: 1
alerts: { slack: "#ml-ops", webhook: "${hook.url}/alerts", heartbeat: "${hook.url}/beat", undelivered_after: 10m }
routes:
  - { name: deploy, on: { event: add_artifact_alias }, to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }] }
`,
    'wandb-relay.yaml',
  );
  const environment = readEnvironment({
    WANDB_WEBHOOK_SECRET: SECRET,
    WANDB_WEBHOOK_SECRET_EU: 'the-signing-secret-of-another-source',
    GITHUB_TOKEN: 'ghp_a_token_for_tests_only',
    GITHUB_API_URL: github.url,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
    RELAY_ALERT_WEBHOOK_SECRET: 'the-secret-of-the-alert-webhook',
  });
  if (!config.ok) throw new Error(config.error.map(formatDiagnostic).join());
  if (!environment.ok) throw new Error(environment.error.join());
  const clock = { now: Date.now() };
  const store = sqliteStore(openMigrated());
  const redactor = redactorOf(environment.value.secrets);
  const log = createLogger({ level: 'error', format: undefined, redact: redactor.text, write: () => undefined });
  const runtime = { now: () => clock.now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log, redactor };
  const receiver = await composeReceiver({
    runtime,
    environment: environment.value,
    routes: config.value.routes.map(compileRoute),
    settings: config.value.settings,
    organization: undefined,
    store,
    sandbox: false,
    startsSteady: true,
    // Nothing runs by itself: the test says when.
    wakeLater: () => {},
  });
  onTestFinished(async () => {
    await receiver.stop(1_000);
    await store.close();
  });
  receiver.start();
  const post = async (version: string, path = '/webhooks/wandb', secret = SECRET) => {
    const text = JSON.stringify(aliasBody(version, version));
    return (await receiver.app.request(path, { method: 'POST', body: text, headers: signedHeaders(text, secret) })).status;
  };
  return {
    github,
    slack,
    store,
    clock,
    post,
    /** Lets time pass, with a look now and then. */
    pass: async (ms: number, everyMs = 15_000) => {
      for (const end = clock.now + ms; clock.now < end; clock.now += everyMs) await receiver.runOnce();
    },
    posted: () =>
      hook.asked.flatMap(({ path, body }) =>
        path === '/alerts' ? [JSON.parse(body) as { type: string; data: { alert: string; what: string } }] : [],
      ),
    beats: () => hook.asked.filter(({ path }) => path === '/beat').length,
    messages: () => slack.messages('ml-ops').map(({ text }) => text),
  };
}

it('a refused token is told in Slack and by the webhook, once, and so is that it is taken again', async () => {
  const test = await relay();
  test.github.state.status = 401;
  for (const version of ['v1', 'v2', 'v3']) expect(await test.post(version)).toBe(202);
  await test.pass(3 * MINUTE);
  const kinds = () => test.posted().map(({ type, data }) => `${type.replace('relay.alert.', '')} ${data.alert} ${data.what}`.trim());
  expect(kinds().toSorted()).toEqual(['opened credential_refused github', 'opened delivery_failed']);
  const operational = () => test.messages().filter((text) => /^GitHub refuses|taken again/.test(text));
  expect(operational()).toEqual(['GitHub refuses the credential (401): nothing can be dispatched']);
  test.github.state.status = 204;
  expect(await test.post('v4')).toBe(202);
  await test.pass(12 * MINUTE, 45_000);
  expect(kinds()).toContain('recovered credential_refused github');
  expect(operational()).toHaveLength(2);
  expect(operational()[1]).toBe('Recovered: The credential is taken again');
  expect(test.beats()).toBeGreaterThanOrEqual(10);
  expect(test.beats()).toBeLessThanOrEqual(16);
});

it('what waits for long is told; what people have paused is not, but that they did is', async () => {
  const test = await relay();
  await test.store.pause({ scope: { kind: 'route', name: 'deploy' }, by: 'ada', at: test.clock.now, reason: 'a <!channel> freeze' });
  expect(await test.post('v1')).toBe(202);
  await test.pass(15 * MINUTE, 45_000);
  expect(test.github.asked).toEqual([]);
  expect(test.messages()).toEqual([expect.stringMatching(/^ada paused the route deploy: a .*channel.* freeze$/)]);
  expect(JSON.stringify(test.slack.messages('ml-ops'))).not.toContain('<!channel>');
  await test.store.resume({ kind: 'route', name: 'deploy' }, 'ben', test.clock.now);
  test.github.state.status = 503;
  await test.pass(3 * MINUTE);
  expect(test.messages()).toContain('The route deploy was resumed by ben: what waited is sent');
  expect(test.posted().map(({ data }) => data.alert)).toEqual(['undelivered']);
  expect(test.messages().some((text) => /^Something waits for \d+ min to be sent$/.test(text))).toBe(true);
});

it('a source whose requests fail authentication again and again is told once', async () => {
  const test = await relay();
  for (let i = 0; i < 200; i++) expect(await test.post(`v${i}`, '/webhooks/wandb/eu')).toBe(401);
  for (let i = 0; i < 50; i++) expect(await test.post(`v${i}`, '/webhooks/wandb/no-such')).toBe(401);
  await test.pass(2 * MINUTE);
  expect(test.posted().map(({ data }) => [data.alert, data.what])).toEqual([['source_refused', 'eu']]);
});
