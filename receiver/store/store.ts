import type { JsonObject } from '../../src/lib/json.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { TargetRequest } from '../../src/route/target.ts';
import type { ActivityLog } from './activity.ts';
import type { ApprovalStore, Counted } from './approvals.ts';
import type { AuditLog } from './audit.ts';
import type { ConversationStore } from './conversations.ts';
import type {
  Accepted,
  Attempt,
  BuiltWith,
  ClaimedDelivery,
  DeliveryRecord,
  DeliveryState,
  DeliveryView,
  EventOutcome,
  EventView,
  HeldDelivery,
  NewEvent,
  RejectedRequest,
  Settlement,
  Throttle,
} from './delivery.ts';
import type { EngineStore } from './engine.ts';
import type { Erasure } from './erasure.ts';
import type { Ledger } from './ledger.ts';
import type { DeliveryFilter, EventFilter, Pages } from './page.ts';
import type { PauseStore } from './pause.ts';
import type { Retention } from './retention.ts';
import type { OpenRun, RunReport } from './run.ts';
import type { RunAlerts, RunChange, RunFollowUps } from './run-change.ts';
import type { Search } from './search.ts';
import type { UnroutedStore } from './unrouted.ts';

/**
 * The store: events, deliveries, attempts. One port, one contract suite (`test/receiver/store/store-contract.ts`).
 *
 * Every method is one transaction and is durable when its promise resolves. A method rejects only when the store itself
 * fails (disk full, file gone, locked for too long); the caller answers 503 or tries again later.
 * All times are milliseconds since 1970 and come from the caller. The caller's clock may be put right meanwhile: what was
 * planned by a clock that was ahead is planned again from now before anything is decided by it (`stored-times.ts`).
 */
export interface Store
  extends EventInbox,
    UnroutedStore,
    DeliveryQueue,
    DeliveryAdmin,
    ApprovalStore,
    ConversationStore,
    RunLog,
    Retention,
    Ledger,
    EngineStore,
    PauseStore,
    AuditLog,
    Erasure,
    Search,
    ActivityLog {
  /** Proves that the store can write; rejects with the reason when it can't. */
  check(): Promise<void>;
  /**
   * Calls `listener` whenever stored times were moved to now because a clock that was ahead had written them (see
   * `stored-times.ts`), with how far ahead the furthest of them was, in milliseconds.
   */
  onClockCorrected(listener: (aheadMs: number) => void): void;
  /**
   * Calls `wake` when another process has stored something that may be due, for stores that several processes share. Best
   * effort: may be missed or spurious. Returns an unsubscribe function.
   */
  listen?(wake: () => void): () => void;
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
   * A message joins the latest conversation of its subject, or begins one, or one stands for many (`rules/conversation-places.ts`).
   *
   * Rejects with `StoreBusyError` at once when another process holds the lock: the caller decides how long it retries,
   * because it knows the order of the events.
   */
  accept(events: readonly NewEvent[], options: { readonly dedupeWindowMs: number }): Promise<Accepted[]>;

  /** Keeps an authentic request that could not be accepted; only the latest thousand are kept. */
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
  /** Which credentials this worker serves; left out: all. */
  readonly serves?: (credential: string) => boolean;
  /** Reclaims no lease that has run out: the clock has just jumped forward, and attempts are still under way. */
  readonly keepLeases?: boolean;
}

/** Free places of a worker, for deliveries that are due as soon as they are stored. */
export interface ClaimOffer {
  readonly options: ClaimOptions;
  /** Is called once, with what was claimed, when that is stored; with nothing when storing failed. */
  claimed(deliveries: readonly ClaimedDelivery[]): void;
}

/** Where workers take deliveries from. */
export interface DeliveryQueue {
  /**
   * Leases deliveries that are due: pending, first of their order key, their credential not throttled and its pace kept.
   * A lease that ran out is reclaimed, as ambiguous.
   */
  claim(options: ClaimOptions): Promise<ClaimedDelivery[]>;

  /**
   * From now on each transaction that accepts events asks for an offer, and also claims what is due then, as `claim` does. Left
   * out where a claim costs no wait for a server.
   */
  claimWhileAccepting?(offer: () => ClaimOffer | undefined): void;

  /** When `claim` will next have something, or `undefined` when nothing is pending and nothing in flight. */
  nextDueAt(serves?: (credential: string) => boolean): Promise<number | undefined>;

  /**
   * Whether the lease is still the caller's, to be asked right before sending; rejects when that cannot be known. Left out by
   * stores where nobody reclaims a lease before it runs out.
   */
  holds?(claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>): Promise<boolean>;

  /** Replaces the request of a claimed delivery by one that is complete. False, and nothing done, when the lease is lost. */
  updateRequest(claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>, request: TargetRequest): Promise<boolean>;

  /** What an event holds whose request is to be built again once more is known about the event. */
  heldToEnrich(eventId: string): Promise<HeldDelivery[]>;

  /**
   * Replaces the request of a held delivery by one that is complete, before people are asked about it. False when it is not held
   * any more.
   *
   * @param builtWith what of W&B's facts it has, so that it is built with the same once it is approved; left out: nothing
   */
  updateHeldRequest(id: string, request: TargetRequest, builtWith?: BuiltWith): Promise<boolean>;

  /** Keeps what W&B's API knows about an event; `null`: nothing. The first answer stays. */
  keepEnrichment(eventId: string, wandb: JsonObject | null): Promise<void>;

