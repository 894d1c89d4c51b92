import type { ApprovalView } from './approvals.ts';
import type { PromotionFacts, StateCount } from './conversation-facts.ts';
import type { DeliveryView, EventView, PostedMessage } from './delivery.ts';

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
  /** Of those: how many events say that a condition has ended; left out: none. */
  readonly resolvedCount?: number;
  /** How many of the kind began in the minute before, each with a message of its own; left out: none. */
  readonly begunBefore?: number;
  /** The last reply in its thread that says what its message would say, because that could not be changed. */
  readonly lastReply: string | null;
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
  /** This reply in its thread says what its message would say; see `ConversationView.lastReply`. */
  keepLastReply(conversation: string, text: string): Promise<void>;
  /** Requests an update of every conversation that shows the event. */
  refreshConversations(eventId: string, now: number): Promise<void>;
  /** Stops messages of a route about a subject until then; `until` 0 ends it. Conversations of `eventId` show it. */
  mute(mute: Mute, eventId: string, now: number): Promise<void>;
  mutes(now: number): Promise<Mute[]>;
  /** True when this key was not seen before; then it is now. For requests that may come twice. */
  firstSeen(key: string, now: number): Promise<boolean>;
}
