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
import type { PostgresDriver, Sql } from './driver.ts';
import { knowCredentials, promoteNext } from './line.ts';
import { linesOfDeliveries } from './line-names.ts';

interface SettledRow {
  seq: number;
  id: string;
  event_id: string;
  order_key: string;
  route: string;
  target: string;
  position: number;
  conversation: string | null;
  transient: number;
  runs_since: number;
  request: string;
}

type Claim = Pick<ClaimedDelivery, 'id' | 'leaseToken'>;

/** False, and nothing done, when the lease is no longer the caller's. */
export async function settleClaim(
  driver: PostgresDriver,
  claim: Claim,
  attempt: Attempt,
  settlement: Settlement,
  holdBack: HoldBack | undefined,
): Promise<boolean> {
  const lines = await linesOfDeliveries(driver, [claim.id]);
  if (lines.length === 0) return false;
  return driver.transaction(lines, (sql) => settle(sql, claim, attempt, settlement, holdBack));
}

async function settle(sql: Sql, claim: Claim, attempt: Attempt, settlement: Settlement, holdBack: HoldBack | undefined): Promise<boolean> {
  const [row] = await sql.rows<SettledRow>(
    `SELECT seq, id, event_id, order_key, route, target, position, conversation, transient, runs_since, request FROM deliveries
     WHERE id = $1 AND state = 'in_flight' AND lease_token = $2 FOR UPDATE`,
    claim.id,
    claim.leaseToken,
  );
  if (row === undefined) return false;
  const now = attempt.startedAt + attempt.durationMs;
  await sql.run(
    'INSERT INTO attempts (delivery_id, started_at, duration_ms, outcome, status, detail) VALUES ($1, $2, $3, $4, $5, $6)',
    claim.id,
    attempt.startedAt,
    attempt.durationMs,
    attempt.outcome,
    attempt.status,
    attempt.detail,
  );
  if (holdBack !== undefined) await lengthenHold(sql, holdBack, now);
  const replacement = settlement.state === 'pending' && row.transient === 0 ? await replacementOf(sql, row) : undefined;
  await writeSettlement(sql, row.seq, now, replacement ?? settlement);
  if (replacement !== undefined || settlement.state !== 'pending') await promoteNext(sql, row.order_key, now);
  if (row.conversation === null) {
    if (settlement.state === 'delivered') await expectRun(sql, row, settlement.run, now);
    if (settlement.state === 'dead' && isDispatch(JSON.parse(row.request) as TargetRequest))
      await alertEvent(sql, row.event_id, deathAlert(row, settlement.reason), now);
    else await tellEvent(sql, row.event_id, now);
  } else {
    await settleMessage(sql, row, row.conversation, { settlement, wasFound: attempt.outcome === 'found' }, now);
  }
  return true;
}

/** What a message that was sent means for its conversation. */
async function settleMessage(
  sql: Sql,
  row: SettledRow,
  conversation: string,
  { settlement, wasFound }: { settlement: Settlement; wasFound: boolean },
  now: number,
): Promise<void> {
  if (row.transient === 1) {
    if (settlement.state === 'delivered') {
      const isAnew = settlement.message !== undefined && (await keepMessage(sql, row.id, conversation, settlement.message));
      await dropUpdate(sql, row.id);
      if (isAnew && wasFound) await updateConversation(sql, conversation, row.event_id, now);
    } else if (settlement.state === 'dead') await dropFollowedUpdate(sql, row, now);
    else await keepOneUpdate(sql, row, now);
    return;
  }
  if (settlement.state === 'pending') return;
  const posted = settlement.state === 'delivered' ? settlement.message : undefined;
  const isFirst = posted !== undefined && (await keepMessage(sql, row.id, conversation, posted));
  // One that was found tells how things stood when an earlier attempt posted it.
  const tellsAll = isFirst && !wasFound;
  if (!tellsAll && (await hasMessage(sql, conversation))) await updateConversation(sql, conversation, row.event_id, now);
}

/** A dispatch has left: from now on its run is watched. */
async function expectRun(sql: Sql, row: SettledRow, run: StartedRun | null, now: number): Promise<void> {
  const request = JSON.parse(row.request) as TargetRequest;
  if (!isDispatch(request)) return;
  await sql.run(
    `INSERT INTO runs (delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, dispatched_at, runs_since, look_at,
       look_set_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $10) ON CONFLICT DO NOTHING`,
    row.id,
    row.event_id,
    row.route,
    request.repository,
    request.kind,
    request.kind === 'workflow_dispatch' ? request.workflow : null,
    run?.id ?? null,
    run?.url ?? null,
    run === null ? 'expected' : 'queued',
    now,
    row.runs_since,
    now + FIRST_LOOK_MS,
  );
}

type Superseded = { readonly state: 'superseded'; readonly reason: string };

/**
 * The newer delivery that makes a retry of this one pointless (`order: latest`): of a later event, not an older one that
 * is replayed, and not another of the same event.
 */
async function replacementOf(sql: Sql, row: SettledRow): Promise<Superseded | undefined> {
  const [newer] = await sql.rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE order_key = $1 AND state IN ('pending', 'in_flight') AND state = 'pending' AND position > $2
       AND seq > $3 AND route = $4 AND event_id <> $5 AND replaces_older = 1 ORDER BY position DESC LIMIT 1`,
    row.order_key,
    row.position,
    row.seq,
    row.route,
    row.event_id,
  );
  return newer && { state: 'superseded', reason: supersededBy(newer.event_id) };
}

async function writeSettlement(sql: Sql, seq: number, at: number, settlement: Settlement | Superseded): Promise<void> {
  const retry = settlement.state === 'pending' ? settlement : undefined;
  const run = settlement.state === 'delivered' ? settlement.run : null;
  await sql.run(
    `UPDATE deliveries SET state = $1, ready = $2, due_at = COALESCE($3, due_at), ambiguous = $4, reason = $5, run_id = $6, run_url = $7,
       attempts = attempts + 1, lease_token = NULL, lease_until = NULL, lease_owner = NULL, updated_at = $8 WHERE seq = $9`,
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
export async function keepHoldBack(sql: Sql, holdBack: HoldBack, now: number | undefined): Promise<void> {
  await knowCredentials(sql, [holdBack.credential]);
  await lengthenHold(sql, holdBack, now);
}

async function lengthenHold(sql: Sql, { credential, until, reason }: HoldBack, now: number | undefined): Promise<void> {
  await sql.run(
    'UPDATE credentials SET hold_until = $1, hold_reason = $2, hold_set_at = $4 WHERE credential = $3 AND hold_until < $1',
    until,
    reason,
    credential,
    now ?? null,
  );
}
