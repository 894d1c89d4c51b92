import type { DecisionKind } from '../store/approvals.ts';

/**
 * What the buttons of our messages are called and what they carry. A value names ids only; everything else is read from
 * the store when the button is pressed, so a forged or stale value can do nothing that the actor may not.
 */
export const ACTIONS = {
  approve: 'relay_approve',
  /** Rejects at once: of messages from before there were reasons. */
  reject: 'relay_reject',
  /** Open a form that asks why. */
  approveWithReason: 'relay_approve_with_reason',
  rejectWithReason: 'relay_reject_with_reason',
  /** "Run again". */
  dispatchAgain: 'relay_dispatch_again',
  rollBack: 'relay_roll_back',
  mute: 'relay_mute',
  /** A link; Slack still tells that it was pressed, which is only acknowledged. */
  openRun: 'relay_open_run',
  /** Shows a question with its buttons to whoever pressed. */
  review: 'relay_review',
  /** Of App Home. */
  refresh: 'relay_refresh',
} as const;

/** What our forms are called. */
export const FORMS = { reason: 'relay_reason' } as const;

/** Of Approve, Reject and Review: everything that one route holds for one event. */
export interface DecisionValue {
  readonly source: string;
  readonly eventId: string;
  readonly route: string;
}

/** What the form that asks why carries, in its `private_metadata`. */
export interface ReasonForm extends DecisionValue {
  readonly decision: DecisionKind;
  /** It was opened from App Home, which then shows what came of it. */
  readonly isOfHome?: boolean;
}

/** Of "Roll back to v11": the version to deploy again, and the delivery below which the button stands. */
export interface RollbackValue {
  readonly source: string;
  readonly deliveryId: string;
  readonly version: string;
}

/** Of "Run again": one delivery, as it was when the button was made. */
export interface DispatchAgainValue {
  readonly source: string;
  readonly deliveryId: string;
  /** Milliseconds since 1970; a delivery that has changed since is not sent again. */
  readonly updatedAt: number;
}

/** Of an option of "Mute": the route and subject of one delivery. Slack allows 150 characters here. */
export interface MuteValue {
  readonly source: string;
  readonly deliveryId: string;
  readonly time: MuteTime;
}

export const MUTE_TIMES = { '1h': 3_600_000, '24h': 24 * 3_600_000, '7d': 7 * 24 * 3_600_000, off: 0 } as const;
export type MuteTime = keyof typeof MUTE_TIMES;

export function encodeDecision({ source, eventId, route }: DecisionValue): string {
  return JSON.stringify([source, eventId, route]);
}

export function decodeDecision(value: string): DecisionValue | undefined {
  const [source, eventId, route, ...rest] = listOf(value);
  if (typeof source !== 'string' || typeof eventId !== 'string' || typeof route !== 'string' || rest.length > 0) return undefined;
  return { source, eventId, route };
}

export function encodeReasonForm({ source, decision, eventId, route, isOfHome = false }: ReasonForm): string {
  return JSON.stringify([source, decision, eventId, route, ...(isOfHome ? ['home'] : [])]);
}

export function decodeReasonForm(value: string): ReasonForm | undefined {
  const [source, decision, eventId, route, home, ...rest] = listOf(value);
  if (typeof source !== 'string' || typeof eventId !== 'string' || typeof route !== 'string' || rest.length > 0) return undefined;
  if ((home !== undefined && home !== 'home') || (decision !== 'approved' && decision !== 'rejected')) return undefined;
  return { source, decision, eventId, route, ...(home === 'home' ? { isOfHome: true } : {}) };
}

export function encodeRollback({ source, deliveryId, version }: RollbackValue): string {
  return JSON.stringify([source, deliveryId, version]);
}

export function decodeRollback(value: string): RollbackValue | undefined {
  const [source, deliveryId, version, ...rest] = listOf(value);
  if (typeof source !== 'string' || typeof deliveryId !== 'string' || typeof version !== 'string' || rest.length > 0) return undefined;
  return { source, deliveryId, version };
}

export function encodeDispatchAgain({ source, deliveryId, updatedAt }: DispatchAgainValue): string {
  return JSON.stringify([source, deliveryId, updatedAt]);
}

export function decodeDispatchAgain(value: string): DispatchAgainValue | undefined {
  const [source, deliveryId, updatedAt, ...rest] = listOf(value);
  if (typeof source !== 'string' || typeof deliveryId !== 'string' || !Number.isSafeInteger(updatedAt) || rest.length > 0) return undefined;
  return { source, deliveryId, updatedAt: Number(updatedAt) };
}

export function encodeMute({ source, deliveryId, time }: MuteValue): string {
  return JSON.stringify([source, deliveryId, time]);
}

export function decodeMute(value: string): MuteValue | undefined {
  const [source, deliveryId, time, ...rest] = listOf(value);
  if (typeof source !== 'string' || typeof deliveryId !== 'string' || rest.length > 0) return undefined;
  return typeof time === 'string' && Object.hasOwn(MUTE_TIMES, time) ? { source, deliveryId, time: time as MuteTime } : undefined;
}

function listOf(value: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
