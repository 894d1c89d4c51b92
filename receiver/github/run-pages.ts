import type { Octokit } from '@octokit/rest';
import type { DispatchRequest } from '../../src/route/target.ts';
import { ownerAndRepo } from './client.ts';
import { expectInAnswer } from './page-answer.ts';

export interface RunSearch {
  readonly repository: string;
  readonly event: DispatchRequest['kind'];
  /** Only runs of this workflow's file; `null`: of all. */
  readonly workflow: string | null;
  /** Runs that were created then or later, in milliseconds since 1970. */
  readonly since: number;
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
const RUN_PAGES = 10;
/** GitHub lists at most 1,000 runs for one search (REST API, "List workflow runs"). */
export const MOST_RUNS = RUN_PAGES * RUNS_PER_PAGE;

/**
 * Asks for runs page by page, newest first, until GitHub's limit for one search. Rejects with the request error of GitHub.
 *
 * @param etag of an earlier first page: GitHub answers 304, which Octokit throws, when that page is as it was
 */
export async function* runPages(client: Octokit, search: RunSearch, etag?: string): AsyncGenerator<RunPage, void> {
  // GitHub gives whole seconds.
  const since = new Date(Math.floor(search.since / 1000) * 1000).toISOString();
  const parameters = { ...ownerAndRepo(search.repository), event: search.event, created: `>=${since}`, per_page: RUNS_PER_PAGE };
  for (let page = 1; page <= RUN_PAGES; page++) {
    const headers = page === 1 && etag !== undefined ? { 'if-none-match': etag } : {};
    const response =
      search.workflow === null
        ? await client.rest.actions.listWorkflowRunsForRepo({ ...parameters, page, headers })
        : await client.rest.actions.listWorkflowRuns({ ...parameters, workflow_id: search.workflow, page, headers });
    const runs = response.data?.workflow_runs;
    expectInAnswer(Array.isArray(runs), 'list of runs');
    const last = runs.length < RUNS_PER_PAGE;
    yield { runs, headers: response.headers, last };
    if (last) return;
  }
}
