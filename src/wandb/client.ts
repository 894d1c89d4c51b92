import type { z } from 'zod';
import { dueAfter } from '../lib/clock.ts';
import type { JsonObject } from '../lib/json.ts';
import { redactorOf } from '../lib/redact.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { nextAttempt, type RetryPolicy } from '../lib/retry.ts';
import { retryAfter, waitEnd } from '../lib/retry-after.ts';
import { limitedFetch } from '../network/limited-fetch.ts';
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
  readonly sleep: (ms: number) => Promise<void>;
  /** Gets a line for each wait and retry; never the key. */
  readonly log?: (message: string) => void;
  /** For one request and its response; default 30 seconds. */
  readonly timeoutMs?: number;
}

export type Variables = Readonly<Record<string, unknown>>;

export interface QueryOptions {
  /** For optional data: one attempt, no waiting for the rate limit, and it ends when this signal is aborted. */
  readonly onceUntil?: AbortSignal;
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
  mutate<T>(document: string, variables: Variables, shape: z.ZodType<T>): Promise<Result<T, WandbError>>;
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
/** In bytes. A page of W&B's lists is well below a megabyte. */
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
  const fetch = limitedFetch(options.fetch, { maxBytes: MAX_RESPONSE_BYTES });
  const timeoutMs = options.timeoutMs ?? TIME_LIMIT_MS;
  let requests = 0;
  let mutations = 0;
  let throttled = { until: 0, writtenAt: 0 };

  /** A clock that is set back does not lengthen the wait. */
  function throttledUntil(): number {
    const at = now();
    const until = dueAfter(throttled.until, throttled.writtenAt, at);
    if (until !== throttled.until) throttled = { until, writtenAt: at };
    return until;
  }

  /** Reads the rate limit's headers: numbers with a fraction, the reset in seconds from now (Python client, core/internal/api). */
  function readLimits({ headers, status }: Response, writes: boolean): number | undefined {
    const reset = numberIn(headers, 'ratelimit-reset');
    const remaining = numberIn(headers, 'ratelimit-remaining');
    if (reset !== undefined && remaining !== undefined && remaining <= 0 && reset > 0) {
      throttled = { until: Math.max(throttledUntil(), waitEnd(reset, now()) ?? 0), writtenAt: now() };
    }
    const asked = retryAfter(headers.get('retry-after'), now());
    // A mutation is not retried here, so the next request, the list, has to wait.
    if (writes && status === 429 && asked !== undefined) throttled = { until: Math.max(throttledUntil(), asked), writtenAt: now() };
    return asked ?? (throttledUntil() > now() ? throttledUntil() : undefined);
  }

  async function send(document: string, variables: Variables, writes: boolean, until?: AbortSignal): Promise<Attempt> {
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
      const notBefore = readLimits(response, writes);
      const answer = { status: response.status, body: await response.text(), location: response.headers.get('location') };
      const read = readResponse(answer, writes, redactor.text);
      return { result: read, ...(notBefore === undefined ? {} : { notBefore }) };
    } catch (thrown) {
      if (until?.aborted === true) return { result: err({ error: OUT_OF_TIME, retry: false }) };
      return { result: err(readFetchError(thrown, writes, timeoutMs)) };
    }
  }

  async function waitForQuota(): Promise<WandbError | undefined> {
    const wait = throttledUntil() - now();
    if (wait <= 0) return undefined;
    const seconds = Math.ceil(wait / 1000);
    if (wait > MAX_QUOTA_WAIT_MS) {
      return { kind: 'unavailable', status: null, message: `W&B's rate limit is used up for another ${seconds} s: try again later` };
    }
    log?.(`W&B's rate limit is used up. Waiting ${seconds} s`);
    await options.sleep(wait);
    return undefined;
  }

  /** One attempt. While the rate limit is used up, nothing is sent. */
  async function executeOnce(document: string, variables: Variables, until: AbortSignal): Promise<Result<JsonObject, WandbError>> {
    if (until.aborted) return err(OUT_OF_TIME);
    const seconds = Math.ceil((throttledUntil() - now()) / 1000);
    if (seconds > 0) {
      return err({
        kind: 'unavailable',
        status: null,
        message: `W&B's rate limit is used up for another ${seconds} s: no request was sent`,
      });
    }
    const { result } = await send(document, variables, false, until);
    return result.ok ? result : err({ ...result.error.error, message: redactor.text(result.error.error.message) });
  }

  async function execute(document: string, variables: Variables, writes: boolean): Promise<Result<JsonObject, WandbError>> {
    const since = now();
    for (let attempts = 1; ; attempts++) {
      const throttleError = await waitForQuota();
      if (throttleError !== undefined) return err(throttleError);
      const { result, notBefore } = await send(document, variables, writes);
      if (result.ok) return result;
      const error = { ...result.error.error, message: redactor.text(result.error.error.message) };
      if (!result.error.retry || attempts >= MAX_ATTEMPTS) return err(error);
      const failure = { ambiguous: false, ...(notBefore === undefined ? {} : { notBefore }) };
      const next = nextAttempt({ attempts, since }, failure, RETRY, now(), options.random());
      if (next === 'give_up') return err(error);
      const wait = Math.max(0, next.at - now());
      log?.(`${error.message}. Trying again in ${(wait / 1000).toFixed(1)} s (attempt ${attempts + 1} of ${MAX_ATTEMPTS})`);
      await options.sleep(wait);
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
    query: async (document, variables, shape, { onceUntil } = {}) => {
      const answer =
        onceUntil === undefined ? await execute(document, variables, false) : await executeOnce(document, variables, onceUntil);
      return checkShape(answer, shape, false);
    },
    mutate: async (document, variables, shape) => checkShape(await execute(document, variables, true), shape, true),
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

function numberIn(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
