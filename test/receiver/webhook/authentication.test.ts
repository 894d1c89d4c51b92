import { describe, expect, it } from 'vitest';
import { signBody } from '../../../src/lib/signature.ts';
import { SECRET, testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody, type SignatureForm, signedHeaders } from '../../stand-ins/wandb-sender.ts';

const json = { 'content-type': 'application/json' };
const body = JSON.stringify(aliasBody('v12'));

describe('who may send', () => {
  it.each(['hex', 'base64', 'sha256=hex'] as SignatureForm[])('accepts a signature as %s', async (form) => {
    const { post } = testReceiver();
    expect((await post(body, { headers: signedHeaders(body, SECRET, form) })).status).toBe(202);
  });

  it('accepts any of several secrets, and refuses one that is no longer there', async () => {
    const { post } = testReceiver({ sources: { '': { secrets: ['the-old-secret', 'the-new-secret'] } } });
    expect((await post(body, { headers: signedHeaders(body, 'the-old-secret') })).status).toBe(202);
    expect((await post(aliasBody('v13'), { headers: signedHeaders(JSON.stringify(aliasBody('v13')), 'the-new-secret') })).status).toBe(202);
    expect((await post(body, { headers: signedHeaders(body, SECRET) })).status).toBe(401);
  });

  it('wants both a signature and a token where both are configured', async () => {
    const { post } = testReceiver({ sources: { '': { secrets: [SECRET], tokens: ['token-one', 'token-two'] } } });
    const signed = signedHeaders(body, SECRET);
    expect((await post(body, { headers: signed })).status).toBe(401);
    expect((await post(body, { headers: { ...json, authorization: 'Bearer token-two' } })).status).toBe(401);
    expect((await post(body, { headers: { ...signed, authorization: 'Bearer token-two' } })).status).toBe(202);
    expect((await post(body, { headers: { ...signed, authorization: 'Bearer token-three' } })).status).toBe(401);
  });

  it('wants only the token where only a token is configured', async () => {
    const { post } = testReceiver({ sources: { '': { tokens: ['token-one'] } } });
    expect((await post(body, { headers: { ...json, authorization: 'bearer token-one' } })).status).toBe(202);
  });

  it('keeps the secrets of named sources apart', async () => {
    const { post } = testReceiver({ sources: { '': { secrets: [SECRET] }, PROD_EU: { secrets: ['the-secret-of-prod'] } } });
    const path = '/webhooks/wandb/prod-eu';
    expect((await post(body, { path, headers: signedHeaders(body, 'the-secret-of-prod') })).status).toBe(202);
    expect((await post(body, { path, headers: signedHeaders(body, SECRET) })).status).toBe(401);
    expect((await post(body, { path: '/webhooks/wandb/other', headers: signedHeaders(body, SECRET) })).status).toBe(401);
  });

  it('lets everything in when nothing is configured', async () => {
    const { post } = testReceiver({ sources: {} });
    expect((await post(body, { headers: json })).status).toBe(202);
  });

  it('says nothing in a 401 and the reason in the log', async () => {
    const { post, log } = testReceiver();
    const cases: [Record<string, string>, RegExp][] = [
      [json, /no X-Wandb-Signature/],
      [{ ...json, 'x-wandb-signature': 'nonsense' }, /no HMAC-SHA256/],
      [signedHeaders(body, 'another-secret'), /does not match/],
      [{ ...json, 'x-wandb-signature': signBody('{}', SECRET, 'hex') }, /literal \{\}/],
    ];
    for (const [headers, reason] of cases) {
      const answer = await post(body, { headers });
      expect(answer).toMatchObject({ status: 401, body: { title: 'Unauthorized', status: 401 } });
      expect(answer.body.detail).toBeUndefined();
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(log.at(-1)).toMatchObject({ level: 'warn', status: 401, msg: expect.stringMatching(reason) });
    }
  });

  it('stores nothing of a request that is not authentic', async () => {
    const { post, store } = testReceiver();
    await post('{ broken', { headers: json });
    await post(body, { headers: signedHeaders(body, 'another-secret') });
    expect(await store.counts()).toEqual({ events: {}, deliveries: {}, rejected: 0 });
  });

  it('refuses a changed body under a good signature', async () => {
    const { post } = testReceiver();
    const answer = await post(body.replace('v12', 'v13'), { headers: signedHeaders(body, SECRET) });
    expect(answer.status).toBe(401);
  });
});
