import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { signedWebhook } from '../stand-ins/github-runs.ts';
import { rawConnection } from '../stand-ins/raw-http.ts';
import type { ReceiverProcess } from '../stand-ins/receiver-process.ts';
import { folderOfFile } from '../stand-ins/temporary-folder.ts';
import { aliasBody, signedHeaders } from '../stand-ins/wandb-sender.ts';
import { startWorkerd } from '../stand-ins/workerd.ts';

/** The bundled Worker behind a real socket: what reaches an object, and what does not. */

const SECRET = 'a-secret-for-tests-only';
const GITHUB_SECRET = 'github-secret-for-tests';
const SLACK_SECRET = 'slack-secret-for-tests';
const ADMIN = 'admin-token-for-tests';
const CONFIG = `version: 1
settings: { max_body_bytes: 1000000 }
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`;
const BINDINGS = {
  RELAY_SANDBOX: 'true',
  WANDB_WEBHOOK_SECRET: SECRET,
  GITHUB_WEBHOOK_SECRET: GITHUB_SECRET,
  SLACK_BOT_TOKEN: 'xoxb-of-a-test-only',
  SLACK_SIGNING_SECRET: SLACK_SECRET,
  RELAY_ADMIN_TOKEN: ADMIN,
};
const RAY = '9a1b2c3d4e5f6071-FRA';

const folder = folderOfFile();
const start = (bindings: Readonly<Record<string, string>>) => startWorkerd({ folder: folder(), config: CONFIG, bindings });

/** An object that was ever called has a database; its name is the object's id. */
function objectsWoken(): number {
  return readdirSync(join(folder(), 'objects'), { recursive: true }).filter((name) => /[0-9a-f]{64}\.sqlite$/.test(String(name))).length;
}

function post(url: string, body: string, headers: Record<string, string> = signedHeaders(body, SECRET)): Promise<Response> {
  return fetch(`${url}/webhooks/wandb`, { method: 'POST', body, headers });
}

let worker: ReceiverProcess;

