import { escapeMrkdwn } from '../../../src/lib/mrkdwn.ts';
import { DEFAULT_RETRY_POLICY } from '../../../src/lib/retry.ts';
import type { TargetDefinition, TargetRequest } from '../../../src/route/target.ts';
import type { DeliveryState, EventOutcome, NewDelivery, NewEvent, RouteFiring } from '../delivery.ts';
import type { ApprovalView, ChangeOptions, Mute } from '../store.ts';

/** What every store decides alike: pure, over rows. */

/**
 * A run may carry a time a little before our own for the moment of its dispatch: GitHub's clock and ours differ.
 * Milliseconds.
 */
export const CLOCK_DIFFERENCE_MS = 5 * 60_000;
/**
 * How long an attempt that nobody will settle any more (a crash, a lease that ran out) is left alone before its run is
 * looked for, like every other ambiguous attempt: GitHub lists a run some seconds after its dispatch. Milliseconds.
 */
export const SETTLE_MS = DEFAULT_RETRY_POLICY.settleMs;
/** How many rejected requests are kept for inspection. */
export const REJECTED_KEPT = 1000;
/** For so long a request that comes twice is known. Milliseconds. */
export const SEEN_KEPT_MS = 7 * 86_400_000;
/** A dispatched run shows up within this time. Milliseconds. */
const RUN_APPEARS_WITHIN_MS = 60_000;
/** The runs that one dispatch starts, of several workflows, are created within this time of each other. Milliseconds. */
const RUNS_OF_ONE_DISPATCH_MS = 2_000;
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
  readonly ephemeral?: boolean;
}

/** The columns of `deliveries` that are written when one is inserted. */
export const INSERTED_COLUMNS = [
  'id',
  'event_id',
  'route',
  'target',
  'credential',
  'order_key',
  'replaces_older',
  'cooldown_key',
  'state',
  'approved',
  'is_head',
  'position',
  'due_at',
  'retrying_since',
  'runs_since',
  'reason',
  'request',
  'template',
  'conversation',
  'ephemeral',
  'created_at',
  'updated_at',
] as const;

export type DeliveryValues = readonly (string | number | null)[];

/**
 * The row of a delivery that comes after `last`, the place of the last that waits or is being sent; in the order of
 * `INSERTED_COLUMNS`.
 */
export function newRow(last: number | undefined, eventId: string, now: number, delivery: InsertedDelivery): DeliveryValues {
  const state = delivery.state ?? 'pending';
  return [
    delivery.id,
    eventId,
    delivery.route,
    delivery.target,
    delivery.credential,
    delivery.orderKey,
    delivery.replacesOlder === true ? 1 : 0,
    delivery.cooldownKey ?? null,
    state,
    state === 'held' ? 0 : 1,
    state === 'pending' && last === undefined ? 1 : 0,
    (last ?? 0) + 1,
    now,
    now,
    now - CLOCK_DIFFERENCE_MS,
    delivery.reason ?? null,
    delivery.request === null ? null : JSON.stringify(delivery.request),
    delivery.template === undefined ? null : JSON.stringify(delivery.template),
    delivery.conversation ?? null,
    delivery.ephemeral === true ? 1 : 0,
    now,
    now,
  ];
}

/** The update that makes a conversation's message say how things stand; `revision` has not been used for it before. */
export function updateOf(
  key: string,
  { channel, credential, revision, route }: { channel: string; credential: string; revision: number; route: string },
): InsertedDelivery {
  return {
    id: `update-${key}-${revision}`,
    route,
    target: `slack_update:${channel}`,
    credential,
    orderKey: key,
    request: { kind: 'slack_update', conversation: key },
    conversation: key,
    ephemeral: true,
  };
}

/** What becomes of a message that is muted. */
export function mutedBy(mute: Pick<Mute, 'by'> | undefined): { state: 'cancelled'; reason: string } | undefined {
  return mute && { state: 'cancelled', reason: `muted by ${mute.by}` };
}

/** Why a delivery is held again, and why one is not held any more. */
export const WAITS_AGAIN = 'waits for approval';
export const EXPIRED = 'nobody approved it in time';

export function rejectedBy(who: string): string {
  return `rejected by ${who}`;
}

/**
 * Whether an event can be a duplicate at all. One of type `unknown` cannot: nothing in it says what it is about. Two
 * automations with the body that W&B's documentation teaches for GitHub send the same bytes for two promotions.
 */
export function canBeDuplicate({ event }: NewEvent): boolean {
  return event.type !== 'unknown';
}

export function outcomeOf(event: NewEvent, firings: readonly RouteFiring[]): EventOutcome {
  if (event.firings.length === 0) return 'unmatched';
  return firings.length === 0 ? 'cooldown' : 'routed';
}

