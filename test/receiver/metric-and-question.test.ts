import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import { composeReceiver } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { createLogger } from '../../receiver/log/log.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../src/config/config.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { startSlack } from '../stand-ins/slack.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';
import { addArtifact, addRun } from '../stand-ins/wandb-artifacts.ts';
import { wandbServer } from '../stand-ins/wandb-in-test.ts';
import { aliasBody, relayBody, signedHeaders } from '../stand-ins/wandb-sender.ts';
import { acmeWorld, type WandbWorld } from '../stand-ins/wandb-world.ts';

const SECRET = 'the-signing-secret-of-the-relay';
const CONFIG = `
version: 1
routes:
  - name: metrics
    on: { event: run_metric }
    to: [{ slack: { channel: "#ml" } }]
  - name: deploy
    on: { event: add_artifact_alias }
    approval: { slack: "#ml", compare: [epochs, "val/loss"] }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model } }]
`;

/** The whole receiver, composed from its environment, between a W&B and a Slack. */
async function receiverBetween(world: WandbWorld) {
  const [wandb, slack] = [await wandbServer({ world }), await startSlack({ channels: ['ml'] })];
  onTestFinished(() => slack.close());
  const config = readConfig(CONFIG, 'wandb-relay.yaml');
  const environment = readEnvironment({
    WANDB_WEBHOOK_SECRET: SECRET,
    WANDB_API_KEY: wandb.apiKey,
    WANDB_BASE_URL: wandb.url,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
  });
  if (!config.ok || !environment.ok) throw new Error('the set-up of the test is wrong');
  const { routes, settings, organization } = config.value;
  const store = sqliteStore(openMigrated());
  const redactor = redactorOf(environment.value.secrets);
  const log = createLogger({ level: 'error', format: undefined, redact: redactor.text, write: () => undefined });
  const runtime = { now: Date.now, random: Math.random, randomBytes: () => randomBytes(16), fetch, log, redactor };
  const compiled = routes.map(compileRoute);
  const receiver = await composeReceiver({
    runtime,
    environment: environment.value,
    routes: compiled,
    settings,
    organization,
    store,
    sandbox: false,
  });
  onTestFinished(async () => {
    await receiver.stop(1_000);
    await store.close();
  });
  receiver.start();
  const post = async (body: JsonObject) => {
    const text = JSON.stringify(body);
    const answer = await receiver.app.request('/webhooks/wandb', { method: 'POST', body: text, headers: signedHeaders(text, SECRET) });
    expect(answer.status).toBe(202);
  };
  return { wandb, slack, post };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

it('a message about a metric leaves at once, and gets its chart when W&B has answered', async () => {
  const world = acmeWorld();
  const history = Array.from({ length: 30 }, (_none, i) => ({ _step: i * 10, accuracy: i / 100 }));
  addRun(world, world.project('train'), 'r1', { displayName: 'train-78', summaryMetrics: '{"_step":290,"accuracy":0.29}', history });
  const { wandb, slack, post } = await receiverBetween(world);
  wandb.fail({ on: { document: 'RunHistory' }, delayMs: 1_500 });
  await post({ ...relayBody('run_metric', { run_name: 'train-78' }), project_name: 'train', comparison: 'below', threshold: 0.3 });
  await until(() => expect(slack.messages('ml')).toHaveLength(1));
  const answered = () => wandb.requests.filter(({ name }) => name === 'RunHistory');
  const posted = slack.calls.filter(({ method }) => method === 'chat.postMessage');
  expect(posted.map(({ args }) => JSON.stringify(args.blocks).includes('data_visualization'))).toEqual([false]);
  const charts = () =>
    slack.calls.flatMap(({ method, args }) => {
      const blocks = args.blocks as { type: string; title?: string; chart?: { series: { name: string; data: unknown[] }[] } }[] | undefined;
      return method === 'chat.update' ? (blocks ?? []).filter(({ type }) => type === 'data_visualization') : [];
    });
  await until(() => expect(charts()[0]).toBeDefined());
  expect(answered()).toHaveLength(1);
  expect(charts()[0]?.title).toBe('accuracy, last 20 values');
  expect(charts()[0]?.chart?.series.map(({ name, data }) => [name, data.length, data.at(-1)])).toEqual([
    ['accuracy', 20, { label: '290', value: 0.29 }],
    ['alert below', 20, { label: '290', value: 0.3 }],
  ]);
  await until(() => expect(JSON.stringify(slack.messages('ml')[0]?.blocks)).toContain('last 20 values (steps 100 to 290)'));
}, 40_000);

it('a question compares the version with the one that it replaces, by the metrics that the config names', async () => {
  const world = acmeWorld();
  const train = world.project('train');
  const sequence = world.addCollection(train, 'resnet50');
  const registered = world.collections.find(({ name, project }) => name === 'resnet50' && project !== train)!;
  const summaries = [
    { 'val/loss': 0.412, epochs: 3 },
    { 'val/loss': 0.398, epochs: 4 },
  ];
  for (const [i, summary] of summaries.entries()) {
    const createdBy = addRun(world, train, `r${i}`, { displayName: `sweet-sweep-${i}`, summaryMetrics: JSON.stringify(summary) });
    addArtifact(world, sequence, { createdBy, links: new Map([[registered, 11 + i]]) });
  }
  const { slack, post } = await receiverBetween(world);
  const [v11, v12] = world.artifacts.map(({ id }) => `wandb-artifact://_id/${id}`);
  await post({ ...aliasBody('v11'), artifact_version: v11 ?? '' });
  await post({ ...aliasBody('v12'), artifact_version: v12 ?? '' });
  const texts = () => slack.messages('ml').map(({ blocks }) => JSON.stringify(blocks));
  await until(() => expect(texts().some((text) => text.includes('v12') && text.includes('val/loss  0.412 → 0.398  −3.4 %'))).toBe(true));
  expect(texts().find((text) => text.includes('0.412 →'))).toContain('Trained by ada in');
}, 40_000);
