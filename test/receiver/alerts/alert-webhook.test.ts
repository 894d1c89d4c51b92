import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { alertWebhook } from '../../../receiver/alerts/alert-webhook.ts';
import type { AlertNews } from '../../../receiver/alerts/condition.ts';
import { eventually } from '../../stand-ins/receiver-process.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';

const NOW = 1_795_780_800_000;
const KEY = Buffer.alloc(32, 7);
const NEWS: AlertNews = {
  kind: 'undelivered',
  what: '',
  state: 'opened',
  summary: 'Something waits for 20 min to be sent',
  action: 'Look why',
  count: 3,
  since: NOW - 20 * 60_000,
  at: NOW,
};

function webhookTo(url: string, secrets: readonly string[], fetch = globalThis.fetch) {
  const logged: { error?: string }[] = [];
  const stopping = new AbortController();
  const pauses: number[] = [];
  const keep = (fields: object) => void logged.push(fields);
  const send = alertWebhook({
    target: () => ({ url, secrets }),
    newId: () => '01890a5d-96bc-7c3e-8f00-112233445566',
    now: () => NOW,
    fetch,
    log: { debug: keep, info: keep, warn: keep, error: keep },
    signal: stopping.signal,
    sleep: (ms, signal) => {
      pauses.push(ms);
      // It begins again only once the test looks.
      return new Promise((resolve) => setImmediate(() => (signal.aborted ? undefined : resolve())));
    },
  });
  return { send, pauses, logged, stop: () => stopping.abort() };
}

/** Written from the specification, without the library that signs. */
function signatureOf(key: Buffer, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

it('posts in the form of Standard Webhooks, signed with each secret', async () => {
  const server = await scriptedServer({ status: 204, body: '' });
  const { send } = webhookTo(`${server.url}/hook?key=in-the-address`, [`whsec_${KEY.toString('base64')}`, 'plain text of a secret']);
  send(NEWS);
  await eventually('it has come', () => server.requests.length === 1);
  const [request] = server.requests;
  const headers = request?.headers ?? {};
  // The server has read it; it is written in one way.
  const body = JSON.stringify(request?.body);
  expect(headers).toMatchObject({ 'webhook-id': 'msg_01890a5d96bc7c3e8f00112233445566', 'webhook-timestamp': String(NOW / 1000) });
  expect(headers['webhook-signature']).toBe(
    [KEY, Buffer.from('plain text of a secret')]
      .map((key) => signatureOf(key, String(headers['webhook-id']), String(NOW / 1000), body))
      .join(' '),
  );
  expect(JSON.parse(body)).toEqual({
    type: 'relay.alert.opened',
    timestamp: new Date(NOW).toISOString(),
    data: {
      alert: 'undelivered',
      what: '',
      state: 'opened',
      summary: 'Something waits for 20 min to be sent',
      action: 'Look why',
      count: 3,
      since: new Date(NOW - 20 * 60_000).toISOString(),
      at: new Date(NOW).toISOString(),
    },
  });
});

it('tries again with the same id, follows no redirect, and never logs the address', async () => {
  const asked: Headers[] = [];
  const answers = [
    new Response(null, { status: 308, headers: { location: 'https://elsewhere.example' } }),
    new TypeError('cannot reach https://secret.example/x'),
  ];
  const fetch: typeof globalThis.fetch = async (_input, init) => {
    asked.push(new Headers(init?.headers));
    expect(init?.redirect).toBe('manual');
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? new Response(null, { status: 200 });
  };
  const { send, logged } = webhookTo('https://secret.example/x', ['plain text of a secret'], fetch);
  send(NEWS);
  await eventually('it was taken', () => asked.length === 3);
  expect(new Set(asked.map((headers) => headers.get('webhook-id'))).size).toBe(1);
  expect(logged.map(({ error }) => error)).toEqual(['the answer was 308', 'cannot reach (the address)']);
});

it('gives up in the end, and when the receiver stops', async () => {
  let tries = 0;
  const failing: typeof globalThis.fetch = async () => {
    tries += 1;
    return new Response(null, { status: 500 });
  };
  const { send, logged, pauses } = webhookTo('https://hook.example', ['plain text of a secret'], failing);
  send(NEWS);
  await eventually('it gave up', () => logged.length === 6);
  expect(tries).toBe(6);
  expect(pauses).toEqual([5_000, 30_000, 120_000, 600_000, 1_800_000]);
  const stopped = webhookTo('https://hook.example', ['plain text of a secret'], failing);
  stopped.send(NEWS);
  await eventually('it was tried', () => tries === 7);
  stopped.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(tries).toBe(7);
});
