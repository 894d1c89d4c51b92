import type { RelayEvent } from '../../src/event/event.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { Approval } from '../../src/route/route.ts';
import type { TargetRequest } from '../../src/route/target.ts';
import type { PromotionFacts, StateCount } from './conversation-facts.ts';
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
  NewDelivery,
  NewEvent,
  PostedMessage,
  RejectedRequest,
  Settlement,
  Throttle,
} from './delivery.ts';
import type { Ledger } from './ledger.ts';
import type { DeliveryFilter, EventFilter, Pages } from './page.ts';
import type { Retention } from './retention.ts';
import type { OpenRun, RunReport } from './run.ts';
import type { RunAlerts, RunChange, RunFollowUps } from './run-change.ts';

/**
 * The store: events, deliveries, attempts. One port, one contract suite (`test/receiver/store/store-contract.ts`).
 *
 * Every method is one transaction and is durable when its promise resolves. A method rejects only when the store itself
 * fails (disk full, file gone, locked for too long); the caller answers 503 or tries again later.
 * All times are milliseconds since 1970 and come from the caller. The caller's clock may be put right meanwhile: what was
 * planned by a clock that was ahead is planned again from now before anything is decided by it (`stored-times.ts`).
 */
export interface Store extends EventInbox, DeliveryQueue, DeliveryAdmin, ApprovalStore, ConversationStore, RunLog, Retention, Ledger {
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

/** Where workers take deliveries from. */
export interface DeliveryQueue {
  /**
   * Leases deliveries that are due: pending, first of their order key, their credential not throttled and its pace kept.
   * A lease that ran out is reclaimed, as ambiguous.
   */
  claim(options: ClaimOptions): Promise<ClaimedDelivery[]>;

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
  readonly events: Readonly<Partial<Record<EventOutcome, number>>>;
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

/** How many of the approvals that are needed have been given. */
export interface Counted {
  readonly given: number;
  readonly needed: number;
}

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

export type DecisionKind = 'approved' | 'rejected';

/** An approval that was asked for, of what one route holds for one event. */
export interface ApprovalView extends Approval {
  readonly eventId: string;
  readonly route: string;
  readonly expiresAt: number;
  /** `cancelled`: what it held was cancelled, or a newer event took its place. */
  readonly decision: DecisionKind | 'expired' | 'cancelled' | null;
  /** Who decided: `ada (U012ABC)`; of several, all who did. */
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
  /** Why the question could not be asked; left out: it was, or nobody has tried yet. */
  readonly notAsked?: string;
  /** Why it was decided like this, where somebody said it. */
  readonly reason?: string;
  /** Where several people must approve: who has so far. */
  readonly votes?: readonly Vote[];
  /** When those who had not decided were reminded. */
  readonly remindedAt?: number;
  /** When another person or group was asked as well; `by` names them since then. */
  readonly escalatedAt?: number;
}

/** One of several approvals that are needed. */
export interface Vote {
  readonly by: string;
  /** See `Decision`. */
  readonly persons: readonly string[];
  readonly at: number;
  readonly reason?: string;
}

export interface Decision {
  readonly eventId: string;
  readonly route: string;
  readonly decision: DecisionKind;
  readonly by: string;
  /**
   * All names by which this person may decide, such as a Slack user's id and W&B user name: who has one of them in common is one
   * person, and counts once. Upper and lower case are the same. Left out: `by`.
   */
  readonly persons?: readonly string[];
  readonly reason?: string;
  readonly at: number;
  /** The clock has just jumped forward: whether the approval has expired is not known, and it counts as open. */
  readonly clockJumped?: boolean;
}

/**
 * `done` only for the first decision, and for an approval that was counted where several are needed: then nothing is released
 * until `decision` is set. `approval` is how things stand now, also for whoever came too late.
 */
export type DecisionResult =
  | { readonly done: true; readonly deliveries: readonly string[]; readonly approval: ApprovalView; readonly counted?: Counted }
  | { readonly done: false; readonly why: string; readonly approval: ApprovalView | undefined };

/** Where people decide about what is held. */
export interface ApprovalStore {
  approval(eventId: string, route: string): Promise<ApprovalView | undefined>;
  /** Undecided ones, oldest first. */
  openApprovals(limit: number): Promise<ApprovalView[]>;
  /** Undecided ones whose question could not be asked, oldest first; each says why (`notAsked`). */
  approvalsNotAsked(limit: number): Promise<ApprovalView[]>;
  /**
   * Approves or rejects all that the route holds for the event. The first decision wins, whichever receiver took it. Where
   * several approvals are needed, each person counts once, and one rejection decides.
   */
  decide(decision: Decision): Promise<DecisionResult>;
  /** Cancels what nobody has approved in time; returns how many approvals that were. */
  expireApprovals(now: number): Promise<number>;
  /**
   * Reminds whoever has not decided, and asks others as well, where that is due: each once. What is sent for it, `followUps`,
   * is stored in the same transaction. Returns how many reminders and escalations that were.
   */
  nudgeApprovals(now: number, followUps: NudgeFollowUps): Promise<number>;
}

/** An open approval of which people are to hear again. */
export interface Nudge {
  /** `remind`: it expires soon. `escalate`: nobody has decided for some time, and others may decide as well from now on. */
  readonly kind: 'remind' | 'escalate';
  /** As it is from now on. */
  readonly approval: ApprovalView;
  readonly event: RelayEvent;
  /** Those in the approval's channel that show the event. */
  readonly conversations: readonly { readonly key: string; readonly channel: string }[];
}

/** What is sent for it, to be stored with it: pure, because the store may ask again. */
export type NudgeFollowUps = (nudge: Nudge) => readonly NewDelivery[];

/** One event inside a conversation, with all that follows from it. */
export interface ConversationEvent {
  readonly event: EventView;
  /** Everything but messages, oldest first. */
  readonly deliveries: readonly DeliveryView[];
  readonly approvals: readonly ApprovalView[];
  /** The routes' own texts about what happened, in the order of their messages in the conversation; equal ones once. */
  readonly texts: readonly string[];
  /** What the ledger knows, of an event that gives an alias. */
  readonly promotion: PromotionFacts | null;
  /** The message about this event in the conversation, once it is there. */
  readonly message: PostedMessage | null;
  /** The version that was deployed before, where this event is the latest one about its alias; left out: none is known. */
  readonly rollback?: RollbackTarget;
  /** Who had a dispatch of it sent again last, and when; left out: nobody. */
  readonly again?: { readonly by: string; readonly at: number };
}

/** A version to go back to. */
export interface RollbackTarget {
  /** See `AliasView`. */
  readonly aliasKey: string;
  readonly version: string;
  /** When it was deployed. */
  readonly deployedAt: number;
}

/** What a conversation shows. */
export interface ConversationView {
  readonly key: string;
  /** As the config has it. */
  readonly channel: string;
  /** The conversation's own message, once it is there. */
  readonly message: PostedMessage | null;
  /** Oldest first; the first one and the latest ones when there are many. */
  readonly events: readonly ConversationEvent[];
  readonly eventCount: number;
  /** Which of the events' routes are muted, and until when. */
  readonly mutes: readonly Mute[];
  /** Of a conversation that stands for many of one kind: the states of all that they dispatched. */
  readonly burst: readonly StateCount[] | null;
  /** What its thread was told last, because its message could not be changed. */
  readonly told: string | null;
}

export interface Mute {
  readonly route: string;
  readonly subjectKey: string;
  readonly until: number;
  readonly by: string;
}

/** Conversations: a message with its thread, in one channel, about one subject. */
export interface ConversationStore {
  /** `eventId`: this event is in it as well, however many have come since. */
  viewConversation(conversation: string, now: number, eventId?: string): Promise<ConversationView | undefined>;
  /** The chat's own id of a channel, from an earlier message there. */
  channelId(channel: string): Promise<string | undefined>;
  /** The conversation's message is gone: the next event gets a new one, or the update that found out posts it. */
  forgetMessage(conversation: string, ts: string): Promise<void>;
  /** Its thread was told this, because its message cannot be changed; see `ConversationView.told`. */
  keepTold(conversation: string, text: string): Promise<void>;
  /** Requests an update of every conversation that shows the event. */
  refreshConversations(eventId: string, now: number): Promise<void>;
  /** Stops messages of a route about a subject until then; `until` 0 ends it. Conversations of `eventId` show it. */
  mute(mute: Mute, eventId: string, now: number): Promise<void>;
  mutes(now: number): Promise<Mute[]>;
  /** True when this key was not seen before; then it is now. For requests that may come twice. */
  firstSeen(key: string, now: number): Promise<boolean>;
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
