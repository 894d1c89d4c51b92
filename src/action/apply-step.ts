import * as core from '@actions/core';
import { context } from '@actions/github';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { appliedCounts, appliedMarkdown, appliedText, outcomeLine } from '../plan/applied-report.ts';
import type { Approval } from '../plan/approved-plan.ts';
import { withResult } from '../plan/comment-mark.ts';
import type { PlannedChange } from '../plan/plan.ts';
import { COMMENT_LIMIT, SUMMARY_LIMIT } from '../plan/plan-comment.ts';
import { planJson, planJsonWithin } from '../plan/plan-json.ts';
import { refusalLines } from '../plan/plan-report.ts';
import { type Applied, applySync } from '../sync/commands.ts';
import { readPlanFiles } from '../sync/plan-files.ts';
import { annotate } from './annotations.ts';
import { annotations, fail, print, summarize, warn } from './output.ts';
import { pullRequestsOf } from './pull-request.ts';
import {
  comment,
  errorAt,
  errorsMarkdown,
  escaped,
  failRefused,
  failWith,
  foldersOf,
  githubClient,
  marksOf,
  runUrl,
  type Step,
  surroundingsOf,
} from './step.ts';

const OUTPUT_ROOM = 450_000;

/** Applies, and reports what was done: in the log, the outputs, the summary, and the comment with the plan. */
export async function runApply(step: Step): Promise<void> {
  const { inputs, config, client, options } = step;
  const approval = readApproval(step);
  if (typeof approval === 'string') return fail(approval);
  const applied = await applySync(config, client, options, approval, ({ kind, change }, n, total) =>
    print(`${n}/${total} ${kind} ${change.name} (${change.scope})`),
  );
  if (!applied.ok) {
    await commentResult(step, {
      line: `**not applied** by [run](${runUrl()})`,
      details: errorsMarkdown('apply', applied.error).split('\n').slice(4),
    });
    return failWith(applied.error, inputs);
  }
  await showApplied(step, applied.value);
}

async function showApplied(step: Step, { plan, report, created, state }: Applied): Promise<void> {
  const { inputs, config } = step;
  const refused = plan.changes.filter(({ action }) => action === 'refused');
  for (const name of created) print(`created the webhook integration ${name}`);
  const failures: Diagnostic[] = [];
  for (const outcome of report.applied) {
    const line = outcomeLine(outcome);
    print(line);
    if (outcome.outcome !== 'done') failures.push(errorAt(outcome.change, line));
  }
  if (refused.length > 0) print(...refusalLines(plan));
  annotate(failures, foldersOf(inputs), annotations);
  setAppliedOutputs(step, plan, report, state.unreadable);
  const page = { namespace: config.namespace, runUrl: runUrl(), now: Date.now() };
  await summarize(appliedMarkdown(report.applied, refused, { ...page, limit: SUMMARY_LIMIT - 1024, integrations: created }));
  await commentResult(step, appliedText(report.applied, refused, page));
  if (!report.complete) return fail('not everything was applied: run it again to finish');
  if (refused.length > 0) failRefused(plan, inputs);
}

/** What was done, and what is left to do. */
function setAppliedOutputs(step: Step, plan: Applied['plan'], { applied }: Applied['report'], unreadable: readonly string[]): void {
  const refused = plan.summary.refused;
  const { created, updated, deleted, failed, left } = appliedCounts(applied, refused);
  const outcomes = new Map(applied.map((one) => [one.change, one]));
  const toDo = (action: PlannedChange['action']) =>
    applied.filter(({ change, outcome }) => change.action === action && outcome !== 'done').length;
  core.setOutput('changes', String(created + updated + deleted > 0));
  core.setOutput('created', String(created));
  core.setOutput('updated', String(updated));
  core.setOutput('deleted', String(deleted));
  core.setOutput('failed', String(failed));
  core.setOutput('left', String(left));
  core.setOutput('refused', String(refused));
  core.setOutput('to-create', String(toDo('create')));
  core.setOutput('to-update', String(toDo('update')));
  core.setOutput('to-delete', String(toDo('delete')));
  core.setOutput('route-changes', String(plan.routes.changes.length));
  core.setOutput('fingerprint', plan.fingerprint);
  const json = planJson(plan, surroundingsOf(step, unreadable));
  const changes = plan.changes.map((change, i) => {
    const found = outcomes.get(change);
    const why = found?.why === undefined ? {} : { why: found.why };
    return { ...json.changes[i], ...(found === undefined ? {} : { outcome: found.outcome, ...why }) };
  });
  core.setOutput('plan-json', escaped(planJsonWithin({ ...json, changes }, OUTPUT_ROOM)));
}

/** Writes the result into the comment of each pull request that was merged with this push. */
async function commentResult(step: Step, result: Parameters<typeof withResult>[1]): Promise<void> {
  const { inputs, config, fetch } = step;
  if (!inputs.comment || inputs.githubToken === '') return;
  const marks = marksOf(inputs, config.namespace);
  let numbers: readonly number[];
  try {
    numbers = await pullRequestsOf(githubClient(inputs, fetch), context.repo, context);
  } catch (error) {
    return warn(`the pull request of this commit could not be found, so its comment has no result: ${messageOf(error)}`);
  }
  const empty = `${marks.mark}\n### W&B automations\n\nNo plan was kept here`;
  for (const number of numbers) await comment(step, number, marks, (present) => withResult(present ?? empty, result, COMMENT_LIMIT));
}

/** What was approved, or why it cannot be read. */
function readApproval({ inputs, cwd }: Step): Approval | string {
  const { planFile, fingerprints } = inputs;
  if (planFile === '') return { fingerprints };
  const read = readPlanFiles(cwd, [planFile]);
  return read.ok ? { plans: read.value, fingerprints } : `plan-file: ${read.error}`;
}
