/** When a failed delivery is retried. Pure: time and randomness are arguments. */

/** How one attempt failed. */
export interface AttemptFailure {
  /**
   * The request may have had its effect nevertheless (time-out, reset connection, 5xx). The target is queried before the
   * next attempt.
   */
  readonly ambiguous: boolean;
  /** Not earlier than this, in milliseconds since 1970: `Retry-After` or `x-ratelimit-reset`. */
  readonly notBefore?: number;
}

export interface RetryState {
  /** Attempts so far, including the failed one. */
  readonly attempts: number;
  /** The start of the retries, in milliseconds since 1970: acceptance, or the last replay. */
  readonly since: number;
}

export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** After this time without success the delivery has failed. */
  readonly retryForMs: number;
  /** The minimum wait after an ambiguous attempt, until a run that it may have started is visible. */
  readonly settleMs: number;
}

export const DEFAULT_RETRY_POLICY: Omit<RetryPolicy, 'retryForMs'> = {
  firstDelayMs: 5_000,
  maxDelayMs: 3_600_000,
  settleMs: 5_000,
};

export type NextAttempt = { readonly at: number } | 'give_up';

/**
 * The time of the next attempt: exponential with full jitter, uniformly between now and a ceiling that doubles from
 * `firstDelayMs` to `maxDelayMs`. The server's `notBefore` is a minimum.
 *
 * @param random a number from 0 up to, not including, 1
 */
export function nextAttempt(state: RetryState, failure: AttemptFailure, policy: RetryPolicy, now: number, random: number): NextAttempt {
  const ceiling = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(state.attempts - 1, 30));
  const floor = Math.max(failure.notBefore ?? 0, failure.ambiguous ? now + policy.settleMs : 0);
  const at = Math.max(now + Math.floor(random * ceiling), floor);
  return at - state.since > policy.retryForMs ? 'give_up' : { at };
}
