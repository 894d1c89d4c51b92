import { type DeliveryValues, INSERTED_COLUMNS, type InsertedDelivery, newRow } from './new-row.ts';
import { exec, firstRow, type Insert, insertAll, insertOf, type Work } from './work.ts';

/**
 * The order of an order key: which deliveries wait, and whose turn it is. All of this file runs inside the caller's
 * transaction, which holds the lock of the order key (`orderKeyLock`).
 */

export const deliveryInsert = (deliveries: readonly DeliveryValues[]): Insert => insertOf('deliveries', INSERTED_COLUMNS, deliveries);

/** Inserts a delivery behind everything that waits for its order key. */
export function* insertLast(eventId: string, now: number, delivery: InsertedDelivery): Work<void> {
  const last = yield* lastPosition(delivery.orderKey);
  yield* insertAll(deliveryInsert([newRow(last, eventId, now, delivery)]));
  if ((delivery.state ?? 'pending') === 'pending') yield* ensureCredentials([delivery.credential]);
}

const CREDENTIAL_COLUMNS = { credential: 'text' } as const;

export function* ensureCredentials(credentials: readonly string[]): Work<void> {
  yield* insertAll(credentialInsert(credentials));
}

/** In the order of their names, so that two transactions that insert the same ones do not wait for each other. */
export function credentialInsert(credentials: readonly string[]): Insert {
  const names = [...new Set(credentials)].sort().map((credential) => [credential]);
  return insertOf('credentials', CREDENTIAL_COLUMNS, names, { ignoreExisting: true });
}

/**
 * What is open of an order key is its head, pending or in flight, and what waits behind it. Each has an index of its own: one
 * for both would get a new entry with every change of state.
 */
const HEAD_OF_1 = 'order_key = $1 AND is_head = 1';
const WAITING_OF_1 = `order_key = $1 AND state = 'pending' AND is_head = 0`;

/** A condition: the delivery is pending or in flight, and its order key is `$1`. */
export const OPEN_OF_1 = `seq IN (SELECT seq FROM deliveries WHERE ${HEAD_OF_1} UNION ALL SELECT seq FROM deliveries WHERE ${WAITING_OF_1})`;

/** An expression: the position of the last open delivery of the order key `$1`, null when there is none. */
export const LAST_POSITION_OF_1 = `COALESCE((SELECT position FROM deliveries WHERE ${WAITING_OF_1} ORDER BY position DESC LIMIT 1),
  (SELECT position FROM deliveries WHERE ${HEAD_OF_1}))`;

/** `undefined` when nothing waits or is being sent. */
export function* lastPosition(orderKey: string): Work<number | undefined> {
  const row = yield* firstRow<{ position: number | null }>(`SELECT ${LAST_POSITION_OF_1} AS position`, orderKey);
  return row?.position ?? undefined;
}

/** Makes the first waiting delivery of an order key its head, when it has none. Its time for retries begins now. */
export function* promoteNext(orderKey: string, now: number): Work<void> {
  yield* exec(
    `UPDATE deliveries SET is_head = 1, retrying_since = GREATEST(retrying_since, $2)
     WHERE seq = (SELECT seq FROM deliveries WHERE ${WAITING_OF_1} ORDER BY position LIMIT 1)
       AND (SELECT 1 FROM deliveries WHERE ${HEAD_OF_1}) IS NULL`,
    orderKey,
    now,
  );
}

/**
 * Puts a delivery that was held or finished at the end of its order key, as if it were new. One that was held in a backup which was
 * restored may have been released and sent since: that stays unclear.
 */
export function* release(seq: number, now: number, runsSince: number): Work<void> {
  const row = yield* firstRow<{ order_key: string; credential: string }>(
    'SELECT order_key, credential FROM deliveries WHERE seq = $1',
    seq,
  );
  if (row === undefined) return;
  const last = yield* lastPosition(row.order_key);
  yield* exec(
    `UPDATE deliveries SET state = 'pending', approved = 1, is_head = 0, position = $1, due_at = $2, retrying_since = $2,
       runs_since = CASE WHEN state = 'held' AND ambiguous = 1 THEN runs_since ELSE $3 END, attempts = 0,
       ambiguous = CASE WHEN state = 'held' THEN ambiguous ELSE 0 END, reason = NULL, run_id = NULL, run_url = NULL, updated_at = $2 WHERE seq = $4`,
    (last ?? 0) + 1,
    now,
    runsSince,
    seq,
  );
  yield* ensureCredentials([row.credential]);
  yield* promoteNext(row.order_key, now);
}
