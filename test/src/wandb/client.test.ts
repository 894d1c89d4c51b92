import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { WandbError } from '../../../src/wandb/wandb-error.ts';
import { endlessServer } from '../../stand-ins/endless.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { errorOf, successOf } from './trigger-samples.ts';

const DOCUMENT = 'query Anything { viewer { username } }';
const MUTATION = 'mutation DeleteAutomation($id: ID!) { deleteTrigger(input: { triggerID: $id }) { success } }';
const anything = z.record(z.string(), z.unknown());
const fine = { status: 200, body: { data: { viewer: { username: 'ada' } } } };

async function queried(...answers: ScriptedAnswer[]) {
  const server = await scriptedServer(...answers);
  const test = testClient({ url: server.url });
  return { result: await test.client.query(DOCUMENT, { a: 1 }, anything), server, ...test };
}

async function mutated(...answers: ScriptedAnswer[]) {
  const server = await scriptedServer(...answers);
  const test = testClient({ url: server.url });
  return { result: await test.client.mutate(MUTATION, { id: 'x' }, anything), server, ...test };
}

describe('a request', () => {
  it('goes to /graphql under the base address, with the key as basic authentication', async () => {
    const server = await scriptedServer(fine);
    const { client } = testClient({ url: `${server.url}/`, apiKey: 'k3y' });
    expect(successOf(await client.query(DOCUMENT, { a: 1 }, anything))).toEqual({ viewer: { username: 'ada' } });
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/graphql',
        headers: { authorization: `Basic ${Buffer.from('api:k3y').toString('base64')}`, 'content-type': 'application/json' },
        body: { query: DOCUMENT, variables: { a: 1 } },
      },
    ]);
  });

  it('is counted, and mutations apart', async () => {
    const { url } = await scriptedServer({ status: 503 }, fine, fine);
    const { client } = testClient({ url });
    await client.query(DOCUMENT, {}, anything);
    expect([client.requests, client.mutations]).toEqual([2, 0]);
    await client.mutate(MUTATION, {}, anything);
    expect([client.requests, client.mutations]).toEqual([3, 1]);
  });

  it('does not follow a redirect, which would take the key elsewhere', async () => {
    const { result, server } = await queried({ status: 301, headers: { location: 'https://wandb.example/graphql' } });
    expect(errorOf(result)).toMatchObject({ kind: 'unavailable', status: 301 });
    expect(errorOf(result).message).toContain('https://wandb.example/graphql');
    expect(server.requests).toHaveLength(1);
  });
});

describe('an error', () => {
  it.each<[string, ScriptedAnswer, WandbError['kind'], string]>([
    ['200 with messages', { status: 200, body: { errors: [{ message: 'no' }, { message: 'way' }] } }, 'invalid', 'no; way'],
    ['200 with plain texts', { status: 200, body: { errors: ['no way'], data: null } }, 'invalid', 'no way'],
    ['400 with an error text', { status: 400, body: { error: 'bad filter' } }, 'invalid', 'W&B answered 400: bad filter'],
    ['422 with an error object', { status: 422, body: { error: { message: 'bad name' } } }, 'invalid', 'bad name'],
    ['413', { status: 413, body: 'too large' }, 'invalid', 'W&B answered 413'],
    ['401', { status: 401, body: { errors: ['user is not logged in'] } }, 'unauthorized', 'WANDB_API_KEY'],
    ['403', { status: 403, body: { error: 'permission denied' } }, 'forbidden', 'permission denied'],
    ['404 with no JSON', { status: 404, body: '<html>not here</html>' }, 'not_found', 'W&B answered 404'],
    ['410', { status: 410, body: {} }, 'not_found', '410'],
    ['409', { status: 409, body: { errors: [{ message: 'exists' }] } }, 'conflict', 'exists'],
    ['501', { status: 501, body: {} }, 'unavailable', '501'],
    ['200 with no JSON', { status: 200, body: '<html>hello</html>' }, 'unavailable', 'WANDB_BASE_URL'],
    ['200 without data', { status: 200, body: {} }, 'unavailable', 'without data'],
  ])('%s is reported once and not retried', async (_name, answer, kind, words) => {
    const { result, server, sleeps } = await queried(answer, fine);
    expect(errorOf(result).kind).toBe(kind);
    expect(errorOf(result).message).toContain(words);
    expect(server.requests).toHaveLength(1);
    expect(sleeps).toEqual([]);
  });

  it('is unavailable when the data has a shape that is not known', async () => {
    const { url } = await scriptedServer({ status: 200, body: { data: { viewer: 7 } } });
    const result = await testClient({ url }).client.query(DOCUMENT, {}, z.object({ viewer: z.string() }));
    expect(errorOf(result)).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('viewer') });
  });

  it('never shows the key, however W&B repeats it', async () => {
    const apiKey = 'local-1234567890abcdef';
    const basic = Buffer.from(`api:${apiKey}`).toString('base64');
    const said = { error: `key ${apiKey} (${basic}) is not known` };
    const server = await scriptedServer({ status: 503, body: said }, { status: 401, body: said });
    const { client, log } = testClient({ url: server.url, apiKey });
    const told = JSON.stringify([errorOf(await client.query(DOCUMENT, {}, anything)), log]);
    expect(log).toHaveLength(1);
    expect(told).toContain('is not known');
    expect(told).not.toContain(apiKey);
    expect(told).not.toContain(basic);
  });
});

