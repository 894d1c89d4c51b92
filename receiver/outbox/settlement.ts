import { nextAttempt, type RetryPolicy } from '../../src/lib/retry.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { ClaimedDelivery, Settlement, Throttle } from '../store/delivery.ts';
import type { SendResult } from './target.ts';

/** A credential is throttled for no longer than this, whatever a response asks for. Milliseconds. */
const LONGEST_THROTTLE_MS = 24 * 3_600_000;

export interface SettlementRules {
  readonly retry: RetryPolicy;
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The clock has just jumped, or may be wrong: how long a delivery has been tried is not known, and none is given up for it. */
  readonly unsteady?: boolean;
  /** Who is mentioned for a failure, and where, by route; left out: the author, in the threads that show it. */
  readonly alerts?: AlertPolicyOf;
}

/**
 * Decides where a delivery goes after an attempt, and until when everything that uses its credential waits. Whatever time
 * an answer names (`Retry-After`, a reset) holds for the credential too, not for this delivery alone.
 */
export function settlementOf(
  delivery: ClaimedDelivery,
  result: SendResult,
  { retry, now, random, unsteady = false, alerts }: SettlementRules,
): { settlement: Settlement; throttle?: Throttle } {
  const policy = alerts === undefined ? {} : { alerts: alerts(delivery.route) };
  switch (result.outcome) {
    case 'delivered': {
      const message = result.message === undefined ? {} : { message: result.message };
      const notAsked = result.notAsked === undefined ? {} : { notAsked: result.notAsked, ...policy };
      const channels = result.channels === undefined ? {} : { channels: result.channels };
      const note = result.note === undefined ? {} : { note: result.note };
      const settlement = { state: 'delivered', run: result.run, ...message, ...notAsked, ...channels, ...note } as const;
      return result.throttledUntil === undefined
        ? { settlement }
        : { settlement, throttle: { credential: delivery.credential, until: result.throttledUntil, reason: 'the rate limit is used up' } };
    }
    case 'refused':
      return { settlement: { state: 'dead', reason: result.detail, ...policy } };
    case 'limited':
    case 'failed': {
      const limited = result.outcome === 'limited';
      // Once unclear, a delivery stays so: the run of its first attempt may show up late.
      const ambiguous = delivery.ambiguous || (!limited && result.ambiguous);
      const notBefore = limited ? result.until : result.notBefore;
      const since = unsteady ? now() : Math.min(delivery.retryingSince, now());
      const failure = notBefore === undefined ? { ambiguous } : { ambiguous, notBefore };
      const next = nextAttempt({ attempts: delivery.attempts + 1, since }, failure, retry, now(), random());
      const until = notBefore === undefined ? undefined : Math.min(notBefore, now() + LONGEST_THROTTLE_MS);
      const throttle = until === undefined ? {} : { throttle: { credential: delivery.credential, until, reason: result.detail } };
      if (next === 'give_up') return { settlement: { state: 'dead', reason: `gave up: ${result.detail}`, ...policy }, ...throttle };
      return { settlement: { state: 'pending', dueAt: next.at, ambiguous, reason: result.detail }, ...throttle };
    }
  }
}
