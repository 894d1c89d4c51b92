import { Octokit } from '@octokit/rest';
import { allowanceReset } from './answer.ts';

export interface ClientOptions {
  readonly token: string;
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** The time limit of one request to GitHub. */
const REQUEST_LIMIT_MS = 10_000;

/** GitHub's client for one piece of work. It never retries: whoever asks decides about that. */
export function githubClient({ token, apiUrl, fetch, signal }: ClientOptions): Octokit {
  return new Octokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'wandb-relay',
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: { fetch, signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]) },
  });
}

export function ownerAndRepo(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

/** Until when the credential waits, when a success used up its allowance. */
export function holdFrom(headers: Readonly<Record<string, string | number | undefined>>, now: number): { holdUntil?: number } {
  const reset = allowanceReset(headers, now);
  return reset === undefined ? {} : { holdUntil: reset };
}
