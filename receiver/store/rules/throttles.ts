import type { Throttle } from '../delivery.ts';
import { ensureCredentials } from './order.ts';
import { exec, rows, type Work } from './work.ts';

/** Throttles everything that uses a credential; never for a shorter time than before. `now` is when that was found out. */
export function* keepThrottle(throttle: Throttle, now: number | undefined): Work<void> {
  yield* ensureCredentials([throttle.credential]);
  yield* lengthenThrottle(throttle, now);
}

/** The same for a credential that is known. */
export function* lengthenThrottle({ credential, until, reason }: Throttle, now: number | undefined): Work<void> {
  yield* exec(
    'UPDATE credentials SET throttled_until = $1, throttle_reason = $2, throttle_set_at = $4 WHERE credential = $3 AND throttled_until < $1',
    until,
    reason,
    credential,
    now ?? null,
  );
}

export function* listThrottles(now: number): Work<Throttle[]> {
  const found = yield* rows<{ credential: string; throttled_until: number; throttle_reason: string | null }>(
    'SELECT credential, throttled_until, throttle_reason FROM credentials WHERE throttled_until > $1 ORDER BY credential COLLATE "C"',
    now,
  );
  return found.map(({ credential, throttled_until, throttle_reason }) => ({
    credential,
    until: throttled_until,
    reason: throttle_reason ?? '',
  }));
}
