import type { DeliveryState } from '../delivery.ts';
import type { ChangeOptions } from '../store.ts';

/** What a person may do with a delivery, and why not. Pure. */

export type Change = 'replay' | 'approve' | 'reject' | 'cancel';

/** What of a delivery decides whether a person may change it. */
export interface ChangedRow {
  seq: number;
  event_id: string;
  route: string;
  state: DeliveryState;
  order_key: string;
  /** 0: its request could not be built. */
  has_request: number;
  reason: string | null;
  updated_at: number;
  runs_since: number;
  approved: number;
}

export const CHANGED_COLUMNS = `seq, event_id, route, state, order_key, CASE WHEN request IS NULL THEN 0 ELSE 1 END AS has_request, reason,
  updated_at, runs_since, approved`;

/** Why a person cannot change a delivery in this way, in one sentence; `undefined` when it is possible. */
export function whyNot(row: ChangedRow, change: Change, { ifUpdatedAt }: ChangeOptions): string | undefined {
  const from = ALLOWED_FROM[change];
  if (!from.includes(row.state)) return `it is ${row.state}; only what is ${from.join(' or ')} can be ${PAST[change]}`;
  if (ifUpdatedAt !== undefined && ifUpdatedAt !== row.updated_at) return 'it has changed since: look at it again';
  if ((change === 'replay' || change === 'approve') && row.has_request === 0)
    return `it has nothing to send (${row.reason ?? 'no request'}): fix the route and send the event again`;
  return undefined;
}

const ALLOWED_FROM: Readonly<Record<Change, readonly DeliveryState[]>> = {
  replay: ['delivered', 'dead', 'superseded', 'cancelled'],
  approve: ['held'],
  reject: ['held'],
  cancel: ['held', 'pending', 'dead'],
};

export const PAST = { replay: 'replayed', approve: 'approved', reject: 'rejected', cancel: 'cancelled' } as const;
