import { describe, expect, it } from 'vitest';
import { neverSent } from '../../../src/lib/never-sent.ts';
import { proxyErrorIn } from '../../../src/lib/proxy-error.ts';
import { readProxySettings } from '../../../src/lib/proxy-settings.ts';
import { networkThrough } from '../../../src/network/proxied-network.ts';
import { type ProxyOptions, proxyStandIn } from '../../stand-ins/proxy.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';

function through(variables: Readonly<Record<string, string>>) {
  const settings = readProxySettings(variables);
  if (!settings.ok) throw new Error(settings.error.join('\n'));
  return networkThrough(settings.value);
}

async function failureOf(request: Promise<unknown>): Promise<unknown> {
  try {
    await request;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

describe('a request through a proxy', () => {
  it.each(['HTTP_PROXY', 'http_proxy'])('uses the proxy of %s, with its user name and password', async (name) => {
    const server = await scriptedServer({ status: 200, body: { ok: true } });
    const port = Number(new URL(server.url).port);
    const proxy = await proxyStandIn({ credentials: 'relay:p@ss', hosts: { 'wandb.internal': port } });
    const { fetch } = through({ [name]: `http://relay:p%40ss@${proxy.host}` });
    const response = await fetch('http://wandb.internal/graphql', { method: 'POST', body: '{"query":"1"}' });
    expect(await response.json()).toEqual({ ok: true });
    expect(proxy.asked).toEqual(['wandb.internal:80']);
    expect(server.requests).toMatchObject([{ method: 'POST', url: '/graphql', body: { query: '1' } }]);
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('asks the proxy of HTTPS_PROXY for https, and goes straight to http servers without HTTP_PROXY', async () => {
    const server = await scriptedServer({ status: 200, body: {} });
    const proxy = await proxyStandIn({ behaves: 'refuse' });
    const { fetch } = through({ HTTPS_PROXY: `http://${proxy.host}` });
    await failureOf(fetch('https://api.github.test/'));
    expect(proxy.asked).toEqual(['api.github.test:443']);
    expect((await fetch(server.url)).status).toBe(200);
    expect(proxy.asked).toHaveLength(1);
  });

  it('is forwarded by a proxy that opens no tunnel to an http server, and from then on asked for nothing else', async () => {
    const answer = { status: 200, body: { ok: true } };
    const server = await scriptedServer(answer, answer);
    const hosts = { 'wandb.internal': Number(new URL(server.url).port) };
    const proxy = await proxyStandIn({ forwards: true, credentials: 'relay:p@ss', hosts });
    const { fetch } = through({ HTTP_PROXY: `http://relay:p%40ss@${proxy.host}` });
    for (const n of [1, 2]) {
      const response = await fetch('http://wandb.internal/graphql', { method: 'POST', body: JSON.stringify({ n }) });
      expect(await response.json()).toEqual({ ok: true });
    }
    const forwarded = 'POST http://wandb.internal/graphql';
    expect(proxy.asked).toEqual(['wandb.internal:80', forwarded, forwarded]);
    expect(server.requests.map(({ body }) => body)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('is not taken for refused by the server when the proxy refuses to forward it, too', async () => {
    const proxy = await proxyStandIn({ behaves: 'refuse' });
    const { fetch } = through({ HTTP_PROXY: `http://${proxy.host}` });
    const error = await failureOf(fetch('http://wandb.internal/graphql'));
    expect(proxyErrorIn(error)).toMatchObject({
      status: 403,
      message: expect.stringContaining('refused the connection to wandb.internal:80'),
    });
    expect(proxy.asked).toEqual(['wandb.internal:80', 'GET http://wandb.internal/graphql']);
  });

  it('does not try a wrong password twice', async () => {
    const proxy = await proxyStandIn({ forwards: true, credentials: 'relay:right' });
    const { fetch } = through({ HTTP_PROXY: `http://relay:wrong@${proxy.host}` });
    const error = await failureOf(fetch('http://wandb.internal/graphql'));
    expect(proxyErrorIn(error)?.message).toContain('(407): set HTTPS_PROXY');
    expect(proxy.asked).toEqual(['wandb.internal:80']);
  });

  it.each(['127.0.0.1', 'x.test, *', 'fd00::/8,127.0.0.0/8', '0.0.0.0/0', '127.0.0.1:PORT'])(
    'does not go there for what NO_PROXY names: %s',
    async (except) => {
      const server = await scriptedServer({ status: 200, body: {} });
      const proxy = await proxyStandIn();
      const { fetch } = through({ HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: except.replace('PORT', new URL(server.url).port) });
      expect((await fetch(server.url)).status).toBe(200);
      expect(proxy.asked).toEqual([]);
    },
  );

  it.each(['127.0.0.2', '128.0.0.0/8', '127.0.0.0/33', 'fd00::/8', '127.0.0.1:1'])(
    'goes there for other addresses than %s',
    async (except) => {
      const server = await scriptedServer({ status: 200, body: {} });
      const proxy = await proxyStandIn();
      const { fetch } = through({ HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: except });
      expect((await fetch(server.url)).status).toBe(200);
      expect(proxy.asked).toEqual([new URL(server.url).host]);
    },
  );

  it.each([
    ['a%2Fkey', 'a/key:'],
    [':word', ':word'],
  ])('sends a user name or a password that stands alone: %s', async (userinfo, credentials) => {
    const server = await scriptedServer({ status: 200, body: {} });
    const proxy = await proxyStandIn({ credentials });
    const { fetch } = through({ HTTP_PROXY: `http://${userinfo}@${proxy.host}` });
    expect((await fetch(server.url)).status).toBe(200);
  });

  it.each<[string, ProxyOptions, RegExp]>([
    [
      'refuses',
      { behaves: 'refuse' },
      /^the proxy 127\.0\.0\.1:\d+ refused the connection to api\.github\.test:443 \(403\): ask whoever runs it/,
    ],
    ['wants another password', { credentials: 'relay:other' }, /refused the connection to api\.github\.test:443 \(407\): set HTTPS_PROXY/],
    ['breaks the connection', { behaves: 'reset' }, /^the proxy 127\.0\.0\.1:\d+ cannot be used: /],
    ['says nothing', { behaves: 'silence' }, /^the proxy 127\.0\.0\.1:\d+ cannot be used: /],
  ])('names the proxy when it %s, without its password, and knows that nothing was sent', async (_what, options, message) => {
    const proxy = await proxyStandIn(options);
    const { fetch } = through({ HTTPS_PROXY: `http://relay:hidden-word@${proxy.host}` });
    const error = await failureOf(fetch('https://api.github.test/', { signal: AbortSignal.timeout(10_000) }));
    expect(proxyErrorIn(error)?.message).toMatch(message);
    expect(neverSent(error)).toBe(true);
    expect(String(proxyErrorIn(error))).not.toContain('hidden-word');
    expect(proxy.asked).toHaveLength(1);
  });

  it('names a proxy where nothing listens', async () => {
    const { fetch } = through({ HTTPS_PROXY: 'http://127.0.0.1:9' });
    const error = await failureOf(fetch('https://api.github.test/'));
    expect(proxyErrorIn(error)?.message).toMatch(/^the proxy 127\.0\.0\.1:9 cannot be used: connect ECONNREFUSED/);
    expect(neverSent(error)).toBe(true);
  });
});
