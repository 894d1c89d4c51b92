import { join, resolve } from 'node:path';
import { context } from '@actions/github';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { findDrift } from '../plan/drift.ts';
import { COMMENT_LIMIT, type PlanPage, planMarkdown, SUMMARY_LIMIT } from '../plan/plan-comment.ts';
import { planJson } from '../plan/plan-json.ts';
import { newRepositoryNote, planLines } from '../plan/plan-report.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import { testsMarkdown } from '../rule-tests/tests-markdown.ts';
import type { Planned } from '../sync/commands.ts';
import { annotate } from './annotations.ts';
import { failTooManyFires } from './backtest-step.ts';
import { annotations, print, summarize, warn } from './output.ts';
import { pullRequestOf } from './pull-request.ts';
import {
  comment,
  errorsMarkdown,
  escaped,
  failRefused,
  failTests,
  failWith,
  foldersOf,
  lineUrl,
  marksOf,
  plannedCommit,
  runUrl,
  type Step,
  setPlanOutputs,
  surroundingsOf,
  writePlanFile,
} from './step.ts';

/** Bytes that stay free in the comment, for what `apply` adds to it. */
const RESULT_ROOM = 6_000;

/** Shows a plan: in the log, the outputs, the plan file, the summary and the comment. */
export async function showPlan(step: Step, { plan, state }: Planned): Promise<void> {
  const { inputs, cwd, config, warnings, tests } = step;
  print(...planLines(plan));
  for (const name of state.unreadable) warn(`${name} exists at W&B, but this version cannot read it. It is not changed`);
  annotate(newRepositories(plan.routes), foldersOf(inputs), annotations);
  const surroundings = surroundingsOf(step, state.unreadable);
  setPlanOutputs(plan, surroundings);
  const file = inputs.planFile !== '' ? resolve(cwd, inputs.planFile) : defaultPlanFile();
  if (file !== undefined) {
    if (!writePlanFile(file, `${escaped(JSON.stringify(planJson(plan, surroundings)))}\n`)) return;
    print(`The whole plan is in ${file}`);
  }
  const marks = marksOf(inputs, config.namespace);
  const page: Omit<PlanPage, 'limit' | 'rest'> = {
    mark: marks.mark,
    namespace: config.namespace,
    baseUrl: inputs.wandbBaseUrl,
    commit: plannedCommit(),
    runUrl: runUrl(),
    now: Date.now(),
    lineUrl: lineUrl(inputs),
    drift: findDrift(plan, state.desired, state.live, step.options),
    warnings,
    unreadable: state.unreadable,
    tests: testsMarkdown(tests, lineUrl(inputs)),
  };
  await summarize(planMarkdown(plan, { ...page, limit: SUMMARY_LIMIT - 1024, rest: 'see the plan file', isFingerprintWhole: true }));
  const rest = `the whole plan is in the summary of [this run](${runUrl()}) and in its plan file`;
  await comment(step, pullRequestOf(context), marks, () => planMarkdown(plan, { ...page, limit: COMMENT_LIMIT - RESULT_ROOM, rest }));
  if (plan.summary.refused > 0) failRefused(plan, inputs);
  failTests(tests);
  failTooManyFires(plan, step);
}

/** Nobody has agreed yet that the receiver dispatches there. */
function newRepositories({ newRepositories: found, base }: RoutePlan): Diagnostic[] {
  return found.map((one) => ({ severity: 'warning', message: newRepositoryNote(one, base), location: one.location }));
}

/** The runner's folder for temporary files, from which a later step can upload it. */
function defaultPlanFile(): string | undefined {
  const folder = process.env.RUNNER_TEMP;
  return folder === undefined || folder === '' ? undefined : join(folder, 'wandb-relay-plan.json');
}

/** A failed plan replaces the earlier plan in the comment, so that nobody approves an outdated one. */
export async function noPlan(step: Pick<Step, 'inputs' | 'fetch'>, namespace: string, errors: readonly Diagnostic[]): Promise<void> {
  const marks = marksOf(step.inputs, namespace);
  await comment(step, pullRequestOf(context), marks, () => `${marks.mark}\n${errorsMarkdown('plan', errors)}`);
  await failWith(errors, step.inputs);
}
