import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { configWarnings } from '../../src/config/config-warnings.ts';
import { unheardDispatches } from '../../src/config/workflow-triggers.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { readDefinitions } from '../../src/sync/definitions.ts';
import { findCheckout } from './checkout.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** `wandb-relay validate`: every problem of the config files with its place, and dispatches that no workflow here hears. */
export async function validate(io: CommandIo, files: readonly string[]): Promise<ExitCode> {
  const loaded = await readDefinitions(io.cwd, files);
  if (!loaded.ok) return complainOf(io, loaded.error.map(formatDiagnostic));
  const config = loaded.value;
  const checkout = findCheckout(io.variables, dirname(resolve(io.cwd, files[0] ?? '.')));
  const unheard = checkout.ok ? unheardDispatches(config, checkout.value.repository, readWorkflows(checkout.value.folder)) : [];
  if (unheard.length > 0) return complainOf(io, unheard.map(formatDiagnostic));
  io.print(`${files.join(', ')}: ok (${count(config.routes.length, 'route')}, ${count(config.automations.length, 'automation')})`);
  for (const warning of configWarnings(config)) io.print(formatDiagnostic(warning));
  if (!checkout.ok && dispatches(config)) io.print(`Whether workflows listen was not checked: ${checkout.error}.`);
  return 0;
}

function complainOf(io: CommandIo, problems: readonly string[]): ExitCode {
  for (const line of problems) io.complain(line);
  io.complain(count(problems.length, 'problem'));
  return 1;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function dispatches(config: Config): boolean {
  return config.routes.some((route) => route.to.some((target) => target.slack === undefined));
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
