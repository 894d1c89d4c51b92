import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppOptions, appCredentials } from '../../../receiver/github/app-credentials.ts';
import { dispatchTarget } from '../../../receiver/github/dispatch-target.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { type GitHubStandIn, startGitHub } from '../../stand-ins/github.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';

const dispatch: DispatchRequest = {
  kind: 'repository_dispatch',
  repository: 'acme/deploy',
  event_type: 'go',
  client_payload: { delivery_id: 'd-1' },
};
const start: DispatchRequest = { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', inputs: {} };
const context = { deliveryId: 'd-1', eventId: 'e1', conversation: null, attempts: 0, signal: new AbortController().signal };

describe('a GitHub App', () => {
  let github: GitHubStandIn;
  beforeAll(async () => {
    github = await startGitHub({
      repositories: ['acme/deploy'],
      workflows: [{ repository: 'acme/deploy', file: 'deploy.yml', types: ['go'], inputs: [], namesRuns: true }],
      appId: 4242,
    });
  });
  afterAll(() => github.close());

  const credentialsWith = (changes: Partial<AppOptions> = {}) =>
    appCredentials({ appId: '4242', privateKey: github.appKey ?? '', apiUrl: github.url, fetch, now: Date.now, ...changes });
  const app = (appId = '4242') => {
    const credentials = credentialsWith({ appId });
    return { credentials, target: dispatchTarget({ credentials, apiUrl: github.url, fetch, now: Date.now }) };
  };

  it('asks for a token for the one repository and the one permission, and keeps it', async () => {
    const { target } = app();
    const before = github.appTokens.length;
    expect(await target.send(dispatch, context)).toMatchObject({ outcome: 'delivered' });
    expect(await target.send(dispatch, context)).toMatchObject({ outcome: 'delivered' });
    expect(await target.send(start, context)).toMatchObject({ outcome: 'delivered' });
    expect(await target.findPrior(dispatch, { ...context, runsSince: 0, sentWithin: [] })).toMatchObject({ outcome: 'found' });
    expect(github.appTokens.slice(before)).toMatchObject([
      { repositories: ['deploy'], permissions: { contents: 'write' } },
      { repositories: ['deploy'], permissions: { actions: 'write' } },
      { repositories: ['deploy'], permissions: { actions: 'read' } },
    ]);
  });

  it.each([
    [{}, 'installation'],
    [{ id: 1 }, 'token'],
  ])('says that a server which answers %j is not GitHub', async (body, missing) => {
    const server = await scriptedServer({ status: 200, body }, { status: 201, body: { token: null } });
    const target = dispatchTarget({ credentials: credentialsWith({ apiUrl: server.url }), apiUrl: server.url, fetch, now: Date.now });
    expect(await target.send(dispatch, context)).toMatchObject({
      outcome: 'failed',
      ambiguous: false,
      detail: expect.stringContaining(`the answer has no ${missing}: does GITHUB_API_URL point to GitHub's API?`),
    });
  });

  it('asks for another token shortly before the first one ends', async () => {
    let now = Date.now();
    const credentials = credentialsWith({ now: () => now });
    const first = await credentials.token('acme/deploy', { contents: 'write' });
    now += 57 * 60_000;
    expect(await credentials.token('acme/deploy', { contents: 'write' })).toEqual(first);
    now += 2 * 60_000;
    expect((await credentials.token('acme/deploy', { contents: 'write' })).token).not.toBe(first.token);
  });

  it('asks once for what is wanted twice at the same moment', async () => {
    const credentials = credentialsWith();
    const before = github.appTokens.length;
    const tokens = await Promise.all([1, 2, 3].map(() => credentials.token('acme/deploy', { contents: 'write' })));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(github.appTokens.length).toBe(before + 1);
  });

  it('does not wait for what another part of the process has asked and never hears of', async () => {
    const asked = Promise.withResolvers<void>();
    const lost = credentialsWith({
      fetch: async (input, init) => {
        if (!String(input).endsWith('/access_tokens')) return fetch(input, init);
        asked.resolve();
        return new Promise(() => {});
      },
    });
    void lost.token('acme/deploy', { contents: 'write' });
    await asked.promise;
    expect(await credentialsWith().token('acme/deploy', { contents: 'write' })).toMatchObject({ token: expect.any(String) });
  });

  it('asks again after a failure', async () => {
    let fails = true;
    const credentials = credentialsWith({
      fetch: async (input, init) => (fails ? new Response('{"message":"down"}', { status: 500 }) : fetch(input, init)),
    });
    await expect(credentials.token('acme/deploy', { contents: 'write' })).rejects.toThrow();
    fails = false;
    expect(await credentials.token('acme/deploy', { contents: 'write' })).toMatchObject({ token: expect.any(String) });
  });

  it('counts every repository of an account against one credential', () => {
    const { credentials } = app();
    expect(credentials.credentialFor('acme/deploy')).toBe(credentials.credentialFor('Acme/other'));
    expect(credentials.credentialFor('acme/deploy')).not.toBe(credentials.credentialFor('other/deploy'));
  });

  it('says when it is not installed on a repository', async () => {
    const result = await app().target.send({ ...dispatch, repository: 'acme/elsewhere' }, context);
    expect(result).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('not installed on acme/elsewhere') });
  });

  it('says when its id and key do not belong together', async () => {
    const result = await app('9999').target.send(dispatch, context);
    expect(result).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY') });
  });
});
