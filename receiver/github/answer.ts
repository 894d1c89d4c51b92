import { RequestError } from '@octokit/request-error';
import { neverSent } from '../../src/never-sent.ts';
import type { SendResult } from '../outbox/target.ts';

/** What GitHub's answers mean. Pure: errors in, results out. */

type Failure = Exclude<SendResult, { outcome: 'delivered' }>;
type Headers = Readonly<Record<string, string | number | undefined>>;

export interface AnswerContext {
  /** What the request was, for sentences: `acme/deploy`. */
  readonly repository: string;
  /** What to say about each refusal that a person can mend. */
  readonly hints: { readonly unauthorized: string; readonly forbidden: string; readonly notFound: string; readonly invalid: string };
  /** The request changes something: without an answer nobody knows whether it did. */
  readonly writes: boolean;
  /** Attempts before this one, for the wait after a limit that names no time. */
  readonly attempts: number;
  readonly now: number;
}

/** GitHub: "wait at least one minute", then longer each time (REST API documentation, "Best practices"). */
const LIMIT_WAIT_MS = 60_000;
const LIMIT_WAIT_MAX_MS = 3_600_000;
const LONGEST_WINDOW_MS = 2 * 3_600_000;

/**
 * Reads a failed request to GitHub. Rules: GitHub's REST documentation ("Rate limits", "Best practices").
 *
 * 401, 403 without a limit, 404, 422 and other 4xx are refusals; 403 and 429 with a limit hold the credential back; 5xx,
 * time-outs and broken connections leave open what happened.
 */
export function readFailure(error: unknown, context: AnswerContext): Failure {
  const response = error instanceof RequestError ? error.response : undefined;
  if (!(error instanceof RequestError) || response === undefined) return noAnswer(error, context);
  const status = error.status;
  const said = messageOf(response.data, error.message);
  const headers = response.headers as Headers;
  const until = limitEnd(status, headers, said, context);
  if (until !== undefined) {
    return {
      outcome: 'limited',
      status,
      until,
      detail: `GitHub's rate limit (${status}): ${said}; waiting until ${new Date(until).toISOString()}`,
    };
  }
  const notBefore = retryAfter(headers, context.now);
  const floor = notBefore === undefined ? {} : { notBefore };
  if (status >= 500)
    return { outcome: 'failed', status, ambiguous: context.writes, detail: `GitHub answered ${status}: ${said}`, ...floor };
  if (status === 408 || status === 409 || status === 425) {
    return { outcome: 'failed', status, ambiguous: false, detail: `GitHub answered ${status}: ${said}`, ...floor };
  }
  return { outcome: 'refused', status, detail: `GitHub answered ${status}: ${said}. ${hintFor(status, context)}` };
}

function hintFor(status: number, { hints }: AnswerContext): string {
  if (status === 401) return hints.unauthorized;
  if (status === 403) return hints.forbidden;
  if (status === 404) return hints.notFound;
  return hints.invalid;
}

/** When a rate limit ends (milliseconds since 1970), or `undefined` when the answer is not about one. */
function limitEnd(status: number, headers: Headers, said: string, context: AnswerContext): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = retryAfter(headers, context.now);
  if (after !== undefined) return after;
  const reset = allowanceReset(headers, context.now);
  if (reset !== undefined) return Math.max(reset, context.now);
  if (status === 403 && !/rate limit|abuse/i.test(said)) return undefined;
  return context.now + Math.min(LIMIT_WAIT_MAX_MS, LIMIT_WAIT_MS * 2 ** Math.min(context.attempts, 10));
}

/** The moment that `retry-after` names: seconds, or an HTTP date (RFC 9110). */
function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return now + Math.ceil(Math.max(0, seconds) * 1000);
  const date = Date.parse(String(value));
  return Number.isNaN(date) ? undefined : Math.max(date, now);
}

/** When the allowance is used up at `now`: the moment at which `x-ratelimit-reset` (seconds since 1970) renews it. */
export function allowanceReset(headers: Headers, now: number): number | undefined {
  if (String(headers['x-ratelimit-remaining'] ?? '') !== '0') return undefined;
  const reset = Number(headers['x-ratelimit-reset']);
  // GitHub's windows are an hour; what lies far beyond is no reset.
  return Number.isFinite(reset) && reset > 0 && reset * 1000 < now + LONGEST_WINDOW_MS ? Math.ceil(reset * 1000) : undefined;
}

function noAnswer(error: unknown, context: AnswerContext): Failure {
  const what = isTimeout(error) ? 'no answer in time' : error instanceof Error ? error.message : String(error);
  const notSent = neverSent(error);
  return {
    outcome: 'failed',
    status: null,
    ambiguous: context.writes && !notSent,
    detail: notSent ? `GitHub could not be reached: ${what}` : `the connection to GitHub failed: ${what}`,
  };
}

function isTimeout(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at.name === 'TimeoutError') return true;
  return false;
}

/** GitHub's own words: the message and, for a 422, what it found wrong. */
function messageOf(data: unknown, fallback: string): string {
  if (typeof data === 'string' && data.trim() !== '') return data.trim().slice(0, 300);
  if (typeof data !== 'object' || data === null || !('message' in data)) return fallback.slice(0, 300);
  const errors = 'errors' in data && data.errors !== undefined ? ` ${JSON.stringify(data.errors)}` : '';
  return `${String(data.message)}${errors}`.slice(0, 500);
}
