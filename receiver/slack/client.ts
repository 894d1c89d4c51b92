import { type Logger, LogLevel, WebClient, type WebClientOptions } from '@slack/web-api';

export interface SlackClientOptions {
  /** `xoxb-…` */
  readonly token: string;
  /** `https://slack.com/api/` */
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
}

/** Makes the client for one attempt: it sends each request once, and gives up when the signal does. */
export type SlackClient = (signal: AbortSignal) => Pick<WebClient, 'apiCall'>;

/** The time limit of one request to Slack. */
const REQUEST_LIMIT_MS = 10_000;
/** Slack names a time with every 429; this is for whatever stands in between. Seconds. */
const LIMIT_WAIT_S = 60;

/** Calls Slack's Web API with the app's token. Nothing here retries: Slack has no idempotency keys, and the outbox decides. */
export function slackClient(options: SlackClientOptions): SlackClient {
  return (signal) => new WebClient(options.token, webClientOptions(options, signal));
}

/**
 * How a `WebClient` is set up here, for Bolt's `clientOptions` as well: no retries (the default of ten posts duplicates),
 * an error instead of a wait on 429, a time limit, nothing logged (bodies hold what people wrote).
 */
export function webClientOptions(
  options: Pick<SlackClientOptions, 'apiUrl' | 'fetch'>,
  signal?: AbortSignal,
): WebClientOptions & Required<Pick<WebClientOptions, 'slackApiUrl' | 'fetch' | 'retryConfig' | 'rejectRateLimitedCalls'>> {
  // Called as a method of something else, workerd's fetch refuses to run.
  const { fetch } = options;
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
      return response.status === 429 ? await withRetryAfter(response) : response;
    },
  };
}

/** A 429 that names no time would reach the caller as an error without a type. */
async function withRetryAfter(response: Response): Promise<Response> {
  await response.body?.cancel();
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const wait = Number.isNaN(seconds) ? LIMIT_WAIT_S : seconds;
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
