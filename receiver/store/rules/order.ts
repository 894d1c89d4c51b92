import { type DeliveryValues, INSERTED_COLUMNS, type InsertedDelivery, newRow } from './new-row.ts';
import { exec, firstRow, insertRows, type Work } from './work.ts';

/**
 * The order of an order key: which deliveries wait, and whose turn it is. All of this file runs inside the caller's
 * transaction, which holds the lock of the order key (`orderKeyLock`).
 */

export function* insertDeliveries(deliveries: readonly DeliveryValues[]): Work<void> {
  yield* insertRows('deliveries', INSERTED_COLUMNS, deliveries);
}

/** Inserts a delivery behind everything that waits for its order key. */
export function* insertLast(eventId: string, now: number, delivery: InsertedDelivery): Work<void> {
  const last = yield* lastPosition(delivery.orderKey);
  yield* insertDeliveries([newRow(last, eventId, now, delivery)]);
  if ((delivery.state ?? 'pending') === 'pending') yield* ensureCredentials([delivery.credential]);
}

const CREDENTIAL_COLUMNS = { credential: 'text' } as const;

/** In the order of their names, so that two transactions that insert the same ones do not wait for each other. */
export function* ensureCredentials(credentials: readonly string[]): Work<void> {
  const names = [...new Set(credentials)].sort().map((credential) => [credential]);
  yield* insertRows('credentials', CREDENTIAL_COLUMNS, names, { ignoreExisting: true });
}

/** `undefined` when nothing waits or is being sent. */
export function* lastPosition(orderKey: string): Work<number | undefined> {
  const row = yield* firstRow<{ position: number }>(
    `SELECT position FROM deliveries WHERE order_key = $1 AND state IN ('pending', 'in_flight') ORDER BY position DESC LIMIT 1`,
    orderKey,
  );
  return row?.position;
}

/** Makes the first waiting delivery of an order key its head, unless one is in flight. Its time for retries begins now. */
export function* promoteNext(orderKey: string, now: number): Work<void> {
  yield* exec(
    `UPDATE deliveries SET is_head = 1, retrying_since = GREATEST(retrying_since, $1) WHERE state = 'pending' AND is_head = 0 AND seq = (
       SELECT seq FROM deliveries WHERE order_key = $2 AND state IN ('pending', 'in_flight') ORDER BY position LIMIT 1)`,
    now,
    orderKey,
  );
}

/** Puts a delivery that was held or finished at the end of its order key, as if it were new. */
export function* release(seq: number, now: number, runsSince: number): Work<void> {
  const row = yield* firstRow<{ order_key: string; credential: string }>(
    'SELECT order_key, credential FROM deliveries WHERE seq = $1',
    seq,
  );
  if (row === undefined) return;
  const last = yield* lastPosition(row.order_key);
  yield* exec(
    `UPDATE deliveries SET state = 'pending', approved = 1, is_head = 0, position = $1, due_at = $2, retrying_since = $2, runs_since = $3, attempts = 0,
       ambiguous = 0, reason = NULL, run_id = NULL, run_url = NULL, updated_at = $2 WHERE seq = $4`,
    (last ?? 0) + 1,
    now,
    runsSince,
    seq,
  );
  yield* ensureCredentials([row.credential]);
  yield* promoteNext(row.order_key, now);
}
