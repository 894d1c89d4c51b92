import { resolve } from 'node:path';
import * as core from '@actions/core';
import { context } from '@actions/github';
import { exportYaml } from '../automation/export-yaml.ts';
import type { Config } from '../config/config.ts';
import { configWarnings } from '../config/config-warnings.ts';
import { messageOf } from '../lib/error-message.ts';
import type { JsonObject } from '../lib/json.ts';
import { hideSecrets } from '../plan/hidden-secrets.ts';
import { failureDiagnostic, failureLines, testCounts, wandbNote } from '../rule-tests/failure-text.ts';
import { type RuleTestResult, runRuleTests } from '../rule-tests/run-rule-tests.ts';
import { connect, planSync, type SyncOptions } from '../sync/commands.ts';
import { otherNamespaces, readDefinitions } from '../sync/definitions.ts';
import { exportSync } from '../sync/export.ts';
import { namespaceOfFiles } from '../sync/namespace-of-files.ts';
import { backtestPlan } from '../sync/plan-backtest.ts';
import { annotate } from './annotations.ts';
import { runApply } from './apply-step.ts';
import { runApproved } from './approved-step.ts';
import { baseOfRun } from './base.ts';
import { runDrift } from './drift-step.ts';
import { readEventOutputs } from './event-command.ts';
import { type ActionInputs, readInputs } from './inputs.ts';
import { missingKey } from './missing-key.ts';
import { actionNetwork } from './network.ts';
import { annotations, fail, notice, print, printDocument } from './output.ts';
import { noPlan, showPlan } from './plan-step.ts';
import { accessOf, failTests, failWith, foldersOf, type Step, writePlanFile } from './step.ts';

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
  if (inputs.command === 'approved') return runApproved(inputs, fetch);
  const cwd = resolve(inputs.workingDirectory);
  const reading = { code: 'refuse', workspace: process.env.GITHUB_WORKSPACE } as const;
  const config = await readDefinitions(cwd, inputs.config, reading);
  if (!config.ok) {
    if (inputs.command !== 'plan') return failWith(config.error, inputs);
    return noPlan({ inputs, fetch }, await namespaceOfFiles(cwd, inputs.config, reading), config.error);
  }
  const counts = [countOf(config.value.automations, 'automation'), countOf(config.value.routes, 'route')];
  print(`${inputs.config.join(', ')}: ok (${counts.join(', ')})`);
  const warnings = configWarnings(config.value);
  annotate(warnings, foldersOf(inputs), annotations);
  const tests = inputs.command === 'plan' || inputs.command === 'validate' ? showTests(inputs, config.value) : [];
  if (inputs.command === 'validate') return failTests(tests);
  if (inputs.wandbApiKey === '') {
    await withoutKey(inputs, config.value.namespace);
    return failTests(tests);
  }

  const client = connect(accessOf(inputs, fetch));
  const options: SyncOptions = {
    namespace: config.value.namespace,
    repository: `${context.repo.owner}/${context.repo.repo}`,
    prune: inputs.prune,
    maxDeletes: inputs.maxDeletes,
    allowDeleteMajority: inputs.allowDeleteMajority,
    migrateFrom: inputs.migrateFrom,
    namespaceUse: otherNamespaces(cwd, inputs.config, process.env.GITHUB_WORKSPACE),
  };
  const step: Step = { inputs, cwd, config: config.value, client, options, warnings, tests, fetch };
  switch (inputs.command) {
    case 'plan': {
      const base = await baseOfRun(inputs, fetch);
      const planned = await planSync(config.value, client, { ...options, base });
      if (!planned.ok) return noPlan(step, config.value.namespace, planned.error);
      const { backtestMs: sinceMs, maxEstimatedFires: most } = inputs;
      if (sinceMs === undefined) return showPlan(step, planned.value);
      return showPlan(step, await backtestPlan(planned.value, config.value, { client, now: Date.now, sinceMs, most, base }));
    }
    case 'apply':
      return runApply({ ...step, options: { ...options, base: await baseOfRun(inputs, fetch) } });
    case 'drift':
      return runDrift(step);
    case 'export': {
      const exported = await exportSync(config.value, client, options.repository);
      if (!exported.ok) return failWith(exported.error, inputs);
      const definitions = exported.value.definitions.map((definition) => hideSecrets(definition, []) as JsonObject);
      const [text, shown] = [exportYaml(exported.value), exportYaml({ ...exported.value, definitions })];
      printDocument(shown.trimEnd());
      if (shown !== text) notice('Literal secrets are hidden here. With the input plan-file, the file has them: keep it private');
      if (inputs.planFile !== '') writePlanFile(resolve(cwd, inputs.planFile), text);
    }
  }
}

/** Runs the config's tests, and shows the failures in the log and at their lines. */
function showTests(inputs: ActionInputs, config: Config): RuleTestResult[] {
  const results = runRuleTests(config);
  const failed = results.filter(({ passed }) => !passed);
  const [counts, note] = [testCounts(results), wandbNote(results)];
  print(...failureLines(failed), ...(counts === undefined ? [] : [counts]), ...(note === undefined ? [] : [note]));
  annotate(failed.map(failureDiagnostic), foldersOf(inputs), annotations);
  return results;
}

async function withoutKey(inputs: ActionInputs, namespace: string): Promise<void> {
  const { kind, message } = missingKey(inputs.command, context.payload.pull_request, `${context.repo.owner}/${context.repo.repo}`);
  if (kind === 'notice') return notice(message);
  const error = { severity: 'error', message } as const;
  return inputs.command === 'plan' ? noPlan({ inputs, fetch }, namespace, [error]) : failWith([error], inputs);
}

function countOf(list: readonly unknown[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
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
