import { describe, expect, test } from 'vitest';
import { readiness } from '../../../receiver/http/readiness.ts';
import { rawConnection } from '../../stand-ins/raw-http.ts';
import { listeningReceiver } from '../endpoints-in-test.ts';

describe('readiness', () => {
  test('makes one check for all who ask within a second', async () => {
    const clock = { now: 0 };
    let checks = 0;
    const ready = readiness({ check: async () => void checks++, now: () => clock.now });
    expect(await Promise.all([ready(), ready(), ready()])).toEqual([undefined, undefined, undefined]);
    clock.now = 999;
    await ready();
    expect(checks).toBe(1);
    clock.now = 1_000;
    await ready();
    expect(checks).toBe(2);
    // A clock that is set back does not keep an old result.
    clock.now = -60_000;
    await ready();
    expect(checks).toBe(3);
  });

  test('keeps a failure as long as a success', async () => {
    const clock = { now: 0 };
    let fails = true;
    const check = async () => {
      if (fails) throw new Error('disk is full');
    };
    const ready = readiness({ check, now: () => clock.now });
    expect(await ready()).toBe('the store cannot be written: disk is full');
    fails = false;
    expect(await ready()).toContain('disk is full');
    clock.now = 1_000;
    expect(await ready()).toBeUndefined();
  });

  test('does not wait for a store that hangs, asks it once, and is ready again when it has answered', async () => {
    const clock = { now: 0 };
    let checks = 0;
    const hanging = Promise.withResolvers<void>();
    const check = () => {
      checks++;
      return checks === 1 ? hanging.promise : Promise.resolve();
    };
    const ready = readiness({ check, now: () => clock.now, limitMs: 20 });
    expect(await ready()).toBe('the store did not answer within 0.02 seconds');
    clock.now = 60_000;
    expect(await ready()).toContain('did not answer');
    expect(checks).toBe(1);
    hanging.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ready()).toBeUndefined();
  });
});

describe('GET /readyz', () => {
  test('writes once, however many ask', async () => {
    let checks = 0;
    const { url } = await listeningReceiver({
      wrap: (store) => ({
        ...store,
        check: () => {
          checks++;
          return store.check();
        },
      }),
    });
    const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${url}/readyz`)).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(checks).toBe(1);
  });

  test('answers 503 while the store hangs, and /healthz 200', async () => {
    const { url } = await listeningReceiver({ wrap: (store) => ({ ...store, check: () => new Promise<void>(() => undefined) }) });
    const ready = fetch(`${url}/readyz`);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const answer = await ready;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toMatchObject({ detail: 'the store did not answer within 2.5 seconds' });
  });
});

describe('/readyz of a receiver that is ready', () => {
  test('says what a person should do, and says no more when nothing is to be done', async () => {
    const plain = await listeningReceiver();
    expect(await (await fetch(`${plain.url}/readyz`)).json()).toEqual({ status: 'ok' });
    const { url } = await listeningReceiver({
      extensions: () => [{ details: () => ['the app was removed from the workspace'] }, { details: () => [] }, {}],
    });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      status: 'ok',
      details: { problems: ['the app was removed from the workspace'] },
    });
  });
});

describe('HTTP/1.0', () => {
  test.each(['/healthz', '/readyz'])('is answered on %s, with or without Host, by GET, HEAD and OPTIONS', async (path) => {
    const { url } = await listeningReceiver();
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      for (const host of ['', 'Host: relay.test\r\n']) {
        const connection = await rawConnection(url);
        connection.write(`${method} ${path} HTTP/1.0\r\n${host}\r\n`);
        const received = new Promise<string>((resolve) => connection.socket.once('data', (data) => resolve(String(data))));
        expect(await received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        await connection.closed;
      }
    }
  });

  test.each([
    'POST /webhooks/wandb',
    'POST /webhooks/github',
    'POST /slack/events',
    'GET /webhooks/wandb',
    'GET /',
    'OPTIONS *',
    'GET http://relay.test/nothing',
    'GET //',
    'GET /%ff%00',
  ])('is answered elsewhere, too: %s', async (request) => {
    const receiver = await listeningReceiver();
    const connection = await rawConnection(receiver.url);
    connection.write(`${request} HTTP/1.0\r\n\r\n`);
    const { status } = await connection.answer();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(receiver.log.filter(({ level }) => level === 'error')).toEqual([]);
    expect((await fetch(`${receiver.url}/healthz`)).status).toBe(200);
  });
});
