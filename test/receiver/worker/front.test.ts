import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { front } from '../../../receiver/worker/front.ts';
import { bundledConfig, setUp } from '../../../receiver/worker/setup.ts';
import { signedWebhook } from '../../stand-ins/github-runs.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';
import text from './tested-config.ts';
import { ask, GITHUB_WEBHOOK_SECRET, SECRET, SLACK_SIGNING_SECRET } from './worker-in-test.ts';

const BINDINGS = {
  WANDB_WEBHOOK_SECRET: SECRET,
  GITHUB_TOKEN: 'ghp_of_a_test_only',
  GITHUB_WEBHOOK_SECRET,
  SLACK_BOT_TOKEN: 'xoxb-of-a-test-only',
  SLACK_SIGNING_SECRET,
};

/** The Worker below a base path, before the real objects. */
function frontAt(basePath: string) {
  const setup = setUp(bundledConfig(text), { ...BINDINGS, BASE_PATH: basePath });
  if (!setup.ok) throw new Error(setup.error.join('; '));
  const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
  const answer = front({
    setup: setup.value,
    objectOf: (source) => env.RELAY.getByName(source),
    log: silentLogger,
    now: Date.now,
    randomBytes,
  });
  return { request: (input: string | Request, init?: RequestInit) => answer(new Request(input, init), {}) };
}
/** A body that nobody may read. */
function unread(): { readonly init: RequestInit; readonly wasRead: () => boolean } {
  let read = false;
  const body = new ReadableStream(
    {
      pull: (controller) => {
        read = true;
        controller.enqueue(new Uint8Array(10));
      },
    },
    { highWaterMark: 0 },
  );
  return { init: { method: 'POST', body, duplex: 'half' } as RequestInit, wasRead: () => read };
}

const ENDPOINTS = ['/webhooks/wandb', '/webhooks/github', '/slack/events'];

describe('the Worker', () => {
  test.each(ENDPOINTS)('refuses what is not signed at %s without reading it', async (path) => {
    const { init, wasRead } = unread();
    const answer = await frontAt('').request(`https://relay.test${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    expect([answer.status, wasRead()]).toEqual([401, false]);
  });

  test.each(ENDPOINTS)('refuses what is compressed at %s without reading it', async (path) => {
    const { init, wasRead } = unread();
    const answer = await frontAt('').request(`https://relay.test${path}`, { ...init, headers: { 'content-encoding': 'gzip' } });
    expect([answer.status, wasRead()]).toEqual([415, false]);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('Content-Encoding: gzip') });
  });

  test('takes a body that comes in pieces', async () => {
    const body = JSON.stringify(aliasBody('v77'));
    const stream = new ReadableStream({
      start: (controller) => {
        for (const character of body) controller.enqueue(new TextEncoder().encode(character));
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half', headers: signedHeaders(body, SECRET) } as RequestInit;
    expect((await ask('/webhooks/wandb', init)).status).toBe(202);
  });

  test('is not trusted by its objects because of anything that a request says', async () => {
    const body = JSON.stringify(aliasBody('v1'));
    const ask = async (path: string, init: RequestInit = {}) => {
      const headers = { 'content-type': 'application/json', 'x-verified': 'true', verified: '{"eventId":"a"}' };
      const request = new Request(`https://relay.test${path}`, {
        method: 'POST',
        body,
        headers,
        cf: { verified: {} },
        ...init,
      } as RequestInit);
      return (await env.RELAY.getByName('default').fetch(request)).status;
    };

    expect(await Promise.all([...ENDPOINTS, '/api/deliveries/a/replay'].map((path) => ask(path)))).toEqual([401, 401, 401, 401]);
    expect(await ask('/api/status', { method: 'GET', body: null })).toBe(401);
  });

  test('has its addresses below BASE_PATH', async () => {
    const app = frontAt('/relay');
    const body = '{"zen":"Keep it logically awesome."}';
    const request = (path: string) =>
      signedWebhook({ url: `https://relay.test${path}`, secret: GITHUB_WEBHOOK_SECRET, event: 'ping', body });
    expect((await app.request('https://relay.test/relay/healthz')).status).toBe(200);
    expect((await app.request('https://relay.test/healthz')).status).toBe(200);
    expect((await app.request(request('/webhooks/github'))).status).toBe(404);
    expect((await app.request(request('/relay/webhooks/github'))).status).toBe(200);
    // The objects have no base path here, so this is their 404: it was handed on.
    const webhook = JSON.stringify(aliasBody('v1'));
    const handedOn = await app.request('https://relay.test/relay/webhooks/wandb', {
      method: 'POST',
      body: webhook,
      headers: signedHeaders(webhook, SECRET),
    });
    expect(await handedOn.json()).toMatchObject({ status: 404, detail: expect.stringContaining('POST /webhooks/wandb') });
  });
});
