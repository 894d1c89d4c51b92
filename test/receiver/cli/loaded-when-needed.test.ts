import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually, MAIN, PROJECT, startReceiver } from '../../stand-ins/receiver-process.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { aliasBody, post } from '../../stand-ins/wandb-sender.ts';

const SECRET = 'a-secret-for-tests-only';
const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;

/** Parts of a receiver that no webhook needs, and what only sending needs, by a piece of their addresses. */
const PAGES = '/receiver/admin/pages/';
const API = '/receiver/admin/api.ts';
const PROMETHEUS = '/prom-client/';
const GITHUB = '/@octokit/';
const NEVER = [
  '/@slack/',
  '/pg/',
  '/undici/',
  '/zod-to-openapi/',
  '/@opentelemetry/sdk-trace/',
  '/cli-table3/',
  '/receiver/alerts/alert-part.ts',
  '/receiver/doctor/',
  '/receiver/engine/watcher.ts',
  '/receiver/slack/app.ts',
  '/receiver/store/postgres/',
  '/src/backtest/',
  '/src/plan/plan.ts',
  '/src/sync/',
];

it('a receiver loads what a webhook does not need when it is first needed', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'loaded.txt');
  writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
  const loaded = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => ({ at: Number(line.split(' ')[0]), url: line.slice(line.indexOf(' ') + 1) }));
  const has = (piece: string) => loaded().some(({ url }) => url.includes(piece));
  const github = await scriptedServer({ status: 204 });
  const relay = await startReceiver({
    cwd: folder,
    // The sources: each module is a file with its name.
    main: MAIN,
    environment: { GITHUB_API_URL: github.url, GITHUB_TOKEN: 'a-token-for-tests', WANDB_WEBHOOK_SECRET: SECRET, LOADED_MODULES: file },
    nodeOptions: ['--import', join(PROJECT, 'test', 'stand-ins', 'report-loaded.ts')],
  });
  onTestFinished(async () => {
    await relay.end('SIGKILL');
  });
  const readyAt = Date.parse(String(relay.log.find(({ msg }) => msg === 'listening')?.time));
  const beforeReady = loaded().filter(({ at }) => at < readyAt);
  for (const needed of ['/receiver/cli/serve.ts', '/receiver/webhook/wandb-webhook.ts', '/node_modules/hono/'])
    expect(beforeReady.some(({ url }) => url.includes(needed))).toBe(true);
  for (const piece of [GITHUB, PAGES, API, PROMETHEUS, ...NEVER])
    expect(beforeReady.filter(({ url }) => url.includes(piece)).map(({ url }) => url)).toEqual([]);

  expect((await post(`${relay.url}/webhooks/wandb`, aliasBody('v1'), SECRET)).status).toBe(202);
  await eventually('the dispatch has arrived', () => github.requests.length === 1);
  expect([GITHUB, PAGES, API, PROMETHEUS].map(has)).toEqual([true, false, false, false]);

  const metrics = await (await fetch(`${relay.url}/metrics`)).text();
  expect(metrics).toContain('wandb_relay_events_total{type="add_artifact_alias"} 1');
  expect(metrics).toContain('process_resident_memory_bytes');
  expect([PAGES, API, PROMETHEUS].map(has)).toEqual([false, false, true]);

  expect((await fetch(`${relay.url}/api/status`)).status).toBe(200);
  expect([PAGES, API].map(has)).toEqual([false, true]);
  expect(NEVER.filter(has)).toEqual([]);

  expect(await (await fetch(relay.url, { headers: { accept: 'text/html' } })).text()).toContain('<!doctype html>');
  expect(has(PAGES)).toBe(true);
});
