import type { RelayEvent } from '../../src/event/event.ts';
import type { Approval } from '../../src/route/route.ts';
import type { NewDelivery } from './delivery.ts';

/** How many of the approvals that are needed have been given. */
export interface Counted {
  readonly given: number;
  readonly needed: number;
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
