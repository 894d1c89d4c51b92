import type { TargetRequest } from '../../src/route/target.ts';
import type { SendResult, Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import { githubClient, holdFrom, ownerAndRepo } from './client.ts';
import type { GitHubCredentials } from './credentials.ts';
import { statusHints } from './hints.ts';
import { readFailure } from './read-error.ts';
import { type RenamedRepositories, reportingMoves } from './renamed-repositories.ts';

export interface CommitStatusOptions extends Pick<Runtime, 'fetch' | 'now'> {
  readonly credentials: GitHubCredentials;
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly apiUrl: string;
  /** Called when a repository turns out to have another name. */
  readonly renamed?: RenamedRepositories;
  readonly redact?: (text: string) => string;
}

type CommitStatusRequest = Extract<TargetRequest, { kind: 'commit_status' }>;

/**
 * Writes commit statuses (`POST /repos/{owner}/{repo}/statuses/{sha}`, GitHub's REST documentation; "Commit statuses:
 * write"). The latest status of a context counts, so sending one again changes nothing and nothing is looked up first.
 */
export function commitStatusTarget({
  credentials,
  apiUrl,
  fetch,
  now,
  renamed,
  redact = (text) => text,
}: CommitStatusOptions): Target<CommitStatusRequest> {
  return {
    send: async (request, context): Promise<SendResult> => {
      const { repository, sha, state, description, target_url } = request;
      const answer = (credential: 'token' | 'app' | 'app-token', writes: boolean) => ({
        repository,
        hints: statusHints(repository, sha, credential),
        writes,
        attempts: context.attempts,
        now: now(),
        redact,
      });
      let token: string;
      try {
        token = (await credentials.token(repository, { statuses: 'write' })).token;
      } catch (error) {
        const failure = readFailure(error, answer('app-token', false));
        return { ...failure, detail: `no token for ${repository}: ${failure.detail}` };
      }
      const clientWith = (onMove: (to: URL) => void) => githubClient({ token, apiUrl, fetch, signal: context.signal, onMove });
      return reportingMoves(repository, renamed, clientWith, async (client): Promise<SendResult> => {
        try {
          const status = { state, context: request.context, description, ...(target_url === null ? {} : { target_url }) };
          const response = await client.rest.repos.createCommitStatus({ ...ownerAndRepo(repository), sha, ...status });
          const detail = `${request.context} is ${state} on ${repository}@${sha.slice(0, 10)}`;
          return { outcome: 'delivered', status: response.status, run: null, detail, ...holdFrom(response.headers, now()) };
        } catch (error) {
          return readFailure(error, answer(credentials.kind, true));
        }
      });
    },
    findPrior: async () => ({ outcome: 'not_found' }),
  };
}
