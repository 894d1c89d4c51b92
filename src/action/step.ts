import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as core from '@actions/core';
import { context, getOctokit } from '@actions/github';
import type { Config } from '../config/config.ts';
import { type Diagnostic, formatDiagnostic, type SourceLocation } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { codeSpan } from '../lib/markdown.ts';
import { visible } from '../lib/visible.ts';
import { commentMark, formerCommentMark } from '../plan/comment-mark.ts';
import { hasChanges, type Plan, type PlannedChange } from '../plan/plan.ts';
import { type PlanSurroundings, planJson, planJsonWithin } from '../plan/plan-json.ts';
import { planParts } from '../plan/plan-parts.ts';
import { refusalsIn } from '../plan/refusals.ts';
import { testCounts } from '../rule-tests/failure-text.ts';
import type { RuleTestResult } from '../rule-tests/run-rule-tests.ts';
import type { SyncAccess, SyncOptions } from '../sync/commands.ts';
import type { WandbClient } from '../wandb/client.ts';
import { annotate, type Folders, inWorkspace } from './annotations.ts';
import { stickyComment } from './comment.ts';
import type { ActionInputs } from './inputs.ts';
import { annotations, fail, print, summarize, warn } from './output.ts';

/** What the commands plan, apply and drift work with. */
export interface Step {
  readonly inputs: ActionInputs;
  readonly cwd: string;
  readonly config: Config;
  readonly client: WandbClient;
  readonly options: SyncOptions;
  readonly warnings: readonly Diagnostic[];
  /** The results of the config's tests. */
  readonly tests: readonly RuleTestResult[];
  readonly fetch: typeof globalThis.fetch;
}

/** GitHub allows 1 MB of outputs for a job, in UTF-16: two bytes a character. */
const OUTPUT_ROOM = 450_000;
/** Characters of one error in the comment; the log has all of it. */
const DIAGNOSTIC_ROOM = 1_000;
const ERRORS_SHOWN = 20;

export function githubClient(inputs: ActionInputs, fetch: typeof globalThis.fetch): ReturnType<typeof getOctokit> {
  return getOctokit(inputs.githubToken, { request: { fetch } });
}

export function accessOf(inputs: ActionInputs, fetch: typeof globalThis.fetch): SyncAccess {
  return {
    apiKey: inputs.wandbApiKey,
    baseUrl: inputs.wandbBaseUrl,
    fetch,
    now: Date.now,
    random: () => randomInt(1_000_000) / 1_000_000,
    sleep: (ms) => sleep(ms),
    log: print,
  };
}

export function runUrl(): string {
  return `${repositoryUrl()}/actions/runs/${context.runId}`;
}

function repositoryUrl(): string {
  return `${context.serverUrl}/${context.repo.owner}/${context.repo.repo}`;
}

/** The commit that is planned: of a pull request its head, and not the merge that GitHub makes for the run. */
export function plannedCommit(): string | undefined {
  const head: unknown = context.payload.pull_request?.head?.sha;
  if (typeof head === 'string') return head;
  return context.sha === '' ? undefined : context.sha;
}

/** The page of a line of the config at the planned commit; `undefined` for a file outside of the checkout. */
export function lineUrl(inputs: ActionInputs): (location: SourceLocation) => string | undefined {
  const commit = plannedCommit();
  return ({ file, line }) => {
    const path = inWorkspace(foldersOf(inputs), file);
    if (path === undefined || commit === undefined) return undefined;
    return `${repositoryUrl()}/blob/${commit}/${path.split('/').map(encodeURIComponent).join('/')}#L${line}`;
  };
}

export function foldersOf(inputs: ActionInputs): Folders {
  return { cwd: resolve(inputs.workingDirectory), workspace: process.env.GITHUB_WORKSPACE || process.cwd() };
}

/** The marks of the comment of a config. */
export function marksOf(inputs: ActionInputs, namespace: string): { readonly mark: string; readonly former: string | undefined } {
  const mark = commentMark({ namespace, baseUrl: inputs.wandbBaseUrl, key: inputs.commentKey });
  // Without a key there was one comment for a working directory. With one it is unknown whose that was.
  return { mark, former: inputs.commentKey === '' ? formerCommentMark(inputs.workingDirectory) : undefined };
}

