import { RequestError } from '@octokit/request-error';
import { neverSent } from '../../src/lib/never-sent.ts';
import { proxyErrorIn } from '../../src/lib/proxy-error.ts';
import { LONGEST_WAIT_MS, retryAfter } from '../../src/lib/retry-after.ts';
import type { SendResult } from '../outbox/target.ts';
import { PageError } from './page-answer.ts';
import { RedirectError } from './redirects.ts';
import { addressHint, isHtml, pageWords, specialHint } from './special-refusals.ts';

/** What GitHub's answers mean. Pure: errors in, results out. */

type Failure = Exclude<SendResult, { outcome: 'delivered' }>;
type Headers = Readonly<Record<string, string | number | undefined>>;

export interface AnswerContext {
  /** What the request was, for sentences: `acme/deploy`. */
  readonly repository: string;
  /** What to say about each refusal that a person can fix. */
  readonly hints: { readonly unauthorized: string; readonly forbidden: string; readonly notFound: string; readonly invalid: string };
  /** The request changes something: without an answer nobody knows whether it did. */
  readonly writes: boolean;
  /** Attempts before this one, for the wait after a limit that names no time. */
  readonly attempts: number;
  readonly now: number;
  /** Takes secrets out of what GitHub says, before it is cut: half a token would not be recognised. */
  readonly redact?: (text: string) => string;
}

/** GitHub: "wait at least one minute", then longer each time (REST API documentation, "Best practices"). */
const LIMIT_WAIT_MS = 60_000;
const LIMIT_WAIT_MAX_MS = 3_600_000;

/**
 * Reads a failed request to GitHub. Rules: GitHub's REST documentation ("Rate limits", "Best practices").
 *
 * 401, 403 without a limit, 404, 422 and other 4xx are refusals; 403 and 429 with a limit hold the credential back; 5xx,
 * time-outs and broken connections leave open what happened.
 */
export function readFailure(error: unknown, context: AnswerContext): Failure {
  const response = error instanceof RequestError ? error.response : undefined;
  if (!(error instanceof RequestError) || response === undefined)
    return redirected(error, context) ?? pageInstead(error, context) ?? noAnswer(error, context);
  const status = error.status;
  const headers = response.headers as Headers;
  const data = textOf(response.data);
  const page = typeof data === 'string' && isHtml(headers, data) ? data : undefined;
  const said = page === undefined ? messageOf(data, error.message, context) : pageWords(context.redact?.(page) ?? page);
  const answered = `GitHub answered ${status}${said === '' ? '' : `: ${said}`}`;
  const until = limitEnd(status, headers, said, context);
  if (until !== undefined) {
    return {
      outcome: 'limited',
      status,
      until,
      detail: `GitHub's rate limit (${status}): ${said}; waiting until ${new Date(until).toISOString()}`,
    };
  }
  const notBefore = retryAfter(headers['retry-after'], context.now);
  const floor = notBefore === undefined ? {} : { notBefore };
  if (status >= 500) return { outcome: 'failed', status, ambiguous: context.writes, detail: answered, ...floor };
  if (status === 408 || status === 409 || status === 425) {
    return { outcome: 'failed', status, ambiguous: false, detail: answered, ...floor };
  }
  const refused = { status, headers, text: page ?? said, url: error.request.url, repository: context.repository };
  const hint = specialHint(refused) ?? hintFor(status, context);
  return { outcome: 'refused', status, detail: `${withoutStop(answered)}. ${hint}` };
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.+$/, '');
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
  const after = retryAfter(headers['retry-after'], context.now);
  if (after !== undefined) return after;
  const reset = allowanceReset(headers, context.now);
  if (reset !== undefined) return Math.max(reset, context.now);
  if (status === 403 && !/rate limit|abuse/i.test(said)) return undefined;
  return context.now + Math.min(LIMIT_WAIT_MAX_MS, LIMIT_WAIT_MS * 2 ** Math.min(context.attempts, 10));
}

/** When the allowance is used up at `now`: the moment at which `x-ratelimit-reset` (seconds since 1970) renews it. */
export function allowanceReset(headers: Headers, now: number): number | undefined {
  if (String(headers['x-ratelimit-remaining'] ?? '') !== '0') return undefined;
  const reset = Number(headers['x-ratelimit-reset']);
  const wait = reset - now / 1000;
  // GitHub's windows are an hour; what lies far beyond is no reset.
  return Number.isFinite(reset) && reset > 0 && wait * 1000 < LONGEST_WAIT_MS ? Math.ceil(reset * 1000) : undefined;
}

/** A redirect that was not followed: nothing was done, and it would be the same next time. */
function redirected(error: unknown, { repository }: AnswerContext): Failure | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof RedirectError)) continue;
    const hint = error instanceof RequestError ? addressHint(error.request.url) : 'does GITHUB_API_URL point to GitHub?';
    return { outcome: 'refused', status: at.status, detail: `${repository}: GitHub answered ${at.status}: ${at.message}. ${hint}` };
  }
  return undefined;
}

/** A page with a status of success. Whatever sent it may have passed the request on. */
function pageInstead(error: unknown, { writes, redact = (text) => text }: AnswerContext): Failure | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof PageError)) continue;
    const hint = error instanceof RequestError ? addressHint(error.request.url) : 'does GITHUB_API_URL point to GitHub?';
    const detail = `GitHub answered ${at.status}: ${pageWords(redact(at.page))}. An HTML page came instead of an answer of GitHub's API: ${hint}`;
    return { outcome: 'failed', status: at.status, ambiguous: writes, detail };
  }
  return undefined;
}

function noAnswer(error: unknown, context: AnswerContext): Failure {
  const what = proxyErrorIn(error)?.message ?? (isTimeout(error) ? 'no answer in time' : messageIn(error));
  const notSent = neverSent(error);
  return {
    outcome: 'failed',
    status: null,
    ambiguous: context.writes && !notSent,
    detail: notSent ? `GitHub could not be reached: ${what}` : `the connection to GitHub failed: ${what}`,
  };
}

function messageIn(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // `fetch` says nothing when a proxy answers 407 (Fetch standard, "HTTP-network-or-cache fetch").
  return message === '' ? 'it gave no reason; a proxy that asks for a password does that' : message;
}

function isTimeout(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at.name === 'TimeoutError') return true;
  return false;
}

/** Octokit hands over bytes where the content type is one that it does not know. */
function textOf(data: unknown): unknown {
  return data instanceof ArrayBuffer ? new TextDecoder().decode(data) : data;
}

/** GitHub's own words: the message and, for a 422, what it found wrong. */
function messageOf(data: unknown, fallback: string, { redact = (text) => text }: AnswerContext): string {
  if (typeof data === 'string' && data.trim() !== '') return redact(data.trim()).slice(0, 300);
  if (typeof data !== 'object' || data === null || !('message' in data)) return redact(fallback).slice(0, 300);
  const errors = 'errors' in data && data.errors !== undefined ? ` ${JSON.stringify(data.errors)}` : '';
  return redact(`${String(data.message)}${errors}`).slice(0, 500);
}