/** Why an attempt is ambiguous that nobody will settle any more. */
export const LEASE_RAN_OUT = 'the worker that had this in flight did not come back';

/** The same, where the store can tell that the receiver is gone. */
export const RECEIVER_GONE = 'the receiver that had this in flight is gone';

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
  runs_since: number;
  approved: number;
}

export const CHANGED_COLUMNS = 'seq, event_id, route, state, order_key, request, reason, updated_at, runs_since, approved';

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
  cancel: ['held', 'pending', 'dead'],
};

export const PAST = { replay: 'replayed', approve: 'approved', cancel: 'cancelled' } as const;

/** What is known of a delivery's life before its replay. */
export interface EarlierLife {
  /** Runs from before this were not its own either. */
  readonly runsSince: number;
  /** When its dispatch left, or was given up, by our clock. */
  readonly finishedAt: number;
  /** When its run was created, by GitHub's clock; `null` when no report told of one. */
  readonly runCreatedAt: number | null;
}

/**
 * As early as clocks may differ, but after the runs that the delivery's earlier life can have started. When such a run is
 * known, GitHub's own clock tells its runs from later ones. Else our clock has to, and the line is drawn as far from the
 * one life as from the other.
 */
export function runsSinceReplay({ runsSince, finishedAt, runCreatedAt }: EarlierLife, now: number): number {
  const earlierUntil =
    runCreatedAt === null
      ? Math.min(now, finishedAt + Math.min(RUN_APPEARS_WITHIN_MS, Math.floor((now - finishedAt) / 2)))
      : runCreatedAt + RUNS_OF_ONE_DISPATCH_MS;
  return Math.max(runsSince, now - CLOCK_DIFFERENCE_MS, earlierUntil);
}

/** What became of an approval, for whoever comes too late. */
export function describeDecision({ decision, decidedBy }: ApprovalView): string {
  if (decision === 'expired') return 'it has expired';
  return decidedBy === null ? 'a newer event took its place' : `it was ${decision} by ${decidedBy}`;
}

/** Which of a conversation's events, oldest first, are part of its story: the first, the latest ones, and the one that is asked for. */
export function shownEvents<T extends { readonly event_id: string }>(all: readonly T[], eventId: string | undefined): readonly T[] {
  return all.filter(({ event_id }, i) => i === 0 || i >= all.length - EVENTS_TOLD || event_id === eventId);
}

/** What people are told in the thread, because a message that is edited notifies nobody. */
export interface Alert {
  readonly route: string;
  /** One line of mrkdwn. */
  readonly text: string;
}

interface AlertedDelivery {
  readonly route: string;
  /** `repository_dispatch:acme/deploy` */
  readonly target: string;
}

/** A dispatch is dead. */
export function failureAlert(delivery: AlertedDelivery, reason: string): Alert {
  const { route } = delivery;
  return { route, text: `:x: *${placeOf(delivery)}* was not dispatched (route ${oneLine(route)}): ${oneLine(reason)}` };
}

/** A dispatch has left, and its run did not appear; `why` as it is noted. */
export function missingRunAlert(delivery: AlertedDelivery, why: string): Alert {
  const { route } = delivery;
  return { route, text: `:warning: *${placeOf(delivery)}* (route ${oneLine(route)}): ${oneLine(why)}` };
}

function placeOf({ target }: AlertedDelivery): string {
  return oneLine(target.slice(target.indexOf(':') + 1));
}

/** Longest text of others in an alert; the delivery's log has all of it. */
const ALERT_TEXT_LENGTH = 500;
/** Line breaks, and what reorders the text around it (Unicode, UAX #9). */
const NOT_IN_A_LINE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

function oneLine(text: string): string {
  const clean = text.toWellFormed().replaceAll(NOT_IN_A_LINE, ' ').trim();
  if (clean.length <= ALERT_TEXT_LENGTH) return escapeMrkdwn(clean);
  return `${escapeMrkdwn(clean.slice(0, ALERT_TEXT_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, ''))}…`;
}

/** The reply with which a conversation tells of an alert; `revision` has not been used for it before. */
export function alertReply(
  conversation: { key: string; channel: string; credential: string; revision: number },
  alert: Alert,
): NewDelivery {
  const { key, channel, credential, revision } = conversation;
  return {
    id: `alert-${key}-${revision}`,
    route: alert.route,
    target: `slack:${channel}`,
    credential,
    orderKey: key,
    replacesOlder: false,
    state: 'pending',
    request: { kind: 'slack_reply', conversation: key, text: alert.text },
    conversation: { key, channel, canMute: true },
  };
}
