import { reset } from 'cloudflare:test';
import { exports } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';
import { remoteAdmin } from '../../../receiver/admin/remote-admin.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';
import { ADMIN_TOKEN, admin, ask, firstDelivery, PROD_EU_SECRET, post, SECRET, until } from './worker-in-test.ts';

afterEach(reset);

describe('POST /webhooks/wandb on Workers', () => {
  test('answers 202 with what it has stored, and sends it', async () => {
    const answer = await post(aliasBody('v12'));

    expect(answer).toMatchObject({
      status: 202,
      body: { status: 'accepted', deliveries: [{ route: 'deploy', target: 'repository_dispatch:acme/deploy' }] },
    });
    const { attempts } = await until(firstDelivery(answer), 'delivered');
    expect(attempts.map(({ outcome, status }) => [outcome, status])).toEqual([['delivered', 204]]);
  });

  test('knows a duplicate, also among copies that arrive at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(aliasBody('v12'))));
    const [first] = answers.filter(({ status }) => status === 202);

    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(9).fill(200), 202]);
    expect(await post(aliasBody('v12'))).toMatchObject({ status: 200, body: { status: 'duplicate', id: first?.body.id } });
  });

  test.each([
    ['no signature', { 'x-wandb-signature': '' }],
    ['the signature of another secret', signedHeaders(JSON.stringify(aliasBody('v12')), PROD_EU_SECRET)],
    ['the signature of another body', signedHeaders('{}', SECRET)],
  ])('refuses %s with 401 and says no more', async (_what, headers) => {
    const answer = await post(aliasBody('v12'), { headers });

    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 });
    expect((await admin('/status')).body).toMatchObject({ events: {}, rejected: 0 });
  });

  test('refuses what is too large with 413, by its length or while it is read', async () => {
    const large = JSON.stringify({ event: 'run_state', filler: 'x'.repeat(4096) });
    const chunk = new TextEncoder().encode('x'.repeat(1024));
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });

    expect(await post(large)).toMatchObject({ status: 413, body: { detail: expect.stringContaining('4096 bytes') } });
    const streamed = await ask('/webhooks/wandb', {
      method: 'POST',
      body: endless,
      duplex: 'half',
      headers: signedHeaders('', SECRET),
    } as RequestInit);
    expect(streamed.status).toBe(413);
  });

  test('wants JSON, and keeps what was none', async () => {
    expect((await post(aliasBody('v12'), { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    const broken = await post('{"a":\n "b" c}');
    expect(broken).toMatchObject({ status: 400, body: { detail: expect.stringContaining('line 2') } });
    expect((await admin('/rejected')).body).toMatchObject({ rejected: [{ status: 400 }, { status: 415 }] });
  });

  test('answers the Test button', async () => {
    expect(await post({})).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  test('answers 405 for another method, takes a slash at the end, and has nothing elsewhere', async () => {
    const got = await ask('/webhooks/wandb');
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await post(aliasBody('v12'), { path: '/webhooks/wandb/' })).status).toBe(202);
    expect((await ask('/webhooks/wandb/a/b', { method: 'POST' })).status).toBe(404);
    expect((await ask('/wp-admin')).status).toBe(404);
  });
});

describe('a source', () => {
  test('has a secret and a store of its own', async () => {
    const path = '/webhooks/wandb/prod-eu';
    const first = await post(aliasBody('v12'));
    const other = await post(aliasBody('v12'), { path, secret: PROD_EU_SECRET });

    expect((await post(aliasBody('v13'), { path, secret: SECRET })).status).toBe(401);
    expect([first.status, other.status]).toEqual([202, 202]);
    const id = firstDelivery(other);
    await until(id, 'delivered', 'prod-eu');
    expect((await admin(`/deliveries/${id}`)).status).toBe(404);
    expect((await admin(`/events?source=prod-eu`)).body).toMatchObject({ events: [{ event: { source: 'prod-eu' } }] });
  });

  test('that nobody configured is refused, and no object is made for it', async () => {
    for (const path of ['/webhooks/wandb/nobody', '/webhooks/wandb/Prod_EU', '/webhooks/wandb/__proto__']) {
      expect(await post(aliasBody('v12'), { path })).toMatchObject({ status: 401, body: { title: 'Unauthorized' } });
    }
    expect((await admin('/status?source=nobody')).status).toBe(404);
  });
});

describe('the command line, with --url and --source', () => {
  const access = (source?: string) =>
    remoteAdmin({
      url: new URL('https://relay.test'),
      token: ADMIN_TOKEN,
      fetch: (address, init) => exports.default.fetch(String(address), init),
      ...(source === undefined ? {} : { source }),
    });

  test('reads and changes what a source has', async () => {
    const admin = access('prod-eu');
    const id = firstDelivery(await post(aliasBody('v12'), { path: '/webhooks/wandb/prod-eu', secret: PROD_EU_SECRET }));
    await until(id, 'delivered', 'prod-eu');

    expect(await admin.deliveries({ states: ['delivered'], limit: 10 })).toMatchObject([{ id }]);
    expect(await admin.events({ limit: 10 })).toMatchObject([{ event: { source: 'prod-eu' } }]);
    expect(await admin.replay([id], Date.now())).toEqual([{ id, done: true }]);
    expect(await access().delivery(id)).toBeUndefined();
    expect(await access().counts()).toMatchObject({ rejected: 0 });
    await expect(access('nobody').counts()).rejects.toThrow(/answered 404: .*check its name/);
  });
});

describe('the other addresses', () => {
  test('healthz is the Worker, readyz is an object that can write', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await ask('/readyz?source=prod-eu')).toMatchObject({ status: 200 });
  });

  test('the admin API wants its token, and steps in', async () => {
    const held = firstDelivery(await post(aliasBody('v12', 'resnet50', 'release')));
    const path = `/api/deliveries/${held}/approve`;

    expect((await ask(path, { method: 'POST' })).status).toBe(401);
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    expect(await ask(path, { method: 'POST', headers })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('by: is missing') },
    });
    expect(await ask(path, { method: 'POST', headers, body: '{"by":"ada"}' })).toMatchObject({ status: 200, body: { id: held } });
    await until(held, 'delivered');
  });
});
