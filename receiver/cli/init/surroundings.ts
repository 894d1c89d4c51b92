import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExportedFile } from '../../../src/automation/export-yaml.ts';
import { err, ok, type Result } from '../../../src/lib/result.ts';
import { connect } from '../../../src/sync/commands.ts';
import { exportSync } from '../../../src/sync/export.ts';
import type { WandbClient } from '../../../src/wandb/client.ts';
import { type KeyOwner, readKeyOwner } from '../../../src/wandb/scope-directory.ts';
import { type Environment, GITHUB_API_URL, repositoryFrom } from '../../environment.ts';
import { githubClient } from '../../github/client.ts';
import { readOrigin } from '../checkout.ts';
import type { CommandIo } from '../output.ts';
import { PLACEHOLDERS } from './answers.ts';

/** What `init` finds out by itself, with the keys that are there: git, GitHub and W&B. It only reads. */

export interface GitFacts {
  /** The top of the checkout; without one, the working directory. */
  readonly top: string;
  readonly isCheckout: boolean;
  readonly repository: string | undefined;
  readonly branch: string | undefined;
}

export function readGit({ variables, cwd }: CommandIo): GitFacts {
  const { top, repository, branch } = readOrigin(variables, cwd);
  // Git follows links; so must everything that is compared with it.
  return { top: top ?? realpathSync(cwd), isCheckout: top !== undefined, repository: repositoryFrom(variables) ?? repository, branch };
}

/** The default branch of a repository, asked of GitHub with GITHUB_TOKEN; the error says why it is not known. */
export async function readDefaultBranch(io: CommandIo, environment: Environment, repository: string): Promise<Result<string, string>> {
  const { github, githubApiUrl } = environment;
  if (github?.kind !== 'token') return err('GITHUB_TOKEN is not set');
  const octokit = githubClient({ token: github.token, apiUrl: githubApiUrl, fetch: io.fetch, signal: new AbortController().signal });
  const [owner = '', repo = ''] = repository.split('/');
  try {
    return ok((await octokit.rest.repos.get({ owner, repo })).data.default_branch);
  } catch (error) {
    return err(error instanceof Error ? error.message : 'no answer');
  }
}

/** github.com, and GitHub Enterprise Cloud with data residency; anything else is a GitHub Enterprise Server. */
export function isEnterpriseServer(apiUrl: string): boolean {
  return apiUrl !== GITHUB_API_URL && !new URL(apiUrl).hostname.endsWith('.ghe.com');
}

export interface Wandb {
  readonly client: WandbClient;
  readonly owner: KeyOwner;
}

/** Whose WANDB_API_KEY is; `undefined` without a key. An error says what to do. */
export async function readWandb(io: CommandIo, environment: Environment): Promise<Result<Wandb | undefined, string>> {
  const { wandbApiKey: apiKey, wandbBaseUrl: baseUrl } = environment;
  if (apiKey === undefined) return ok(undefined);
  const { fetch, now, random, complain: log } = io;
  const client = connect({ apiKey, baseUrl, fetch, now, random, sleep: (ms) => sleep(ms), log });
  const owner = await readKeyOwner(client);
  if (!owner.ok) return err(`W&B was not read: ${owner.error.message}. Fix that, or unset WANDB_API_KEY to begin with an example.`);
  return ok({ client, owner: owner.value });
}

/** The team that is meant when none is named: the only one, or the one that the user's runs go to. */
export function likelyTeam({ teams, entity }: KeyOwner): string | undefined {
  if (entity !== undefined && teams.includes(entity)) return entity;
  return teams.length === 1 ? teams[0] : undefined;
}

/** What the team has at W&B, as definitions; `undefined` when that is nothing. */
export async function readExisting(
  { client }: Wandb,
  {
    team,
    organization,
    repository,
    namespace,
  }: Record<'team' | 'namespace', string> & Record<'organization' | 'repository', string | undefined>,
): Promise<Result<ExportedFile | undefined, string>> {
  const exported = await exportSync({ entity: team, organization, namespace }, client, repository ?? PLACEHOLDERS.repository);
  if (!exported.ok) return err(exported.error.map(({ message }) => message).join('; '));
  return ok(exported.value.definitions.length + exported.value.left.length === 0 ? undefined : exported.value);
}
