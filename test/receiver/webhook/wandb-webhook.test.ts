import { describe, expect, it } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { EVENT_TYPES } from '../../../src/event/event.ts';
import { SECRET, testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody, relayBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';

describe('POST /webhooks/wandb', () => {
  it('answers 202 with the deliveries that it has stored', async () => {
    const { post, store } = testReceiver();
    const { status, body } = await post(aliasBody('v12'));
    expect(status).toBe(202);
    expect(body).toEqual({
      id: expect.any(String),
      status: 'accepted',
      detail: expect.any(String),
      deliveries: [{ id: expect.any(String), route: 'deploy', target: 'repository_dispatch:acme/deploy' }],
    });
    const [delivery] = await store.deliveries({ limit: 10 });
    expect(delivery).toMatchObject({ state: 'pending', eventId: body.id });
    expect(delivery?.request).toEqual({
      kind: 'repository_dispatch',
      repository: 'acme/deploy',
      event_type: 'model-production',
      client_payload: {
        delivery_id: delivery?.id,
        route: 'deploy',
        event: {
          type: 'add_artifact_alias',
          source: 'default',
          entity: 'acme',
          project: 'wandb-registry-model',
          registry: 'model',
          collection: 'resnet50',
          version: 'v12',
          artifact: 'acme/wandb-registry-model/resnet50:v12',
          alias: 'production',
          author: 'ada',
          automation: 'deploy-production',
        },
      },
    });
  });

  it.each(EVENT_TYPES.filter((type) => type !== 'unknown' && type !== 'weave_metric'))(
    'understands the relay payload of %s',
    async (type) => {
      const { post, store } = testReceiver();
      expect((await post(relayBody(type))).status).toBe(202);
      const [event] = await store.events({ limit: 1 });
      expect(event?.event).toMatchObject({ type, automation: 'deploy-production', entity: 'acme' });
    },
  );

  it("understands the GitHub-shaped body of W&B's documentation", async () => {
    const { post, store } = testReceiver();
    const { entity_name, project_name, artifact_version_string, alias } = aliasBody('v3');
    await post({
      event_type: 'BUILD_AND_DEPLOY',
      client_payload: { event_type: 'UPDATE_ARTIFACT_ALIAS', entity_name, project_name, artifact_version_string, alias },
    });
    const [event] = await store.events({ limit: 1 });
    expect(event?.event).toMatchObject({ type: 'add_artifact_alias', collection: 'resnet50', version: 'v3', alias: 'production' });
    expect((await store.deliveries({ limit: 1 }))[0]?.state).toBe('pending');
  });

  it('keeps what it does not understand as unknown, routable and visible', async () => {
    const config =
      'version: 1\nroutes:\n  - name: rest\n    on: { event: unknown }\n    to: [{ repository_dispatch: { repository: acme/x, event_type: rest, client_payload: { said: "{{ event.payload.hello }}" } } }]';
    const { post, store } = testReceiver({ config });
    expect((await post({ hello: 'world', n: 1 })).body.deliveries).toHaveLength(1);
    expect((await post(['not', 'an', 'object'])).status).toBe(202);
    const events = await store.events({ type: 'unknown', limit: 10 });
    expect(events.map((event) => event.body)).toEqual(['["not","an","object"]', '{"hello":"world","n":1}']);
    const deliveries = await store.deliveries({ limit: 10 });
    expect(deliveries.at(-1)?.request).toMatchObject({ client_payload: { said: 'world' } });
  });

  it('keeps and counts an event that no route matches', async () => {
    const { post, store } = testReceiver();
    expect(await post(aliasBody('v12', 'resnet50', 'staging'))).toMatchObject({
      status: 202,
      body: { status: 'accepted', deliveries: [] },
    });
    expect((await store.counts()).events).toEqual({ unmatched: 1 });
  });

  it.each([{}, { ping: true }])('answers the Test button (%j) and stores nothing', async (body) => {
    const { post, store } = testReceiver();
    expect(await post(body)).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await store.counts()).events).toEqual({});
  });

  it('reads the name of the source from the path', async () => {
    const { post, store } = testReceiver({ sources: {} });
    await post(aliasBody('v1'), { path: '/webhooks/wandb/prod' });
    expect((await store.events({ limit: 1 }))[0]?.event.source).toBe('prod');
  });
});

