import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as core from '@actions/core';
import { context, getOctokit } from '@actions/github';
import { exportYaml } from '../automation/export-yaml.ts';
import type { Config } from '../config/config.ts';
import { configWarnings } from '../config/config-warnings.ts';
import { type Diagnostic, formatDiagnostic } from '../lib/diagnostic.ts';
import { messageOf } from '../lib/error-message.ts';
import { codeBlock, codeSpan } from '../lib/markdown.ts';
import { visible, visibleDocument } from '../lib/visible.ts';
import { readApprovedPlan } from '../plan/approved-plan.ts';
import type { DriftedChange } from '../plan/drift.ts';
import { hasChanges, type Plan, type PlannedChange } from '../plan/plan.ts';
import { COMMENT_LIMIT, commentMark, planMarkdown, SUMMARY_LIMIT } from '../plan/plan-comment.ts';
import { changeLines, planJson, planLines } from '../plan/plan-report.ts';
import { applySync, connect, driftSync, type Planned, planSync, type SyncAccess, type SyncOptions } from '../sync/commands.ts';
import { readDefinitions } from '../sync/definitions.ts';
import { exportSync } from '../sync/export.ts';
import { annotate, type Folders } from './annotations.ts';
import { driftIssue, stickyComment } from './comment.ts';
import { readEventOutputs } from './event-command.ts';
import { type ActionInputs, readInputs } from './inputs.ts';
import { actionNetwork } from './network.ts';
import { annotations, fail, notice, print, printDocument, summarize, warn } from './output.ts';

/** Characters of a plan in an issue. An issue has the same limit as a comment. */
const ISSUE_ROOM = 60_000;
/** Characters of one error in the comment; the log has all of it. */
const DIAGNOSTIC_ROOM = 1_000;

const network = actionNetwork(process.env);
const fetch = network.ok ? network.value.fetch : globalThis.fetch;

/** The Action: reads its inputs, masks the secrets and runs one command. The result is in the log, annotations and outputs. */
export async function runAction(): Promise<void> {
  // First, because nothing may be printed before the secrets are masked.
  if (!network.ok) return fail(...network.error);
  for (const secret of network.value.secrets) core.setSecret(secret);
  for (const name of ['wandb-api-key', 'github-token']) if (core.getInput(name) !== '') core.setSecret(core.getInput(name));
  const inputs = readInputs((name) => core.getInput(name));
  if (!inputs.ok) return fail(...inputs.error);
  try {
    await runCommand(inputs.value);
  } catch (error) {
    fail(`unexpected error: ${messageOf(error)}`);
    // Not thrown: Node would print it raw, and the runner would read commands in it.
    if (error instanceof Error) print(...(error.stack ?? '').split('\n'));
  }
}

async function runCommand(inputs: ActionInputs): Promise<void> {
  if (inputs.command === 'event') return runEvent();
  const cwd = resolve(inputs.workingDirectory);
  const config = await readDefinitions(cwd, inputs.config, { code: 'refuse', workspace: process.env.GITHUB_WORKSPACE });
  if (!config.ok) return inputs.command === 'plan' ? noPlan(inputs, config.error) : failWith(config.error, inputs);
  print(`${inputs.config.join(', ')}: ok (${config.value.automations.length} automations, ${config.value.routes.length} routes)`);
  annotate(configWarnings(config.value), foldersOf(inputs), annotations);
  if (inputs.command === 'validate') return;
  if (inputs.wandbApiKey === '') return withoutKey(inputs);

  const client = connect(accessOf(inputs));
  const options: SyncOptions = {
    namespace: config.value.namespace,
    repository: `${context.repo.owner}/${context.repo.repo}`,
    prune: inputs.prune,
    maxDeletes: inputs.maxDeletes,
  };
  switch (inputs.command) {
    case 'plan': {
      const planned = await planSync(config.value, client, options);
      return planned.ok ? showPlan(inputs, cwd, planned.value) : noPlan(inputs, planned.error);
    }
    case 'apply':
      return runApply(inputs, cwd, config.value, client, options);
    case 'drift': {
      const found = await driftSync(config.value, client, options);
      return found.ok ? showDrift(inputs, found.value.plan, found.value.drift) : failWith(found.error, inputs);
    }
    case 'export': {
      const exported = await exportSync(config.value, client, options.repository);
      if (!exported.ok) return failWith(exported.error, inputs);
      const text = exportYaml(exported.value);
      printDocument(text.trimEnd());
      if (inputs.planFile !== '') writePlanFile(resolve(cwd, inputs.planFile), text);
    }
  }
}

