import * as core from '@actions/core';
import { context } from '@actions/github';
import { messageOf } from '../lib/error-message.ts';
import { approvedRuns, workflowFile } from './approved-plans.ts';
import type { ActionInputs } from './inputs.ts';
import { fail, print, warn } from './output.ts';
import { githubClient } from './step.ts';

/** Finds the plans that were approved with the pull requests of this commit, for `apply`. */
export async function runApproved(inputs: ActionInputs, fetch: typeof globalThis.fetch): Promise<void> {
  const workflow = workflowFile(process.env.GITHUB_WORKFLOW_REF);
  if (workflow === undefined) return fail('approved: GITHUB_WORKFLOW_REF does not name the file of this workflow');
  if (inputs.githubToken === '') return fail('github-token: is blank, and "approved" asks GitHub for the runs of the pull request');
  try {
    const { runs, without } = await approvedRuns(githubClient(inputs, fetch), context.repo, context, workflow);
    for (const { pullRequest, runId, fingerprints } of runs)
      print(`#${pullRequest}: run ${runId} planned ${fingerprints.map((fingerprint) => fingerprint.slice(0, 8)).join(', ')}`);
    for (const number of without) print(`#${number}: no run of ${workflow} on its last commit has uploaded a plan`);
    if (runs.length === 0)
      warn('There is no approved plan for this commit, so "apply" refuses every change: run this workflow by hand to plan again');
    core.setOutput('run-ids', runs.map(({ runId }) => runId).join(' '));
    core.setOutput('fingerprint', [...new Set(runs.flatMap(({ fingerprints }) => fingerprints))].join('\n'));
  } catch (error) {
    fail(`the approved plan could not be found: ${messageOf(error)}. The job needs "permissions: actions: read" and "pull-requests: read"`);
  }
}
