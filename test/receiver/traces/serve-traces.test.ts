import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startGitHub } from '../../stand-ins/github.ts';
import { otlpCollector } from '../../stand-ins/otlp-collector.ts';
import { eventually, runCommand } from '../../stand-ins/receiver-process.ts';
import { realReceiver, receiverFolder, SECRET, send, takingDispatches } from '../cli/real-receiver.ts';

const TOKEN = 'ghp_a_token_for_tests_only';
const HOOK_SECRET = 'a-github-secret-for-tests';
const KEY = 'a-key-of-the-collector';
const CONFIG = `version: 1
settings: { github_writes_per_second: 50, commit_status: false }
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model } }]
`;

test('an event is one trace: the webhook, its attempts, and the workflow run, which the workflow continues', async () => {
  const collector = await otlpCollector();
  const github = await startGitHub({
    repositories: ['acme/deploy'],
    workflows: [{ repository: 'acme/deploy', file: 'deploy.yml', types: ['model'], namesRuns: true }],
    tokens: { [TOKEN]: 'acme' },
  });
  onTestFinished(() => github.close());
  const folder = receiverFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
  const relay = await realReceiver({
    folder,
    github: github.url,
    environment: {
      GITHUB_TOKEN: TOKEN,
      GITHUB_WEBHOOK_SECRET: HOOK_SECRET,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${KEY}`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
    },
  });
  github.sendWebhooksTo({ url: `${relay.url}/webhooks/github`, secret: HOOK_SECRET });
  github.fail({ status: 502 });

  const { body } = await send(`${relay.url}`, 'v1');
  const [delivery] = body.deliveries ?? [];
  if (body.id === undefined || delivery === undefined) throw new Error('the event has no delivery');
  await eventually('the run has started', () => github.runs.length === 1);
  const dispatched = github.dispatches.at(-1)?.body.client_payload as Record<string, unknown>;
  expect(dispatched).toMatchObject({ delivery_id: delivery.id, traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) });
  const [, traceId, runSpan] = String(dispatched.traceparent).split('-');
  expect(traceId).toBe(body.id.replaceAll('-', ''));
  const run = github.runs[0];
  if (run === undefined) throw new Error('there is no run');
  await github.advance(run.id, 'in_progress');
  await github.advance(run.id, { conclusion: 'failure' });
  await github.advance(run.id, 'rerun');
  await github.advance(run.id, { conclusion: 'success' });
  expect((await send(relay.url, 'v1')).status).toBe(200);
  const refused = await fetch(`${relay.url}/webhooks/wandb?token=a-query-string`, { method: 'POST', body: '{}' });
  expect(refused.status).toBe(401);
  expect(await relay.end('SIGTERM')).toBe(0);

  expect(collector.paths.every((path) => path === '/v1/traces')).toBe(true);
  expect(collector.headers[0]).toMatchObject({ authorization: `Bearer ${KEY}` });
  expect(collector.resource).toMatchObject({ 'service.name': 'wandb-relay', 'deployment.environment.name': 'staging' });
  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const [accepted, duplicate, unknown] = named('POST /webhooks/wandb/:source?');
  expect(accepted).toMatchObject({ traceId, parentId: '', kind: 2, failed: false });
  expect(accepted?.attributes).toMatchObject({
    'http.response.status_code': 202,
    'wandb_relay.result': 'accepted',
    'wandb_relay.event.type': 'add_artifact_alias',
    'wandb_relay.event.id': body.id,
  });
  const webhook = `${traceId}/${accepted?.spanId}`;
  expect(duplicate).toMatchObject({ links: [webhook], attributes: { 'wandb_relay.result': 'duplicate' } });
  expect(duplicate?.traceId).not.toBe(traceId);
  expect(unknown).toMatchObject({ links: [], attributes: { 'http.response.status_code': 401 } });
  expect(named('deliver repository_dispatch')).toMatchObject([
    {
      traceId,
      parentId: accepted?.spanId,
      links: [webhook],
      failed: true,
      attributes: { 'wandb_relay.attempt': 1, 'http.response.status_code': 502 },
    },
    {
      traceId,
      parentId: accepted?.spanId,
      links: [webhook],
      failed: false,
      kind: 3,
      attributes: { 'wandb_relay.attempt': 2, 'wandb_relay.outcome': 'delivered' },
    },
  ]);
  const [failedRun, again] = named('RUN .github/workflows/deploy.yml');
  expect(failedRun).toMatchObject({ traceId, spanId: runSpan, parentId: accepted?.spanId, links: [webhook], failed: true });
  expect(failedRun?.attributes).toMatchObject({
    'cicd.pipeline.name': '.github/workflows/deploy.yml',
    'cicd.pipeline.result': 'failure',
    'cicd.pipeline.run.id': String(run.id),
    'cicd.pipeline.run.url.full': run.html_url,
    'wandb_relay.delivery.id': delivery.id,
  });
  expect(again).toMatchObject({
    traceId,
    links: [`${traceId}/${runSpan}`],
    failed: false,
    attributes: { 'cicd.pipeline.result': 'success' },
  });
  expect(again?.spanId).not.toBe(runSpan);
  const everything = JSON.stringify(collector.spans);
  for (const secret of [SECRET, TOKEN, HOOK_SECRET, KEY, 'a-query-string']) expect(everything).not.toContain(secret);
  expect(JSON.stringify(relay.log)).not.toContain(KEY);
});

test('a collector that fails loses traces and nothing else, and is complained about once', async () => {
  const collector = await otlpCollector();
  collector.answer(400);
  const github = await takingDispatches();
  const relay = await realReceiver({
    folder: receiverFolder(),
    github: github.url,
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const warnings = () => relay.log.filter(({ msg }) => String(msg).startsWith('traces cannot be sent'));
  for (const version of ['v1', 'v2']) {
    const before = collector.paths.length;
    expect((await send(relay.url, version, version)).status).toBe(202);
    await eventually('the collector was asked', () => collector.paths.length > before);
  }
  await eventually('both were sent', () => github.versions.length === 2);
  await eventually('it is in the log', () => warnings().length > 0);
  expect(warnings()).toHaveLength(1);
  collector.answer(200);
  await send(relay.url, 'v3');
  await eventually('it recovers', () => relay.log.some(({ msg }) => msg === 'traces are sent again'));
  expect(await relay.end('SIGTERM')).toBe(0);
  expect(github.versions).toEqual(['v1', 'v2', 'v3']);
  expect(collector.spans.length).toBeGreaterThan(0);
});

test('settings that cannot be followed are said at the start', async () => {
  const { code, stderr } = await runCommand(['serve'], {
    cwd: receiverFolder(),
    environment: {
      GITHUB_TOKEN: TOKEN,
      WANDB_WEBHOOK_SECRET: SECRET,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
    },
  });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([
    'OTEL_EXPORTER_OTLP_ENDPOINT: this is not an address: set it to that of the collector, such as http://localhost:4318',
    'OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not supported: leave it out, or set it to http/protobuf (port 4318 of a collector)',
    'OTEL_TRACES_SAMPLER: "jaeger_remote" is not supported: set it to always_on, always_off or traceidratio',
  ]);
});
