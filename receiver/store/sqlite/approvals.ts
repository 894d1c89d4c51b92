import type { Approval } from '../../../src/route/route.ts';
import { CLOCK_DIFFERENCE_MS, describeDecision, EXPIRED, rejectedBy } from '../rules/decisions.ts';
import type { ApprovalView, Decision, DecisionResult } from '../store.ts';
import { approvalsDue, findApproval } from './approval-rows.ts';
import { tellEvent } from './conversations.ts';
import type { SqlDriver } from './driver.ts';
import { release } from './line.ts';
import { addNote } from './notes.ts';

/** All of this file runs inside the caller's transaction. */

export function askApproval(driver: SqlDriver, eventId: string, route: string, approval: Approval, now: number): void {
  driver.run(
    'INSERT INTO approvals (event_id, route, channel, deciders, allow_self, expires_ms, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    eventId,
    route,
    approval.channel,
    approval.by === null ? null : JSON.stringify(approval.by),
    approval.allowSelf ? 1 : 0,
    approval.expiresMs,
    now + approval.expiresMs,
  );
}

/** The question is open again: what was never approved is to be sent once more. */
export function askAgain(driver: SqlDriver, eventId: string, route: string, now: number): void {
  driver.run(
    `UPDATE approvals SET decision = NULL, decided_by = NULL, decided_at = NULL, expires_at = ? + expires_ms WHERE event_id = ? AND route = ?`,
    now,
    eventId,
    route,
  );
}

export function decideApproval(driver: SqlDriver, { eventId, route, decision, by, at, clockJumped }: Decision): DecisionResult {
  const approval = findApproval(driver, eventId, route);
  if (approval === undefined) return { done: false, why: 'nothing was asked', approval };
  if (approval.decision !== null) return { done: false, why: describeDecision(approval), approval };
  if (approval.expiresAt <= at && clockJumped !== true) {
    expire(driver, approval, at);
    const expired = findApproval(driver, eventId, route);
    return { done: false, why: 'it has expired', approval: expired };
  }
  const held = heldBy(driver, eventId, route);
  for (const { seq, id } of held) {
    if (decision === 'approved') release(driver, seq, at, at - CLOCK_DIFFERENCE_MS);
    else cancelHeld(driver, seq, rejectedBy(by), at);
    addNote(driver, id, at, `${decision} by ${by}`);
  }
  closeApproval(driver, eventId, route, decision, by, at);
  tellEvent(driver, eventId, at);
  return { done: true, deliveries: held.map(({ id }) => id), approval: { ...approval, decision, decidedBy: by, decidedAt: at } };
}

export function expireDue(driver: SqlDriver, now: number): number {
  const due = approvalsDue(driver, now);
  for (const approval of due) expire(driver, approval, now);
  return due.length;
}

function expire(driver: SqlDriver, { eventId, route }: ApprovalView, now: number): void {
  for (const { seq, id } of heldBy(driver, eventId, route)) {
    cancelHeld(driver, seq, EXPIRED, now);
    addNote(driver, id, now, `expired: ${EXPIRED}`);
  }
  closeApproval(driver, eventId, route, 'expired', null, now);
  tellEvent(driver, eventId, now);
}

/** Closes the question once nothing is held any more for whatever reason; an answer that was given stays. */
export function closeWhenNothingHeld(
  driver: SqlDriver,
  eventId: string,
  route: string,
  decision: 'approved' | 'cancelled',
  by: string | null,
  now: number,
): void {
  if (heldBy(driver, eventId, route).length === 0) closeApproval(driver, eventId, route, decision, by, now);
}

function closeApproval(
  driver: SqlDriver,
  eventId: string,
  route: string,
  decision: NonNullable<ApprovalView['decision']>,
  by: string | null,
  at: number,
): void {
  driver.run(
    'UPDATE approvals SET decision = ?, decided_by = ?, decided_at = ? WHERE event_id = ? AND route = ? AND decision IS NULL',
    decision,
    by,
    at,
    eventId,
    route,
  );
}

function heldBy(driver: SqlDriver, eventId: string, route: string): { seq: number; id: string }[] {
  return driver.rows(`SELECT seq, id FROM deliveries WHERE event_id = ? AND route = ? AND state = 'held' ORDER BY seq`, eventId, route);
}

function cancelHeld(driver: SqlDriver, seq: number, reason: string, now: number): void {
  driver.run(`UPDATE deliveries SET state = 'cancelled', reason = ?, updated_at = ? WHERE seq = ?`, reason, now, seq);
}