/** A pull request from a fork gets no secrets. Its definitions are validated, and there is no plan. */
function withoutKey(inputs: ActionInputs): void {
  const from = context.payload.pull_request?.head?.repo?.full_name;
  const fork = from !== undefined && from !== `${context.repo.owner}/${context.repo.repo}`;
  if (inputs.command === 'plan' && (fork || context.payload.pull_request !== undefined)) {
    const why = fork ? 'this pull request comes from a fork, which gets no secrets' : 'wandb-api-key is blank';
    notice(`The definitions are valid. There is no plan: ${why}.`);
    return;
  }
  fail('wandb-api-key: is blank: set it to a secret with the key of a W&B user of the team');
}

function runEvent(): void {
  const outputs = readEventOutputs(context.payload.client_payload);
  if (!outputs.ok) {
    fail(outputs.error);
    return;
  }
  for (const [name, value] of Object.entries(outputs.value)) core.setOutput(name, value);
  print(`${outputs.value.type} by delivery ${outputs.value['delivery-id']}`);
}

async function showPlan(inputs: ActionInputs, cwd: string, { plan, state }: Planned): Promise<void> {
  print(...planLines(plan));
  for (const name of state.unreadable) warn(`${name} exists at W&B, but this version cannot read it. It is not changed`);
  setPlanOutputs(plan);
  const file = inputs.planFile !== '' ? resolve(cwd, inputs.planFile) : defaultPlanFile();
  if (file !== undefined) {
    if (!writePlanFile(file, `${JSON.stringify(planJson(plan), null, 2)}\n`)) return;
    print(`The whole plan is in ${file}`);
  }
  const mark = commentMark(inputs.workingDirectory);
  await summarize(planMarkdown(plan, { mark, limit: SUMMARY_LIMIT - 1024, rest: 'see the plan file' }));
  const body = planMarkdown(plan, { mark, limit: COMMENT_LIMIT, rest: `the whole plan is in the summary of [this run](${runUrl()})` });
  await comment(inputs, mark, body);
  if (plan.summary.refused > 0) failRefused(plan, inputs);
}

/** The runner's folder for temporary files, from which a later step can upload it. */
function defaultPlanFile(): string | undefined {
  const folder = process.env.RUNNER_TEMP;
  return folder === undefined || folder === '' ? undefined : join(folder, 'wandb-relay-plan.json');
}

/** Writes the comment on the pull request, if there is one. The step does not fail when it cannot be written. */
async function comment(inputs: ActionInputs, mark: string, body: string): Promise<void> {
  const pullRequest = context.payload.pull_request?.number;
  if (!inputs.comment) return;
  if (pullRequest === undefined) return print('No comment is written: this run is not for a pull request (the event has none).');
  if (inputs.githubToken === '') return print('No comment is written: github-token is blank.');
  try {
    print(`Comment ${await stickyComment(githubClient(inputs), context.repo, pullRequest, mark, body)}`);
  } catch (error) {
    warn(`the comment could not be written: ${messageOf(error)}. The job needs "permissions: pull-requests: write"`);
  }
}

/** A failed plan replaces the earlier plan in the comment, so that nobody approves an outdated one. */
async function noPlan(inputs: ActionInputs, errors: readonly Diagnostic[]): Promise<void> {
  const mark = commentMark(inputs.workingDirectory);
  const shown = errors.slice(0, 20).map((error) => `- ${codeSpan(visible(formatDiagnostic(error)).slice(0, DIAGNOSTIC_ROOM))}`);
  await comment(
    inputs,
    mark,
    [mark, '### W&B automations', '', `There is no plan: ${errors.length} problems. See [this run](${runUrl()}).`, '', ...shown].join('\n'),
  );
  failWith(errors, inputs);
}

function runUrl(): string {
  return `${context.serverUrl}/${context.repo.owner}/${context.repo.repo}/actions/runs/${context.runId}`;
}

