import type { RelayEvent } from '../../src/event/event.ts';
import type { Accepted, LatestEvent, NewEvent } from './delivery.ts';

/** A webhook that is stored as it came, because many came at once: its routes are tried later. */
export interface UnroutedEvent {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly source: string;
  /** Of the raw bytes. */
  readonly bodyHash: string;
  /** The body as it arrived, secrets redacted. */
  readonly body: string;
}

/** One webhook of a batch: as it came, and with what follows from it unless that is left for later. */
export interface Incoming {
  readonly unrouted: UnroutedEvent;
  readonly event: RelayEvent;
  /** See `NewEvent`. */
  readonly subjectKey: string;
  readonly planned?: NewEvent;
}

/** What storing it came to. */
export type Taken = Accepted | StoredAsItCame;

export interface StoredAsItCame {
  readonly status: 'unrouted';
  readonly id: string;
  /** The event that it is a duplicate of. It is stored all the same. */
  readonly duplicateOf?: LatestEvent;
}

export interface RouteOptions {
  /** At most so many, the oldest first. */
  readonly limit: number;
  readonly dedupeWindowMs: number;
  /**
   * What follows from an event. It gives the same event the same ids each time it is called: a transaction may be tried again.
   * Called inside of the transaction.
   */
  readonly plan: (event: UnroutedEvent) => NewEvent;
}

export interface Routed {
  /** So many events are unrouted no more. */
  readonly events: number;
  readonly deliveries: number;
  /** When the oldest of them was received; left out when there was none. Milliseconds since 1970. */
  readonly oldestAt?: number;
}

/** Events whose routes have not been tried yet. */
export interface Backlog {
  readonly events: number;
  /** Milliseconds since 1970; left out when there are none. */
  readonly oldestAt?: number;
  /** Those whose routes could not be tried. They are no part of `events`, and nothing waits for them. */
  readonly skipped: number;
  /** Why, of one of them. */
  readonly reason?: string;
}

/** Where a burst of webhooks waits. See `webhook/route-later.ts` for when. */
export interface UnroutedStore {
  /**
   * Stores a batch in the order in which it came: the first ones, as far as they are planned, with what follows from them, as
   * `accept` does; all others as they came. While any event is unrouted all are stored as they came, so that none of them
   * overtakes it. All or none. Rejects as `accept` does.
   */
  take(incoming: readonly Incoming[], options: { readonly dedupeWindowMs: number }): Promise<Taken[]>;

  /** Accepts the oldest unrouted events, in the order in which they came. One receiver does it at a time. */
  routeUnrouted(options: RouteOptions): Promise<Routed>;

  /** The oldest unrouted event cannot be routed: it is kept, and those behind it go on. */
  skipOldestUnrouted(reason: string): Promise<void>;

  /** What was skipped is unrouted again, at its old place. */
  retrySkipped(): Promise<void>;

  /** Whether the event of this id is stored and not routed yet. */
  isUnrouted(id: string): Promise<boolean>;

  backlog(): Promise<Backlog>;
}
