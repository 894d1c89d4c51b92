import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import { claimOf, type LeasedRow } from '../rules/claimed-row.ts';
import { NOT_PAUSED } from '../rules/pauses.ts';
import { LEASE_RAN_OUT, RECEIVER_STOPPED } from '../rules/reasons.ts';
import { keepOneReclaimed, reclaim } from '../rules/reclaim.ts';
import type { SqlValue } from '../rules/work.ts';
import type { ClaimOptions } from '../store.ts';
import type { SqlDriver } from './driver.ts';
import { runWork } from './run-work.ts';
import type { Sending } from './sending.ts';

/** Claiming has a form for each database: here it is measured in statements, on PostgreSQL in answers that are waited for. */

type DueRow = Omit<LeasedRow, 'lease_token'> & { readonly seq: number };

/** Inside the caller's transaction. When that fails, `sending` is to be read again. */
export function claimDue(driver: SqlDriver, sending: Sending, options: ClaimOptions): ClaimedDelivery[] {
  const { now } = options;
  if (options.keepLeases !== true) reclaimExpired(driver, sending, now);
  const claimed: ClaimedDelivery[] = [];
  const paused = unlessPaused(driver);
  for (const { credential, throttled_until } of driver.rows<{ credential: string; throttled_until: number }>(
    'SELECT credential, throttled_until FROM credentials',
  )) {
    if (claimed.length >= options.limit) break;
    if (throttled_until > now || sending.slot(credential, now, CLOCK_TOLERANCE_MS) > now) continue;
    if (options.serves?.(credential) === false) continue;
    const wanted = options.paceMs > 0 ? 1 : options.limit - claimed.length;
    // What is in flight is in this index too, and is passed over: no more than are sent at once.
    const due = driver.rows<DueRow>(
      `SELECT seq, id, event_id, route, target, credential, request, attempts, retrying_since, ambiguous, runs_since, template,
         approval_template, built_with, approval, conversation
       FROM deliveries d
       WHERE credential = ? AND state = 'pending' AND is_head = 1 AND due_at <= ?${paused} ORDER BY due_at LIMIT ?`,
      credential,
      now,
      wanted,
    );
    for (const row of due) claimed.push(lease(driver, sending, row, options));
    if (due.length > 0 && options.paceMs > 0) sending.takeSlot(credential, now, options.paceMs);
  }
  return claimed;
}

function lease(driver: SqlDriver, sending: Sending, row: DueRow, options: ClaimOptions): ClaimedDelivery {
  const leaseToken = options.newToken();
  const until = options.now + options.leaseMs;
  driver.run(
    `UPDATE deliveries SET state = 'in_flight', lease_token = ?, lease_until = ?, updated_at = ? WHERE seq = ?`,
    leaseToken,
    until,
    options.now,
    row.seq,
  );
  sending.leased(driver, row.id, until);
  return claimOf({ ...row, lease_token: leaseToken });
}

export function earliestDue(driver: SqlDriver, sending: Sending, serves: (credential: string) => boolean): number | undefined {
  const times = driver
    .rows<{ credential: string; at: number | null }>(
      `SELECT credential, MAX(throttled_until, (
         SELECT due_at FROM deliveries d WHERE d.credential = c.credential AND d.state = 'pending' AND d.is_head = 1${unlessPaused(driver)} ORDER BY due_at LIMIT 1)) AS at
       FROM credentials c`,
    )
    .filter(({ credential, at }) => at !== null && serves(credential))
    .map(({ credential, at }) => Math.max(at ?? 0, sending.plannedSlot(credential)));
  // A lease may be claimed again once it has run out.
  for (const until of sending.leases(driver).values()) times.push(until + 1);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** A condition on what is taken; none where nothing is paused, which is nearly always. */
function unlessPaused(driver: SqlDriver): string {
  return driver.rows('SELECT 1 FROM pauses LIMIT 1').length === 0 ? '' : ` AND ${NOT_PAUSED}`;
}

/** Inside the caller's transaction. */
export function reclaimInFlight(driver: SqlDriver, sending: Sending, now: number): number {
  sending.readAgain();
  return reclaimAll(driver, 'is_head = 1', [], now, RECEIVER_STOPPED);
}

function reclaimExpired(driver: SqlDriver, sending: Sending, now: number): void {
  const expired = [...sending.leases(driver)].filter(([, until]) => until < now).map(([id]) => id);
  if (expired.length === 0) return;
  reclaimAll(driver, 'id = ANY ($1) AND lease_until < $2', [expired, now], now, LEASE_RAN_OUT);
  for (const id of expired) sending.settled(id);
}

function reclaimAll(driver: SqlDriver, condition: string, values: readonly SqlValue[], now: number, detail: string): number {
  const reclaimed = runWork(driver, reclaim(condition, values, now, detail));
  for (const delivery of reclaimed) if (delivery.ephemeral === 1) runWork(driver, keepOneReclaimed(delivery, now));
  return reclaimed.length;
}
