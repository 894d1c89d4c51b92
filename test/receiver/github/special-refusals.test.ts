import { describe, expect, it } from 'vitest';
import { addressHint, pageWords } from '../../../receiver/github/special-refusals.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { endlessServer } from '../../stand-ins/endless.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';
import { context, dispatch, NOW, targetAt } from './github-in-test.ts';

const forbidden = (message: string, headers: Record<string, string> = {}): ScriptedAnswer => ({ status: 403, headers, body: { message } });

describe('a refusal with a cause of its own', () => {
  it.each<[string, ScriptedAnswer, RegExp]>([
    [
      'SAML single sign-on',
      forbidden(
        'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      ),
      /acme requires SAML single sign-on: authorize the token for acme/,
    ],
    ['single sign-on, by its header', forbidden('No.', { 'x-github-sso': 'required; url=https://github.com/x' }), /single sign-on/],
    [
      'an archived repository',
      forbidden('Repository was archived so is read-only.'),
      /acme\/deploy is archived and read-only: unarchive it/,
    ],
    [
      'an IP allow list',
      forbidden(
        'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
      ),
      /acme has an IP allow list: add the address/,
    ],
    [
      'a server without /api/v3',
      { status: 404, body: '<!DOCTYPE html><title>Page not found · GitHub Enterprise</title>' },
      /ends in \/api\/v3: http:\/\/127/,
    ],
    [
      'a server without /api/v3 that says nothing',
      { status: 404, headers: { 'content-type': 'text/plain' }, body: '' },
      /ends in \/api\/v3/,
    ],
    [
      'a login page',
      { status: 401, body: '<html><head><title>Sign in\n to acme</title>' },
      /an HTML page, "Sign in to acme"\. An HTML page came instead/,
    ],
    [
      'a page with another content type',
      { status: 403, headers: { 'content-type': 'text/plain' }, body: '\n<!doctype html>' },
      /an HTML page\. An HTML page came/,
    ],
    [
      'a page of a content type that clients do not read',
      {
        status: 403,
        headers: { 'content-type': 'application/xhtml+xml' },
        body: '<?xml version="1.0"?><html><title>Blocked</title></html>',
      },
      /an HTML page, "Blocked"\. An HTML page came/,
    ],
    [
      'an archived repository, by another status',
      { status: 422, body: { message: 'Repository is archived' } },
      /acme\/deploy is archived and read-only/,
    ],
  ])('says what to do: %s', async (_what, answer, hint) => {
    const server = await scriptedServer(answer);
    const result = await targetAt(server.url).send();
    expect(result).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(hint) });
    expect(result.detail).not.toMatch(/<|Contents: read and write/);
  });

  it.each<[string, ScriptedAnswer]>([
    ['of HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: '<title>Sign in</title>' }],
    ['of no type', { status: 200, headers: { 'content-type': '' }, body: '\n<!DOCTYPE html><title>Sign in</title>' }],
  ])('is seen in a page %s that comes as a success, whatever was asked', async (_what, page) => {
    const server = await scriptedServer(page, page);
    const { send, target } = targetAt(server.url);
    const detail = expect.stringMatching(/answered 200: an HTML page, "Sign in"\. An HTML page came .*\/api\/v3: http:\/\/127/);
    expect(await send()).toEqual({ outcome: 'failed', status: 200, ambiguous: true, detail });
    expect(await target.findPrior(dispatch, { ...context, runsSince: NOW, sentWithin: [] })).toEqual({
      outcome: 'failed',
      status: 200,
      ambiguous: false,
      detail,
    });
  });

  it.each([{}, [], 'null'])('is seen in JSON that is not what was asked for: %j', async (body) => {
    const headers = { 'content-type': 'application/json' };
    const server = await scriptedServer({ status: 200, headers, body });
    const { target } = targetAt(server.url);
    expect(await target.findPrior(dispatch, { ...context, runsSince: NOW, sentWithin: [] })).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining("the answer has no list of runs: does GITHUB_API_URL point to GitHub's API?"),
    });
  });

  it('is not seen in what only mentions the words', async () => {
    const start = { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'd.yml', ref: 'archived', inputs: {} } as const;
    const server = await scriptedServer({ status: 422, body: { message: 'No ref found for: archived' } });
    expect(await targetAt(server.url).send(start)).toMatchObject({ detail: expect.stringContaining('on: workflow_dispatch') });
  });

  it.each([
    ['https://github.com/repos/acme/deploy', /set GITHUB_API_URL to https:\/\/api\.github\.com/],
    ['https://ghe.example:8443/repos/acme/deploy', /: https:\/\/ghe\.example:8443\/api\/v3$/],
    ['https://ghe.example/api/v3/repos/acme/deploy', /^does GITHUB_API_URL point to GitHub, and does a proxy/],
    ['https://api.acme.ghe.com/repos/acme/deploy', /^does GITHUB_API_URL point to GitHub, and does a proxy/],
  ])('knows what may be wrong with %s', (url, hint) => {
    expect(addressHint(url)).toMatch(hint);
  });

  it('shows no more of a page than its title, on one line', () => {
    expect(pageWords(`<title>${'a\u001b[31m '.repeat(100)}</title>`)).toMatch(/^an HTML page, "[^\p{Cc}]{1,100}"$/u);
    expect(pageWords('<html>')).toBe('an HTML page');
  });
});

