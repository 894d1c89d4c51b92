import { describe, expect, it } from 'vitest';
import type { GitHubCredentials } from '../../../receiver/github/credentials.ts';
import { githubRunSource } from '../../../receiver/github/run-source.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import type { RunSearch } from '../../../receiver/watch/run-source.ts';
import { type ScriptedAnswer, scriptedServer } from '../../stand-ins/scripted-server.ts';

const NOW = 1_800_000_000_000;
const signal = new AbortController().signal;

const run = (id: number, changes: object = {}) => ({
  id,
  run_attempt: 1,
  event: 'repository_dispatch',
  status: 'in_progress',
  conclusion: null,
  display_title: `Deploy d-${id}`,
  html_url: `https://github.example/runs/${id}`,
  created_at: '2027-01-15T08:00:00Z',
  run_started_at: '2027-01-15T08:00:01Z',
  updated_at: '2027-01-15T08:00:02Z',
  ...changes,
});
const at = (time: number) => new Date(time).toISOString();
const page = (from: number, count: number) => ({ workflow_runs: Array.from({ length: count }, (_, at) => run(from + at)) });
const question: RunSearch = { repository: 'acme/deploy', event: 'repository_dispatch', workflow: null, since: NOW, enough: () => false };

async function source(...answers: ScriptedAnswer[]) {
  const server = await scriptedServer(...answers);
  return sourceAt(server.url, tokenCredentials('ghp_x'), server.requests);
}

function sourceAt(apiUrl: string, credentials: GitHubCredentials, requests: { url: string; headers: object }[]) {
  const runs = githubRunSource({ credentials, apiUrl, fetch, now: () => NOW });
  return {
    requests,
    get: (etag?: string) => runs.get('acme/deploy', '42', etag, signal),
    list: (changes: Partial<RunSearch> = {}, etag?: string) => runs.listSince({ ...question, ...changes }, etag, signal),
  };
}

describe('asking for one run', () => {
  it('reads what GitHub documents', async () => {
    const answer = run(42, { status: 'completed', conclusion: 'failure', run_attempt: 3 });
    const { get, requests } = await source({ status: 200, headers: { etag: 'W/"1"' }, body: answer });
    expect(await get()).toEqual({
      outcome: 'found',
      complete: true,
      etag: 'W/"1"',
      reports: [
        {
          repository: 'acme/deploy',
          runId: '42',
          url: 'https://github.example/runs/42',
          title: 'Deploy d-42',
          event: 'repository_dispatch',
          status: 'completed',
          conclusion: 'failure',
          attempt: 3,
          createdAt: NOW,
          startedAt: NOW + 1_000,
          endedAt: NOW + 2_000,
        },
      ],
    });
    expect(requests).toMatchObject([{ url: '/repos/acme/deploy/actions/runs/42', headers: { authorization: 'token ghp_x' } }]);
    expect(requests[0]?.headers).not.toHaveProperty('if-none-match');
  });

  it('shows the ETag and takes 304 for an answer', async () => {
    const { get, requests } = await source({ status: 304, headers: { etag: 'W/"1"' } });
    expect(await get('W/"1"')).toEqual({ outcome: 'not_modified' });
    expect(requests).toMatchObject([{ headers: { 'if-none-match': 'W/"1"' } }]);
  });

  it('tells that the allowance is used up, though there was an answer', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 60) };
    const { get } = await source({ status: 200, headers, body: run(42) });
    expect(await get()).toMatchObject({ outcome: 'found', throttledUntil: NOW + 60_000 });
  });

  it.each([
    [401, 'Bad credentials', /GITHUB_TOKEN has expired or was revoked/],
    [403, 'Resource not accessible by personal access token', /GITHUB_TOKEN needs the permission "Actions: read" for acme\/deploy/],
    [404, 'Not Found', /It is gone, or GITHUB_TOKEN needs/],
  ])('is refused by %i (%s) and says what to fix', async (status, message, hint) => {
    const { get } = await source({ status, body: { message } });
    expect(await get()).toMatchObject({ outcome: 'refused', status, detail: expect.stringMatching(hint) });
  });

  it('waits longer for each limit in a row that names no time', async () => {
    const limit = { status: 429, body: { message: 'rate limit' } };
    const { get } = await source(limit, limit, { status: 200, body: run(42) }, limit);
    expect(await get()).toMatchObject({ outcome: 'limited', until: NOW + 60_000 });
    expect(await get()).toMatchObject({ outcome: 'limited', until: NOW + 120_000 });
    expect(await get()).toMatchObject({ outcome: 'found' });
    expect(await get()).toMatchObject({ outcome: 'limited', until: NOW + 60_000 });
  });

  it.each([
    ['an error of the server', { status: 502, body: 'oops' }],
    ['a broken connection', 'reset'],
    ['an unexpected response', { status: 200, body: '<html>log in</html>' }],
    ['a run without what every run has', { status: 200, body: { ...run(42), html_url: undefined } }],
  ] as const)('fails with %s', async (_what, answer) => {
    const { get } = await source(answer);
    expect(await get()).toMatchObject({ outcome: 'failed', ambiguous: false });
  });

  it('says that there was no token', async () => {
    const credentials: GitHubCredentials = {
      kind: 'app',
      credentialFor: () => 'app',
      token: () => Promise.reject(new Error('no network')),
    };
    const { get } = sourceAt('http://unused.invalid', credentials, []);
    expect(await get()).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('no token for acme/deploy') });
  });
});

