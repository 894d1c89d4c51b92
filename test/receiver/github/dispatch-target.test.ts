import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { dispatchTarget } from '../../../receiver/github/dispatch-target.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import { type JsonObject, parseExactJson } from '../../../src/lib/json.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { theValue } from '../../src/event/samples.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';

const NOW = 1_800_000_000_000;
const dispatch: DispatchRequest = {
  kind: 'repository_dispatch',
  repository: 'acme/deploy',
  event_type: 'go',
  client_payload: { delivery_id: 'd-1' },
};
const start: DispatchRequest = {
  kind: 'workflow_dispatch',
  repository: 'acme/deploy',
  workflow: 'deploy.yml',
  ref: 'main',
  inputs: { delivery_id: 'd-1' },
};

async function github(...answers: ScriptedAnswer[]) {
  const server = await scriptedServer(...answers);
  const target = dispatchTarget({ credentials: tokenCredentials('ghp_x'), apiUrl: server.url, fetch, now: () => NOW });
  const context = (signal = new AbortController().signal, attempts = 0) => ({
    deliveryId: 'd-1',
    eventId: 'e1',
    conversation: null,
    attempts,
    signal,
  });
  return {
    requests: server.requests,
    send: (request = dispatch, signal?: AbortSignal, attempts?: number) => target.send(request, context(signal, attempts)),
    look: (request = dispatch) => target.findPrior(request, { ...context(), runsSince: NOW, sentWithin: [] }),
  };
}

/** An address on this machine where nothing listens any more. */
async function addressOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

describe('sending', () => {
  it('posts a repository dispatch as GitHub documents it', async () => {
    const { send, requests } = await github({ status: 204 });
    expect(await send()).toEqual({ outcome: 'delivered', status: 204, run: null, detail: 'dispatched go to acme/deploy' });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: '/repos/acme/deploy/dispatches',
        headers: { authorization: 'token ghp_x' },
        body: { event_type: 'go', client_payload: { delivery_id: 'd-1' } },
      },
    ]);
  });

  it('sends every number as it was written', async () => {
    const { send, requests } = await github({ status: 204 });
    const written = '{"id":9007199254740993,"in":[-9007199254740995,{"long":0.12345678901234567890,"huge":1.5E+400,"one":1.0}]}';
    await send({ ...dispatch, client_payload: theValue(parseExactJson(written)) as JsonObject });
    expect(requests[0]?.text).toBe(`{"event_type":"go","client_payload":${written}}`);
  });

  it('asks a workflow dispatch for its run and remembers it', async () => {
    const run = {
      workflow_run_id: 42,
      run_url: 'https://api.example/runs/42',
      html_url: 'https://github.example/acme/deploy/actions/runs/42',
    };
    const { send, requests } = await github({ status: 200, body: run });
    expect(await send(start)).toMatchObject({ outcome: 'delivered', status: 200, run: { id: '42', url: run.html_url } });
    expect(requests).toMatchObject([
      {
        url: '/repos/acme/deploy/actions/workflows/deploy.yml/dispatches',
        body: { ref: 'main', inputs: { delivery_id: 'd-1' }, return_run_details: true },
      },
    ]);
  });

  it('takes a 204 to a workflow dispatch as delivered without a run', async () => {
    const { send } = await github({ status: 204 });
    expect(await send(start)).toMatchObject({ outcome: 'delivered', run: null });
  });

  it('leaves out return_run_details for a server that does not know it, from then on', async () => {
    const refusal = { status: 422, body: { message: 'Invalid request.\n\n"return_run_details" is not a permitted key.' } };
    const { send, requests } = await github(refusal, { status: 204 }, { status: 204 });
    expect(await send(start)).toMatchObject({ outcome: 'delivered' });
    expect(await send(start)).toMatchObject({ outcome: 'delivered' });
    expect(requests.map((request) => Object.keys(request.body as object))).toEqual([
      ['ref', 'inputs', 'return_run_details'],
      ['ref', 'inputs'],
      ['ref', 'inputs'],
    ]);
  });

  it.each([
    [401, 'Bad credentials', dispatch, /GITHUB_TOKEN has expired or was revoked/],
    [403, 'Resource not accessible by personal access token', dispatch, /Contents: read and write/],
    [403, 'Resource not accessible by personal access token', start, /Actions: read and write/],
    [404, 'Not Found', dispatch, /acme\/deploy does not exist, or GITHUB_TOKEN may not see it/],
    [404, 'Not Found', start, /no workflow deploy\.yml/],
    [422, "Workflow does not have 'workflow_dispatch' trigger", start, /on: workflow_dispatch/],
    [410, 'Gone', dispatch, /./],
  ])('is refused by %i (%s) and says what to fix', async (status, message, request, hint) => {
    const { send, requests } = await github({ status, body: { message } });
    const result = await send(request);
    expect(result).toMatchObject({ outcome: 'refused', status, detail: expect.stringMatching(hint) });
    expect(result.detail).toContain(message);
    expect(requests).toHaveLength(1);
  });

  it.each([500, 502, 503, 504])('takes a %i as ambiguous and sends nothing again by itself', async (status) => {
    const { send, requests } = await github({ status, body: 'oops' });
    expect(await send()).toMatchObject({ outcome: 'failed', status, ambiguous: true });
    expect(requests).toHaveLength(1);
  });

  it('takes a broken connection as ambiguous, once', async () => {
    const { send, requests } = await github('reset');
    expect(await send()).toMatchObject({ outcome: 'failed', status: null, ambiguous: true });
    expect(requests).toHaveLength(1);
  });

  it('takes an answer that does not come as ambiguous', async () => {
    const { send } = await github('silence');
    const aborter = new AbortController();
    const result = send(dispatch, aborter.signal);
    setTimeout(() => aborter.abort(new DOMException('too long', 'TimeoutError')), 50);
    expect(await result).toMatchObject({ outcome: 'failed', ambiguous: true });
  });

  it('knows that nothing was sent when GitHub cannot be reached', async () => {
    const credentials = tokenCredentials('x');
    const refused = dispatchTarget({ credentials, apiUrl: await addressOfNobody(), fetch, now: () => NOW });
    const unknown = dispatchTarget({ credentials, apiUrl: 'http://no-such-host.invalid', fetch, now: () => NOW });
    const context = { deliveryId: 'd', eventId: 'e1', conversation: null, attempts: 0, signal: new AbortController().signal };
    for (const target of [refused, unknown])
      expect(await target.send(dispatch, context)).toMatchObject({ outcome: 'failed', ambiguous: false });
  });

  it('does not take a success that GitHub never gives for one', async () => {
    const { send } = await github({ status: 200, body: '<html>log in</html>' }, { status: 200, body: '<html>log in</html>' });
    expect(await send(dispatch)).toMatchObject({ outcome: 'failed', ambiguous: true });
    expect(await send(start)).toMatchObject({ outcome: 'failed', ambiguous: true });
  });

  it('checks the limits once more and sends nothing over them', async () => {
    const { send, requests } = await github();
    const request = { ...dispatch, client_payload: { big: 'x'.repeat(60_001) } };
    expect(await send(request)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('60000') });
    expect(requests).toHaveLength(0);
  });
});

