import type { TargetDefinition, TargetRequest } from '../../../src/target.ts';
import { LEASE_RAN_OUT, supersededBy } from '../decisions.ts';
import type { Attempt, ClaimedDelivery, HoldBack, Settlement, StartedRun } from '../delivery.ts';
import { FIRST_LOOK_MS } from '../run.ts';
import type { ClaimOptions } from '../store.ts';
import { dropFollowedUpdate, dropUpdate, hasMessage, keepMessage, tellEvent, updateConversation } from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { promoteNext } from './line.ts';

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
  takeOver(driver, 'lease_until < ?', now, now, LEASE_RAN_OUT);
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
      driver.run('UPDATE credentials SET next_slot_at = ? WHERE credential = ?', now + options.paceMs, credential.credential);
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
    request: JSON.parse(row.request) as TargetRequest,
    leaseToken,
    attempts: row.attempts,
    since: row.since,
    ambiguous: row.ambiguous === 1,
    runsSince: row.runs_since,
    template: row.template === null ? null : (JSON.parse(row.template) as TargetDefinition),
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

export function settleClaim(
  driver: SqlDriver,
  claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>,
  attempt: Attempt,
  settlement: Settlement,
  holdBack: HoldBack | undefined,
): boolean {
  const row = firstRow<SettledRow>(
    driver,
    `SELECT seq, id, event_id, order_key, route, position, conversation, transient, runs_since FROM deliveries
     WHERE id = ? AND state = 'in_flight' AND lease_token = ?`,
    claim.id,
    claim.leaseToken,
  );
  if (row === undefined) return false;
  const now = attempt.startedAt + attempt.durationMs;
  driver.run(
    'INSERT INTO attempts (delivery_id, started_at, duration_ms, outcome, status, detail) VALUES (?, ?, ?, ?, ?, ?)',
    claim.id,
    attempt.startedAt,
    attempt.durationMs,
    attempt.outcome,
    attempt.status,
    attempt.detail,
  );
  if (holdBack !== undefined) {
    driver.run(
      'UPDATE credentials SET hold_until = ?, hold_reason = ? WHERE credential = ? AND hold_until < ?',
      holdBack.until,
      holdBack.reason,
      holdBack.credential,
      holdBack.until,
    );
  }
  const replacement = settlement.state === 'pending' ? replacementOf(driver, row) : undefined;
  writeSettlement(driver, row.seq, now, replacement ?? settlement);
  if (replacement !== undefined || settlement.state !== 'pending') promoteNext(driver, row.order_key, now);
  if (row.conversation === null) {
    if (settlement.state === 'delivered') expectRun(driver, row, settlement.run, now);
    tellEvent(driver, row.event_id, now);
  } else {
    settleMessage(driver, row, row.conversation, { settlement, wasFound: attempt.outcome === 'found' }, now);
  }
  return true;
}

/** What a message that was sent means for its conversation. */
function settleMessage(
  driver: SqlDriver,
  row: SettledRow,
  conversation: string,
  { settlement, wasFound }: { settlement: Settlement; wasFound: boolean },
  now: number,
): void {
  if (row.transient === 1) {
    if (settlement.state === 'delivered') dropUpdate(driver, row.id);
    else dropFollowedUpdate(driver, row, now);
    return;
  }
  if (settlement.state === 'pending') return;
  const posted = settlement.state === 'delivered' ? settlement.message : undefined;
  const isFirst = posted !== undefined && keepMessage(driver, row.id, conversation, posted);
  // One that was found tells how things stood when an earlier attempt posted it.
  const tellsAll = isFirst && !wasFound;
  if (!tellsAll && hasMessage(driver, conversation)) updateConversation(driver, conversation, row.event_id, now);
}

/** A dispatch has left: from now on its run is watched. */
function expectRun(driver: SqlDriver, row: SettledRow, run: StartedRun | null, now: number): void {
  driver.run(
    `INSERT INTO runs (delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, dispatched_at, runs_since, look_at)
     SELECT id, event_id, route, json_extract(request, '$.repository'), json_extract(request, '$.kind'), json_extract(request, '$.workflow'),
       ?, ?, ?, ?, runs_since, ? FROM deliveries
     WHERE seq = ? AND json_extract(request, '$.kind') IN ('repository_dispatch', 'workflow_dispatch')
     ON CONFLICT DO NOTHING`,
    run?.id ?? null,
    run?.url ?? null,
    run === null ? 'expected' : 'queued',
    now,
    now + FIRST_LOOK_MS,
    row.seq,
  );
}

interface SettledRow {
  seq: number;
  id: string;
  conversation: string | null;
  transient: number;
  runs_since: number;
  event_id: string;
  order_key: string;
  route: string;
  position: number;
}

type Superseded = { readonly state: 'superseded'; readonly reason: string };

/**
 * The newer delivery that makes a retry of this one pointless (`order: latest`): of a later event, not an older one that
 * is replayed, and not another of the same event. `state IN` is what lets SQLite use the index of the line.
 */
function replacementOf(driver: SqlDriver, row: SettledRow): Superseded | undefined {
  const newer = firstRow<{ event_id: string }>(
    driver,
    `SELECT event_id FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') AND state = 'pending' AND position > ?
       AND seq > ? AND route = ? AND event_id <> ? AND replaces_older = 1 ORDER BY position DESC LIMIT 1`,
    row.order_key,
    row.position,
    row.seq,
    row.route,
    row.event_id,
  );
  return newer && { state: 'superseded', reason: supersededBy(newer.event_id) };
}

function writeSettlement(driver: SqlDriver, seq: number, at: number, settlement: Settlement | Superseded): void {
  const retry = settlement.state === 'pending' ? settlement : undefined;
  const run = settlement.state === 'delivered' ? settlement.run : null;
  driver.run(
    `UPDATE deliveries SET state = ?, ready = ?, due_at = COALESCE(?, due_at), ambiguous = ?, reason = ?, run_id = ?, run_url = ?,
       attempts = attempts + 1, lease_token = NULL, lease_until = NULL, updated_at = ? WHERE seq = ?`,
    settlement.state,
    retry === undefined ? 0 : 1,
    retry?.dueAt ?? null,
    retry?.ambiguous === true ? 1 : 0,
    settlement.state === 'delivered' ? null : settlement.reason,
    run?.id ?? null,
    run?.url ?? null,
    at,
    seq,
  );
}

export function takeUpInFlight(driver: SqlDriver, now: number): number {
  return takeOver(driver, '? > 0', 1, now, 'the receiver stopped while this was in flight');
}

/** Logs the attempts that nobody will settle any more and makes their deliveries due, as ambiguous. */
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
    now,
    detail,
    now,
    value,
  );
  for (const row of taken) if (row.transient === 1) dropFollowedUpdate(driver, row, now);
  return taken.length;
}
