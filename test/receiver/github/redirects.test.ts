import { describe, expect, it } from 'vitest';
import { commitStatusTarget } from '../../../receiver/github/commit-status-target.ts';
import { githubRunSource } from '../../../receiver/github/run-source.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';
import { context, dispatch, targetAt } from './github-in-test.ts';

const moved = (location: string, status = 301): ScriptedAnswer => ({
  status,
  headers: { location },
  body: { message: 'Moved Permanently' },
});
const identity: ScriptedAnswer = { status: 200, body: { id: 1296269, full_name: 'acme/new' } };
const DISPATCHES = '/repositories/1296269/dispatches';

describe('a repository that has another name', () => {
  it.each([301, 307, 308])('gets the same request after a %i, and is reported by its new name', async (status) => {
    const server = await scriptedServer(moved(DISPATCHES, status), { status: 204 }, identity);
    const { send, log, repositories } = targetAt(server.url);
    expect(await send()).toEqual({
      outcome: 'delivered',
      status: 204,
      run: null,
      detail: 'dispatched go to acme/deploy; acme/deploy is now acme/new: change it in the config',
    });
    const sent = {
      method: 'POST',
      headers: { authorization: 'token ghp_x' },
      body: { event_type: 'go', client_payload: { delivery_id: 'd-1' } },
    };
    expect(server.requests).toMatchObject([
      { ...sent, url: '/repos/acme/deploy/dispatches' },
      { ...sent, url: DISPATCHES },
      { method: 'GET', url: '/repositories/1296269' },
    ]);
    expect(log).toMatchObject([{ level: 'warn', message: 'acme/deploy is now acme/new: change it in the config' }]);
    expect(repositories).toEqual([['acme/deploy', '1296269']]);
  });

  it('is asked for its name once, and reported in the log once', async () => {
    const server = await scriptedServer(moved(DISPATCHES), { status: 204 }, identity, moved(DISPATCHES), { status: 204 });
    const { send, log } = targetAt(server.url);
    await send();
    expect(await send()).toMatchObject({ outcome: 'delivered', detail: expect.stringContaining('acme/deploy is now acme/new') });
    expect(server.requests).toHaveLength(5);
    expect(log).toHaveLength(1);
  });

  it.each(['/repos/acme/%zz%ff/dispatches', '//relay:password@HOST/repositories/7/dispatches'])(
    'gets the request once after a redirect to an odd address: %s',
    async (location) => {
      const headers = { location };
      const server = await scriptedServer({ status: 301, headers, body: {} }, { status: 204 }, { status: 404, body: {} });
      headers.location = location.replace('HOST', new URL(server.url).host);
      const { send, repositories } = targetAt(server.url);
      expect(await send()).toMatchObject({ outcome: 'delivered', detail: expect.stringContaining('acme/deploy has another name now') });
      expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET']);
      expect(server.requests[1]?.headers).toMatchObject({ authorization: 'token ghp_x' });
      expect(repositories).toEqual(location.includes('HOST') ? [['acme/deploy', '7']] : []);
    },
  );

  it('is reported when its new name cannot be read', async () => {
    const server = await scriptedServer(moved(DISPATCHES), { status: 204 }, { status: 404, body: {} });
    const { send, repositories } = targetAt(server.url);
    expect(await send()).toMatchObject({ detail: expect.stringContaining('acme/deploy has another name now (its id is 1296269)') });
    expect(repositories).toEqual([['acme/deploy', '1296269']]);
  });

  it('is reported also when the request was refused there', async () => {
    const server = await scriptedServer(moved(DISPATCHES), { status: 422, body: { message: 'no' } }, identity);
    expect(await targetAt(server.url).send()).toMatchObject({
      outcome: 'refused',
      status: 422,
      detail: expect.stringContaining('acme/deploy is now acme/new'),
    });
  });

  it('is not reported when only the address is another one', async () => {
    const server = await scriptedServer(
      moved(DISPATCHES),
      { status: 204 },
      { status: 200, body: { id: 1296269, full_name: 'Acme/Deploy' } },
    );
    const { send, log } = targetAt(server.url);
    expect(await send()).toMatchObject({ detail: 'dispatched go to acme/deploy' });
    expect(log).toEqual([]);
  });

  it('gets statuses of commits, and tells about its runs', async () => {
    const run = {
      id: 42,
      event: 'repository_dispatch',
      status: 'queued',
      html_url: 'https://github.example/acme/new/runs/42',
      created_at: '2027-01-15T08:00:00Z',
      repository: { id: 1296269 },
    };
    const server = await scriptedServer(
      moved('/repositories/1296269/statuses/abc'),
      { status: 201, body: {} },
      identity,
      moved('/repositories/1296269/actions/runs/42'),
      { status: 200, body: run },
    );
    const { options } = targetAt(server.url);
    const status = {
      kind: 'commit_status',
      repository: 'acme/deploy',
      sha: 'abc',
      state: 'success',
      context: 'x',
      description: '',
      target_url: null,
    } as const;
    expect(await commitStatusTarget(options).send(status, context)).toMatchObject({
      outcome: 'delivered',
      detail: expect.stringContaining('acme/deploy is now acme/new'),
    });
    expect(await githubRunSource(options).get('acme/deploy', '42', undefined, context.signal)).toMatchObject({
      outcome: 'found',
      reports: [{ repository: 'acme/deploy', repositoryId: '1296269', runId: '42' }],
    });
  });

  it('is followed three times and no more', async () => {
    const three = [moved('/a', 307), moved('/b', 307), moved(DISPATCHES, 307)];
    const enough = await scriptedServer(...three, { status: 204 }, identity);
    expect(await targetAt(enough.url).send()).toMatchObject({ outcome: 'delivered' });
    const tooMany = await scriptedServer(...three, moved('/c', 307), { status: 204 });
    expect(await targetAt(tooMany.url).send()).toMatchObject({
      outcome: 'refused',
      status: 307,
      detail: expect.stringContaining('more than 3 redirects'),
    });
    expect(tooMany.requests).toHaveLength(4);
  });

  it('is never followed to another server, port or scheme: the request carries a token', async () => {
    const elsewhere = await scriptedServer({ status: 204 });
    const { port } = new URL(elsewhere.url);
    for (const location of [elsewhere.url, `//localhost:${port}/`, 'https://127.0.0.1/', `https://127.0.0.1:${port}/x`]) {
      const server = await scriptedServer(moved(location));
      expect(await targetAt(server.url).send()).toMatchObject({
        outcome: 'refused',
        status: 301,
        detail: expect.stringContaining('to another server'),
      });
    }
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([
    ['302', moved('/login', 302), /a redirect to \/login, which GitHub's API does not give\. .*\/api\/v3/],
    ['303', moved('/login', 303), /a redirect to \/login/],
    ['without an address', { status: 301, body: {} } as const, /a redirect that names no address/],
  ])('is not looked for behind a redirect that GitHub does not give: %s', async (_what, answer, detail) => {
    const server = await scriptedServer(answer, { status: 204 });
    expect(await targetAt(server.url).send(dispatch)).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(detail) });
    expect(server.requests).toHaveLength(1);
  });
});
