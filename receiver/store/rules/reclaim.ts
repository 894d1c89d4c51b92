import { DEFAULT_RETRY_POLICY } from '../../../src/lib/retry.ts';
import { insertAttempts, lastAttemptOf } from './attempts.ts';
import { keepOneUpdate } from './conversations.ts';
import { orderKeyLock } from './order-keys.ts';
import { exec, exists, lock, rows, type SqlValue, type Work } from './work.ts';

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
 * @param condition which deliveries in flight; `$1` in it is the first of `values`
 */
export function* reclaim(condition: string, values: readonly SqlValue[], now: number, detail: string): Work<Reclaimed[]> {
  const found = yield* rows<Reclaimed & { seq: number; updated_at: number; last_attempt: string | null }>(
    `SELECT seq, id, order_key, ephemeral, updated_at, last_attempt FROM deliveries
     WHERE state = 'in_flight' AND ${condition} FOR UPDATE SKIP LOCKED`,
    ...values,
  );
  if (found.length === 0) return [];
  for (const { id, updated_at, last_attempt } of found) {
    const lost = { startedAt: updated_at, durationMs: Math.max(0, now - updated_at), outcome: 'ambiguous', status: null, detail } as const;
    yield* insertAttempts(id, [...lastAttemptOf(last_attempt), lost]);
  }
  yield* exec(
    `UPDATE deliveries SET state = 'pending', is_head = 1, due_at = $1, ambiguous = 1, attempts = attempts + 1,
       last_attempt = NULL, lease_token = NULL, lease_until = NULL, lease_owner = NULL, reason = $2, updated_at = $3 WHERE seq = ANY ($4)`,
    now + SETTLE_MS,
    detail,
    now,
    found.map(({ seq }) => seq),
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
