import type { Attempt, AttemptOutcome } from '../delivery.ts';
import { type Columns, insertRows, rows, type Work } from './work.ts';

/**
 * The attempts of a delivery. The one that ended it is in its row (`last_attempt`, as JSON): most deliveries have no other,
 * and so cost no row of their own for it. It moves to the table when the delivery is tried again.
 */

const ATTEMPT_COLUMNS: Columns = {
  delivery_id: 'text',
  started_at: 'bigint',
  duration_ms: 'bigint',
  outcome: 'text',
  status: 'bigint',
  detail: 'text',
};

export function* insertAttempts(deliveryId: string, attempts: readonly Attempt[]): Work<void> {
  const values = attempts.map(({ startedAt, durationMs, outcome, status, detail }) => [
    deliveryId,
    startedAt,
    durationMs,
    outcome,
    status,
    detail,
  ]);
  yield* insertRows('attempts', ATTEMPT_COLUMNS, values);
}

/** What the row of a delivery knows: one attempt, or none. */
export function lastAttemptOf(lastAttempt: string | null): Attempt[] {
  return lastAttempt === null ? [] : [JSON.parse(lastAttempt) as Attempt];
}

interface AttemptRow {
  started_at: number;
  duration_ms: number;
  outcome: AttemptOutcome;
  status: number | null;
  detail: string;
}

/** All attempts of a delivery, in their order. */
export function* attemptsOf(deliveryId: string, lastAttempt: string | null): Work<Attempt[]> {
  const earlier = yield* rows<AttemptRow>(
    'SELECT started_at, duration_ms, outcome, status, detail FROM attempts WHERE delivery_id = $1 ORDER BY seq',
    deliveryId,
  );
  const attempts = earlier.map(({ started_at, duration_ms, ...rest }) => ({ startedAt: started_at, durationMs: duration_ms, ...rest }));
  return [...attempts, ...lastAttemptOf(lastAttempt)];
}
