import type { TargetDefinition, TargetRequest } from '../../src/target.ts';
import type { DeliveryState, EventOutcome, NewEvent, RouteFiring } from './delivery.ts';
import type { ApprovalView, ChangeOptions } from './store.ts';

/** What every store decides alike: pure, over rows. */

/**
 * A run may carry a time a little before our own for the moment of its dispatch: GitHub's clock and ours differ.
 * Milliseconds.
 */
export const CLOCK_DIFFERENCE_MS = 5 * 60_000;
/** How many rejected requests are kept for inspection. */
export const REJECTED_KEPT = 1000;
/** For so long a request that comes twice is known. Milliseconds. */
export const SEEN_KEPT_MS = 7 * 86_400_000;
/** A dispatched run shows up within this time. Milliseconds. */
const RUN_APPEARS_WITHIN_MS = 60_000;
/** How many of the latest events a conversation's message is made from, beside the first. */
const EVENTS_TOLD = 10;

/** A row of the line, to be. */
export interface InsertedDelivery {
  readonly id: string;
  readonly route: string;
  readonly target: string;
  readonly credential: string;
  readonly orderKey: string;
  readonly replacesOlder?: boolean;
  readonly cooldownKey?: string | null;
  readonly state?: DeliveryState;
  readonly reason?: string | undefined;
  readonly request: TargetRequest | null;
  readonly template?: TargetDefinition | undefined;
  readonly conversation?: string | undefined;
  readonly transient?: boolean;
}

export function outcomeOf(event: NewEvent, firings: readonly RouteFiring[]): EventOutcome {
  if (event.firings.length === 0) return 'unmatched';
  return firings.length === 0 ? 'cooldown' : 'routed';
}

/** Why an attempt is ambiguous that nobody will settle any more. */
export const LEASE_RAN_OUT = 'the worker that had this in flight did not come back';

/** Why a delivery is superseded. */
export function supersededBy(eventId: string): string {
  return `a newer event of the same subject took its place (${eventId})`;
}

export type Change = 'replay' | 'approve' | 'cancel';

/** What of a delivery decides whether a person may change it. */
export interface ChangedRow {
  seq: number;
  event_id: string;
  route: string;
  state: DeliveryState;
  order_key: string;
  request: string | null;
  reason: string | null;
  updated_at: number;
  approved: number;
}

export const CHANGED_COLUMNS = 'seq, event_id, route, state, order_key, request, reason, updated_at, approved';

/** Why a delivery cannot be changed so, in a person's words; `undefined` when it can. */
export function whyNot(row: ChangedRow, change: Change, { ifUpdatedAt }: ChangeOptions): string | undefined {
  const from = ALLOWED_FROM[change];
  if (!from.includes(row.state)) return `it is ${row.state}; only what is ${from.join(' or ')} can be ${PAST[change]}`;
  if (ifUpdatedAt !== undefined && ifUpdatedAt !== row.updated_at) return 'it has changed since: look at it again';
  if (change !== 'cancel' && row.request === null)
    return `it has nothing to send (${row.reason ?? 'no request'}): mend the route and send the event again`;
  return undefined;
}

const ALLOWED_FROM: Readonly<Record<Change, readonly DeliveryState[]>> = {
  replay: ['delivered', 'dead', 'superseded', 'cancelled'],
  approve: ['held'],
  cancel: ['held', 'pending'],
};

export const PAST = { replay: 'replayed', approve: 'approved', cancel: 'cancelled' } as const;

/** As early as clocks may differ, but after the runs that the delivery's earlier life can have started. */
export function runsSinceReplay(finishedAt: number, now: number): number {
  return Math.min(now, Math.max(now - CLOCK_DIFFERENCE_MS, finishedAt + RUN_APPEARS_WITHIN_MS));
}

/** What became of an approval, for whoever comes too late. */
export function describeDecision({ decision, decidedBy }: ApprovalView): string {
  if (decision === 'expired') return 'it has expired';
  return decidedBy === null ? 'a newer event took its place' : `it was ${decision} by ${decidedBy}`;
}

/** Which of a conversation's events, oldest first, its message is made from. */
export function eventsTold<T>(all: readonly T[]): readonly T[] {
  return all.length <= EVENTS_TOLD + 1 ? all : [...all.slice(0, 1), ...all.slice(-EVENTS_TOLD)];
}