describe('duplicates', () => {
  it('answers a repeated request with the first and keeps it as a duplicate', async () => {
    const { post, store, clock } = testReceiver();
    const first = await post(aliasBody('v12'));
    clock.now += 29_999;
    const second = await post(aliasBody('v12'));
    expect(second).toMatchObject({ status: 200, body: { status: 'duplicate', id: first.body.id } });
    const events = await store.events({ limit: 10 });
    expect(events.map(({ outcome, duplicateOf }) => [outcome, duplicateOf])).toEqual([
      ['duplicate', first.body.id],
      ['routed', null],
    ]);
  });

  it('takes the same body after the window as a new event', async () => {
    const { post, clock } = testReceiver();
    await post(aliasBody('v12'));
    clock.now += 30_000;
    expect((await post(aliasBody('v12'))).status).toBe(202);
  });

  it('deploys a rollback three times', async () => {
    const { post, store } = testReceiver();
    for (const version of ['v12', 'v13', 'v12']) expect((await post(aliasBody(version))).status).toBe(202);
    expect(await store.deliveries({ limit: 10 })).toHaveLength(3);
  });

  it('sees through events of other subjects in between', async () => {
    const { post } = testReceiver();
    await post(aliasBody('v12'));
    await post(aliasBody('v1', 'bert'));
    expect((await post(aliasBody('v12'))).body.status).toBe('duplicate');
  });

  it('recognises copies that arrive at the same moment', async () => {
    const { post, store } = testReceiver();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(aliasBody('v12'))));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(await store.deliveries({ limit: 50 })).toHaveLength(1);
  });
});

describe('bad input', () => {
  it('refuses a body over the limit before anything else', async () => {
    const { post, store } = testReceiver();
    const body = JSON.stringify({ event: 'run_state', filler: 'x'.repeat(262_144) });
    const headers = { 'content-type': 'text/plain', 'content-length': String(body.length) };
    expect(await post(body, { headers })).toMatchObject({ status: 413, body: { status: 413 } });
    expect((await store.counts()).rejected).toBe(0);
  });

  it('counts a body without a length while it is read', async () => {
    const { receiver } = testReceiver();
    const chunk = new TextEncoder().encode('x'.repeat(65_536));
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const init = { method: 'POST', body: endless, duplex: 'half', headers: signedHeaders('', SECRET) } as RequestInit;
    expect((await receiver.app.request('/webhooks/wandb', init)).status).toBe(413);
  });

  it('wants JSON by its content type, after the signature', async () => {
    const { post, store } = testReceiver();
    const body = JSON.stringify(aliasBody('v12'));
    const headers = { ...signedHeaders(body, SECRET), 'content-type': 'text/plain' };
    expect((await post(body, { headers })).status).toBe(415);
    expect((await post(body, { headers: { 'content-type': 'text/plain' } })).status).toBe(401);
    expect((await post(body, { headers: { ...headers, 'content-type': 'application/json; charset=utf-8' } })).status).toBe(202);
    expect((await store.rejected(5))[0]).toMatchObject({ status: 415, source: 'default' });
  });

  it('says where the JSON is broken and keeps the body for inspection', async () => {
    const { post, store } = testReceiver();
    const broken = '{"run_name":\n "my "best" run"}';
    const { status, body } = await post(broken);
    expect(status).toBe(400);
    expect(body.detail).toMatch(/line 2, column 7/);
    expect((await store.rejected(5))[0]).toMatchObject({ status: 400, body: broken, reason: body.detail });
  });

  it.each([
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
    ['nesting without end', new TextEncoder().encode('['.repeat(200_000))],
  ])('refuses %s with 400', async (_what, bytes) => {
    const { receiver } = testReceiver({ sources: {} });
    const response = await receiver.app.request('/webhooks/wandb', {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(400);
  });

  it('takes a slash at the end of the address', async () => {
    const { post } = testReceiver();
    expect((await post(aliasBody('v1'), { path: '/webhooks/wandb/' })).status).toBe(202);
    expect((await post(aliasBody('v1'), { path: '/webhooks/wandb/a/b' })).status).toBe(404);
  });

  it('knows a source by one spelling only', async () => {
    const { post } = testReceiver({ sources: {} });
    expect((await post(aliasBody('v1'), { path: '/webhooks/wandb/Prod_EU' })).status).toBe(404);
  });

  it('takes a sender who hangs up for that, and for no bug', async () => {
    const { receiver, log } = testReceiver();
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('aborted')) });
    const init = { method: 'POST', body: broken, duplex: 'half', headers: signedHeaders('', SECRET) } as RequestInit;
    expect((await receiver.app.request('/webhooks/wandb', init)).status).toBe(400);
    expect(log.at(-1)).toMatchObject({ level: 'warn', msg: 'the sender hung up before its body had arrived' });
  });

  it('answers 405 for another method and 404 for a name that no source can have', async () => {
    const { receiver, post } = testReceiver();
    const response = await receiver.app.request('/webhooks/wandb');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect((await post(aliasBody('v1'), { path: '/webhooks/wandb/%0aevil' })).status).toBe(404);
  });
});

