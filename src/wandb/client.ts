import type { z } from 'zod';
import type { JsonObject } from '../lib/json.ts';
import { redactorOf } from '../lib/redact.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { nextAttempt, type RetryPolicy } from '../lib/retry.ts';
import { limitedFetch } from '../network/limited-fetch.ts';
import { createRateLimits, type RateLimitLeft } from './rate-limit.ts';
import { type Refusal, readFetchError, readResponse } from './read-error.ts';
import type { WandbError } from './wandb-error.ts';

export interface WandbClientOptions {
  /** The server's address, `https://api.wandb.ai` for W&B's own cloud. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** May end early when the signal is aborted; it need not. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Gets a line for each wait and retry; never the key. */
  readonly log?: (message: string) => void;
  /** For one request and its response; default 30 seconds. */
  readonly timeoutMs?: number;
  /** The longest response that is read, in bytes; default 16 MB. A page of W&B's lists is well below one. */
  readonly maxResponseBytes?: number;
}

export type Variables = Readonly<Record<string, unknown>>;

export interface QueryOptions {
  /** For optional data: one attempt, no waiting for the rate limit, and it ends when this signal is aborted. */
  readonly onceUntil?: AbortSignal;
  /** Ends the query when it is aborted, also while it waits for its next attempt. */
  readonly until?: AbortSignal;
  /** At most this many attempts; default 5. */
  readonly attempts?: number;
  /** Fails, with `retryAt`, rather than wait longer than this for the rate limit or the next attempt. Milliseconds. */
  readonly longestWaitMs?: number;
  /** Whose rate limit counts: `entity/project`. Default: one for all. */
  readonly limitKey?: string;
}

/** W&B's GraphQL API. Responses are returned as data or as a `WandbError`. */
export interface WandbClient {
  /** The server's address. */
  readonly baseUrl: string;
  /**
   * Sends a query. Failures that can be retried are retried, up to five attempts.
   *
   * @param shape the schema of the data; other data is `unavailable`
   */
  query<T>(document: string, variables: Variables, shape: z.ZodType<T>, options?: QueryOptions): Promise<Result<T, WandbError>>;
  /**
   * Sends a mutation. It is retried only if it was never sent (no connection). Any other failure without a clear response,
   * also a 429, is `unclear`: the caller has to list to see whether it was applied.
   */
  mutate<T>(
    document: string,
    variables: Variables,
    shape: z.ZodType<T>,
    options?: Omit<QueryOptions, 'onceUntil'>,
  ): Promise<Result<T, WandbError>>;
  /** What is left of the rate limit, as of the latest answer: of one `limitKey`, or the one of which the least is left. */
  limitLeft(limitKey?: string): RateLimitLeft | undefined;
  /** Waits as before the retry of a query: longer after every attempt, from 1 on. */
  backOff(attempts: number): Promise<void>;
  /** HTTP requests sent so far, retries included. */
  readonly requests: number;
  /** Those of them that were mutations. */
  readonly mutations: number;
}

const MAX_ATTEMPTS = 5;
const RETRY: RetryPolicy = { firstDelayMs: 1_000, maxDelayMs: 30_000, retryForMs: 180_000, settleMs: 0 };
/** If the rate limit resets later than this, the request fails instead of blocking the job. */
const MAX_QUOTA_WAIT_MS = 600_000;
const TIME_LIMIT_MS = 30_000;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const OUT_OF_TIME: WandbError = { kind: 'unavailable', status: null, message: 'W&B: no response in time' };

interface Attempt {
  readonly result: Result<JsonObject, Refusal>;
  /** What `Retry-After` or the rate limit asks for, milliseconds since 1970. */
  readonly notBefore?: number;
}