/** Writes the comment on a pull request. The step does not fail when it cannot be written. */
export async function comment(
  { inputs, fetch }: Pick<Step, 'inputs' | 'fetch'>,
  pullRequest: number | undefined,
  marks: { readonly mark: string; readonly former?: string | undefined },
  write: (present: string | undefined) => string,
): Promise<void> {
  if (!inputs.comment) return;
  if (pullRequest === undefined) return print('No comment is written: this run is not for a pull request (the event has none).');
  if (inputs.githubToken === '') return print('No comment is written: github-token is blank.');
  try {
    print(`Comment ${await stickyComment(githubClient(inputs, fetch), context.repo, pullRequest, marks, write)}`);
  } catch (error) {
    warn(`the comment could not be written: ${messageOf(error)}. The job needs "permissions: pull-requests: write"`);
  }
}

/** What a plan as JSON has besides the plan. */
export function surroundingsOf({ inputs, config, warnings }: Step, unreadable: readonly string[]): PlanSurroundings {
  return { namespace: config.namespace, baseUrl: inputs.wandbBaseUrl, unreadable, warnings };
}

/** The outputs of a plan: what there is to do. */
export function setPlanOutputs(plan: Plan, surroundings: PlanSurroundings): void {
  core.setOutput('changes', String(hasChanges(plan)));
  core.setOutput('to-create', String(plan.summary.create));
  core.setOutput('to-update', String(plan.summary.update));
  core.setOutput('to-delete', String(plan.summary.delete));
  core.setOutput('route-changes', String(plan.routes.changes.length));
  core.setOutput('fingerprint', plan.fingerprint);
  core.setOutput('plan-json', escaped(planJsonWithin(planJson(plan, surroundings), OUTPUT_ROOM)));
}

/** JSON in which nothing is invisible; its escapes are read as the original characters. */
export function escaped(json: string): string {
  return visible(json);
}

/** Fails the step, with one annotation for each reason. */
export function failRefused(plan: Plan, inputs: ActionInputs): void {
  const errors = refusalsIn(planParts(plan)).flatMap(({ reason, parts: [first, ...more] }) => {
    if (first?.change === undefined) return [];
    const others = more.length === 0 ? '' : ` and ${more.length} more (${more.map(({ name }) => name).join(', ')})`;
    return [errorAt(first.change, `${first.name} (${first.scope})${others}: refused: ${reason}`)];
  });
  annotate(errors, foldersOf(inputs), annotations);
  fail(`${plan.summary.refused} refused`);
}

/** Fails the step if a test failed. Each failure is shown before. */
export function failTests(tests: readonly RuleTestResult[]): void {
  if (tests.some(({ passed }) => !passed)) fail(testCounts(tests) ?? '');
}

/** An error at the definition of a change, if there is one. */
export function errorAt({ location }: PlannedChange, message: string): Diagnostic {
  return { severity: 'error', message, ...(location === undefined ? {} : { location }) };
}

/** Writes the file of an input. If it cannot be written, the step fails. */
export function writePlanFile(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch (error) {
    fail(`plan-file: ${file}: cannot be written: ${messageOf(error)}`);
    return false;
  }
}

/** Fails the step with the errors, in the log, in annotations and in the summary. */
export async function failWith(errors: readonly Diagnostic[], inputs: ActionInputs): Promise<void> {
  for (const error of errors) print(formatDiagnostic(error));
  annotate(errors, foldersOf(inputs), annotations);
  await summarize(errorsMarkdown(inputs.command, errors));
  const [only, ...more] = errors;
  fail(only !== undefined && more.length === 0 ? formatDiagnostic(only) : `${errors.length} problems`);
}

/** Why a command did not do its work. */
export function errorsMarkdown(command: string, errors: readonly Diagnostic[]): string {
  const what = command === 'plan' ? 'There is no plan' : `${command} failed`;
  const shown = errors.slice(0, ERRORS_SHOWN).map((error) => `- ${codeSpan(visible(formatDiagnostic(error)).slice(0, DIAGNOSTIC_ROOM))}`);
  const left = errors.length - shown.length;
  return [
    '### W&B automations',
    '',
    `${what}: ${errors.length} ${errors.length === 1 ? 'problem' : 'problems'}. See [this run](${runUrl()}).`,
    '',
    ...shown,
    ...(left === 0 ? [] : [`- ${left} more: see the log`]),
  ].join('\n');
}