describe('a query', () => {
  it.each([408, 429, 500, 502, 503, 504])('is sent again after %d', async (status) => {
    const { result, server } = await queried({ status, body: 'oops' }, { status, body: {} }, fine);
    expect(result.ok).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  it('is sent again after a broken connection', async () => {
    const { result, server } = await queried('reset', fine);
    expect(result.ok).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('waits longer each time and gives up after five attempts', async () => {
    const { result, server, sleeps } = await queried(...Array.from({ length: 9 }, () => ({ status: 503, body: { error: 'down' } })));
    expect(errorOf(result)).toEqual({ kind: 'unavailable', status: 503, message: 'W&B answered 503: down' });
    expect(server.requests).toHaveLength(5);
    expect(sleeps).toEqual([500, 1000, 2000, 4000]);
  });

  it.each([
    ['seconds', '7', 7_000],
    ['a date', 'Sun, 01 Mar 2026 12:00:09 GMT', 9_000],
  ])('honours Retry-After in %s', async (_name, value, wait) => {
    const { result, sleeps } = await queried({ status: 429, headers: { 'retry-after': value } }, fine);
    expect(result.ok).toBe(true);
    expect(sleeps).toEqual([wait]);
  });

  it('gives up when Retry-After is longer than anyone would wait', async () => {
    const { result, sleeps } = await queried({ status: 503, headers: { 'retry-after': '86400' } }, fine);
    expect(errorOf(result).kind).toBe('unavailable');
    expect(sleeps).toEqual([]);
  });

  it('has a time limit for each attempt', async () => {
    const server = await scriptedServer('silence', 'silence', 'silence', 'silence', 'silence');
    const { client } = testClient({ url: server.url }, { timeoutMs: 20 });
    const error = errorOf(await client.query(DOCUMENT, {}, anything));
    expect(error).toEqual({ kind: 'unavailable', status: null, message: 'W&B: no response within 0.02 s' });
  });

  it('reports what failed when there is no server', async () => {
    const error = errorOf(await testClient({ url: 'http://127.0.0.1:1' }, { fetch: refusedFetch }).client.query(DOCUMENT, {}, anything));
    expect(error).toMatchObject({ kind: 'unavailable', status: null, message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a mutation', () => {
  it.each<[string, ScriptedAnswer]>([
    ['500', { status: 500, body: { error: 'x' } }],
    ['502 with no JSON', { status: 502, body: '<html>bad gateway</html>' }],
    ['503', { status: 503 }],
    ['408', { status: 408 }],
    ['a broken connection', 'reset'],
    ['200 with no JSON', { status: 200, body: 'hm' }],
    ['200 without data', { status: 200, body: {} }],
    [
      'an error below the mutation itself',
      { status: 200, body: { data: { result: null }, errors: [{ message: 'x', path: ['result', 'trigger', 'scope'] }] } },
    ],
  ])('is not sent again after %s: whether it was carried out is unclear', async (_name, answer) => {
    const { result, server } = await mutated(answer, fine);
    expect(errorOf(result).kind).toBe('unclear');
    expect(server.requests).toHaveLength(1);
  });

  it('is unclear when there is no answer in time', async () => {
    const server = await scriptedServer('silence');
    const { client } = testClient({ url: server.url }, { timeoutMs: 20 });
    expect(errorOf(await client.mutate(MUTATION, {}, anything))).toMatchObject({ kind: 'unclear', status: null });
  });

  it('is not sent again after 429, because a gateway may have passed it on, and the next request waits', async () => {
    const { result, server, client, clock } = await mutated({ status: 429, headers: { 'retry-after': '20' } }, fine);
    expect(errorOf(result)).toMatchObject({ kind: 'unclear', status: 429 });
    expect(server.requests).toHaveLength(1);
    const before = clock.now;
    await client.query(DOCUMENT, {}, anything);
    expect(clock.now - before).toBe(20_000);
  });

  it('is sent again when it never left', async () => {
    const { url } = await scriptedServer(fine);
    let refusals = 1;
    const flaky: typeof fetch = (...request) => (refusals-- > 0 ? refusedFetch(...request) : fetch(...request));
    const { client } = testClient({ url }, { fetch: flaky });
    expect((await client.mutate(MUTATION, {}, anything)).ok).toBe(true);
    expect(client.mutations).toBe(2);
  });

  it.each<[number, WandbError['kind']]>([
    [400, 'invalid'],
    [401, 'unauthorized'],
    [404, 'not_found'],
    [409, 'conflict'],
    [501, 'unavailable'],
  ])('is clear after %d', async (status, kind) => {
    expect(errorOf((await mutated({ status, body: { errors: ['x'] } })).result)).toMatchObject({ kind, status });
  });
});

describe('an answer that makes no sense', () => {
  it.each(['1e300', '-5', 'NaN', 'Infinity', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'Retry-After of %s stops nothing for long',
    async (value) => {
      const { result, client, clock } = await queried({ status: 429, headers: { 'retry-after': value } }, fine, fine);
      // A wait that nobody would wait is given up; anything else is retried soon.
      expect(result.ok || errorOf(result).kind === 'unavailable').toBe(true);
      clock.now += 2 * 3_600_000;
      expect((await client.query(DOCUMENT, {}, anything)).ok).toBe(true);
    },
  );

  it.each(['1e300', 'Infinity', '99999999999999999999'])('a reset of the rate limit in %s s is over after two hours', async (reset) => {
    const headers = { 'ratelimit-remaining': '0', 'ratelimit-reset': reset };
    const { client, clock } = await queried({ ...fine, headers }, fine);
    const until = new AbortController().signal;
    clock.now += 2 * 3_600_000;
    expect((await client.query(DOCUMENT, {}, anything, { onceUntil: until })).ok).toBe(true);
  });

  it.each([false, true])('is not read when it never ends (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 200, gzip });
    const { client } = testClient({ url: server.url });
    const error = errorOf(await client.mutate(MUTATION, {}, anything));
    expect(error).toMatchObject({ kind: 'unclear', message: expect.stringContaining('the response is longer than') });
    await server.left;
  });

  it('is cut only after the key was taken out of it', async () => {
    const apiKey = 'k'.repeat(300);
    const server = await scriptedServer({ status: 400, body: { errors: [{ code: 1, said: apiKey }] } });
    const error = errorOf(await testClient({ url: server.url, apiKey }).client.query(DOCUMENT, {}, anything));
    expect(error.message).toContain('[redacted]');
    expect(error.message).not.toContain('kkk');
  });
});

describe("W&B's rate limit", () => {
  const limits = (remaining: string, reset: string) => ({
    'ratelimit-limit': '1000',
    'ratelimit-remaining': remaining,
    'ratelimit-reset': reset,
  });

  it('is not waited for while some of it remains', async () => {
    const server = await scriptedServer({ ...fine, headers: limits('0.5', '30') }, fine);
    const { client, sleeps } = testClient({ url: server.url });
    await client.query(DOCUMENT, {}, anything);
    await client.query(DOCUMENT, {}, anything);
    expect(sleeps).toEqual([]);
  });

  it('holds the next request back until it resets', async () => {
    const server = await scriptedServer({ ...fine, headers: limits('0', '12.5') }, fine);
    const { client, sleeps, log } = testClient({ url: server.url });
    await client.query(DOCUMENT, {}, anything);
    expect((await client.query(DOCUMENT, {}, anything)).ok).toBe(true);
    expect(sleeps).toEqual([12_500]);
    expect(log).toEqual(["W&B's rate limit is used up. Waiting 13 s"]);
  });

  it('holds for as long as it was to, when the clock is put back meanwhile', async () => {
    const server = await scriptedServer({ ...fine, headers: limits('0', '12.5') }, fine);
    const { client, sleeps, clock } = testClient({ url: server.url });
    await client.query(DOCUMENT, {}, anything);
    clock.now -= 3_600_000;
    expect((await client.query(DOCUMENT, {}, anything)).ok).toBe(true);
    expect(sleeps).toEqual([12_500]);
  });

  it('sends a client that retries its retry time', async () => {
    const { sleeps, result } = await queried({ status: 429, headers: limits('0', '20') }, fine);
    expect(result.ok).toBe(true);
    expect(sleeps).toEqual([20_000]);
  });

  it('is an error when it takes longer than ten minutes to reset', async () => {
    const server = await scriptedServer({ ...fine, headers: limits('0', '3600') }, fine);
    const { client, sleeps } = testClient({ url: server.url });
    await client.query(DOCUMENT, {}, anything);
    expect(errorOf(await client.query(DOCUMENT, {}, anything))).toMatchObject({ kind: 'unavailable', status: null });
    expect(sleeps).toEqual([]);
  });

  it.each([limits('many', '9'), limits('0', ''), limits('', '9')])('is ignored when its headers make no sense: %o', async (headers) => {
    const server = await scriptedServer({ ...fine, headers }, fine);
    const { client, sleeps } = testClient({ url: server.url });
    await client.query(DOCUMENT, {}, anything);
    await client.query(DOCUMENT, {}, anything);
    expect(sleeps).toEqual([]);
  });
});

it('works against the stand-in', async () => {
  const server = await wandbServer();
  expect(successOf(await testClient(server).client.query(DOCUMENT, {}, anything))).toEqual({ viewer: { username: 'ada' } });
  const stranger = testClient({ url: server.url, apiKey: 'wrong' });
  expect(errorOf(await stranger.client.query(DOCUMENT, {}, anything))).toMatchObject({ kind: 'unauthorized', status: 401 });
});

/** What `fetch` does when nobody listens. */
const refusedFetch: typeof fetch = () =>
  Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }));