async function runApply(
  inputs: ActionInputs,
  cwd: string,
  config: Config,
  client: ReturnType<typeof connect>,
  options: SyncOptions,
): Promise<void> {
  if (inputs.planFile !== '' && !existsSync(resolve(cwd, inputs.planFile)))
    return fail(`plan-file: ${inputs.planFile}: there is no such file`);
  const approved = inputs.planFile === '' ? undefined : readApprovedPlan(readFileSync(resolve(cwd, inputs.planFile), 'utf8'));
  if (approved?.ok === false) return fail(`plan-file: ${inputs.planFile}: ${approved.error}`);
  const applied = await applySync(
    config,
    client,
    options,
    approved === undefined ? undefined : { plan: approved.value },
    (step, n, total) => print(`${n}/${total} ${step.kind} ${step.change.name} (${step.change.scope})`),
  );
  if (!applied.ok) return failWith(applied.error, inputs);
  const { plan, report } = applied.value;
  setPlanOutputs(plan);
  const failures: Diagnostic[] = [];
  for (const { change, outcome, why } of report.applied) {
    const line = `${outcome}: ${change.action} ${change.name} (${change.scope})${why === undefined ? '' : `: ${why}`}`;
    print(line);
    if (outcome !== 'done') failures.push(errorAt(change, line));
  }
  annotate(failures, foldersOf(inputs), annotations);
  await summarize(planMarkdown(plan, { mark: commentMark(inputs.workingDirectory), limit: SUMMARY_LIMIT - 1024, rest: 'see the log' }));
  if (!report.complete) return fail('not everything was applied: run it again to finish');
  if (plan.summary.refused > 0) failRefused(plan, inputs);
}

async function showDrift(inputs: ActionInputs, plan: Plan, drift: readonly DriftedChange[]): Promise<void> {
  const drifted = drift.filter(({ kind }) => kind !== 'definition');
  const lines = drifted.flatMap(({ change }) => changeLines(change));
  print(...lines);
  print(drifted.length === 0 ? 'No drift.' : `${drifted.length} automations were changed at W&B since the last apply.`);
  setPlanOutputs(plan);
  core.setOutput('changes', String(drifted.length));
  if (inputs.githubToken === '') return;
  const body =
    drifted.length === 0
      ? undefined
      : `These automations were changed at W&B since the last apply. Apply again, or copy the change into the definitions.\n\n${planBlock(lines)}`;
  try {
    print(`Issue: ${await driftIssue(githubClient(inputs), context.repo, body)}`);
  } catch (error) {
    warn(`the drift issue could not be written: ${messageOf(error)}. The job needs "permissions: issues: write"`);
  }
}

/** The lines that fit into an issue, and how many do not. */
function planBlock(lines: readonly string[]): string {
  const shown: string[] = [];
  let size = 0;
  for (const line of lines) {
    size += line.length + 1;
    if (size > ISSUE_ROOM) break;
    shown.push(line);
  }
  const left = lines.length - shown.length;
  return [...codeBlock(shown, 'diff'), ...(left === 0 ? [] : ['', `${left} more lines: see [this run](${runUrl()}).`])].join('\n');
}

function setPlanOutputs(plan: Plan): void {
  core.setOutput('changes', String(hasChanges(plan)));
  core.setOutput('to-create', String(plan.summary.create));
  core.setOutput('to-update', String(plan.summary.update));
  core.setOutput('to-delete', String(plan.summary.delete));
  core.setOutput('fingerprint', plan.fingerprint);
  const json = visibleDocument(JSON.stringify(planJson(plan)));
  // GitHub allows 1 MB of outputs for a job, in UTF-16: two bytes a character.
  core.setOutput('plan-json', json.length < 450_000 ? json : JSON.stringify({ fingerprint: plan.fingerprint, summary: plan.summary }));
}

function failRefused(plan: Plan, inputs: ActionInputs): void {
  const refused = plan.changes.filter(({ action }) => action === 'refused');
  annotate(
    refused.map((change) => errorAt(change, `${change.name} (${change.scope}): refused: ${change.reason}`)),
    foldersOf(inputs),
    annotations,
  );
  fail(`${refused.length} refused`);
}

/** An error at the definition of a change, if there is one. */
function errorAt({ location }: PlannedChange, message: string): Diagnostic {
  return { severity: 'error', message, ...(location === undefined ? {} : { location }) };
}

/** Writes the file of an input. If it cannot be written, the step fails. */
function writePlanFile(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch (error) {
    fail(`plan-file: ${file}: cannot be written: ${messageOf(error)}`);
    return false;
  }
}

function foldersOf(inputs: ActionInputs): Folders {
  return { cwd: resolve(inputs.workingDirectory), workspace: process.env.GITHUB_WORKSPACE || process.cwd() };
}

function failWith(errors: readonly Diagnostic[], inputs: ActionInputs): void {
  for (const error of errors) print(formatDiagnostic(error));
  annotate(errors, foldersOf(inputs), annotations);
  const [only, ...more] = errors;
  fail(only !== undefined && more.length === 0 ? formatDiagnostic(only) : `${errors.length} problems`);
}

function githubClient(inputs: ActionInputs): ReturnType<typeof getOctokit> {
  return getOctokit(inputs.githubToken, { request: { fetch } });
}

function accessOf(inputs: ActionInputs): SyncAccess {
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
