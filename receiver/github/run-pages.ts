import type { Octokit } from '@octokit/rest';
import type { DispatchRequest } from '../../src/route/target.ts';
import { ownerAndRepo } from './client.ts';
import { expectInAnswer } from './page-answer.ts';

export interface RunSearch {
  readonly repository: string;
  readonly event: DispatchRequest['kind'];
  /** Only runs of this workflow's file; `null`: of all. */
  readonly workflow: string | null;
  /** Runs that were created then or later, in milliseconds since 1970 by GitHub's clock. */
  readonly since: number;
  /** And then or earlier; left out: until now. */
  readonly until?: number;
}

/** One page of the runs that dispatches started. */
export interface RunPage {
  readonly runs: RunList['workflow_runs'];
  readonly headers: RunListResponse['headers'];
  /** There is nothing after this page. */
  readonly last: boolean;
}

type RunListResponse = Awaited<ReturnType<Octokit['rest']['actions']['listWorkflowRuns']>>;
type RunList = RunListResponse['data'];

const RUNS_PER_PAGE = 100;
/** GitHub lists at most 1,000 runs for one search (REST API, "List workflow runs for a repository"). */
const PAGES_PER_SEARCH = 10;
/** So many pages are read, whatever GitHub has: a search must end within the time of an attempt. */
const MOST_PAGES = 50;
export const MOST_RUNS = MOST_PAGES * RUNS_PER_PAGE;

/**
 * Asks for runs page by page, newest first. Where GitHub lists no more for one search, the next one goes on from the oldest
 * run so far; a run may come twice then. Rejects with the request error of GitHub.
 *
 * @param etag of an earlier first page: GitHub answers 304, which Octokit throws, when that page is as it was
 */
export async function* runPages(client: Octokit, search: RunSearch, etag?: string): AsyncGenerator<RunPage, void> {
  let until = search.until;
  let page = 1;
  for (let pages = 1; pages <= MOST_PAGES; pages++) {
    const response = await runPage(client, { ...search, ...(until === undefined ? {} : { until }) }, page, pages === 1 ? etag : undefined);
    const runs = response.data?.workflow_runs;
    expectInAnswer(Array.isArray(runs), 'list of runs');
    const last = runs.length < RUNS_PER_PAGE;
    yield { runs, headers: response.headers, last };
    if (last) return;
    if (page++ < PAGES_PER_SEARCH) continue;
    const oldest = Math.min(...runs.map(({ created_at }) => Date.parse(created_at)));
    // More runs in one second than GitHub lists: nobody gets to what is before them.
    if (Number.isNaN(oldest) || (until !== undefined && oldest >= wholeSecondsUp(until))) return;
    until = oldest;
    page = 1;
  }
}

function runPage(client: Octokit, search: RunSearch, page: number, etag: string | undefined): Promise<RunListResponse> {
  const parameters = {
    ...ownerAndRepo(search.repository),
    event: search.event,
    created: createdIn(search),
    per_page: RUNS_PER_PAGE,
    page,
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  };
  return search.workflow === null
    ? client.rest.actions.listWorkflowRunsForRepo(parameters)
    : client.rest.actions.listWorkflowRuns({ ...parameters, workflow_id: search.workflow });
}

/** GitHub's syntax for dates, both ends included ("Understanding the search syntax"). The times of runs are whole seconds. */
function createdIn({ since, until }: RunSearch): string {
  const from = new Date(Math.floor(since / 1000) * 1000).toISOString();
  return until === undefined ? `>=${from}` : `${from}..${new Date(wholeSecondsUp(until)).toISOString()}`;
}

function wholeSecondsUp(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000) * 1000;
}
