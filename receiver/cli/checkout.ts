import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { messageOf } from '../../src/lib/error-message.ts';
import { repositoryInPath } from '../../src/lib/repository.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Variables } from '../config-path.ts';
import { repositoryFrom } from '../environment.ts';

export interface Checkout {
  readonly folder: string;
  /** `owner/name` */
  readonly repository: string;
}

/**
 * The git checkout around a folder and the GitHub repository that it is of: GITHUB_REPOSITORY, else its remote `origin`.
 * The error says why there is none, and what to do about it; it is the second half of a sentence.
 */
export function findCheckout(variables: Variables, folder: string): Result<Checkout, string> {
  const top = git(variables, folder, 'rev-parse', '--show-toplevel');
  if (!top.ok) return top;
  const repository = repositoryFrom(variables);
  if (repository !== undefined) return ok({ folder: top.value, repository });
  const remote = git(variables, folder, 'remote', 'get-url', 'origin');
  const origin = remote.ok ? repositoryOf(remote.value) : undefined;
  return origin === undefined ? err(NO_CHECKOUT) : ok({ folder: top.value, repository: origin });
}

/** The top of the checkout around a folder, and what its remote `origin` says; each `undefined` where git does not tell. */
export interface Origin {
  readonly top: string | undefined;
  /** `owner/name` on GitHub. */
  readonly repository: string | undefined;
  /** The default branch: what the remote's HEAD was when it was cloned, else `main` or `master` where there is one, else the current one. */
  readonly branch: string | undefined;
}

/** What git knows of a folder. A checkout without a remote, and a folder without git, are no errors. */
export function readOrigin(variables: Variables, folder: string): Origin {
  const top = git(variables, folder, 'rev-parse', '--show-toplevel');
  if (!top.ok) return { top: undefined, repository: undefined, branch: undefined };
  const remote = git(variables, folder, 'remote', 'get-url', 'origin');
  return { top: top.value, repository: remote.ok ? repositoryOf(remote.value) : undefined, branch: defaultBranch(variables, folder) };
}

function defaultBranch(variables: Variables, folder: string): string | undefined {
  const head = git(variables, folder, 'symbolic-ref', '--short', 'refs/remotes/origin/HEAD');
  if (head.ok) return head.value.replace(/^origin\//, '');
  const usual = ['main', 'master'].find((name) => git(variables, folder, 'rev-parse', '--verify', '--quiet', `refs/heads/${name}`).ok);
  if (usual !== undefined) return usual;
  const current = git(variables, folder, 'symbolic-ref', '--short', 'HEAD');
  return current.ok ? current.value : undefined;
}

const NO_CHECKOUT = 'this is no git checkout of a GitHub repository';

/** `owner/name` from a remote's address: `git@github.com:acme/deploy.git`, `https://github.com/acme/deploy`. */
function repositoryOf(url: string): string | undefined {
  const path = /[/:]([^/:]+\/[^/:]+\/?)$/.exec(url)?.[1];
  return path === undefined ? undefined : repositoryInPath(path);
}

/** What git prints, or why it prints nothing. */
function git(variables: Variables, cwd: string, ...words: string[]): Result<string, string> {
  if (!existsSync(cwd)) return err(NO_CHECKOUT);
  try {
    // In English, whatever the language is: the reason is looked for in its words.
    const env = { ...variables, LC_ALL: 'C' };
    return ok(execFileSync('git', words, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim());
  } catch (error) {
    return err(reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'git is not installed here';
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : messageOf(error);
  // Git says which folder it means; in a container the checkout often belongs to another user.
  const folder = /dubious ownership in repository at '(.+)'/.exec(said)?.[1];
  if (folder !== undefined)
    return `git does not use the checkout, because another user owns it ("dubious ownership"): run git config --global --add safe.directory ${folder}`;
  return NO_CHECKOUT;
}
