import { isDispatch, type TargetRequest } from '../../../src/route/target.ts';
import type { Attempt, ClaimedDelivery, HoldBack, Settlement, StartedRun } from '../delivery.ts';
import { deathAlert, supersededBy } from '../rules/decisions.ts';
import { FIRST_LOOK_MS } from '../run.ts';
import {
  alertEvent,
  dropFollowedUpdate,
  dropUpdate,
  hasMessage,
  keepMessage,
  keepOneUpdate,
  tellEvent,
  updateConversation,
} from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { knowCredential, promoteNext } from './line.ts';

/** All of this file runs inside the caller's transaction. */

export function settleClaim(
  driver: SqlDriver,
  claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>,
  attempt: Attempt,
  settlement: Settlement,
  holdBack: HoldBack | undefined,
): boolean {
  const row = firstRow<SettledRow>(
    driver,
    `SELECT seq, id, event_id, order_key, route, target, request, position, conversation, transient, runs_since FROM deliveries
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
  if (holdBack !== undefined) lengthenHold(driver, holdBack, now);
  const replacement = settlement.state === 'pending' && row.transient === 0 ? replacementOf(driver, row) : undefined;
  writeSettlement(driver, row.seq, now, replacement ?? settlement);
  if (replacement !== undefined || settlement.state !== 'pending') promoteNext(driver, row.order_key, now);
  if (row.conversation === null) {
    if (settlement.state === 'delivered') expectRun(driver, row, settlement.run, now);
    if (settlement.state === 'dead' && isDispatch(JSON.parse(row.request) as TargetRequest))
      alertEvent(driver, row.event_id, deathAlert(row, settlement.reason), now);
    else tellEvent(driver, row.event_id, now);
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
    if (settlement.state === 'delivered') {
      const isAnew = settlement.message !== undefined && keepMessage(driver, row.id, conversation, settlement.message);
      dropUpdate(driver, row.id);
      if (isAnew && wasFound) updateConversation(driver, conversation, row.event_id, now);
    } else if (settlement.state === 'dead') dropFollowedUpdate(driver, row, now);
    else keepOneUpdate(driver, row, now);
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
    `INSERT INTO runs (delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, dispatched_at, runs_since, look_at,
       look_set_at)
     SELECT id, event_id, route, json_extract(request, '$.repository'), json_extract(request, '$.kind'), json_extract(request, '$.workflow'),
       ?, ?, ?, ?, runs_since, ?, ? FROM deliveries
     WHERE seq = ? AND json_extract(request, '$.kind') IN ('repository_dispatch', 'workflow_dispatch')
     ON CONFLICT DO NOTHING`,
    run?.id ?? null,
    run?.url ?? null,
    run === null ? 'expected' : 'queued',
    now,
    now + FIRST_LOOK_MS,
    now,
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
  target: string;
  request: string;
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

/** Holds back everything that uses a credential; never for a shorter time than before. */
export function keepHoldBack(driver: SqlDriver, holdBack: HoldBack, now: number | undefined): void {
  knowCredential(driver, holdBack.credential);
  lengthenHold(driver, holdBack, now);
}

function lengthenHold(driver: SqlDriver, { credential, until, reason }: HoldBack, now: number | undefined): void {
  driver.run(
    'UPDATE credentials SET hold_until = ?, hold_reason = ?, hold_set_at = ? WHERE credential = ? AND hold_until < ?',
    until,
    reason,
    now ?? null,
    credential,
    until,
  );
}
