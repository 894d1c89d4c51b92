import type { getOctokit } from '@actions/github';
import { isSameRepository } from '../automation/ownership.ts';
import type { Repository } from './comment.ts';
import { pullRequestsOf, type WorkflowEvent } from './pull-request.ts';

type Octokit = ReturnType<typeof getOctokit>;

/** The plan that was shown on a pull request when it was merged. */
export interface ApprovedRun {
  readonly pullRequest: number;
  readonly runId: number;
  /** Of the plans of the run: one for each config that it planned. */
  readonly fingerprints: readonly string[];
}

/** The plan of a run is uploaded under this name with its fingerprint. */
const ARTIFACT = /^wandb-relay-plan-([0-9a-f]{64})$/;

/**
 * Finds the plans of the pull requests that were merged with this commit: of each the newest run of this workflow on the last
 * commit of the pull request that has uploaded a plan.
 *
 * An artifact belongs to a run, and a run to a commit, so it cannot be changed after the review as a comment can. A run of a
 * fork is not taken: it has no key, and its workflow may upload anything.
 *
 * @param workflow the name of the workflow's file
 * @returns the runs, and the pull requests that have none
 */
export async function approvedRuns(
  octokit: Octokit,
  repository: Repository,
  event: WorkflowEvent,
  workflow: string,
): Promise<{ readonly runs: readonly ApprovedRun[]; readonly without: readonly number[] }> {
  const runs: ApprovedRun[] = [];
  const without: number[] = [];
  for (const pullRequest of await pullRequestsOf(octokit, repository, event)) {
    const { data } = await octokit.rest.pulls.get({ ...repository, pull_number: pullRequest });
    const run = await newestPlan(octokit, repository, workflow, data.head.sha);
    if (run === undefined) without.push(pullRequest);
    else runs.push({ pullRequest, ...run });
  }
  return { runs, without };
}

async function newestPlan(
  octokit: Octokit,
  repository: Repository,
  workflow: string,
  commit: string,
): Promise<Omit<ApprovedRun, 'pullRequest'> | undefined> {
  const { owner, repo } = repository;
  const listed = await octokit.rest.actions.listWorkflowRuns({
    ...repository,
    workflow_id: workflow,
    event: 'pull_request',
    head_sha: commit,
    per_page: 100,
  });
  const ours = listed.data.workflow_runs
    .filter((run) => run.head_sha === commit && isSameRepository(run.head_repository?.full_name ?? '', `${owner}/${repo}`))
    .toSorted((a, b) => b.run_number - a.run_number);
  for (const { id } of ours) {
    const artifacts = await octokit.rest.actions.listWorkflowRunArtifacts({ ...repository, run_id: id, per_page: 100 });
    const present = artifacts.data.artifacts.filter(({ expired }) => !expired);
    const fingerprints = present.map(({ name }) => ARTIFACT.exec(name)?.[1]).filter((found) => found !== undefined);
    if (fingerprints.length > 0) return { runId: id, fingerprints: [...new Set(fingerprints)] };
  }
  return undefined;
}

/** The name of the workflow's file, from GITHUB_WORKFLOW_REF: `acme/models/.github/workflows/automations.yml@refs/heads/main`. */
export function workflowFile(ref: string | undefined): string | undefined {
  return /\/\.github\/workflows\/([^/@]+)@/.exec(ref ?? '')?.[1];
}
