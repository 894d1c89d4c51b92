import type { TargetRequest } from '../../../src/route/target.ts';
import type { TargetDefinition } from '../../../src/route/target-schema.ts';
import type { DeliveryState } from '../delivery.ts';
import { CLOCK_DIFFERENCE_MS } from './runs-since.ts';
import type { Columns, SqlScalar } from './work.ts';

/** A delivery that is about to become a row. */
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
  readonly approvalTemplate?: TargetDefinition | undefined;
  readonly conversation?: string | undefined;
  readonly ephemeral?: boolean;
}

/** The columns of `deliveries` that are given when a row is inserted. */
export const INSERTED_COLUMNS = {
  id: 'text',
  event_id: 'text',
  route: 'text',
  target: 'text',
  credential: 'text',
  order_key: 'text',
  replaces_older: 'smallint',
  cooldown_key: 'text',
  state: 'text',
  approved: 'smallint',
  is_head: 'smallint',
  position: 'bigint',
  due_at: 'bigint',
  retrying_since: 'bigint',
  runs_since: 'bigint',
  reason: 'text',
  request: 'text',
  template: 'text',
  approval_template: 'text',
  conversation: 'text',
  ephemeral: 'smallint',
  created_at: 'bigint',
  updated_at: 'bigint',
} as const satisfies Columns;

export type DeliveryValues = readonly SqlScalar[];

/**
 * The values of a new row, in the order of `INSERTED_COLUMNS`.
 *
 * @param last the position of the last pending or in-flight delivery of the order key; `undefined` when there is none
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
    delivery.approvalTemplate === undefined ? null : JSON.stringify(delivery.approvalTemplate),
    delivery.conversation ?? null,
    delivery.ephemeral === true ? 1 : 0,
    now,
    now,
  ];
}
