import type { ClaimedDelivery } from '../delivery.ts';
import { claimOf, type LeasedRow } from '../rules/claimed-row.ts';
import { LEASE_RAN_OUT, RECEIVER_STOPPED } from '../rules/reasons.ts';
import { keepOneReclaimed, reclaim } from '../rules/reclaim.ts';
import type { ClaimOptions } from '../store.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { runWork } from './run-work.ts';

/** Claiming has a form for each database: here it is measured in statements, on PostgreSQL in answers that are waited for. */

type DueRow = Omit<LeasedRow, 'lease_token'> & { readonly seq: number };

interface CredentialRow {
  credential: string;
  throttled_until: number;
  next_slot_at: number;
}

/** Inside the caller's transaction. */
export function claimDue(driver: SqlDriver, options: ClaimOptions): ClaimedDelivery[] {
  const { now } = options;
  if (options.keepLeases !== true) reclaimAll(driver, 'lease_until < $1', now, now, LEASE_RAN_OUT);
  const claimed: ClaimedDelivery[] = [];
  for (const credential of driver.rows<CredentialRow>('SELECT credential, throttled_until, next_slot_at FROM credentials')) {
    if (claimed.length >= options.limit) break;
    if (credential.throttled_until > now || credential.next_slot_at > now) continue;
    if (options.serves?.(credential.credential) === false) continue;
    const wanted = options.paceMs > 0 ? 1 : options.limit - claimed.length;
    const due = driver.rows<DueRow>(
      `SELECT seq, id, event_id, route, target, credential, request, attempts, retrying_since, ambiguous, runs_since, template, conversation
       FROM deliveries
       WHERE credential = ? AND state = 'pending' AND is_head = 1 AND due_at <= ? ORDER BY due_at LIMIT ?`,
      credential.credential,
      now,
      wanted,
    );
    for (const row of due) claimed.push(lease(driver, row, options));
    if (due.length > 0 && options.paceMs > 0) {
      const sql = 'UPDATE credentials SET next_slot_at = ?, slot_set_at = ? WHERE credential = ?';
      driver.run(sql, now + options.paceMs, now, credential.credential);
    }
  }
  return claimed;
}

function lease(driver: SqlDriver, row: DueRow, options: ClaimOptions): ClaimedDelivery {
  const leaseToken = options.newToken();
  driver.run(
    `UPDATE deliveries SET state = 'in_flight', lease_token = ?, lease_until = ?, updated_at = ? WHERE seq = ?`,
    leaseToken,
    options.now + options.leaseMs,
    options.now,
    row.seq,
  );
  return claimOf({ ...row, lease_token: leaseToken });
}

export function earliestDue(driver: SqlDriver, serves: (credential: string) => boolean): number | undefined {
  const rows = driver
    .rows<{ credential: string; at: number | null }>(
      `SELECT credential, MAX(throttled_until, next_slot_at, (
         SELECT MIN(due_at) FROM deliveries d WHERE d.credential = c.credential AND d.state = 'pending' AND d.is_head = 1)) AS at
       FROM credentials c`,
    )
    .filter(({ credential }) => serves(credential));
  // A lease may be claimed again once it has run out.
  const lease = firstRow<{ at: number | null }>(driver, `SELECT MIN(lease_until) + 1 AS at FROM deliveries WHERE state = 'in_flight'`);
  const times = [...rows, lease].map((row) => row?.at ?? null).filter((at) => at !== null);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Inside the caller's transaction. */
export function reclaimInFlight(driver: SqlDriver, now: number): number {
  return reclaimAll(driver, '$1 > 0', 1, now, RECEIVER_STOPPED);
}

function reclaimAll(driver: SqlDriver, condition: string, value: number, now: number, detail: string): number {
  const reclaimed = runWork(driver, reclaim(condition, value, now, detail));
  for (const delivery of reclaimed) if (delivery.ephemeral === 1) runWork(driver, keepOneReclaimed(delivery, now));
  return reclaimed.length;
}