// In this order: what wakes nothing comes before the first webhook.
describe('the Worker on a socket', () => {
  beforeAll(async () => {
    worker = await start(BINDINGS);
  });
  afterAll(async () => {
    await worker.end('SIGKILL');
  });

  test.each([
    ['GET', '/webhooks/wandb', 405, 'POST'],
    ['PUT', '/webhooks/wandb/default', 405, 'POST'],
    ['DELETE', '/webhooks/github', 405, 'POST'],
    ['GET', '/webhooks/github', 405, 'POST'],
    ['PATCH', '/slack/events', 405, 'POST'],
    ['GET', '/slack/events', 405, 'POST'],
    ['POST', '/readyz', 405, 'GET, HEAD, OPTIONS'],
    ['DELETE', '/healthz', 405, 'GET, HEAD, OPTIONS'],
    ['POST', '/webhooks', 404, null],
    ['POST', '/webhooks/wandb/a/b', 404, null],
    ['POST', '/slack/other', 404, null],
    // The form to sign in with.
    ['GET', '/', 200, null],
    ['GET', '/wp-login.php', 404, null],
    ['GET', '/api/status', 401, null],
    ['DELETE', '/api/status', 401, null],
    ['GET', '/api/nothing', 401, null],
    ['POST', '/webhooks/wandb', 401, null],
    ['POST', '/webhooks/wandb/nobody', 401, null],
    ['POST', '/webhooks/github', 401, null],
    ['POST', '/slack/events', 401, null],
    ['GET', '/readyz?source=nobody', 401, null],
    ['GET', '/healthz', 200, null],
  ])('answers %s %s with %i, and wakes no object', async (method, path, status, allow) => {
    const answer = await fetch(`${worker.url}${path}`, { method, ...(method === 'POST' ? { body: '{}' } : {}) });

    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
    await answer.body?.cancel();
    expect(objectsWoken()).toBe(0);
  });

  test('refuses signatures of other secrets, and wakes no object', async () => {
    const body = JSON.stringify(aliasBody('v1'));
    const url = `${worker.url}/webhooks/github`;
    const github = signedWebhook({ url, secret: 'another-secret', event: 'workflow_run', body });
    const answers = await Promise.all([
      post(worker.url, body, signedHeaders(body, 'another-secret')),
      fetch(url, { method: 'POST', body, headers: github.headers }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(objectsWoken()).toBe(0);
  });

  test('answers a webhook of GitHub that is about no dispatch, and wakes no object', async () => {
    const run = { id: 1, name: 'CI', event: 'push', status: 'completed', conclusion: 'success', run_attempt: 1 };
    const dates = { created_at: '2026-11-01T00:00:00Z', updated_at: '2026-11-01T00:00:00Z', run_started_at: '2026-11-01T00:00:00Z' };
    const more = { display_title: 'a push', path: '.github/workflows/ci.yml', html_url: 'https://github.test/acme/deploy/actions/runs/1' };
    const workflowRun = {
      action: 'completed',
      workflow_run: { ...run, ...dates, ...more },
      repository: { full_name: 'acme/deploy', id: 1 },
    };
    const send = async (event: string, body: string) => {
      const { headers } = signedWebhook({ url: worker.url, secret: GITHUB_SECRET, event, body });
      const answer = await fetch(`${worker.url}/webhooks/github`, { method: 'POST', body, headers });
      return [answer.status, await answer.json()];
    };

    expect(await send('ping', '{"zen":"Speak like a human."}')).toEqual([200, { status: 'ok' }]);
    expect(await send('push', '{}')).toEqual([202, expect.objectContaining({ status: 'ignored' })]);
    expect(await send('workflow_run', JSON.stringify(workflowRun))).toEqual([202, expect.objectContaining({ status: 'ignored' })]);
    expect(objectsWoken()).toBe(0);
  });

  test('ends a body that stalls with 408 after some ten seconds, at each address, and wakes no object but that of the default source', async () => {
    const signature = signedHeaders('', SECRET)['x-wandb-signature'];
    const timestamp = String(Math.floor(Date.now() / 1000));
    const stall = async (path: string, headers: readonly string[]) => {
      const connection = await rawConnection(worker.url);
      const lines = [`POST ${path} HTTP/1.1`, 'Host: relay.test', 'Content-Type: application/json', ...headers];
      const startedAt = performance.now();
      connection.write(`${lines.join('\r\n')}\r\n\r\n`);
      connection.write(headers.includes('Transfer-Encoding: chunked') ? '5\r\n{"a":\r\n' : '{"a":');
      const { status, body } = await connection.answer();
      return [status, (JSON.parse(body) as { detail: string }).detail, performance.now() - startedAt >= 10_000];
    };
    const answers = await Promise.all([
      stall('/webhooks/wandb', [`X-Wandb-Signature: ${signature}`, 'Content-Length: 100']),
      stall('/webhooks/wandb', [`X-Wandb-Signature: ${signature}`, 'Content-Length: 900000']),
      stall('/webhooks/wandb', [`X-Wandb-Signature: ${signature}`, 'Transfer-Encoding: chunked']),
      stall('/webhooks/github', [`X-Hub-Signature-256: sha256=${'0'.repeat(64)}`, 'Content-Length: 100']),
      stall('/slack/events', [`X-Slack-Signature: v0=${'0'.repeat(64)}`, `X-Slack-Request-Timestamp: ${timestamp}`, 'Content-Length: 100']),
      stall('/api/deliveries/x/replay', [`Authorization: Bearer ${ADMIN}`, 'Content-Length: 100']),
    ]);

    expect(answers).toEqual(Array(6).fill([408, 'The body did not arrive within 12 seconds.', true]));
    // It counts wrong tokens, and was asked whether too many came from where the right one comes from.
    expect(objectsWoken()).toBe(1);
  });

  test('counts the guess of a token, and wakes no other object for it', async () => {
    const guess = await fetch(`${worker.url}/api/status?source=prod`, { headers: { authorization: 'Bearer another-token' } });
    expect([guess.status, objectsWoken()]).toEqual([401, 1]);
  });

  test('hands on what is authentic; both log the ray id, and nothing else that is in its header', async () => {
    const body = JSON.stringify(aliasBody('v1'));
    const signed = signedHeaders(body, SECRET);
    const send = (ray: string, headers: Record<string, string>) => post(worker.url, body, { ...headers, 'cf-ray': ray });

    expect((await send(RAY, { ...signed, 'x-wandb-signature': 'no' })).status).toBe(401);
    expect((await send(RAY, signed)).status).toBe(202);
    expect((await send(`${RAY}\u00e9 <b>`, signed)).status).toBe(200);
    expect(objectsWoken()).toBe(1);
    const lines = () => worker.log.filter(({ path }) => path === '/webhooks/wandb').slice(-3);
    await vi.waitFor(() =>
      expect(lines().map(({ status, ray }) => `${status} ${ray}`)).toEqual([`401 ${RAY}`, `202 ${RAY}`, '200 undefined']),
    );
  });

  test('says to many who ask at once that it is ready', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => fetch(`${worker.url}/readyz`)));

    expect(await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]))).toEqual(
      Array(40).fill([200, { status: 'ok' }]),
    );
  });

  test('stores fifty bodies of a megabyte that come at once', async () => {
    const bodies = Array.from({ length: 50 }, (_, i) => JSON.stringify({ ...aliasBody(`v${i}`, 'large'), filler: 'x'.repeat(990_000) }));
    const answers = await Promise.all(bodies.map(async (body) => (await post(worker.url, body)).status));

    expect(answers).toEqual(Array(50).fill(202));
  });
});