describe('listing runs', () => {
  it('asks for the runs of the event since then, in whole seconds', async () => {
    const { list, requests } = await source({ status: 200, body: page(1, 0) }, { status: 200, body: page(1, 0) });
    await list({ since: NOW + 1_999 });
    await list({ event: 'workflow_dispatch', workflow: 'train.yml' });
    const created = (at: number) => encodeURIComponent(`>=${new Date(at).toISOString()}`);
    expect(requests.map(({ url }) => url)).toEqual([
      `/repos/acme/deploy/actions/runs?event=repository_dispatch&created=${created(NOW + 1_000)}&per_page=100&page=1`,
      `/repos/acme/deploy/actions/workflows/train.yml/runs?event=workflow_dispatch&created=${created(NOW)}&per_page=100&page=1`,
    ]);
  });

  it('turns pages until the end, and shows the ETag on the first only', async () => {
    const { list, requests } = await source(
      { status: 200, headers: { etag: 'W/"first"' }, body: page(1, 100) },
      { status: 200, headers: { etag: 'W/"second"' }, body: page(101, 7) },
    );
    const answer = await list({}, 'W/"old"');
    expect(answer).toMatchObject({ outcome: 'found', complete: true, etag: 'W/"first"' });
    expect(answer.outcome === 'found' && answer.reports).toHaveLength(107);
    expect(requests.map(({ headers }) => 'if-none-match' in headers)).toEqual([true, false]);
  });

  it('stops when what was found will do', async () => {
    const { list, requests } = await source({ status: 200, body: page(1, 100) });
    const enough: RunSearch['enough'] = (reports) => reports.some(({ runId }) => runId === '50');
    expect(await list({ enough })).toMatchObject({ outcome: 'found', complete: false });
    expect(requests).toHaveLength(1);
  });

  it('goes on from the oldest run where GitHub lists no more for one search', async () => {
    const full = Array.from({ length: 10 }, (_, at) => ({ status: 200, body: page(at * 100 + 1, 100) }));
    const { list, requests } = await source(...full, { status: 200, body: page(1_000, 5) });

    const answer = await list();

    // One run is on both sides.
    expect(answer).toMatchObject({ outcome: 'found', complete: true });
    expect(answer.outcome === 'found' && answer.reports).toHaveLength(1_004);
    const asked = requests.map(({ url }) => new URL(url, 'http://x').searchParams);
    expect(asked.slice(9).map((query) => [query.get('created'), query.get('page')])).toEqual([
      [`>=${at(NOW)}`, '10'],
      [`${at(NOW)}..${at(NOW)}`, '1'],
    ]);
  });

  it('says when more runs were created in one second than GitHub lists', async () => {
    const { list, requests } = await source(...Array.from({ length: 20 }, (_, at) => ({ status: 200, body: page(at * 100 + 1, 100) })));
    expect(await list()).toMatchObject({ outcome: 'found', complete: false });
    expect(requests).toHaveLength(20);
  });
});
