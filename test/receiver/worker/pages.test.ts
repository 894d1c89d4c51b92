import { evictDurableObject, listDurableObjectIds, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { front } from '../../../receiver/worker/front.ts';
import { keptCounts } from '../../../receiver/worker/kept-counts.ts';
import type { KeyValues } from '../../../receiver/worker/key-values.ts';
import { peerOf } from '../../../receiver/worker/peer.ts';
import { bundledConfig, setUp } from '../../../receiver/worker/setup.ts';
import { RelayObject } from '../../../receiver/worker/worker.ts';
import { declaredIn, samplesIn } from '../../stand-ins/exposition.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import text from './tested-config.ts';
import { ADA_TOKEN, ADMIN_TOKEN, crash, firstDelivery, objectOf, PROD_EU_SECRET, post, until, VIEWER_TOKEN } from './worker-in-test.ts';

afterEach(reset);

/** An isolate of the Worker: several of them share the objects, and nothing else. */
function isolate(variables: Readonly<Record<string, string>> = {}) {
  const bindings = Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === 'string'));
  const setup = setUp(bundledConfig(text), { ...bindings, ...variables });
  if (!setup.ok) throw new Error(setup.error.join('; '));
  const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
  const clock = { ahead: 0 };
  const now = () => Date.now() + clock.ahead;
  const answer = front({ setup: setup.value, objectOf: (source) => env.RELAY.getByName(source), log: silentLogger, now, randomBytes });
  const ask = async (path: string, init: RequestInit = {}) => {
    const request = new Request(`https://relay.test${path}`, { redirect: 'manual', ...init });
    const response = await answer(request, peerOf(request));
    const { status, headers } = response;
    return { status, headers, location: headers.get('location'), text: await response.text() };
  };
  const send = (path: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'sec-fetch-site': 'same-origin', ...headers } });
  return { ask, send, clock };
}

/** Signs somebody in, and returns the headers of the session. */
async function signedIn({ send }: ReturnType<typeof isolate>, token = ADA_TOKEN): Promise<{ cookie: string }> {
  const { headers } = await send('/sign-in', { token });
  return { cookie: (headers.get('set-cookie') ?? '').split(';')[0] ?? '' };
}

const held = (source = 'default') =>
  source === 'default'
    ? post(aliasBody('v1', 'resnet50', 'release'))
    : post(aliasBody('v1', 'resnet50', 'release'), { path: `/webhooks/wandb/${source}`, secret: PROD_EU_SECRET });