describe('rate limits', () => {
  const limit = (headers: Record<string, string>, status = 403) => ({ status, headers, body: { message: 'API rate limit exceeded' } });

  it.each([
    ['seconds', limit({ 'retry-after': '30' }), NOW + 30_000],
    ['a date', limit({ 'retry-after': new Date(NOW + 90_000).toUTCString() }, 429), NOW + 90_000],
    [
      'the reset of the allowance',
      limit({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 1800) }),
      NOW + 1_800_000,
    ],
    ['nothing: a minute', limit({}, 429), NOW + 60_000],
    ['a secondary limit without a time', { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } }, NOW + 60_000],
  ])('waits for what GitHub names: %s', async (_what, answer, until) => {
    const { send } = await github(answer);
    expect(await send()).toMatchObject({ outcome: 'limited', until });
  });

  it('gives whole milliseconds, whatever the header says', async () => {
    const { send } = await github(limit({ 'retry-after': '0.12345' }, 429));
    expect(await send()).toMatchObject({ outcome: 'limited', until: NOW + 124 });
  });

  it('does not believe a reset that lies years ahead', async () => {
    const { send } = await github(limit({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999' }));
    expect(await send()).toMatchObject({ outcome: 'limited', until: NOW + 60_000 });
  });

  it('waits longer each time when GitHub names no time', async () => {
    const { send } = await github(limit({}, 429), limit({}, 429));
    expect(await send(dispatch, undefined, 1)).toMatchObject({ until: NOW + 120_000 });
    expect(await send(dispatch, undefined, 20)).toMatchObject({ until: NOW + 3_600_000 });
  });

  it('holds the credential back when a success used up the allowance', async () => {
    const { send } = await github({ status: 204, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 60) } });
    expect(await send()).toMatchObject({ outcome: 'delivered', throttledUntil: NOW + 60_000 });
  });

  it('keeps Retry-After of a 503 as a floor', async () => {
    const { send } = await github({ status: 503, headers: { 'retry-after': '120' }, body: {} });
    expect(await send()).toMatchObject({ outcome: 'failed', ambiguous: true, notBefore: NOW + 120_000 });
  });
});

describe('looking for the run of an unclear attempt', () => {
  const run = (id: number, title: string) => ({ id, display_title: title, html_url: `https://github.example/runs/${id}` });

  it('finds it by the delivery id in its title', async () => {
    const { look, requests } = await github({
      status: 200,
      body: { total_count: 2, workflow_runs: [run(1, 'Deploy d-2'), run(2, 'Deploy d-1 now')] },
    });
    expect(await look()).toEqual({ outcome: 'found', run: { id: '2', url: 'https://github.example/runs/2' } });
    const url = new URL(requests[0]?.url ?? '', 'http://x');
    expect(url.pathname).toBe('/repos/acme/deploy/actions/runs');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      event: 'repository_dispatch',
      created: `>=${new Date(NOW).toISOString()}`,
    });
  });

  it('looks on every page', async () => {
    const full = { total_count: 101, workflow_runs: Array.from({ length: 100 }, (_, i) => run(i, 'other')) };
    const { look, requests } = await github(
      { status: 200, body: full },
      { status: 200, body: { total_count: 101, workflow_runs: [run(7, 'd-1')] } },
    );
    expect(await look(start)).toMatchObject({ outcome: 'found', run: { id: '7' } });
    expect(requests.map((request) => request.url.split('?')[0])).toEqual(
      Array(2).fill('/repos/acme/deploy/actions/workflows/deploy.yml/runs'),
    );
  });

  it('says when there is none', async () => {
    const { look } = await github({ status: 200, body: { total_count: 0, workflow_runs: [] } });
    expect(await look()).toEqual({ outcome: 'not_found' });
  });

  it('says when it may not look, and when it could not', async () => {
    const { look } = await github(
      { status: 403, body: { message: 'Resource not accessible' } },
      { status: 502, body: {} },
      { status: 429, headers: { 'retry-after': '5' }, body: {} },
    );
    expect(await look()).toMatchObject({ outcome: 'unknowable' });
    expect(await look()).toMatchObject({ outcome: 'failed' });
    expect(await look()).toMatchObject({ outcome: 'limited', until: NOW + 5_000 });
  });
});
