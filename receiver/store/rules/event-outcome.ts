import type { EventOutcome, NewEvent, RouteFiring } from '../delivery.ts';

/**
 * Whether an event can be a duplicate. One of type `unknown` cannot: nothing in it names its subject. Two automations with
 * the body that W&B's documentation teaches for a dispatch send the same bytes for two promotions.
 */
export function canBeDuplicate({ event }: NewEvent): boolean {
  return event.type !== 'unknown';
}

/** @param firings those that are not within their cooldown */
export function outcomeOf(event: NewEvent, firings: readonly RouteFiring[]): EventOutcome {
  if (event.firings.length === 0) return 'unmatched';
  return firings.length === 0 ? 'cooldown' : 'routed';
}
