import { type Logger, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api';
import { retryAfter } from '../../src/lib/retry-after.ts';
import { limitedFetch } from '../../src/network/limited-fetch.ts';

export interface SlackClientOptions {
  /** `xoxb-…` */
  readonly token: string;
  /** `https://slack.com/api/` */
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  /** Takes secrets out of what Slack says when it refuses, before it is cut: half a token would not be recognised. */
  readonly redact?: (text: string) => string;
}

/** Makes the client for one attempt: it sends each request once, and gives up when the signal does. */
export type SlackClient = (signal: AbortSignal) => Pick<WebClient, 'apiCall'>;

/** The time limit of one request to Slack. */
const REQUEST_LIMIT_MS = 10_000;
/** Slack names a time with every 429; this is for whatever stands in between. Seconds. */
const LIMIT_WAIT_S = 60;
/** The longest answer is a page of a channel's history, some hundreds of kilobytes. Bytes. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

/** Calls Slack's Web API with the app's token. Nothing here retries: Slack has no idempotency keys, and the outbox decides. */
export function slackClient(options: SlackClientOptions): SlackClient {
  return (signal) => new WebClient(options.token, webClientOptions(options, signal));
}

/**
 * How a `WebClient` is set up here, for Bolt's `clientOptions` as well: no retries (the default of ten posts duplicates),
 * an error instead of a wait on 429, a time limit, nothing logged (bodies hold what people wrote).
 */
export function webClientOptions(
  options: Pick<SlackClientOptions, 'apiUrl' | 'fetch' | 'redact'>,
  signal?: AbortSignal,
): WebClientOptions & Required<Pick<WebClientOptions, 'slackApiUrl' | 'fetch' | 'retryConfig' | 'rejectRateLimitedCalls'>> {
  const fetch = limitedFetch(options.fetch, { maxBytes: LONGEST_ANSWER });
  return {
    slackApiUrl: options.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: REQUEST_LIMIT_MS,
    allowAbsoluteUrls: false,
    logger: SILENT,
    fetch: async (url, init) => {
      const signals = [init?.signal, signal].filter((one) => one !== undefined);
      // workerd knows no `redirect: 'error'`, which is what the client asks for.
      const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) });
      if (response.status === 429) return withRetryAfter(response);
      return options.redact === undefined ? response : redacted(response, options.redact);
    },
  };
}

/** A refusal without secrets; anything else as it is. */
async function redacted(response: Response, redact: (text: string) => string): Promise<Response> {
  if (response.body === null) return response;
  const text = await response.text();
  const refuses = !response.ok || /"ok"\s*:\s*false/.test(text);
  const { status, statusText, headers } = response;
  return new Response(refuses ? redact(text) : text, { status, statusText, headers });
}

/** A 429 that names no time would reach the caller as an error without a type. */
async function withRetryAfter(response: Response): Promise<Response> {
  await response.body?.cancel();
  // By Slack's own clock, so that a date is understood whatever the clock of this machine says.
  const sent = Date.parse(response.headers.get('date') ?? '') || 0;
  const end = retryAfter(response.headers.get('retry-after'), sent);
  // The client reads whole seconds, and nothing else.
  const wait = end === undefined ? LIMIT_WAIT_S : Math.ceil((end - sent) / 1000);
  return new Response(null, { status: 429, headers: { 'retry-after': String(wait) } });
}

const SILENT: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};
