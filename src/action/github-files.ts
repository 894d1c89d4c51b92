import type { getOctokit } from '@actions/github';
import { messageOf } from '../lib/error-message.ts';
import { err, ok } from '../lib/result.ts';
import type { CommitFiles } from '../sync/commit-files.ts';
import type { Repository } from './comment.ts';

/** The files of a commit through GitHub's API: works with a shallow checkout. Needs the permission `contents: read`. */
export function githubFiles(octokit: ReturnType<typeof getOctokit>, repository: Repository, commit: string): CommitFiles {
  return {
    commit,
    read: async (path) => {
      try {
        const { data } = await octokit.rest.repos.getContent({ ...repository, path, ref: commit });
        if (Array.isArray(data) || data.type !== 'file') return err(`${path} is no file at ${commit.slice(0, 7)}`);
        if (data.encoding === 'base64') return ok(Buffer.from(data.content, 'base64').toString('utf8'));
        // A file of more than 1 MB comes without its content (GitHub's documentation, "Get repository content").
        const blob = await octokit.rest.git.getBlob({ ...repository, file_sha: data.sha });
        return ok(Buffer.from(blob.data.content, 'base64').toString('utf8'));
      } catch (error) {
        return isNotFound(error) ? ok(undefined) : err(unreadable(commit, error));
      }
    },
    paths: async () => {
      try {
        const { data } = await octokit.rest.git.getTree({ ...repository, tree_sha: commit, recursive: 'true' });
        if (data.truncated)
          return err(`GitHub does not list all files of ${commit.slice(0, 7)}: there are too many. Name the config files without a glob`);
        return ok(data.tree.flatMap(({ type, path }) => (type === 'blob' && path !== undefined ? [path] : [])));
      } catch (error) {
        return err(unreadable(commit, error));
      }
    },
  };
}

function unreadable(commit: string, error: unknown): string {
  return `the files of ${commit.slice(0, 7)} cannot be read: ${messageOf(error)}. The job needs "permissions: contents: read"`;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 404;
}
