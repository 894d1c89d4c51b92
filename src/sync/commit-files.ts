import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../lib/result.ts';

/** The files of one commit. Paths are from the top of the repository. Errors are the second half of a sentence. */
export interface CommitFiles {
  readonly commit: string;
  /** `undefined`: the commit has no such file. */
  read(path: string): Promise<Result<string | undefined, string>>;
  /** All files. */
  paths(): Promise<Result<readonly string[], string>>;
}

/** A file of a config, and the list of a large repository. Bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * The files of a commit that the checkout around a folder has.
 *
 * @param reference a commit, a branch or a tag
 * @returns an error when git is missing, refuses the checkout or has no such commit (a shallow checkout)
 */
export async function gitFiles(folder: string, reference: string): Promise<Result<CommitFiles, string>> {
  const commit = await git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${reference}^{commit}`);
  if (!commit.ok) return err(`this checkout has no commit ${reference}`);
  const sha = commit.value.trim();
  return ok({
    commit: sha,
    read: async (path) => {
      const found = await git(folder, 'ls-tree', '--full-tree', '--name-only', '-z', sha, '--', path);
      if (!found.ok) return found;
      return found.value === '' ? ok(undefined) : git(folder, 'show', `${sha}:${path}`);
    },
    paths: async () => {
      const listed = await git(folder, 'ls-tree', '-r', '--full-tree', '--name-only', '-z', sha);
      return listed.ok ? ok(listed.value.split('\0').filter((path) => path !== '')) : listed;
    },
  });
}

/** The commit at which HEAD left the default branch; an error when there is no branch to compare with. */
export async function mergeBase(folder: string): Promise<Result<string, string>> {
  for (const branch of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master']) {
    const found = await git(folder, 'merge-base', 'HEAD', branch);
    if (found.ok) return ok(found.value.trim());
  }
  return err('this checkout has no default branch to compare with. Name a commit with --base');
}

async function git(folder: string, ...words: string[]): Promise<Result<string, string>> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--literal-pathspecs', ...words], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return ok(stdout);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return err(isMissing ? 'git is not installed here' : `git ${words[0]} failed`);
  }
}
