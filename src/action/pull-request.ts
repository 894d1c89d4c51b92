import type { getOctokit } from '@actions/github';
import type { Repository } from './comment.ts';

/** What is known of the event that started the workflow. */
export interface WorkflowEvent {
  /** The commit that the workflow runs for. */
  readonly sha: string;
  /** `refs/heads/main` */
  readonly ref: string;
  readonly payload: {
    readonly pull_request?: { readonly number: number } | undefined;
    readonly issue?: { readonly number: number; readonly pull_request?: unknown } | undefined;
    readonly merge_group?: unknown;
    readonly commits?: unknown;
  };
}

/** A push has at most so many commits that are looked up. */
const MAX_COMMITS = 20;

/**
 * The pull requests that a run is for: the one of its event, that of a merge queue's branch, or those that were merged with
 * the commits of a push. A squash and a rebase make new commits, and a merge queue pushes several pull requests at once;
 * GitHub knows for each commit which pull request brought it.
 */
export async function pullRequestsOf(
  octokit: ReturnType<typeof getOctokit>,
  repository: Repository,
  event: WorkflowEvent,
): Promise<number[]> {
  const own = pullRequestOf(event);
  if (own !== undefined) return [own];
  const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1];
  if (branch === undefined || event.sha === '') return [];
  const numbers = new Set<number>();
  for (const commit of commitsOf(event)) {
    const { data } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...repository, commit_sha: commit });
    for (const { number, merged_at, base } of data) if (merged_at !== null && base.ref === branch) numbers.add(number);
  }
  return [...numbers];
}

/** The pull request that the event itself names; no request is sent. */
export function pullRequestOf({ payload, ref }: WorkflowEvent): number | undefined {
  if (payload.pull_request !== undefined) return payload.pull_request.number;
  if (payload.issue?.pull_request !== undefined) return payload.issue.number;
  // GitHub's documentation, "Managing a merge queue": gh-readonly-queue/{base_branch}/pr-{number}-{sha}
  const queued = /^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1];
  return queued === undefined ? undefined : Number(queued);
}

/** The newest first. */
function commitsOf({ sha, payload: { commits } }: WorkflowEvent): string[] {
  const ids = Array.isArray(commits) ? commits.map((commit: unknown) => idOf(commit)).filter((id) => id !== undefined) : [];
  return [...new Set([sha, ...ids.reverse()])].slice(0, MAX_COMMITS);
}

function idOf(commit: unknown): string | undefined {
  return typeof commit === 'object' && commit !== null && 'id' in commit && typeof commit.id === 'string' ? commit.id : undefined;
}
