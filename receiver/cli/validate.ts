import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../src/config.ts';
import { formatProblem } from '../../src/config-problem.ts';
import { unheardDispatches } from '../../src/workflow-triggers.ts';
import { loadConfig, noSuchConfig } from './load-config.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** `wandb-relay validate`: every problem of the config file with its place, and dispatches that no workflow here hears. */
export function validate(io: CommandIo, file: string): ExitCode {
  const loaded = loadConfig(io.cwd, file);
  if (loaded === undefined) {
    io.complain(noSuchConfig(file));
    return 1;
  }
  if (!loaded.ok) return complainOf(io, loaded.error);
  const config = loaded.value;
  const checkout = findCheckout(io, dirname(resolve(io.cwd, file)));
  const unheard = checkout === undefined ? [] : unheardDispatches(config, checkout.repository, readWorkflows(checkout.folder));
  if (unheard.length > 0) return complainOf(io, unheard.map(formatProblem));
  io.print(`${file}: ok (${count(config.routes.length, 'route')}, ${count(config.automations.length, 'automation')})`);
  if (checkout === undefined && dispatches(config)) {
    io.print('Whether workflows listen was not checked: this is no git checkout of a GitHub repository.');
  }
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

interface Checkout {
  readonly folder: string;
  /** `owner/name` */
  readonly repository: string;
}

function findCheckout(io: CommandIo, folder: string): Checkout | undefined {
  const top = git(folder, 'rev-parse', '--show-toplevel');
  if (top === undefined) return undefined;
  const repository = io.variables.GITHUB_REPOSITORY ?? repositoryOf(git(folder, 'remote', 'get-url', 'origin'));
  return repository === undefined ? undefined : { folder: top, repository };
}

/** `owner/name` from a remote's address: `git@github.com:acme/deploy.git`, `https://github.com/acme/deploy`. */
function repositoryOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /[/:]([A-Za-z0-9-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?$/.exec(url)?.[1];
}

/** What git prints, or `undefined` when there is no git, no checkout or no remote. */
function git(cwd: string, ...words: string[]): string | undefined {
  try {
    return execFileSync('git', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
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
