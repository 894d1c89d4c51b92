import type { RequestKind, TargetRequest } from '../../src/route/target.ts';
import type { PostedMessage, StartedRun } from '../store/delivery.ts';

/** What came of sending. Expected failures are values; an exception is a bug, and counts as an ambiguous failure. */
export type SendResult =
  | {
      readonly outcome: 'delivered';
      readonly status: number | null;
      readonly detail: string;
      readonly run: StartedRun | null;
      /** What was posted, when it was a message. */
      readonly message?: PostedMessage;
      /** The channels that the message stands for, when it was to a group: each is to get one of its own. */
      readonly channels?: readonly string[];
      /** Why those who may decide cannot see the question that the message asks. */
      readonly notAsked?: string;
      /** What people should know about it besides that it was delivered: `had ended already (finished)`. */
      readonly note?: string;
      /** The response says that the credential's allowance is used up until then (milliseconds since 1970). */
      readonly throttledUntil?: number;
    }
  /** It will never work as it is; `detail` says what to fix. */
  | { readonly outcome: 'refused'; readonly status: number | null; readonly detail: string }
  /** A rate limit: everything that uses the credential waits until then. */
  | { readonly outcome: 'limited'; readonly status: number | null; readonly detail: string; readonly until: number }
  | {
      readonly outcome: 'failed';
      readonly status: number | null;
      readonly detail: string;
      /** The request may have had its effect all the same. */
      readonly ambiguous: boolean;
      readonly notBefore?: number;
    };

/** What came of the search for what an earlier, ambiguous attempt may have done. */
export type PriorResult =
  | {
      readonly outcome: 'found';
      readonly run: StartedRun | null;
      readonly message?: PostedMessage;
      /** For the log; left out: that the message was posted, or the run started. */
      readonly detail?: string;
    }
  | { readonly outcome: 'not_found' }
  /** It cannot be known here (no permission to read runs, for instance); `detail` says why. */
  | { readonly outcome: 'unknowable'; readonly detail: string }
  /** Not this time; try again before sending. */
  | Extract<SendResult, { outcome: 'limited' | 'failed' }>;

export interface SendContext {
  readonly deliveryId: string;
  readonly eventId: string;
  /** The conversation of a message. */
  readonly conversation: string | null;
  /** Attempts made before this one. */
  readonly attempts: number;
  readonly signal: AbortSignal;
}

/** From one moment to another, both included; milliseconds since 1970, by the clock of this machine. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** What is known about earlier attempts, of which one at least was ambiguous. */
export interface SearchContext extends SendContext {
  /** What came to be before this is not the delivery's (milliseconds since 1970). */
  readonly runsSince: number;
  /** When the request may have been sent, oldest first; empty: at any time since `runsSince`. */
  readonly sentWithin: readonly TimeWindow[];
}

/** A kind of destination. The outbox owns order, pace and retries; a target sends once and never retries by itself. */
export interface Target<Request extends TargetRequest = TargetRequest> {
  send(request: Request, context: SendContext): Promise<SendResult>;
  /** Searches for what an ambiguous attempt started. */
  findPrior(request: Request, context: SearchContext): Promise<PriorResult>;
}

export type Targets = { readonly [Kind in RequestKind]?: Target<Extract<TargetRequest, { kind: Kind }>> };

/** The target for a request; the union of kinds is joined again here, in the one place that knows they match. */
export function targetFor(targets: Targets, request: TargetRequest): Target | undefined {
  return targets[request.kind] as Target | undefined;
}
