import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { type Environment, readEnvironment, WANDB_API_URL } from '../environment.ts';
import { type Answers, CHECKED, type InitFlags, PLACEHOLDERS, QUESTIONS } from './init/answers.ts';
import { type ConfigFacts, configText } from './init/config-text.ts';
import { nextSteps } from './init/next-steps.ts';
import { type GitFacts, isEnterpriseServer, likelyTeam, readDefaultBranch, readExisting, readGit, readWandb } from './init/surroundings.ts';
import { WORKFLOW_FILES, type WorkflowFacts, workflowText } from './init/workflow-text.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { packageRoot } from './package-root.ts';

/**
 * `wandb-relay init`: a first config, the workflows, and what to do in W&B. A file that exists is left as it is. It works without
 * any key, without git and without a terminal, and needs no network then.
 *
 * @returns 0: everything is there as it would be written; 4: a file was left that has other contents; 1: nothing was written, or not everything
 */
export async function init(io: CommandIo, flags: InitFlags): Promise<ExitCode> {
  const wrong = CHECKED.flatMap(({ name, problem }) => {
    const given = flags[name];
    const why = given === undefined ? undefined : problem(given);
    return why === undefined ? [] : [`--${name}: ${why}`];
  });
  if (/\.[cm]?[jt]s$/.test(flags.config)) wrong.push('--config: init writes YAML: name a file that ends in .yaml');
  const environment = readEnvironment(io.variables);
  if (!environment.ok) wrong.push(...environment.error);
  if (wrong.length > 0 || !environment.ok) {
    io.complain(...wrong);
    return 1;
  }
  const gathered = await gather(io, flags, environment.value);
  if (gathered === undefined) return 1;
  const { config, workflows, git } = gathered;
  const examples = join(packageRoot(), 'examples', 'workflows');
  const left = writeAll(io, git.top, [
    { file: workflows.config, text: configText(config) },
    ...Object.values(WORKFLOW_FILES).map((file) => ({
      file,
      text: workflowText(readFileSync(join(examples, basename(file)), 'utf8'), workflows),
    })),
  ]);
  if (left === undefined) return 1;
  if (!git.isCheckout) io.print('This folder is no git checkout: GitHub runs the workflows from the top of a repository.');
  io.print('', ...nextSteps(config, workflows, { wandbBaseUrl: environment.value.wandbBaseUrl, left }));
  return left.length === 0 ? 0 : 4;
}

interface Gathered {
  readonly config: ConfigFacts;
  readonly workflows: WorkflowFacts;
  readonly git: GitFacts;
}

/** Finds out, and asks for, everything that the files need. `undefined`: it was complained about, and nothing is to be written. */
async function gather(io: CommandIo, flags: InitFlags, environment: Environment): Promise<Gathered | undefined> {
  const git = readGit(io);
  const file = relative(git.top, join(realpathSync(io.cwd), flags.config));
  if (isAbsolute(flags.config) || file.startsWith('..')) {
    io.complain('--config: must be a path inside of this repository, or of this folder, such as wandb-relay.yaml');
    return undefined;
  }
  const wandb = await readWandb(io, environment);
  if (!wandb.ok) {
    io.complain(wandb.error);
    return undefined;
  }
  const owner = wandb.value?.owner;
  const found = { team: owner === undefined ? undefined : likelyTeam(owner), repository: git.repository };
  const answers = await answer(io, flags, found, owner?.teams ?? []);
  if (answers === undefined) {
    io.complain('Stopped: nothing was written.');
    return undefined;
  }
  const { team, organization, repository } = answers;
  let exported: ConfigFacts['exported'];
  if (wandb.value !== undefined && team !== undefined) {
    const existing = await readExisting(wandb.value, { team, organization, repository, namespace: file });
    if (!existing.ok) {
      io.complain(`W&B was not read: ${existing.error}`);
      return undefined;
    }
    exported = existing.value;
    for (const { name, why } of exported?.left ?? []) io.complain(`left out: ${name}: ${why}`);
  } else if (owner !== undefined) {
    io.complain(`What exists at W&B was not read: the key sees the teams ${owner.teams.join(', ') || '(none)'}. Name one with --team.`);
  }
  const branch = repository === undefined ? undefined : await branchOf(io, environment, repository, git);
  const workflows: WorkflowFacts = {
    action: answers.action,
    config: file,
    branch,
    wandbBaseUrl: environment.wandbBaseUrl === WANDB_API_URL ? undefined : environment.wandbBaseUrl,
    isEnterpriseServer: isEnterpriseServer(environment.githubApiUrl),
  };
  return { git, workflows, config: { team, organization, repository, url: answers.url, exported } };
}

