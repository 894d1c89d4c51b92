import type { ApprovalFacts, RelayEvent, Replaced } from '../../src/event/event.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { AlertPolicy } from '../../src/route/alert-policy.ts';
import type { Approval } from '../../src/route/route.ts';
import type { TargetRequest } from '../../src/route/target.ts';
import type { TargetDefinition } from '../../src/route/target-schema.ts';
import type { RunView } from './run.ts';

/**
 * The life of a delivery: `held` (waits for an approval) or `pending` → `in_flight` (leased by a worker) → `delivered`,
 * or back to `pending`, or `dead` (never tried again by itself). `superseded`: a newer event took its place.
 * `cancelled`: a person stopped it.
 */
export const DELIVERY_STATES = ['pending', 'in_flight', 'delivered', 'dead', 'superseded', 'held', 'cancelled'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery that is about to be stored with its event. */
export interface NewDelivery {
  readonly id: string;
  readonly route: string;
  /** Where it goes: `repository_dispatch:acme/deploy`. */
  readonly target: string;
  /** Whose rate limit it counts against. */
  readonly credential: string;
  /** Deliveries with the same key leave in the order in which they came. */
  readonly orderKey: string;
  /** `order: latest`: replaces undelivered older ones of the same route and key. */
  readonly replacesOlder: boolean;
  readonly state: 'pending' | 'held' | 'dead';
  /** Why it is held or dead from the start. */
  readonly reason?: string;
  /** `null` when the request could not be built; then the delivery is dead. */
  readonly request: TargetRequest | null;
  /** What `request` was built from, when it is to be built again once more is known about the event. */
  readonly template?: TargetDefinition;
  /** What `request` was built from, when it is to be built again with the approval once there is one. */
  readonly approvalTemplate?: TargetDefinition;
  /** The conversation that this is a message of. Its deliveries have the conversation's key as their order key. */
  readonly conversation?: NewConversation;
}

/** One message with its thread, in one channel. Where it says less than a key, the store finds the conversation that it belongs to. */
export interface NewConversation {
  /** Of the conversation that is begun when the message joins no other. */
  readonly key: string;
  readonly channel: string;
  /** False for messages that ask something of people: those come whatever is muted. */
  readonly canMute: boolean;
  /** What it is about, in this channel: a message joins the latest conversation of its subject. Left out: that with its key. */
  readonly subject?: string;
  /** True: the event begins a conversation of its own. */
  readonly begins?: boolean;
  /** What counts as the same kind: many new conversations of one kind in a short time become one. Left out: never. */
  readonly kind?: string;
  /** Our own engine finds many at once, such as the runs of a machine that died: those of one batch become one from the third on. */
  readonly gathers?: true;
  /** Ends what another event of its subject and automation began: its message belongs where that one's is. */
  readonly resolves?: true;
}

/** The deliveries that one matching route asks for. */
export interface RouteFiring {
  readonly route: string;
  /** Identifies route and subject; `null` for a route without a cooldown. */
  readonly cooldownKey: string | null;
  /** Milliseconds. */
  readonly cooldownMs: number;
  readonly deliveries: readonly NewDelivery[];
  /** Who decides about those that are held. */
  readonly approval?: Approval;
  /** Whom to tell when something of it fails; left out: the author, in the threads that show it. */
  readonly alerts?: AlertPolicy;
}

/** An event with all that follows from it, ready to be stored in one transaction. */
export interface NewEvent {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** When it came to the store, if it waited on its way there, in a queue. Milliseconds since 1970. */
  readonly waitedUntil?: number;
  readonly subjectKey: string;
  readonly bodyHash: string;
  readonly event: RelayEvent;
  /** The body as it arrived, secrets redacted. */
  readonly body: string;
  readonly firings: readonly RouteFiring[];
  /** Of a rollback: who asked for it and why, for the notes of what it dispatches. */
  readonly note?: string;
  /** Left out by events that give no alias. */
  readonly promotion?: NewPromotion;
}

/** An event gives a version an alias. */
export interface NewPromotion {
  readonly aliasKey: string;
  readonly version: string;
  /**
   * The same event, with the same ids and keys, for what the store knows by then: which version had the alias before. Called
   * inside of the transaction.
   */
  replacing(replaced: Replaced): Pick<NewEvent, 'event' | 'firings'>;
}

/** The latest event of a subject that is no duplicate. */
export interface LatestEvent {
  readonly id: string;
  readonly bodyHash: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** What storing an event came to. */
export type Accepted =
  | { readonly status: 'accepted'; readonly id: string; readonly deliveries: readonly { id: string; route: string; target: string }[] }
  /** `id` and `receivedAt` are those of the event that came first. */
  | { readonly status: 'duplicate'; readonly id: string; readonly receivedAt: number };

/**
 * What became of an event: `routed`, `unmatched` (no route asked for it), `cooldown` (every route that did had fired
 * for its subject too recently), `duplicate`.
 */
export const EVENT_OUTCOMES = ['routed', 'unmatched', 'cooldown', 'duplicate'] as const;
export type EventOutcome = (typeof EVENT_OUTCOMES)[number];

/** A run that a dispatch started. */
export interface StartedRun {
  readonly id: string;
  readonly url: string;
}

/** A message that was posted: ids of the chat's own, with which it can be changed. */
export interface PostedMessage {
  readonly channel: string;
  readonly ts: string;
}

/** A delivery that a worker holds the lease of. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly route: string;
  readonly target: string;
  readonly credential: string;
  readonly request: TargetRequest;
  /** Proves the lease when the delivery is settled. */
  readonly leaseToken: string;
  /** Attempts made before this one, since acceptance or the last replay. */
  readonly attempts: number;
  /** When trying began, in milliseconds since 1970. */
  readonly retryingSince: number;
  /** An earlier attempt may have had its effect: `findPrior` comes before sending. */
  readonly ambiguous: boolean;
  /** Runs that started before this are not this delivery's (milliseconds since 1970). */
  readonly runsSince: number;
  /** What the request is still to be built from, see `NewDelivery`. */
  readonly template: TargetDefinition | null;
  /** Left out: nothing of the request depends on its approval, or it was built already. */
  readonly approved?: Approved;
  readonly conversation: string | null;
}

/** What of W&B's facts a request has: all, or all but the long ones (`withoutDetails`). */
export type BuiltWith = 'all' | 'short';

/** What an approved request is to be built from, before it is sent for the first time. */
export interface Approved {
  readonly template: TargetDefinition;
  readonly builtWith: BuiltWith | null;
  readonly approval: ApprovalFacts;
}

/** A delivery that waits for an approval, with what its request is still to be built from. */
export type HeldDelivery = Pick<ClaimedDelivery, 'id' | 'eventId' | 'route' | 'target' | 'request'> & {
  readonly template: TargetDefinition;
};

/** The log of one attempt. */
export interface Attempt {
  readonly startedAt: number;
  readonly durationMs: number;
  readonly outcome: AttemptOutcome;
  /** The HTTP status, when there was an answer. */
  readonly status: number | null;
  /** What happened, for a person: capped and redacted. */
  readonly detail: string;
}

/**
 * `found`: not sent, because an earlier attempt had started the run after all. `restored`: no attempt that is known; it may have been
 * sent at any time of this, because the database is a backup from before.
 */
export type AttemptOutcome = 'delivered' | 'found' | 'refused' | 'limited' | 'failed' | 'ambiguous' | 'restored';

/** Where a claimed delivery goes from here. */
export type Settlement =
  | {
      readonly state: 'delivered';
      readonly run: StartedRun | null;
      readonly message?: PostedMessage;
      /** Who gets a message each, because this one was to a group. */
      readonly channels?: readonly string[];
      /** Why those who may decide cannot see the question that was posted; left out: they can, or it is not known. */
      readonly notAsked?: string;
      readonly alerts?: AlertPolicy;
      /** Becomes its reason; left out: it was delivered, and there is no more to say. */
      readonly note?: string;
    }
  | { readonly state: 'pending'; readonly dueAt: number; readonly ambiguous: boolean; readonly reason: string }
  /** `alerts`: whom to tell; left out: the author, in the threads that show it. */
  | { readonly state: 'dead'; readonly reason: string; readonly alerts?: AlertPolicy };

/** Everything that uses a credential waits. */
export interface Throttle {
  readonly credential: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly reason: string;
}

/** A delivery as people look at it. */
export interface DeliveryView {
  readonly id: string;
  readonly eventId: string;
  readonly route: string;
  readonly target: string;
  /** Whose rate limit it counts against, and what a pause of a credential names. */
  readonly credential: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When it is tried next; `null` unless pending. */
  readonly dueAt: number | null;
  readonly reason: string | null;
  readonly runUrl: string | null;
  readonly request: TargetRequest | null;
  /** The workflow run that was asked for, once the dispatch has left. */
  readonly run: RunView | null;
  readonly message: PostedMessage | null;
}

/** What was done with a delivery besides sending it: decisions, replays, what its run did. For a person. */
export interface Note {
  readonly at: number;
  readonly text: string;
}

/** One delivery, whole. */
export interface DeliveryRecord {
  readonly delivery: DeliveryView;
  /** Oldest first. */
  readonly attempts: readonly Attempt[];
  /** Oldest first. */
  readonly notes: readonly Note[];
  /** The runs from before it was sent again, oldest first; left out: none. */
  readonly earlierRuns?: readonly RunView[];
}

/** An event as people look at it. */
export interface EventView {
  readonly id: string;
  readonly receivedAt: number;
  readonly outcome: EventOutcome;
  readonly duplicateOf: string | null;
  readonly event: RelayEvent;
  readonly body: string;
  /** What W&B's API knows about the artifact or run; `undefined`: not asked yet; `null`: nothing. */
  readonly wandb: JsonObject | null | undefined;
  /** The order subject, see `subjectOf`; what a mute applies to. */
  readonly subjectKey: string;
}

/** An authentic request that could not be taken, kept for inspection. */
export interface RejectedRequest {
  readonly receivedAt: number;
  readonly source: string;
  readonly status: number;
  readonly reason: string;
  /** Secrets redacted, capped. */
  readonly body: string;
}
