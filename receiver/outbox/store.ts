import type {
  Accepted,
  Attempt,
  ClaimedDelivery,
  DeliveryState,
  DeliveryView,
  EventOutcome,
  EventView,
  HoldBack,
  NewEvent,
  RejectedRequest,
  Settlement,
} from './delivery.ts';

/**
 * The store: events, deliveries, attempts. One port, one contract suite (`test/receiver/outbox/store-contract.ts`).
 *
 * Every method is one transaction and is durable when its promise resolves. A method rejects only when the store itself
 * fails (disk full, file gone, locked for too long); the caller answers 503 or tries again later.
 * All times are milliseconds since 1970 and come from the caller.
 */
export interface Store extends EventInbox, DeliveryQueue, DeliveryDesk {
  /** Proves that the store can write; rejects with the reason when it can't. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Where webhooks go in. */
export interface EventInbox {
  /**
   * Stores events with all their deliveries, all or none, and answers in the order of the events.
   *
   * An event is a duplicate when the latest event of its subject that is none itself has the same body and came within
   * `dedupeWindowMs`; it is kept, with what it duplicates, and delivers nothing. A firing within its cooldown delivers
   * nothing either. A delivery that replaces older ones turns undelivered ones of earlier events, same route and order
   * key, to `superseded`; so does any delivery to `held` ones of its route and key.
   */
  accept(events: readonly NewEvent[], options: { readonly dedupeWindowMs: number }): Promise<Accepted[]>;

  /** Keeps an authentic request that could not be taken; only the latest thousand are kept. */
  keepRejected(rejected: RejectedRequest): Promise<void>;
}

export interface ClaimOptions {
  readonly now: number;
  readonly leaseMs: number;
  readonly limit: number;
  /** Shortest time between two sends with one credential, in milliseconds. */
  readonly paceMs: number;
  /** Makes the tokens that prove a lease. */
  readonly newToken: () => string;
}

/** Where workers take deliveries from. */
export interface DeliveryQueue {
  /**
   * Leases deliveries that are due: pending, first of their order key, their credential not held back and its pace kept.
   * A lease that ran out is taken over, as ambiguous.
   */
  claim(options: ClaimOptions): Promise<ClaimedDelivery[]>;

  /** When `claim` will next have something, or `undefined` when nothing is pending and nothing in flight. */
  nextDueAt(): Promise<number | undefined>;

  /**
   * Logs an attempt and moves the delivery on; lets the next of its order key go when it is finished.
   *
   * A delivery that would be retried although a newer one with `replacesOlder` waits behind it becomes `superseded`.
   * Returns false, and changes nothing, when the lease is no longer the caller's.
   */
  settle(
    claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>,
    attempt: Attempt,
    settlement: Settlement,
    holdBack?: HoldBack,
  ): Promise<boolean>;

  /**
   * Takes up what was in flight when an earlier process died, at once and as ambiguous. For a store with one process only;
   * returns how many there were.
   */
  recoverInFlight(now: number): Promise<number>;
}

export interface DeliveryFilter {
  readonly states?: readonly DeliveryState[];
  /** Created at or after. */
  readonly since?: number;
  readonly eventId?: string;
  readonly limit: number;
}

export interface EventFilter {
  readonly outcomes?: readonly EventOutcome[];
  readonly type?: string;
  readonly limit: number;
}

export interface Counts {
  readonly events: Readonly<Partial<Record<EventOutcome, number>>>;
  readonly deliveries: Readonly<Partial<Record<DeliveryState, number>>>;
  readonly rejected: number;
}

/** What a person asked for, delivery by delivery. */
export type ChangeResult = { readonly id: string } & ({ readonly done: true } | { readonly done: false; readonly why: string });

/** Where people look and step in. */
export interface DeliveryDesk {
  /** Newest first. */
  deliveries(filter: DeliveryFilter): Promise<DeliveryView[]>;
  delivery(id: string): Promise<{ delivery: DeliveryView; attempts: Attempt[] } | undefined>;
  /** Newest first. */
  events(filter: EventFilter): Promise<EventView[]>;
  event(id: string): Promise<EventView | undefined>;
  /** Newest first. */
  rejected(limit: number): Promise<RejectedRequest[]>;
  counts(): Promise<Counts>;
  /** What is held back at `now`, and until when. */
  holdBacks(now: number): Promise<HoldBack[]>;

  /** Sends finished deliveries once more: same id, same request, at the end of the line of their order key. */
  replay(ids: readonly string[], now: number): Promise<ChangeResult[]>;
  /** Lets held deliveries go. */
  approve(ids: readonly string[], now: number): Promise<ChangeResult[]>;
  /** Stops deliveries that are held or pending. */
  cancel(ids: readonly string[], now: number): Promise<ChangeResult[]>;
}
