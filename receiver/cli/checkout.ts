import { execFileSync } from 'node:child_process';
import { repositoryInPath } from '../../src/repository.ts';
import { repositoryFrom, type Variables } from '../environment.ts';

export interface Checkout {
  readonly folder: string;
  /** `owner/name` */
  readonly repository: string;
}

/** The git checkout around a folder and the GitHub repository that it is of: GITHUB_REPOSITORY, else its remote `origin`. */
export function findCheckout(variables: Variables, folder: string): Checkout | undefined {
  const top = git(folder, 'rev-parse', '--show-toplevel');
  if (top === undefined) return undefined;
  const repository = repositoryFrom(variables) ?? repositoryOf(git(folder, 'remote', 'get-url', 'origin'));
  return repository === undefined ? undefined : { folder: top, repository };
}

/** `owner/name` from a remote's address: `git@github.com:acme/deploy.git`, `https://github.com/acme/deploy`. */
function repositoryOf(url: string | undefined): string | undefined {
  const path = url === undefined ? undefined : /[/:]([^/:]+\/[^/:]+\/?)$/.exec(url)?.[1];
  return path === undefined ? undefined : repositoryInPath(path);
}

/** What git prints, or `undefined` when there is no git, no checkout or no remote. */
function git(cwd: string, ...words: string[]): string | undefined {
  try {
    return execFileSync('git', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
