import { ageOf } from '../../../src/lib/clock.ts';
import type { EventOutcome, LatestEvent, NewEvent, RouteFiring } from '../delivery.ts';

/**
 * Whether an event can be a duplicate. One of type `unknown` cannot: nothing in it names its subject. Two automations with
 * the body that W&B's documentation teaches for a dispatch send the same bytes for two promotions.
 */
export function canBeDuplicate({ event }: Pick<NewEvent, 'event'>): boolean {
  return event.type !== 'unknown';
}

/** Whether an event repeats the latest one of its subject. */
export function isDuplicateOf(
  latest: LatestEvent,
  { bodyHash, receivedAt }: Pick<NewEvent, 'bodyHash' | 'receivedAt'>,
  dedupeWindowMs: number,
): boolean {
  return latest.bodyHash === bodyHash && ageOf(latest.receivedAt, receivedAt) < dedupeWindowMs;
}

/** @param firings those that are not within their cooldown */
export function outcomeOf(event: NewEvent, firings: readonly RouteFiring[]): EventOutcome {
  if (event.firings.length === 0) return 'unmatched';
  return firings.length === 0 ? 'cooldown' : 'routed';
}