describe('when the store fails', () => {
  const failing = (store: Store): Store => ({
    ...store,
    take: () => Promise.reject(new Error('database or disk is full')),
    check: () => Promise.reject(new Error('database or disk is full')),
  });

  it('answers 503 with Retry-After, never a 4xx', async () => {
    const { post, log } = testReceiver({ wrap: failing });
    const answer = await post(aliasBody('v12'));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(log.at(-1)).toMatchObject({ level: 'error', status: 503, msg: expect.stringContaining('disk is full') });
  });

  it('is not ready, and says why; it is alive all the same', async () => {
    const { receiver } = testReceiver({ wrap: failing });
    const ready = await receiver.app.request('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ detail: expect.stringContaining('disk is full') });
    expect((await receiver.app.request('/healthz')).status).toBe(200);
  });
});

describe('secrets', () => {
  it('are redacted where they arrive as a number', async () => {
    const config =
      'version: 1\nroutes:\n  - name: all\n    on: {}\n    to: [{ repository_dispatch: { repository: acme/x, event_type: all, client_payload: { n: "{{ event.payload.n }}" } } }]';
    const { post, store } = testReceiver({ config, secrets: ['123456789012'] });
    await post('{"event":"run_state","run_name":"r","n":123456789012,"m":7}');
    expect((await store.deliveries({ limit: 1 }))[0]?.request).toMatchObject({ client_payload: { n: '[redacted]' } });
    expect((await store.events({ limit: 1 }))[0]?.body).toBe('{"event":"run_state","run_name":"r","n":"[redacted]","m":7}');
  });

  it('are redacted wherever a body is stored, sent on or logged', async () => {
    const secret = 'ghp_very"secret\\value';
    const config =
      'version: 1\nroutes:\n  - name: all\n    on: {}\n    to: [{ repository_dispatch: { repository: acme/x, event_type: all, client_payload: { all: "{{ event.payload }}" } } }]';
    const { post, store, log } = testReceiver({ config, secrets: [secret] });
    const escaped = [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const bodies = [
      JSON.stringify({ event: 'run_state', run_name: secret, token: `x${secret}y`, [secret]: 1 }),
      `{"event":"run_state","run_name":"${escaped}"}`,
      `{"broken": ${JSON.stringify(secret)}`,
      JSON.stringify({ event: 'run_state', run_name: SECRET }),
    ];
    bodies.push(`{"event":"run_state","run_name":${JSON.stringify(secret)},"run_name":"a key that stands twice"}`);
    for (const body of bodies) await post(body);
    const everything = JSON.stringify([
      await store.events({ limit: 9 }),
      await store.deliveries({ limit: 9 }),
      await store.rejected(9),
      log,
    ]);
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
      SECRET,
      escaped,
    ])
      expect(everything).not.toContain(form);
    expect(everything).toContain('[redacted]');
    expect(await store.deliveries({ limit: 9 })).toHaveLength(4);
  });
});
