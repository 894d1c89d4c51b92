/** When a delivery that failed is tried again. Pure: the clock and the dice are the caller's. */

/** Why one attempt did not deliver. */
export interface AttemptFailure {
  /**
   * The request may have had its effect all the same (time-out, reset connection, 5xx): before the next attempt the
   * target is asked whether it did.
   */
  readonly ambiguous: boolean;
  /** No sooner than this (milliseconds since 1970): `Retry-After` or `x-ratelimit-reset`. */
  readonly notBefore?: number;
}

export interface RetryState {
  /** Attempts made so far, the failed one included. */
  readonly attempts: number;
  /** When trying began, in milliseconds since 1970: acceptance, or the last replay. */
  readonly since: number;
}

export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** After this long without success the delivery is dead. */
  readonly retryForMs: number;
  /** How long an ambiguous attempt is left alone, so that the run it may have started can be seen. */
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
 * `firstDelayMs` to `maxDelayMs`. What the server asked for is a floor, never shortened.
 *
 * @param random a number from 0 up to, not including, 1
 */
export function nextAttempt(state: RetryState, failure: AttemptFailure, policy: RetryPolicy, now: number, random: number): NextAttempt {
  const ceiling = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(state.attempts - 1, 30));
  const floor = Math.max(failure.notBefore ?? 0, failure.ambiguous ? now + policy.settleMs : 0);
  const at = Math.max(now + Math.floor(random * ceiling), floor);
  return at - state.since > policy.retryForMs ? 'give_up' : { at };
}
