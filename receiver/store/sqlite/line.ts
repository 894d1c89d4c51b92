import { INSERTED_COLUMNS, type InsertedDelivery, rowBehind } from '../rules/decisions.ts';
import { firstRow, placeholders, type SqlDriver } from './driver.ts';

/** The line of an order key: who is in it, and whose turn it is. All of this file runs inside the caller's transaction. */

/** Inserts a delivery behind everything that waits in its line. */
export function insertLast(driver: SqlDriver, eventId: string, now: number, delivery: InsertedDelivery): void {
  const last = lastPosition(driver, delivery.orderKey);
  const values = rowBehind(last, eventId, now, delivery);
  driver.run(`INSERT INTO deliveries (${INSERTED_COLUMNS.join(', ')}) VALUES (${placeholders(INSERTED_COLUMNS)})`, ...values);
  if ((delivery.state ?? 'pending') === 'pending') knowCredential(driver, delivery.credential);
}

export function knowCredential(driver: SqlDriver, credential: string): void {
  driver.run('INSERT INTO credentials (credential) VALUES (?) ON CONFLICT DO NOTHING', credential);
}

/** `undefined` when nobody waits or is being sent. */
export function lastPosition(driver: SqlDriver, orderKey: string): number | undefined {
  const row = firstRow<{ position: number | null }>(
    driver,
    `SELECT MAX(position) AS position FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight')`,
    orderKey,
  );
  return row?.position ?? undefined;
}

/** Lets the first waiting delivery of an order key go, unless one is in flight. Its time for retries begins now. */
export function promoteNext(driver: SqlDriver, orderKey: string, now: number): void {
  driver.run(
    `UPDATE deliveries SET ready = 1, since = MAX(since, ?) WHERE state = 'pending' AND ready = 0 AND seq = (
       SELECT seq FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') ORDER BY position LIMIT 1)`,
    now,
    orderKey,
  );
}

/** Puts a delivery that nobody was to send at the end of its line: held, or finished. Its life begins anew. */
export function release(driver: SqlDriver, seq: number, now: number, runsSince: number): void {
  const row = firstRow<{ order_key: string; credential: string }>(
    driver,
    'SELECT order_key, credential FROM deliveries WHERE seq = ?',
    seq,
  );
  if (row === undefined) return;
  driver.run(
    `UPDATE deliveries SET state = 'pending', approved = 1, ready = 0, position = ?, due_at = ?, since = ?, runs_since = ?, attempts = 0, ambiguous = 0,
       reason = NULL, run_id = NULL, run_url = NULL, updated_at = ? WHERE seq = ?`,
    (lastPosition(driver, row.order_key) ?? 0) + 1,
    now,
    now,
    runsSince,
    now,
    seq,
  );
  knowCredential(driver, row.credential);
  promoteNext(driver, row.order_key, now);
}