describe('pages on Workers', () => {
  test('send strangers to the sign-in form, with where they wanted to go, and wake no object for them', async () => {
    const { ask, send } = isolate();
    const before = (await listDurableObjectIds(env.RELAY)).length;
    expect(await ask('/')).toMatchObject({ status: 303, location: '/sign-in' });
    expect(await ask('/events/1?source=prod-eu')).toMatchObject({
      status: 303,
      location: '/sign-in?source=prod-eu&next=%2Fevents%2F1%3Fsource%3Dprod-eu',
    });
    expect((await ask('/', { headers: { cookie: 'wandb_relay_session=e30.a' } })).status).toBe(303);
    expect((await send('/deliveries/1/cancel', {})).status).toBe(404);
    expect((await ask('/', { method: 'PUT' })).status).toBe(405);
    const form = await ask('/sign-in?source=prod-eu&next=%2Fpauses%3Fsource%3Dprod-eu');
    expect(form.status).toBe(200);
    expect(form.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(form.text).toContain('action="/sign-in?source=prod-eu"');
    for (const [, path = ''] of form.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) expect((await ask(path)).status).toBe(200);
    expect(await listDurableObjectIds(env.RELAY)).toHaveLength(before);
  });

  test('and all that the Worker answers by itself is kept nowhere, but its style and script', async () => {
    const { ask, send } = isolate();
    const answers = [
      await ask('/healthz'),
      await ask('/readyz'),
      await ask('/readyz?source=nobody'),
      await ask('/nothing'),
      await ask('/'),
      await ask('/', { method: 'PUT' }),
      await ask('/sign-in'),
      await ask('/api/status'),
      await ask('/api/status?source=nobody', { headers: { authorization: `Bearer ${ADA_TOKEN}` } }),
      await ask('/api/status?source=not%20a%20name', { headers: { authorization: `Bearer ${ADA_TOKEN}` } }),
      await ask('/metrics'),
      await ask('/webhooks/wandb'),
      await ask('/webhooks/wandb/nobody', { method: 'POST', body: '{}' }),
      await ask('/webhooks/github'),
      await send('/sign-in', { token: ADA_TOKEN }),
      await send('/sign-in', { token: 'wrong' }),
    ];
    expect(answers.map(({ headers }) => [headers.get('cache-control'), headers.get('x-content-type-options')])).toEqual(
      answers.map(() => ['no-store', 'nosniff']),
    );
    const style = /href="(\/assets\/[^"]+)"/.exec((await ask('/sign-in')).text)?.[1] ?? '';
    const asset = await ask(style);
    expect([asset.headers.get('cache-control'), asset.headers.get('x-content-type-options')]).toEqual([
      'public, max-age=31536000, immutable',
      'nosniff',
    ]);
  });

  test('are not there without a token', async () => {
    const { ask } = isolate({ RELAY_ADMIN_TOKEN: '', RELAY_ADMIN_TOKENS: '', RELAY_VIEWER_TOKEN: '' });
    for (const path of ['/', '/sign-in', '/events/1', '/pauses', '/metrics', '/api/status']) expect((await ask(path)).status).toBe(404);
  });

  test('show what the source has, keep it in every link and form, and let the reader choose another', async () => {
    const isolated = isolate();
    const { ask, send } = isolated;
    await held('prod-eu');
    const session = await send('/sign-in?source=prod-eu', { token: ADA_TOKEN, next: '/pauses?source=prod-eu' });
    expect(session).toMatchObject({ status: 303, location: '/pauses?source=prod-eu' });
    expect(session.headers.get('set-cookie')).toMatch(/^wandb_relay_session=.*; HttpOnly; Secure; SameSite=Strict$/);
    const headers = await signedIn(isolated);

    const page = await ask('/?source=prod-eu', { headers });
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.text).toContain('<span>ada</span>');
    expect(page.text).toContain('release');
    const menu = page.text.slice(0, page.text.indexOf('</header>'));
    expect(menu.match(/<option[^>]*>[^<]+/g)).toEqual(['<option>default', '<option selected>prod-eu']);
    const own = [...page.text.matchAll(/(?:href|action|formaction)="(\/[^"]*)"/g)].map(([, address = '']) => address);
    const bare = own.filter((address) => !address.startsWith('/assets/') && !/[?&](?:amp;)?source=prod-eu/.test(address));
    // The chooser's own is the only one that leaves the source open.
    expect(bare).toEqual(['/']);
    for (const [, form = ''] of page.text.matchAll(/<form[^>]*method="get"[^>]*>(.*?)<\/form>/gs)) expect(form).toMatch(/name="source"/);
    expect((await ask('/?source=default', { headers })).text).toContain('Everything is delivered');
    expect((await ask('/?source=nobody', { headers })).status).toBe(404);
  });

  test('name no source where there is one', async () => {
    const one = isolate({ WANDB_WEBHOOK_SECRET_PROD_EU: '' });
    expect(await one.ask('/pauses')).toMatchObject({ location: '/sign-in?next=%2Fpauses' });
    expect(await one.send('/sign-in', { token: ADA_TOKEN, next: '/pauses' })).toMatchObject({ location: '/pauses' });
  });

  test('ask again for what is new: the page says so, and the same address has it', async () => {
    const isolated = isolate();
    const headers = await signedIn(isolated);
    const before = await isolated.ask('/', { headers });
    expect(before.text).toContain('data-stream="poll"');
    const { body } = await held();
    expect(before.text).not.toContain(String(body.id));
    const part = (await isolated.ask('/', { headers })).text.split('data-part="stream"')[1] ?? '';
    expect(part).toContain(`/events/${body.id}`);
  });

  test('change what an admin may change, by our own forms alone, and say who did', async () => {
    const isolated = isolate();
    const { ask, send } = isolated;
    const [first, second] = [firstDelivery(await held('prod-eu')), firstDelivery(await held())];
    const ada = await signedIn(isolated);
    const viewer = await signedIn(isolated, VIEWER_TOKEN);
    const path = `/deliveries/${first}/approve?source=prod-eu`;

    expect((await send(path, {}, { ...ada, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await send(path, {}, { ...viewer })).status).toBe(403);
    expect(await send(path, { next: '/' }, { ...ada })).toMatchObject({ status: 303, location: '/?source=prod-eu&did=approve&done=1' });
    await until(first, 'delivered', 'prod-eu');
    const event = (await ask('/', { headers: ada })).text.match(/\/events\/[^"?]+/)?.[0] ?? '';
    expect(
      (
        await ask(`/deliveries/${second}/approve`, {
          method: 'POST',
          headers: { ...ada, origin: 'https://relay.test', host: 'relay.test' },
        })
      ).status,
    ).toBe(303);
    await until(second, 'delivered');
    expect((await ask(event, { headers: ada })).text).toContain('ada, by the pages');
  });

  test('and its export comes in pages of records, also for who only reads', async () => {
    await held('prod-eu');
    const { ask } = isolate();
    const kinds: string[] = [];
    let cursor: string | undefined = 'events-0';
    while (cursor !== undefined) {
      const answer = await ask(`/api/export?source=prod-eu&cursor=${cursor}`, { headers: { authorization: `Bearer ${VIEWER_TOKEN}` } });
      const page = JSON.parse(answer.text) as { records: { kind: string; alias?: string }[]; next?: string };
      kinds.push(...page.records.map(({ kind, alias }) => `${kind} ${alias}`));
      cursor = page.next;
    }
    expect(kinds).toEqual(['event release', 'promotion release']);
  });

  test("and a person's names are erased in the source that is asked, by who may change it", async () => {
    for (const source of ['prod-eu', 'default']) await held(source);
    await post(aliasBody('v2', 'resnet50', 'nobody-asks'), { path: '/webhooks/wandb/prod-eu', secret: PROD_EU_SECRET });
    const { ask } = isolate();
    const erase = (token: string, source = 'prod-eu', dryRun = false) =>
      ask(`/api/erase?source=${source}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ names: ['ada'], pseudonym: 'erased-1a2b3c4d', dry_run: dryRun }),
      });
    expect((await erase(VIEWER_TOKEN)).status).toBe(403);
    // What awaits an approval keeps them for now.
    expect(JSON.parse((await erase(ADA_TOKEN)).text)).toMatchObject({
      pseudonym: 'erased-1a2b3c4d',
      tables: expect.arrayContaining([{ table: 'events', changed: 1, open: 1 }]),
    });
    const exported = await ask('/api/export?source=prod-eu', { headers: { authorization: `Bearer ${VIEWER_TOKEN}` } });
    expect(JSON.parse(exported.text)).toMatchObject({ records: [{ author: 'ada' }, { author: 'erased-1a2b3c4d' }] });
    expect(JSON.parse((await erase(ADA_TOKEN, 'default', true)).text)).toMatchObject({
      tables: expect.arrayContaining([{ table: 'events', changed: 0, open: 1 }]),
    });
  });

  test('are below BASE_PATH', async () => {
    const { ask, send } = isolate({ BASE_PATH: '/relay' });
    expect(await ask('/relay/')).toMatchObject({ status: 303, location: '/relay/sign-in' });
    expect(await ask('/relay')).toMatchObject({ status: 303, location: '/relay/sign-in' });
    expect((await ask('/')).status).toBe(404);
    const session = await send('/relay/sign-in', { token: ADA_TOKEN, next: '/pauses' });
    expect(session.location).toBe('/relay/pauses');
    expect(session.headers.get('set-cookie')).toContain('Path=/relay;');
  });
});

describe('single sign-on on Workers', () => {
  const sso = { RELAY_USER_HEADER: 'X-User', RELAY_TRUSTED_PROXIES: '192.0.2.0/24', RELAY_USER_ADMINS: 'ada' };

  test('counts a header of a proxy that is trusted, by the address that Cloudflare saw', async () => {
    const { ask, send } = isolate(sso);
    const ada = { 'x-user': 'ada', 'cf-connecting-ip': '192.0.2.7' };
    expect((await ask('/pauses', { headers: ada })).text).toContain('<span>ada</span>');
    expect((await ask('/pauses', { headers: { ...ada, 'cf-connecting-ip': '198.51.100.1' } })).status).toBe(303);
    expect((await ask('/pauses', { headers: { 'x-user': 'ada' } })).status).toBe(303);
    expect((await send('/pauses/pause', { what: 'everything' }, { ...ada, 'x-user': 'ben' })).status).toBe(403);
    expect(await send('/pauses/pause', { what: 'everything' }, ada)).toMatchObject({ status: 303 });
    expect((await ask('/?source=default', { headers: ada })).text).toContain('Everything is paused by ada');
    expect((await ask('/?source=prod-eu', { headers: ada })).text).not.toContain('is paused by');
  });
});

describe('sign-ins on Workers', () => {
  const from = (address: string) => ({ 'cf-connecting-ip': address });

  test('are limited for all isolates together, also after the object was evicted', async () => {
    const isolates = [isolate(), isolate()];
    for (let i = 0; i < 10; i++) {
      const { status } = (await isolates[i % 2]?.send('/sign-in', { token: `wrong ${i}` }, from('192.0.2.1'))) ?? {};
      expect(status).toBe(403);
    }
    await evictDurableObject(objectOf());
    const blocked = await isolate().send('/sign-in', { token: ADA_TOKEN }, from('192.0.2.1'));
    expect([blocked.status, blocked.headers.get('set-cookie')]).toEqual([429, null]);
    expect((await isolate().send('/sign-in', { token: ADA_TOKEN }, from('192.0.2.2'))).status).toBe(303);
  });

  test('count with wrong tokens of requests, for all isolates together', async () => {
    const isolates = [isolate(), isolate()];
    const bearer = (token: string, address: string) => ({ headers: { ...from(address), authorization: `Bearer ${token}` } });
    for (const [i, path] of ['/api/status', '/pauses', '/metrics', '/api/status', '/pauses', '/metrics', '/nope', '/api/events'].entries())
      await isolates[i % 2]?.ask(path, bearer(`wrong ${i}`.replace(' ', '-'), '192.0.2.11'));
    for (let i = 0; i < 3; i++) await isolates[i % 2]?.send('/sign-in', { token: `wrong ${i}` }, from('192.0.2.11'));
    await evictDurableObject(objectOf());
    for (const path of ['/api/status', '/pauses', '/metrics']) {
      const blocked = await isolate().ask(path, bearer(ADA_TOKEN, '192.0.2.11'));
      expect([path, blocked.status, Number(blocked.headers.get('retry-after')) > 0]).toEqual([path, 429, true]);
      expect((await isolate().ask(path, bearer(ADA_TOKEN, '192.0.2.12'))).status).toBe(200);
    }
  });

  test('ask the object once a minute for a program with a right token', async () => {
    const asked = vi.spyOn(RelayObject.prototype, 'signInAttempt');
    const { ask } = isolate();
    for (let i = 0; i < 5; i++) expect((await ask('/api/status', { headers: { authorization: `Bearer ${ADA_TOKEN}` } })).status).toBe(200);
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRestore();
  });

  test('end everywhere when somebody signs out, and after an eviction', async () => {
    const here = isolate();
    const headers = await signedIn(here);
    const elsewhere = isolate();
    expect((await elsewhere.ask('/pauses', { headers })).status).toBe(200);
    expect((await here.send('/sign-out?source=prod-eu', {}, headers)).location).toBe('/sign-in?source=prod-eu');
    await evictDurableObject(objectOf());
    expect((await elsewhere.ask('/pauses', { headers })).status).toBe(303);
    expect((await isolate().ask('/pauses', { headers: { ...headers, authorization: 'Basic YTpi' } })).status).toBe(303);
    expect((await elsewhere.ask('/api/status', { headers })).status).toBe(401);
    expect((await elsewhere.ask('/metrics', { headers })).status).toBe(401);
    expect((await isolate().send('/pauses/pause', { what: 'everything' }, headers)).status).toBe(303);
  });
});

describe('when the object that keeps sign-ins does not answer', () => {
  afterEach(() => vi.restoreAllMocks());
  const failWith = (error: Error) => {
    vi.spyOn(RelayObject.prototype, 'signInAttempt').mockRejectedValue(error);
    vi.spyOn(RelayObject.prototype, 'isSessionEnded').mockRejectedValue(error);
  };

  test('nobody is let in by what is not known', async () => {
    const isolated = isolate();
    const headers = await signedIn(isolated);
    failWith(new Error('away'));
    expect((await isolated.send('/sign-in', { token: ADA_TOKEN })).status).toBe(503);
    expect((await isolated.ask('/pauses', { headers })).status).toBe(503);
    expect((await isolated.ask('/pauses', { headers: { authorization: `Bearer ${ADA_TOKEN}` } })).status).toBe(200);
  });

  test('because its code is older, it knows of no session that was ended', async () => {
    const isolated = isolate();
    failWith(new TypeError('The RPC receiver does not implement the method "isSessionEnded".'));
    expect((await isolated.send('/sign-in', { token: 'wrong' })).status).toBe(403);
    expect((await isolated.ask('/pauses', { headers: await signedIn(isolated) })).status).toBe(200);
  });
});

describe('/metrics on Workers', () => {
  const bearer = { headers: { authorization: `Bearer ${VIEWER_TOKEN}` } };

  test('are those of all sources, for who has a token', async () => {
    const { ask } = isolate();
    expect((await ask('/metrics')).status).toBe(401);
    firstDelivery(await held('prod-eu'));
    const answer = await ask('/metrics', bearer);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const found = samplesIn(answer.text);
    expect(found).toMatchObject({
      'wandb_relay_source_up{source="default"}': 1,
      'wandb_relay_source_up{source="prod-eu"}': 1,
      'wandb_relay_undelivered_deliveries{source="prod-eu",target="repository_dispatch",state="held"}': 1,
      'wandb_relay_oldest_undelivered_age_seconds{source="default"}': 0,
    });
    expect(found['wandb_relay_events_total{source="prod-eu",type="add_artifact_alias"}']).toBeGreaterThanOrEqual(1);
    expect(answer.text).toMatch(/^wandb_relay_build_info\{source="default",version="\d+\.\d+\.\d+",store="durable object",node="v\d/m);
    const lines = answer.text.split('\n').filter((line) => line.startsWith('# TYPE'));
    expect(lines).toHaveLength(declaredIn(answer.text).size);
  });

  test('are those of one source, without a label for it', async () => {
    const { ask } = isolate();
    await held('prod-eu');
    const { text } = await ask('/metrics?source=prod-eu', bearer);
    expect(samplesIn(text)['wandb_relay_undelivered_deliveries{target="repository_dispatch",state="held"}']).toBe(1);
    expect(text).not.toContain('source=');
    expect((await ask('/metrics?source=nobody', bearer)).status).toBe(404);
  });

  test('are anybody’s where that is configured; an isolate asks objects once a second, and they their stores every five seconds', async () => {
    const { ask, clock } = isolate({ RELAY_METRICS_PUBLIC: 'true' });
    const asked = vi.spyOn(RelayObject.prototype, 'metrics');
    const first = await ask('/metrics');
    expect([first.status, asked.mock.calls.length]).toEqual([200, 2]);
    await held();
    expect((await ask('/metrics')).text).toBe(first.text);
    expect(asked).toHaveBeenCalledTimes(2);
    clock.ahead += 1_000;
    expect((await ask('/metrics', bearer)).text).toBe(first.text);
    expect(asked).toHaveBeenCalledTimes(4);
    asked.mockRestore();
    await crash();
    clock.ahead += 1_000;
    expect((await ask('/metrics', bearer)).text).not.toBe(first.text);
    const before = (await listDurableObjectIds(env.RELAY)).length;
    expect((await ask('/metrics?source=nobody')).status).toBe(401);
    expect(await listDurableObjectIds(env.RELAY)).toHaveLength(before);
    expect((await ask('/api/status')).status).toBe(401);
  });

  test('say which source does not answer', async () => {
    const { ask } = isolate({ WANDB_WEBHOOK_SECRET_GONE: 'a-secret-that-objects-have-not' });
    const found = samplesIn((await ask('/metrics', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })).text);
    expect(found).toMatchObject({ 'wandb_relay_source_up{source="gone"}': 0, 'wandb_relay_source_up{source="default"}': 1 });
  });
});

describe('counts', () => {
  function storage(): KeyValues & { readonly puts: unknown[] } {
    const kept = new Map<string, unknown>();
    const puts: unknown[] = [];
    return {
      puts,
      get: async <T>(key: string) => structuredClone(kept.get(key)) as T | undefined,
      put: async (key, value) => {
        puts.push(value);
        kept.set(key, structuredClone(value));
      },
      delete: async () => 0,
      list: async () => new Map(),
    };
  }
  const build = { name: 'b', help: '', type: 'gauge', samples: [] } as const;

  test('are written once for many changes, and only where somebody asks for them', async () => {
    vi.useFakeTimers();
    try {
      const stored = storage();
      const open = () => keptCounts(stored, Date.now, build, () => undefined);
      const unread = await open();
      unread.metrics.accepted('run_state');
      await vi.advanceTimersByTimeAsync(60_000);
      expect(stored.puts).toHaveLength(0);
      await unread.asked();
      await unread.asked();
      expect(stored.puts).toHaveLength(1);

      const next = await open();
      for (let i = 0; i < 50; i++) next.metrics.accepted('run_state');
      await vi.advanceTimersByTimeAsync(4_999);
      expect(stored.puts).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(stored.puts).toHaveLength(2);
      expect((await open()).metrics.counts().counters.events).toEqual({ '["run_state"]': 51 });

      await vi.advanceTimersByTimeAsync(25 * 3_600_000);
      next.metrics.accepted('run_state');
      await vi.advanceTimersByTimeAsync(60_000);
      expect(stored.puts).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
