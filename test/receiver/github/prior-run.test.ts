import { describe, expect, it } from 'vitest';
import { githubClient } from '../../../receiver/github/client.ts';
import { findPriorRun } from '../../../receiver/github/prior-run.ts';
import type { TimeWindow } from '../../../receiver/outbox/target.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { newRunBook, type RunBook, startRun, wantedRuns } from '../../stand-ins/github-runs.ts';
import { context, dispatch, NOW } from './github-in-test.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ID = context.deliveryId;
const WORKFLOW = { repository: 'acme/deploy', file: 'deploy.yml', namesRuns: true } as const;

/** GitHub's runs, with its limit of a thousand for one search; every request's query and the clock of its answers. */
function busyGitHub() {
  let at = NOW;
  let aheadMs = 0;
  const book: RunBook = newRunBook(() => at);
  const queries: URLSearchParams[] = [];
  const client = githubClient({
    token: 'ghp_x',
    apiUrl: 'https://github.test',
    signal: new AbortController().signal,
    fetch: async (input) => {
      const url = new URL(String(input));
      queries.push(url.searchParams);
      const file = /workflows\/([^/]+)\/runs/.exec(url.pathname)?.[1];
      const body = wantedRuns(book, 'acme/deploy', { query: (name) => url.searchParams.get(name) ?? undefined }, file);
      return Response.json(body, { headers: { date: new Date(NOW + aheadMs).toUTCString() } });
    },
  });
  const search = (sentWithin: readonly TimeWindow[], request: DispatchRequest = dispatch) =>
    findPriorRun(client, request, { ...context, runsSince: NOW - 12 * HOUR, sentWithin }, () => NOW);
  return {
    queries,
    search,
    clockAhead: (ms: number) => {
      aheadMs = ms;
    },
    /** Starts runs, evenly between two moments; in order of time. */
    start: (count: number, from: number, to: number, id = 'another', event: DispatchRequest['kind'] = 'repository_dispatch') => {
      for (let run = 0; run < count; run++) {
        at = from + Math.floor(((to - from) * run) / count);
        startRun(book, 'https://github.test', WORKFLOW, event, id);
      }
    },
  };
}

describe('the search for the run of an ambiguous attempt', () => {
  it('finds it although more than a thousand runs have started since', async () => {
    const github = busyGitHub();
    const sent = NOW - 5 * HOUR;
    github.start(1, sent + 3_000, sent + 3_000, ID);
    github.start(1_500, NOW - 4 * HOUR, NOW);

    expect(await github.search([{ from: sent, to: sent + 10_000 }])).toMatchObject({ outcome: 'found' });
    expect(github.queries).toHaveLength(1);
  });

  it('finds that of a workflow_dispatch in the same way', async () => {
    const github = busyGitHub();
    const sent = NOW - 5 * HOUR;
    github.start(1, sent + 3_000, sent + 3_000, ID, 'workflow_dispatch');
    github.start(1_500, NOW - 4 * HOUR, NOW, 'another', 'workflow_dispatch');
    const request = { kind: 'workflow_dispatch', repository: 'acme/deploy', workflow: 'deploy.yml', ref: 'main', inputs: {} } as const;

    expect(await github.search([{ from: sent, to: sent + 10_000 }], request)).toMatchObject({ outcome: 'found' });
  });

  it('goes on where the window alone has more than a thousand', async () => {
    const github = busyGitHub();
    const sent = NOW - 5 * HOUR;
    github.start(1, sent + 1_000, sent + 1_000, ID);
    github.start(2_500, sent + 2_000, sent + 10 * MINUTE);

    expect(await github.search([{ from: sent, to: sent + 10_000 }])).toMatchObject({ outcome: 'found' });
    expect(github.queries.length).toBeLessThan(30);
  });

  it('looks in the windows of all ambiguous attempts, the latest first, and once where they overlap', async () => {
    const github = busyGitHub();
    const [first, second, third] = [NOW - 9 * HOUR, NOW - 5 * HOUR, NOW - 5 * HOUR + MINUTE];
    github.start(1, first + 3_000, first + 3_000, ID);
    github.start(3_000, NOW - 4 * HOUR, NOW);
    const windows = [first, second, third].map((from) => ({ from, to: from + 10_000 }));

    expect(await github.search(windows)).toMatchObject({ outcome: 'found' });
    expect(github.queries.map((query) => Date.parse(query.get('created')?.split('..')[0] ?? ''))).toEqual([
      second - 5 * MINUTE,
      first - 5 * MINUTE,
    ]);
  });

  it('knows that there is none, however many there are outside of the windows', async () => {
    const github = busyGitHub();
    github.start(3_000, NOW - 4 * HOUR, NOW);
    expect(await github.search([{ from: NOW - 6 * HOUR, to: NOW - 6 * HOUR + 1_000 }])).toEqual({ outcome: 'not_found' });
  });

  it.each([
    ['behind', -HOUR],
    ['ahead of', HOUR],
  ])('finds it when the clock of GitHub is far %s ours', async (_which, aheadMs) => {
    const github = busyGitHub();
    const sent = NOW - 5 * HOUR;
    // In the order of GitHub's times.
    const run = () => github.start(1, sent + aheadMs + 3_000, sent + aheadMs + 3_000, ID);
    run();
    github.clockAhead(aheadMs);
    expect(await github.search([{ from: sent, to: sent + 10_000 }])).toMatchObject({ outcome: 'found' });
  });

  it('cannot know when there are too many to read', async () => {
    const github = busyGitHub();
    const sent = NOW - 5 * HOUR;
    github.start(6_000, sent, sent + 10 * MINUTE);
    expect(await github.search([{ from: sent, to: sent + 10_000 }])).toMatchObject({ outcome: 'unknowable' });
    expect(github.queries).toHaveLength(50);
  });

  it('looks at all runs since, when nobody knows when it was sent', async () => {
    const github = busyGitHub();
    await github.search([]);
    expect(github.queries[0]?.get('created')).toBe(`>=${new Date(NOW - 12 * HOUR).toISOString()}`);
  });
});
