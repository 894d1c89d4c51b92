import { Octokit } from '@octokit/rest';
import { limitedFetch } from '../../src/network/limited-fetch.ts';
import { refusePages } from './page-answer.ts';
import { allowanceReset } from './read-error.ts';
import { followRedirects } from './redirects.ts';

export interface ClientOptions {
  readonly token: string;
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  /** Called with where a request went that GitHub redirected, see `followRedirects`. */
  readonly onMove?: (to: URL) => void;
}

/** The time limit of one request to GitHub. */
const REQUEST_LIMIT_MS = 10_000;

/** A page of a hundred runs is about 2 MB; what GitHub answers to a change is a few KB. Bytes. */
const LONGEST_LIST = 16 * 1024 * 1024;
const LONGEST_ANSWER = 1024 * 1024;

/** GitHub's client for one piece of work. It never retries: whoever asks decides about that. */
export function githubClient({ token, apiUrl, fetch, signal, onMove }: ClientOptions): Octokit {
  return new Octokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'wandb-relay',
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: { fetch: githubFetch(fetch, onMove), signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]) },
  });
}

/** How every request to GitHub is sent: redirects on the same server only, no endless answers, and no pages. */
export function githubFetch(fetch: typeof globalThis.fetch, onMove?: (to: URL) => void): typeof globalThis.fetch {
  const lists = limitedFetch(fetch, { maxBytes: LONGEST_LIST });
  const changes = limitedFetch(fetch, { maxBytes: LONGEST_ANSWER });
  return refusePages(followRedirects((input, init) => (init?.method === 'GET' ? lists(input, init) : changes(input, init)), onMove));
}

export function ownerAndRepo(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

/** Until when the credential waits, when a success used up its allowance. */
export function holdFrom(headers: Readonly<Record<string, string | number | undefined>>, now: number): { throttledUntil?: number } {
  const reset = allowanceReset(headers, now);
  return reset === undefined ? {} : { throttledUntil: reset };
}