  /**
   * Adds the last values of an event's metric to what W&B knows about it, once, and updates the conversations that show the
   * event. False, and nothing done, when nothing is known about the event, or its values are.
   */
  keepHistory(eventId: string, history: JsonObject, now: number): Promise<boolean>;

  /**
   * Logs an attempt and moves the delivery on; the next of its order key becomes the head when it is finished.
   *
   * A delivery that would be retried although a newer one with `replacesOlder` waits behind it becomes `superseded`.
   * A dispatch that was delivered gets a run to be watched. The first message of a conversation becomes its message, and is
   * updated when it was found instead of sent. Conversations that show the delivery's event are updated; an alert that a
   * dispatch failed, or that a question could not be asked, comes first (`rules/alerts.ts`). An update that was delivered leaves no trace, but a message that it
   * posted becomes its conversation's when that has none.
   * Returns false, and changes nothing, when the lease is no longer the caller's.
   */
  settle(
    claim: Pick<ClaimedDelivery, 'id' | 'leaseToken' | 'request'>,
    attempt: Attempt,
    settlement: Settlement,
    throttle?: Throttle,
  ): Promise<boolean>;

  /**
   * Reclaims what was in flight when an earlier process died, at once and as ambiguous; returns how many there were. A
   * store that several receivers share does nothing: what is in flight may be another's, and a lease runs out by itself.
   */
  recoverInFlight(now: number): Promise<number>;
}

export interface Counts {
  /** `unrouted`: stored as they came, and not routed yet. */
  readonly events: Readonly<Partial<Record<EventOutcome | 'unrouted', number>>>;
  readonly deliveries: Readonly<Partial<Record<DeliveryState, number>>>;
  readonly rejected: number;
}

/** What a person asked for, delivery by delivery. */
export type ChangeResult = { readonly id: string } & (
  | {
      readonly done: true;
      /** An approval was counted, and more are needed: nothing is released yet. */
      readonly counted?: Counted;
    }
  | { readonly done: false; readonly why: string }
);

/** Where people read, and change deliveries. */
export interface DeliveryAdmin extends Pages {
  /** Newest first. */
  deliveries(filter: DeliveryFilter): Promise<DeliveryView[]>;
  delivery(id: string): Promise<DeliveryRecord | undefined>;
  /** Newest first. */
  events(filter: EventFilter): Promise<EventView[]>;
  event(id: string): Promise<EventView | undefined>;
  /** Newest first. */
  rejected(limit: number): Promise<RejectedRequest[]>;
  counts(): Promise<Counts>;
  /** What is throttled at `now`, and until when. */
  throttles(now: number): Promise<Throttle[]>;

  /** Sends finished deliveries once more: same id, same request, behind everything that waits for their order key. */
  replay(ids: readonly string[], now: number, options?: ChangeOptions): Promise<ChangeResult[]>;
  /**
   * Approves held deliveries outside of Slack, and releases them. Where several people must approve, it is one approval of all
   * that the route holds for the event, and releases all of it or nothing.
   */
  approve(ids: readonly string[], now: number, options?: ChangeOptions): Promise<ChangeResult[]>;
  /** Rejects held deliveries outside of Slack, with all else that their routes hold for their events. */
  reject(ids: readonly string[], now: number, options?: ChangeOptions): Promise<ChangeResult[]>;
  /** Cancels deliveries that are held, pending or dead. */
  cancel(ids: readonly string[], now: number, options?: ChangeOptions): Promise<ChangeResult[]>;
}

export interface ChangeOptions {
  /** Who asked for it, for the notes: `ada (U012ABC)`; left out: `by hand`. */
  readonly by?: string;
  /** All names of that person, see `Decision`; left out: `by`. */
  readonly persons?: readonly string[];
  /** Why; of an approval or a rejection. */
  readonly reason?: string;
  /** Nothing is done when the delivery has changed since this moment: what was pressed was out of date. */
  readonly ifUpdatedAt?: number;
  /** Nothing is sent again while its run goes on, until the relay has given up following it. */
  readonly ifRunEnded?: boolean;
}

/** What became of the runs that dispatches started. */
export interface RunLog {
  /**
   * Takes runs that are due for a poll; each is due again at `nextPollAt`, which knows how often it was polled. So two
   * receivers do not poll one run at once.
   */
  runsToPoll(options: { now: number; limit: number; nextPollAt: (run: OpenRun) => number }): Promise<OpenRun[]>;
  /** When the next run is due for a poll; `undefined` when none is open. */
  earliestPollAt(): Promise<number | undefined>;
  /** The runs that a report is about and has news of. */
  runsOf(report: RunReport): Promise<OpenRun[]>;
  /**
   * Stores what the service reported, ties runs to their deliveries and stores what follows, in one transaction. An attempt of a
   * run that failed is reported to people; one that succeeded resolves what was reported of its route and subject before.
   */
  recordRuns(reports: readonly RunReport[], now: number, followUps: RunFollowUps, alerts?: RunAlerts): Promise<RunChange[]>;
  /**
   * No run was found where one is expected, or the relay may not read runs; `text` becomes a note, once. A report still
   * changes it. A missing run is reported to people.
   */
  markRun(deliveryId: string, status: 'missing' | 'unknown', text: string, now: number, alerts?: AlertPolicyOf): Promise<void>;
  /**
   * Keeps the service's id of a repository that runs were dispatched to, under the name by which they were: a report about a
   * repository with this id is about those runs too, whatever its name is by then. The latest id counts.
   */
  keepRepositoryId(repository: string, id: string): Promise<void>;
  /** Throttles everything that uses a credential; `now` is when that became known. */
  throttle(throttle: Throttle, now?: number): Promise<void>;
}