/** A client for one server and one key. Its only state is its counts and the rate limit. */
export function createWandbClient(options: WandbClientOptions): WandbClient {
  const { now, log } = options;
  const url = `${options.baseUrl.replace(/\/+$/, '')}/graphql`;
  const basic = Buffer.from(`api:${options.apiKey}`).toString('base64');
  const redactor = redactorOf([options.apiKey, basic]);
  const fetch = limitedFetch(options.fetch, { maxBytes: options.maxResponseBytes ?? MAX_RESPONSE_BYTES });
  const timeoutMs = options.timeoutMs ?? TIME_LIMIT_MS;
  let requests = 0;
  let mutations = 0;
  const limits = createRateLimits(now);

  async function send(
    document: string,
    variables: Variables,
    writes: boolean,
    { until, limitKey = '' }: Pick<QueryOptions, 'until' | 'limitKey'> = {},
  ): Promise<Attempt> {
    const timeLimit = AbortSignal.timeout(timeoutMs);
    requests += 1;
    if (writes) mutations += 1;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Basic ${basic}` },
        body: JSON.stringify({ query: document, variables }),
        // A followed redirect would turn the POST into a GET, or take the key elsewhere.
        redirect: 'manual',
        signal: until === undefined ? timeLimit : AbortSignal.any([timeLimit, until]),
      });
      const notBefore = limits.read(response, limitKey, writes);
      const answer = { status: response.status, body: await response.text(), location: response.headers.get('location') };
      const read = readResponse(answer, writes, redactor.text);
      return { result: read, ...(notBefore === undefined ? {} : { notBefore }) };
    } catch (thrown) {
      if (until?.aborted === true)
        return { result: err({ error: writes ? { ...OUT_OF_TIME, kind: 'unclear' } : OUT_OF_TIME, retry: false }) };
      return { result: err(readFetchError(thrown, writes, timeoutMs)) };
    }
  }

  async function waitForQuota({ until, limitKey = '', longestWaitMs = MAX_QUOTA_WAIT_MS }: QueryOptions): Promise<WandbError | undefined> {
    const retryAt = limits.throttledUntil(limitKey);
    const wait = retryAt - now();
    if (wait <= 0) return undefined;
    const seconds = Math.ceil(wait / 1000);
    if (wait > longestWaitMs) {
      const message = `W&B's rate limit is used up for another ${seconds} s: try again later`;
      return { kind: 'unavailable', status: null, message, retryAt };
    }
    log?.(`W&B's rate limit is used up. Waiting ${seconds} s`);
    await pause(wait, until);
    return undefined;
  }

  /** Ends at once when the signal is aborted, whatever the given `sleep` does. */
  async function pause(ms: number, until: AbortSignal | undefined): Promise<void> {
    if (until === undefined) return await options.sleep(ms);
    if (until.aborted) return;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    until.addEventListener('abort', end);
    try {
      await Promise.race([options.sleep(ms, until).catch(end), aborted]);
    } finally {
      until.removeEventListener('abort', end);
    }
  }

  /** One attempt. While the rate limit is used up, nothing is sent. */
  async function executeOnce(document: string, variables: Variables, query: QueryOptions): Promise<Result<JsonObject, WandbError>> {
    if (query.until?.aborted === true) return err(OUT_OF_TIME);
    const retryAt = limits.throttledUntil(query.limitKey ?? '');
    const seconds = Math.ceil((retryAt - now()) / 1000);
    if (seconds > 0) {
      const message = `W&B's rate limit is used up for another ${seconds} s: no request was sent`;
      return err({ kind: 'unavailable', status: null, message, retryAt });
    }
    const { result, notBefore } = await send(document, variables, false, query);
    return result.ok ? result : err(errorOf(result.error, notBefore));
  }

  function errorOf({ error }: Refusal, notBefore: number | undefined): WandbError {
    return { ...error, message: redactor.text(error.message), ...(notBefore === undefined ? {} : { retryAt: notBefore }) };
  }

  async function execute(
    document: string,
    variables: Variables,
    writes: boolean,
    query: QueryOptions = {},
  ): Promise<Result<JsonObject, WandbError>> {
    const since = now();
    const { until, attempts: mostAttempts = MAX_ATTEMPTS, longestWaitMs = Number.POSITIVE_INFINITY } = query;
    for (let attempts = 1; ; attempts++) {
      const throttleError = await waitForQuota(query);
      if (throttleError !== undefined) return err(throttleError);
      if (until?.aborted === true) return err(OUT_OF_TIME);
      const { result, notBefore } = await send(document, variables, writes, query);
      if (result.ok) return result;
      const error = errorOf(result.error, notBefore);
      if (!result.error.retry || attempts >= mostAttempts) return err(error);
      const failure = { ambiguous: false, ...(notBefore === undefined ? {} : { notBefore }) };
      const next = nextAttempt({ attempts, since }, failure, RETRY, now(), options.random());
      if (next === 'give_up') return err(error);
      const wait = Math.max(0, next.at - now());
      if (wait > longestWaitMs) return err(error);
      log?.(`${error.message}. Trying again in ${(wait / 1000).toFixed(1)} s (attempt ${attempts + 1} of ${mostAttempts})`);
      await pause(wait, until);
    }
  }

  function checkShape<T>(answer: Result<JsonObject, WandbError>, shape: z.ZodType<T>, writes: boolean): Result<T, WandbError> {
    if (!answer.ok) return answer;
    const read = shape.safeParse(answer.value);
    if (read.success) return ok(read.data);
    const issue = read.error.issues[0];
    const where = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`;
    const message = redactor.text(`W&B's response has an unknown form${where}`);
    return err({ kind: writes ? 'unclear' : 'unavailable', status: 200, message });
  }

  return {
    baseUrl: options.baseUrl,
    query: async (document, variables, shape, { onceUntil, ...query } = {}) => {
      const answer =
        onceUntil === undefined
          ? await execute(document, variables, false, query)
          : await executeOnce(document, variables, { ...query, until: onceUntil });
      return checkShape(answer, shape, false);
    },
    limitLeft: limits.left,
    mutate: async (document, variables, shape, query) => checkShape(await execute(document, variables, true, query), shape, true),
    backOff: async (attempts) => {
      const next = nextAttempt({ attempts, since: now() }, { ambiguous: false }, RETRY, now(), options.random());
      if (next !== 'give_up') await options.sleep(next.at - now());
    },
    get requests() {
      return requests;
    },
    get mutations() {
      return mutations;
    },
  };
}
