import { RequestError } from '@octokit/request-error';
import type { Octokit } from '@octokit/rest';
import * as z from 'zod';
import type { Runtime } from '../runtime.ts';
import type { RunReport } from '../store/run.ts';
import type { RunAnswer, RunSource } from '../watch/run-source.ts';
import { githubClient, holdFrom, ownerAndRepo } from './client.ts';
import type { GitHubCredentials } from './credentials.ts';
import { failedJobIn, jobListSchema, MOST_JOBS } from './failed-job.ts';
import { readingHints } from './hints.ts';
import { readFailure } from './read-error.ts';
import { type RenamedRepositories, reportingMoves } from './renamed-repositories.ts';
import { runPages } from './run-pages.ts';
import { reportOf, workflowRunSchema } from './workflow-run.ts';

export interface RunSourceOptions extends Pick<Runtime, 'fetch' | 'now'> {
  readonly credentials: GitHubCredentials;
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly apiUrl: string;
  /** Called when a repository turns out to have another name. */
  readonly renamed?: RenamedRepositories;
  /** Takes secrets out of what GitHub says: it becomes notes. */
  readonly redact?: (text: string) => string;
}

const runList = z.array(workflowRunSchema);

/** Reads workflow runs from GitHub; needs "Actions: read". Source: GitHub's REST documentation, "Workflow runs". */
export function githubRunSource({ credentials, apiUrl, fetch, now, renamed, redact = (text) => text }: RunSourceOptions): RunSource {
  /** Limits in a row that named no time, by credential: each waits longer. */
  const limits = new Map<string, number>();

  /** One piece of reading: a token, a client, and whatever fails as a value. */
  const reading = async <Found extends { readonly outcome: string }>(
    repository: string,
    signal: AbortSignal,
    read: (client: Octokit) => Promise<Found>,
  ): Promise<Found | Exclude<RunAnswer, { outcome: 'found' }>> => {
    const credential = credentials.credentialFor(repository);
    const attempts = limits.get(credential) ?? 0;
    const failureOf = (error: unknown, hints: ReturnType<typeof readingHints>) => {
      const failure = readFailure(error, { repository, hints, writes: false, attempts, now: now(), redact });
      if (failure.outcome === 'limited') limits.set(credential, attempts + 1);
      return { ...failure, detail: redact(failure.detail) };
    };
    let token: string;
    try {
      token = (await credentials.token(repository, { actions: 'read' })).token;
    } catch (error) {
      const failure = failureOf(error, readingHints(repository, 'app-token'));
      return { ...failure, detail: `no token for ${repository}: ${failure.detail}` };
    }
    try {
      const clientWith = (onMove: (to: URL) => void) => githubClient({ token, apiUrl, fetch, signal, onMove });
      const answer = await reportingMoves(repository, renamed, clientWith, read);
      limits.delete(credential);
      return answer;
    } catch (error) {
      if (error instanceof RequestError && error.status === 304) {
        limits.delete(credential);
        return { outcome: 'not_modified' };
      }
      return failureOf(error, readingHints(repository, credentials.kind));
    }
  };

  return {
    credentialFor: credentials.credentialFor,
    get: (repository, runId, etag, signal) =>
      reading<RunAnswer>(repository, signal, async (client) => {
        const { data, headers } = await client.rest.actions.getWorkflowRun({
          ...ownerAndRepo(repository),
          run_id: Number(runId),
          headers: etag === undefined ? {} : { 'if-none-match': etag },
        });
        const run = workflowRunSchema.safeParse(data);
        if (!run.success) return unexpected(run.error);
        return {
          outcome: 'found',
          reports: [reportOf(run.data, repository)],
          complete: true,
          etag: headers.etag,
          ...holdFrom(headers, now()),
        };
      }),
    failedJob: async (repository, runId, signal) => {
      const answer = await reading(repository, signal, async (client) => {
        const { data } = await client.rest.actions.listJobsForWorkflowRun({
          ...ownerAndRepo(repository),
          run_id: Number(runId),
          filter: 'latest',
          per_page: MOST_JOBS,
        });
        return { outcome: 'jobs', failed: failedJobIn(jobListSchema.parse(data.jobs)) } as const;
      });
      if (answer.outcome === 'jobs') return answer.failed;
      throw new Error(answer.outcome === 'not_modified' ? 'an unexpected response' : answer.detail);
    },
    listSince: (search, etag, signal) =>
      reading<RunAnswer>(search.repository, signal, async (client) => {
        const { repository } = search;
        const found = new Map<number, RunReport>();
        let firstEtag: string | undefined;
        let hold: { throttledUntil?: number } = {};
        let complete = false;
        for await (const { runs, headers, last } of runPages(client, search, etag)) {
          const page = runList.safeParse(runs);
          if (!page.success) return unexpected(page.error);
          firstEtag ??= headers.etag;
          hold = holdFrom(headers, now());
          for (const run of page.data) found.set(run.id, reportOf(run, repository));
          complete = last;
          if (search.enough([...found.values()])) break;
        }
        return { outcome: 'found', reports: [...found.values()], complete, etag: firstEtag, ...hold };
      }),
  };
}

/** A success that GitHub does not give: something else answered, such as a proxy's page. */
function unexpected(error: z.ZodError): RunAnswer {
  const [issue] = error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  return {
    outcome: 'failed',
    status: 200,
    ambiguous: false,
    detail: `an unexpected response${where}: does GITHUB_API_URL point to GitHub?`,
  };
}
