import { DEFAULT_RETRY_POLICY } from '../../../src/lib/retry.ts';
import { keepOneUpdate } from './conversations.ts';
import { orderKeyLock } from './order-keys.ts';
import { exec, exists, lock, rows, type SqlScalar, type Work } from './work.ts';

/**
 * A reclaimed delivery waits this long before `findPrior`, like every other ambiguous attempt: a service lists a
 * run some seconds after its dispatch. Milliseconds.
 */
const SETTLE_MS = DEFAULT_RETRY_POLICY.settleMs;

export interface Reclaimed {
  readonly id: string;
  readonly order_key: string;
  readonly ephemeral: number;
}

/**
 * Logs the attempts that nobody will settle any more. Their deliveries are tried again, as ambiguous, when their run can be
 * seen.
 *
 * @param condition which deliveries in flight; `$1` in it is `value`
 */
export function* reclaim(condition: string, value: SqlScalar, now: number, detail: string): Work<Reclaimed[]> {
  const found = yield* rows<Reclaimed & { seq: number }>(
    `SELECT seq, id, order_key, ephemeral FROM deliveries WHERE state = 'in_flight' AND ${condition} FOR UPDATE SKIP LOCKED`,
    value,
  );
  if (found.length === 0) return [];
  const seqs = found.map(({ seq }) => seq);
  yield* exec(
    `INSERT INTO attempts (delivery_id, started_at, duration_ms, outcome, status, detail)
     SELECT id, updated_at, GREATEST(0, $1 - updated_at), 'ambiguous', NULL, $2 FROM deliveries WHERE seq = ANY ($3)`,
    now,
    detail,
    seqs,
  );
  yield* exec(
    `UPDATE deliveries SET state = 'pending', is_head = 1, due_at = $1, ambiguous = 1, attempts = attempts + 1,
       lease_token = NULL, lease_until = NULL, lease_owner = NULL, reason = $2, updated_at = $3 WHERE seq = ANY ($4)`,
    now + SETTLE_MS,
    detail,
    now,
    seqs,
  );
  return found;
}

/** Of the updates of a conversation that was reclaimed, one is to wait. In a transaction of its own. */
export function* keepOneReclaimed(update: Reclaimed, now: number): Work<void> {
  yield* lock([orderKeyLock(update.order_key)]);
  // Another receiver may have leased it already.
  if (yield* exists(`SELECT 1 FROM deliveries WHERE id = $1 AND state = 'pending' FOR UPDATE`, update.id)) {
    yield* keepOneUpdate(update, now);
  }
}
