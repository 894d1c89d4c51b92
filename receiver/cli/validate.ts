import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { configWarnings } from '../../src/config/config-warnings.ts';
import { unheardDispatches } from '../../src/config/workflow-triggers.ts';
import { type Diagnostic, formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { diagnosticJson } from '../../src/plan/plan-json.ts';
import { failureDiagnostic, failureLines, resultJson, testCounts, wandbNote } from '../../src/rule-tests/failure-text.ts';
import { type RuleTestResult, runRuleTests } from '../../src/rule-tests/run-rule-tests.ts';
import { readDefinitions } from '../../src/sync/definitions.ts';
import { isForGitHub } from '../config-checks.ts';
import { findCheckout } from './checkout.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** `wandb-relay validate`: every problem of the config files with its place, and dispatches that no workflow here hears. */
export async function validate(io: CommandIo, files: readonly string[], json: boolean): Promise<ExitCode> {
  const loaded = await readDefinitions(io.cwd, files, { code: 'run', workspace: io.variables.GITHUB_WORKSPACE });
  if (!loaded.ok) return report(io, json, { problems: loaded.error, warnings: [] });
  const config = loaded.value;
  const warnings = configWarnings(config);
  const checkout = findCheckout(io.variables, dirname(resolve(io.cwd, files[0] ?? '.')));
  const problems = checkout.ok ? unheardDispatches(config, checkout.value.repository, readWorkflows(checkout.value.folder)) : [];
  const unchecked = !checkout.ok && dispatches(config) ? [`Whether workflows listen was not checked: ${checkout.error}.`] : [];
  const counts = { routes: config.routes.length, automations: config.automations.length };
  const tests = runRuleTests(config);
  if (!json && problems.length === 0 && tests.every(({ passed }) => passed)) {
    const digests = config.digests.length === 0 ? [] : [count(config.digests.length, 'digest')];
    const words = [count(counts.routes, 'route'), count(counts.automations, 'automation'), ...digests, testCounts(tests)];
    io.print(`${files.join(', ')}: ok (${words.filter((word) => word !== undefined).join(', ')})`);
  }
  return report(io, json, { problems, warnings, counts, unchecked, tests });
}

interface Findings {
  readonly problems: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
  /** Left out for a config that cannot be read. */
  readonly counts?: { readonly routes: number; readonly automations: number };
  /** What could not be checked, and why. */
  readonly unchecked?: readonly string[];
  readonly tests?: readonly RuleTestResult[];
}

function report(io: CommandIo, json: boolean, { problems, warnings, counts, unchecked = [], tests = [] }: Findings): ExitCode {
  const failed = tests.filter(({ passed }) => !passed);
  const code = problems.length + failed.length === 0 ? 0 : 1;
  if (json) {
    const diagnostics = [...problems, ...failed.map(failureDiagnostic), ...warnings].map(diagnosticJson);
    const results = counts === undefined ? {} : { tests: tests.map(resultJson) };
    io.printDocument(JSON.stringify({ valid: code === 0, ...counts, ...results, diagnostics, unchecked }, null, 2));
    return code;
  }
  for (const problem of problems) io.complain(formatDiagnostic(problem));
  for (const line of failureLines(failed)) io.complain(line);
  const note = wandbNote(tests);
  for (const line of [...warnings.map(formatDiagnostic), ...unchecked, ...(note === undefined ? [] : [note])]) io.print(line);
  if (problems.length > 0) io.complain(count(problems.length, 'problem'));
  if (failed.length > 0) io.complain(testCounts(tests) ?? '');
  return code;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function dispatches(config: Config): boolean {
  return config.routes.some((route) => route.to.some(isForGitHub));
}

function readWorkflows(folder: string): Map<string, string> {
  const workflows = join(folder, '.github', 'workflows');
  let names: string[];
  try {
    names = readdirSync(workflows).filter((name) => /\.ya?ml$/.test(name));
  } catch {
    names = [];
  }
  return new Map(names.map((name) => [name, readFileSync(join(workflows, name), 'utf8')]));
}
