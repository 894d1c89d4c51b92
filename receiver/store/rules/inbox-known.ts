import type { LatestEvent, NewEvent } from '../delivery.ts';
import type { Work } from './work.ts';

/** Where an order key ends. */
export interface OrderKeyEnd {
  /** The position of the last delivery that waits or is being sent; `undefined` when there is none. */
  readonly last: number | undefined;
  /** A delivery of this order key is held. */
  readonly held: boolean;
}

/** What the store knows that decides about a batch of events; the batch keeps it true as it goes on. */
export interface Known {
  readonly latest: Map<string, LatestEvent>;
  readonly ends: Map<string, OrderKeyEnd>;
  /** When a cooldown key last fired. A delivery that could never be sent is no firing, nor is one of a clock that was ahead. */
  readonly fired: Map<string, number>;
  /** Which version has an alias. */
  readonly holders: Map<string, Holder>;
  /** Events that came earlier are unrouted. */
  readonly hasUnrouted: boolean;
}

/** The version that has an alias. */
export interface Holder {
  /** Counts the promotions of an alias. */
  readonly n: number;
  /** `null`: the alias was removed. */
  readonly version: string | null;
  readonly artifact: string | null;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** The event by which it was given the alias; `null`: none is known. */
  readonly eventId: string | null;
  /** A conversation may show that event. */
  readonly isShown: boolean;
  /** What it replaced. */
  readonly replaced: { readonly version: string; readonly artifact: string | null; readonly since: number } | null;
}

/**
 * How a database looks up what is known: PostgreSQL for a whole batch in one statement, because each answer is waited for;
 * SQLite by small statements that are prepared once.
 */
export interface LookUp {
  all(keys: BatchKeys): Work<Known>;
  /** The latest events of these subjects; with `isLast` nothing may be asked after it in the same transaction. */
  latest(subjects: readonly string[], isLast: boolean): Work<Known['latest']>;
  orderKey(orderKey: string): Work<OrderKeyEnd>;
}

export interface BatchKeys {
  readonly subjects: readonly string[];
  readonly orderKeys: readonly string[];
  readonly cooldowns: readonly string[];
  readonly aliases: readonly string[];
  /** When the latest of the events was received, in milliseconds since 1970. */
  readonly latestAt: number;
}

export function keysOf(events: readonly NewEvent[]): BatchKeys {
  const firings = events.flatMap((event) => event.firings);
  return {
    subjects: distinct(events.map((event) => event.subjectKey)),
    orderKeys: distinct(firings.flatMap((firing) => firing.deliveries.map((delivery) => delivery.orderKey))),
    cooldowns: distinct(firings.flatMap((firing) => firing.cooldownKey ?? [])),
    aliases: distinct(events.flatMap(({ promotion }) => promotion?.aliasKey ?? [])),
    latestAt: Math.max(...events.map(({ receivedAt }) => receivedAt)),
  };
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
