import { type DeliveryValues, type INSERTED_COLUMNS, type InsertedDelivery, rowBehind } from '../rules/decisions.ts';
import type { Sql } from './driver.ts';
import { type Columns, insertRows } from './rows.ts';

/**
 * The line of an order key: who is in it, and whose turn it is. All of this file runs inside the caller's transaction,
 * which holds the lock of the line (`lineLock`).
 */

/** In the order of `INSERTED_COLUMNS`. */
const COLUMNS = {
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
  ready: 'smallint',
  position: 'bigint',
  due_at: 'bigint',
  since: 'bigint',
  runs_since: 'bigint',
  reason: 'text',
  request: 'text',
  template: 'text',
  conversation: 'text',
  transient: 'smallint',
  created_at: 'bigint',
  updated_at: 'bigint',
} as const satisfies Columns & Record<(typeof INSERTED_COLUMNS)[number], unknown>;

export async function insertDeliveries(sql: Sql, rows: readonly DeliveryValues[]): Promise<void> {
  await insertRows(sql, 'deliveries', COLUMNS, rows);
}

/** Inserts a delivery behind everything that waits in its line. */
export async function insertLast(sql: Sql, eventId: string, now: number, delivery: InsertedDelivery): Promise<void> {
  const last = await lastPosition(sql, delivery.orderKey);
  await insertDeliveries(sql, [rowBehind(last, eventId, now, delivery)]);
  if ((delivery.state ?? 'pending') === 'pending') await knowCredentials(sql, [delivery.credential]);
}

/** In the order of their names, so that two who get to know the same ones do not wait for each other. */
export async function knowCredentials(sql: Sql, credentials: readonly string[]): Promise<void> {
  const names = [...new Set(credentials)].sort().map((credential) => [credential]);
  await insertRows(sql, 'credentials', { credential: 'text' }, names, 'ON CONFLICT DO NOTHING');
}

/** `undefined` when nobody waits or is being sent. */
export async function lastPosition(sql: Sql, orderKey: string): Promise<number | undefined> {
  const [row] = await sql.rows<{ position: number }>(
    `SELECT position FROM deliveries WHERE order_key = $1 AND state IN ('pending', 'in_flight') ORDER BY position DESC LIMIT 1`,
    orderKey,
  );
  return row?.position;
}

/** Lets the first waiting delivery of an order key go, unless one is in flight. Its time for retries begins now. */
export async function promoteNext(sql: Sql, orderKey: string, now: number): Promise<void> {
  await sql.run(
    `UPDATE deliveries SET ready = 1, since = GREATEST(since, $1) WHERE state = 'pending' AND ready = 0 AND seq = (
       SELECT seq FROM deliveries WHERE order_key = $2 AND state IN ('pending', 'in_flight') ORDER BY position LIMIT 1)`,
    now,
    orderKey,
  );
}

/** Puts a delivery that nobody was to send at the end of its line: held, or finished. Its life begins anew. */
export async function release(sql: Sql, seq: number, now: number, runsSince: number): Promise<void> {
  const [row] = await sql.rows<{ order_key: string; credential: string }>(
    'SELECT order_key, credential FROM deliveries WHERE seq = $1',
    seq,
  );
  if (row === undefined) return;
  const last = await lastPosition(sql, row.order_key);
  await sql.run(
    `UPDATE deliveries SET state = 'pending', approved = 1, ready = 0, position = $1, due_at = $2, since = $2, runs_since = $3, attempts = 0,
       ambiguous = 0, reason = NULL, run_id = NULL, run_url = NULL, updated_at = $2 WHERE seq = $4`,
    (last ?? 0) + 1,
    now,
    runsSince,
    seq,
  );
  await knowCredentials(sql, [row.credential]);
  await promoteNext(sql, row.order_key, now);
}
