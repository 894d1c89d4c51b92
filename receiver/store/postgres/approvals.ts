import type { Approval } from '../../../src/route/route.ts';
import { CLOCK_DIFFERENCE_MS, describeDecision, EXPIRED, rejectedBy } from '../rules/decisions.ts';
import { APPROVAL_COLUMNS, type ApprovalRow, viewOfApproval } from '../rules/views.ts';
import type { ApprovalView, Decision, DecisionResult } from '../store.ts';
import { tellEvent } from './conversations.ts';
import type { PostgresDriver, Sql } from './driver.ts';
import { release } from './line.ts';
import { linesOfEvents } from './line-names.ts';
import { addNote } from './notes.ts';

/** What decides about an approval holds the locks of its lines, and then the approval's row. */

/** Inside the caller's transaction. */
export async function askApproval(sql: Sql, eventId: string, route: string, approval: Approval, now: number): Promise<void> {
  await sql.run(
    'INSERT INTO approvals (event_id, route, channel, deciders, allow_self, expires_ms, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    eventId,
    route,
    approval.channel,
    approval.by === null ? null : JSON.stringify(approval.by),
    approval.allowSelf ? 1 : 0,
    approval.expiresMs,
    now + approval.expiresMs,
  );
}

/** The question is open again: what was never approved is to be sent once more. Inside the caller's transaction. */
export async function askAgain(sql: Sql, eventId: string, route: string, now: number): Promise<void> {
  await sql.run(
    `UPDATE approvals SET decision = NULL, decided_by = NULL, decided_at = NULL, expires_at = $1 + expires_ms
     WHERE event_id = $2 AND route = $3`,
    now,
    eventId,
    route,
  );
}

export async function findApproval(sql: Sql, eventId: string, route: string): Promise<ApprovalView | undefined> {
  const [row] = await sql.rows<ApprovalRow>(`SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = $1 AND route = $2`, eventId, route);
  return row && viewOfApproval(row);
}

/** Others that would decide wait until this transaction is over. */
async function lockedApproval(sql: Sql, eventId: string, route: string): Promise<ApprovalView | undefined> {
  const [row] = await sql.rows<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = $1 AND route = $2 FOR UPDATE`,
    eventId,
    route,
  );
  return row && viewOfApproval(row);
}

export async function listOpenApprovals(sql: Sql, limit: number): Promise<ApprovalView[]> {
  // By when it was asked: one that may wait for longer is not younger.
  const rows = await sql.rows<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE decision IS NULL ORDER BY expires_at - expires_ms, seq LIMIT $1`,
    limit,
  );
  return rows.map(viewOfApproval);
}

export async function decideApproval(driver: PostgresDriver, decided: Decision): Promise<DecisionResult> {
  return driver.transaction(await linesOfEvents(driver, [decided.eventId]), (sql) => decide(sql, decided));
}

async function decide(sql: Sql, { eventId, route, decision, by, at, clockJumped }: Decision): Promise<DecisionResult> {
  const approval = await lockedApproval(sql, eventId, route);
  if (approval === undefined) return { done: false, why: 'nothing was asked', approval };
  if (approval.decision !== null) return { done: false, why: describeDecision(approval), approval };
  if (approval.expiresAt <= at && clockJumped !== true) {
    await expire(sql, approval, at);
    return { done: false, why: 'it has expired', approval: await findApproval(sql, eventId, route) };
  }
  const held = await heldBy(sql, eventId, route);
  for (const { seq, id } of held) {
    if (decision === 'approved') await release(sql, seq, at, at - CLOCK_DIFFERENCE_MS);
    else await cancelHeld(sql, seq, rejectedBy(by), at);
    await addNote(sql, id, at, `${decision} by ${by}`);
  }
  await closeApproval(sql, eventId, route, decision, by, at);
  await tellEvent(sql, eventId, at);
  return { done: true, deliveries: held.map(({ id }) => id), approval: { ...approval, decision, decidedBy: by, decidedAt: at } };
}

/** One transaction each: they have nothing to do with each other. */
export async function expireDue(driver: PostgresDriver, now: number): Promise<number> {
  const due = await driver.rows<{ event_id: string; route: string }>(
    'SELECT event_id, route FROM approvals WHERE decision IS NULL AND expires_at <= $1 ORDER BY expires_at',
    now,
  );
  let expired = 0;
  for (const { event_id, route } of due) {
    const done = await driver.transaction(await linesOfEvents(driver, [event_id]), async (sql) => {
      const approval = await lockedApproval(sql, event_id, route);
      // Another receiver may have been faster, or a person.
      if (approval === undefined || approval.decision !== null || approval.expiresAt > now) return false;
      await expire(sql, approval, now);
      return true;
    });
    if (done) expired++;
  }
  return expired;
}

async function expire(sql: Sql, { eventId, route }: ApprovalView, now: number): Promise<void> {
  for (const { seq, id } of await heldBy(sql, eventId, route)) {
    await cancelHeld(sql, seq, EXPIRED, now);
    await addNote(sql, id, now, `expired: ${EXPIRED}`);
  }
  await closeApproval(sql, eventId, route, 'expired', null, now);
  await tellEvent(sql, eventId, now);
}

/**
 * Closes the question once nothing is held any more for whatever reason; an answer that was given stays. Inside the
 * caller's transaction.
 */
export async function closeWhenNothingHeld(
  sql: Sql,
  eventId: string,
  route: string,
  decision: 'approved' | 'cancelled',
  by: string | null,
  now: number,
): Promise<void> {
  // Whoever lets go of another delivery of the same approval at this moment counts before or after, not at once.
  await lockedApproval(sql, eventId, route);
  if ((await heldBy(sql, eventId, route)).length === 0) await closeApproval(sql, eventId, route, decision, by, now);
}

async function closeApproval(
  sql: Sql,
  eventId: string,
  route: string,
  decision: NonNullable<ApprovalView['decision']>,
  by: string | null,
  at: number,
): Promise<void> {
  await sql.run(
    'UPDATE approvals SET decision = $1, decided_by = $2, decided_at = $3 WHERE event_id = $4 AND route = $5 AND decision IS NULL',
    decision,
    by,
    at,
    eventId,
    route,
  );
}

function heldBy(sql: Sql, eventId: string, route: string): Promise<{ seq: number; id: string }[]> {
  return sql.rows(`SELECT seq, id FROM deliveries WHERE event_id = $1 AND route = $2 AND state = 'held' ORDER BY seq`, eventId, route);
}

async function cancelHeld(sql: Sql, seq: number, reason: string, now: number): Promise<void> {
  await sql.run(`UPDATE deliveries SET state = 'cancelled', reason = $1, updated_at = $2 WHERE seq = $3`, reason, now, seq);
}