async function branchOf(io: CommandIo, environment: Environment, repository: string, git: GitFacts): Promise<string | undefined> {
  const asked = await readDefaultBranch(io, environment, repository);
  if (asked.ok) return asked.value;
  if (environment.github?.kind === 'token') {
    io.complain(
      `GitHub does not say what the default branch of ${repository} is (${asked.error}): the workflows name ${git.branch ?? 'main'}.`,
    );
  }
  return git.branch;
}

/** Flags, then what was found, then what the person says. `undefined`: the person has stopped. */
async function answer(io: CommandIo, flags: InitFlags, found: Partial<Answers>, teams: readonly string[]): Promise<Answers | undefined> {
  const given: Partial<Record<keyof Answers, string | undefined>> = { ...found };
  for (const { name } of CHECKED) if (flags[name] !== undefined) given[name] = flags[name];
  if (!flags.yes && io.ask === undefined) {
    io.print('Standard input or output is no terminal, so nothing is asked: what no flag gives is found out, or is a placeholder.');
  }
  const asked = flags.yes || io.ask === undefined ? [] : QUESTIONS.filter(({ name }) => flags[name] === undefined);
  for (const { name, text, problem } of asked) {
    const otherwise = given[name] ?? (name === 'action' ? PLACEHOLDERS.action : undefined);
    const known = name === 'team' && teams.length > 1 ? ` (${teams.join(', ')})` : '';
    for (;;) {
      const said = await io.ask?.(`${text}${known}${otherwise === undefined ? '' : ` [${otherwise}]`}: `);
      if (said === undefined) return undefined;
      const why = said === '' ? undefined : problem(said);
      if (why !== undefined) {
        io.complain(`  ${why}`);
        continue;
      }
      if (said !== '') given[name] = said;
      break;
    }
  }
  const { team, organization, repository, url, action } = given;
  return { team, organization, repository, url, action: action === PLACEHOLDERS.action ? undefined : action };
}

/**
 * Writes what is not there yet. A file of any other kind in its place, such as a link that leads nowhere, is left, too.
 *
 * @returns the files that were left because they have other contents; `undefined`: one could not be written
 */
function writeAll(io: CommandIo, top: string, files: readonly { readonly file: string; readonly text: string }[]): string[] | undefined {
  const left: string[] = [];
  for (const { file, text } of files) {
    const path = join(top, file);
    const shown = relative(realpathSync(io.cwd), path);
    const outcome = writeNew(path, text);
    if (outcome === 'written') io.print(`written: ${shown}`);
    else if (outcome === 'exists' && hasText(path, text)) io.print(`unchanged: ${shown}`);
    else if (outcome === 'exists') {
      io.complain(`left as it is: ${shown} exists, with other contents than init would write`);
      left.push(file);
    } else {
      io.complain(`${shown}: cannot be written: ${outcome.problem}`);
      return undefined;
    }
  }
  return left;
}

/** Writes a file that is not there, with its folders. */
function writeNew(path: string, text: string): 'written' | 'exists' | { readonly problem: string } {
  try {
    // Fails with the same code where a file is in the place of a folder.
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    return { problem: messageOf(error) };
  }
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists' : { problem: messageOf(error) };
  }
}

function hasText(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}
