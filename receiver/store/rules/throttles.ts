import type { HoldBack } from '../delivery.ts';
import { ensureCredentials } from './order.ts';
import { exec, rows, type Work } from './work.ts';

/** Throttles everything that uses a credential; never for a shorter time than before. `now` is when that was found out. */
export function* keepThrottle(throttle: HoldBack, now: number | undefined): Work<void> {
  yield* ensureCredentials([throttle.credential]);
  yield* lengthenThrottle(throttle, now);
}

/** The same for a credential that is known. */
export function* lengthenThrottle({ credential, until, reason }: HoldBack, now: number | undefined): Work<void> {
  yield* exec(
    'UPDATE credentials SET hold_until = $1, hold_reason = $2, hold_set_at = $4 WHERE credential = $3 AND hold_until < $1',
    until,
    reason,
    credential,
    now ?? null,
  );
}

export function* listThrottles(now: number): Work<HoldBack[]> {
  const found = yield* rows<{ credential: string; hold_until: number; hold_reason: string | null }>(
    'SELECT credential, hold_until, hold_reason FROM credentials WHERE hold_until > $1 ORDER BY credential COLLATE "C"',
    now,
  );
  return found.map(({ credential, hold_until, hold_reason }) => ({ credential, until: hold_until, reason: hold_reason ?? '' }));
}