describe('what GitHub says', () => {
  it.each([
    ['JSON', (token: string) => ({ message: `no: ${token}` })],
    ['text', (token: string) => `no: ${token}`],
    ['a page', (token: string) => `<title>no: ${token}</title>`],
    ['details', (token: string) => ({ message: 'no', errors: [{ value: token }] })],
  ])('is cut only after secrets were taken out of it: %s', async (what, body) => {
    const token = `ghs_${'t'.repeat(900)}`;
    const headers = { 'content-type': what === 'text' ? 'text/plain' : what === 'a page' ? 'text/html' : 'application/json' };
    const server = await scriptedServer({ status: 422, headers, body: body(token) });
    const { detail } = await targetAt(server.url, { redact: redactorOf([token]).text }).send();
    expect(detail).toContain('[redacted]');
    expect(detail).not.toContain('ttt');
  });
});

describe('an answer that never ends', () => {
  it.each([false, true])('is a refusal by its status (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 403, gzip });
    const result = await targetAt(server.url).send();
    expect(result).toMatchObject({ outcome: 'refused', status: 403 });
    expect(result.detail.length).toBeLessThan(1_000);
    await server.left;
  });

  it.each([false, true])('leaves open what a success meant (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 200, gzip });
    expect(await targetAt(server.url).send()).toMatchObject({
      outcome: 'failed',
      ambiguous: true,
      detail: expect.stringContaining('the response is longer than'),
    });
    await server.left;
  });
});

describe('a time to wait that makes no sense', () => {
  const answers = (headers: Record<string, string>): ScriptedAnswer[] => [
    { status: 429, headers, body: {} },
    { status: 403, headers, body: { message: 'You have exceeded a secondary rate limit.' } },
    { status: 503, headers, body: {} },
  ];

  it.each(['1e300', 'Infinity', '-1', '-1e300', 'NaN', '99999999999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', 'Fri, 99 Foo 9999'])(
    'is no reason to wait for longer than two hours, or not at all: %s',
    async (value) => {
      const server = await scriptedServer(...answers({ 'retry-after': value }));
      const { send } = targetAt(server.url);
      for (const outcome of ['limited', 'limited', 'failed']) {
        const result = await send(dispatch);
        expect(result.outcome).toBe(outcome);
        const until = result.outcome === 'limited' ? result.until : result.outcome === 'failed' ? (result.notBefore ?? NOW) : Number.NaN;
        expect(Number.isInteger(until)).toBe(true);
        expect(until - NOW).toBeLessThanOrEqual(2 * 3_600_000);
        expect(until - NOW).toBeGreaterThanOrEqual(outcome === 'limited' ? 60_000 : 0);
      }
    },
  );

  it.each(['1e300', 'Infinity', '-5', 'NaN', '0', '99999999999'])('is none as a reset of the allowance: %s', async (reset) => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    const server = await scriptedServer({ status: 429, headers, body: {} }, { status: 204, headers });
    const { send } = targetAt(server.url);
    expect(await send()).toMatchObject({ outcome: 'limited', until: NOW + 60_000 });
    expect(await send()).not.toHaveProperty('throttledUntil');
  });
});

describe('a failure that another attempt may get past', () => {
  // Dispatches get a 409 while a repository is being changed; 408 and 425 are the server's wish to be asked again.
  it.each([408, 409, 425])('%i is retried, as not ambiguous: it had no effect', async (status) => {
    const server = await scriptedServer({ status, headers: { 'retry-after': '7' }, body: { message: 'busy' } });
    expect(await targetAt(server.url).send()).toEqual({
      outcome: 'failed',
      status,
      ambiguous: false,
      detail: `GitHub answered ${status}: busy`,
      notBefore: NOW + 7_000,
    });
  });
});
