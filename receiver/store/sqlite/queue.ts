import { readExactJson } from '../../../src/lib/json.ts';
import type { TargetDefinition, TargetRequest } from '../../../src/route/target.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import { LEASE_RAN_OUT, SETTLE_MS } from '../rules/decisions.ts';
import type { ClaimOptions, HeldDelivery } from '../store.ts';
import { keepOneUpdate } from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';

interface DueRow {
  seq: number;
  id: string;
  event_id: string;
  route: string;
  target: string;
  credential: string;
  request: string;
  attempts: number;
  since: number;
  ambiguous: number;
  runs_since: number;
  template: string | null;
  conversation: string | null;
}

interface CredentialRow {
  credential: string;
  hold_until: number;
  next_slot_at: number;
}

/** All of this file runs inside the caller's transaction. */
export function claimDue(driver: SqlDriver, options: ClaimOptions): ClaimedDelivery[] {
  const { now } = options;
  if (options.keepLeases !== true) takeOver(driver, 'lease_until < ?', now, now, LEASE_RAN_OUT);
  const claimed: ClaimedDelivery[] = [];
  for (const credential of driver.rows<CredentialRow>('SELECT credential, hold_until, next_slot_at FROM credentials')) {
    if (claimed.length >= options.limit) break;
    if (credential.hold_until > now || credential.next_slot_at > now) continue;
    if (options.serves?.(credential.credential) === false) continue;
    const wanted = options.paceMs > 0 ? 1 : options.limit - claimed.length;
    const due = driver.rows<DueRow>(
      `SELECT seq, id, event_id, route, target, credential, request, attempts, since, ambiguous, runs_since, template, conversation
       FROM deliveries
       WHERE credential = ? AND state = 'pending' AND ready = 1 AND due_at <= ? ORDER BY due_at LIMIT ?`,
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
  return {
    id: row.id,
    eventId: row.event_id,
    route: row.route,
    target: row.target,
    credential: row.credential,
    request: readExactJson(row.request) as unknown as TargetRequest,
    leaseToken,
    attempts: row.attempts,
    since: row.since,
    ambiguous: row.ambiguous === 1,
    runsSince: row.runs_since,
    template: row.template === null ? null : (readExactJson(row.template) as unknown as TargetDefinition),
    conversation: row.conversation,
  };
}

export function earliestDue(driver: SqlDriver, serves: (credential: string) => boolean): number | undefined {
  const rows = driver
    .rows<{ credential: string; at: number | null }>(
      `SELECT credential, MAX(hold_until, next_slot_at, (
         SELECT MIN(due_at) FROM deliveries d WHERE d.credential = c.credential AND d.state = 'pending' AND d.ready = 1)) AS at
       FROM credentials c`,
    )
    .filter(({ credential }) => serves(credential));
  // A lease may be claimed again once it has run out.
  const lease = firstRow<{ at: number | null }>(driver, `SELECT MIN(lease_until) + 1 AS at FROM deliveries WHERE state = 'in_flight'`);
  const times = [...rows, lease].map((row) => row?.at ?? null).filter((at) => at !== null);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** False when the lease is lost. */
export function completeClaim(driver: SqlDriver, claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>, request: TargetRequest): boolean {
  return (
    driver.run(
      `UPDATE deliveries SET request = ?, template = NULL WHERE id = ? AND state = 'in_flight' AND lease_token = ?`,
      JSON.stringify(request),
      claim.id,
      claim.leaseToken,
    ) > 0
  );
}

export function heldToComplete(driver: SqlDriver, eventId: string): HeldDelivery[] {
  return driver
    .rows<{ id: string; route: string; target: string; request: string; template: string }>(
      `SELECT id, route, target, request, template FROM deliveries
       WHERE event_id = ? AND state = 'held' AND request IS NOT NULL AND template IS NOT NULL ORDER BY seq`,
      eventId,
    )
    .map(({ request, template, ...row }) => ({
      ...row,
      eventId,
      request: readExactJson(request) as unknown as TargetRequest,
      template: readExactJson(template) as unknown as TargetDefinition,
    }));
}

/** False when it is not held any more. */
export function completeHeld(driver: SqlDriver, id: string, request: TargetRequest): boolean {
  const sql = `UPDATE deliveries SET request = ?, template = NULL WHERE id = ? AND state = 'held'`;
  return driver.run(sql, JSON.stringify(request), id) > 0;
}

export function takeUpInFlight(driver: SqlDriver, now: number): number {
  return takeOver(driver, '? > 0', 1, now, 'the receiver stopped while this was in flight');
}

/** Logs the attempts that nobody will settle any more; their deliveries are tried again, as ambiguous, when the run can be seen. */
function takeOver(driver: SqlDriver, condition: string, value: number, now: number, detail: string): number {
  const which = `state = 'in_flight' AND ${condition}`;
  const taken = driver.rows<{ id: string; order_key: string; transient: number }>(
    `SELECT id, order_key, transient FROM deliveries WHERE ${which}`,
    value,
  );
  if (taken.length === 0) return 0;
  driver.run(
    `INSERT INTO attempts (delivery_id, started_at, duration_ms, outcome, status, detail)
     SELECT id, updated_at, MAX(0, ? - updated_at), 'ambiguous', NULL, ? FROM deliveries WHERE ${which}`,
    now,
    detail,
    value,
  );
  driver.run(
    `UPDATE deliveries SET state = 'pending', ready = 1, due_at = ?, ambiguous = 1, attempts = attempts + 1,
       lease_token = NULL, lease_until = NULL, reason = ?, updated_at = ? WHERE ${which}`,
    now + SETTLE_MS,
    detail,
    now,
    value,
  );
  for (const row of taken) if (row.transient === 1) keepOneUpdate(driver, row, now);
  return taken.length;
}