describe('the Worker', () => {
  async function started(bindings: Readonly<Record<string, string>>): Promise<ReceiverProcess> {
    const one = await start(bindings);
    onTestFinished(async () => void (await one.end('SIGKILL')));
    return one;
  }

  test('is alive without secrets, and says which are missing, by name only', async () => {
    const { url } = await started({ DATABASE_URL: 'file:/a/path/that/is/nobody-elses.db' });
    const health = await fetch(`${url}/healthz`);
    const ready = await fetch(`${url}/readyz`);
    const webhook = await post(url, '{}');

    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect([ready.status, webhook.status]).toEqual([503, 503]);
    const { detail } = (await ready.json()) as { detail: string };
    expect(detail).toContain('WANDB_WEBHOOK_SECRET, DATABASE_URL, GITHUB_TOKEN are missing or not valid');
    expect(detail).not.toContain('nobody-elses');
  });

  test('has everything that it acknowledged after it was killed in the middle of it', async () => {
    const bindings = { ...BINDINGS, WANDB_WEBHOOK_SECRET_KILLED: SECRET };
    const first = await started(bindings);
    const acknowledged: string[] = [];
    const send = async (i: number) => {
      const body = JSON.stringify(aliasBody(`v${i}`, `killed-${i}`));
      const answer = await fetch(`${first.url}/webhooks/wandb/killed`, { method: 'POST', body, headers: signedHeaders(body, SECRET) });
      const { id } = (await answer.json()) as { id: string };
      if (answer.status === 202) acknowledged.push(id);
      if (acknowledged.length === 30) await first.end('SIGKILL');
    };
    await Promise.allSettled(Array.from({ length: 80 }, (_, i) => send(i)));
    const { url } = await started(bindings);
    const answer = await fetch(`${url}/api/events?source=killed`, { headers: { authorization: `Bearer ${ADMIN}` } });
    const stored = ((await answer.json()) as { events: readonly { id: string }[] }).events.map(({ id }) => id);

    expect(acknowledged.length).toBeGreaterThanOrEqual(30);
    expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
    expect(new Set(stored).size).toBe(stored.length);
  });

  test('refuses a secret from the moment it is revoked, and takes the new one', async () => {
    const { url } = await started({ ...BINDINGS, WANDB_WEBHOOK_SECRET: 'the-secret-after-it-was-rotated' });
    const body = JSON.stringify(aliasBody('v2', 'rotated'));

    expect((await post(url, body)).status).toBe(401);
    expect((await post(url, body, signedHeaders(body, 'the-secret-after-it-was-rotated'))).status).toBe(202);
  });
});
