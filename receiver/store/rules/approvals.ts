import type { Approval } from '../../../src/route/route.ts';
import type { ApprovalView } from '../approvals.ts';
import { refreshConversations } from './conversations.ts';
import { addNote } from './notes.ts';
import { locksOfEvents } from './order-keys.ts';
import { EXPIRED } from './reasons.ts';
import { APPROVAL_COLUMNS, type ApprovalRow, type ApprovalSettings, viewOfApproval } from './views.ts';
import { exec, firstRow, lock, rows, type Work } from './work.ts';

/** Whoever decides about an approval holds the locks of its order keys, and then the approval's row. */

/** Inside the caller's transaction. */
export function* askApproval(eventId: string, route: string, approval: Approval, now: number): Work<void> {
  yield* exec(
    `INSERT INTO approvals (event_id, route, channel, deciders, allow_self, expires_ms, expires_at, settings)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    eventId,
    route,
    approval.channel,
    approval.by === null ? null : JSON.stringify(approval.by),
    approval.allowSelf ? 1 : 0,
    approval.expiresMs,
    now + approval.expiresMs,
    settingsOf(approval),
  );
}

/** `null` when all of them are the defaults. */
function settingsOf({ approvals, compare, remindMs, escalate, allowAdmin }: Approval): string | null {
  const settings: ApprovalSettings = {
    ...(approvals === undefined ? {} : { approvals }),
    ...(compare === undefined ? {} : { compare }),
    ...(remindMs === undefined ? {} : { remindMs }),
    ...(escalate === undefined ? {} : { escalate }),
    ...(allowAdmin === undefined ? {} : { allowAdmin }),
  };
  return Object.keys(settings).length === 0 ? null : JSON.stringify(settings);
}

/** Opens the question again, because a delivery that was never approved is to be sent once more. Inside the caller's transaction. */
export function* askAgain(eventId: string, route: string, now: number): Work<void> {
  yield* exec(
    `UPDATE approvals SET decision = NULL, decided_by = NULL, decided_at = NULL, not_asked = NULL, reason = NULL, votes = NULL,
       reminded_at = NULL, escalated_at = NULL, expires_at = $1 + expires_ms
     WHERE event_id = $2 AND route = $3`,
    now,
    eventId,
    route,
  );
}

export function* findApproval(eventId: string, route: string): Work<ApprovalView | undefined> {
  const row = yield* firstRow<ApprovalRow>(`SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = $1 AND route = $2`, eventId, route);
  return row && viewOfApproval(row);
}

/** Other transactions that would decide wait until this one is over. */
export function* lockedApproval(eventId: string, route: string): Work<ApprovalView | undefined> {
  const row = yield* firstRow<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = $1 AND route = $2 FOR UPDATE`,
    eventId,
    route,
  );
  return row && viewOfApproval(row);
}

/** Ordered by when the question was asked: one that may wait for longer is not younger. */
export function* listOpenApprovals(limit: number): Work<ApprovalView[]> {
  return yield* openWhere('decision IS NULL', limit);
}

/** Those whose question could not be asked. */
export function* listNotAsked(limit: number): Work<ApprovalView[]> {
  return yield* openWhere('decision IS NULL AND not_asked IS NOT NULL', limit);
}

function* openWhere(condition: string, limit: number): Work<ApprovalView[]> {
  const open = yield* rows<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE ${condition}
     ORDER BY expires_at - expires_ms, event_id COLLATE "C", route COLLATE "C" LIMIT $1`,
    limit,
  );
  return open.map(viewOfApproval);
}

export function* approvalsOf(eventIds: readonly string[]): Work<ApprovalView[]> {
  const found = yield* rows<ApprovalRow>(
    `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = ANY ($1) ORDER BY route COLLATE "C"`,
    eventIds,
  );
  return found.map(viewOfApproval);
}

/** Open approvals that nobody has answered in time; each expires in a transaction of its own (`expireApproval`). */
export function* approvalsDue(now: number): Work<{ eventId: string; route: string }[]> {
  const due = yield* rows<{ event_id: string; route: string }>(
    'SELECT event_id, route FROM approvals WHERE decision IS NULL AND expires_at <= $1 ORDER BY expires_at',
    now,
  );
  return due.map(({ event_id, route }) => ({ eventId: event_id, route }));
}

/** False when a person, or another receiver, was faster. */
export function* expireApproval({ eventId, route }: { eventId: string; route: string }, now: number): Work<boolean> {
  yield* lock(() => locksOfEvents([eventId]));
  const approval = yield* lockedApproval(eventId, route);
  if (approval === undefined || approval.decision !== null || approval.expiresAt > now) return false;
  yield* expire(approval, now);
  return true;
}

export function* expire({ eventId, route }: ApprovalView, now: number): Work<void> {
  for (const { seq, id } of yield* heldBy(eventId, route)) {
    yield* cancelHeld(seq, EXPIRED, now);
    yield* addNote(id, now, `expired: ${EXPIRED}`);
  }
  yield* closeApproval(eventId, route, 'expired', null, now);
  yield* refreshConversations(eventId, now);
}

/** Closes the question once nothing is held any more; an answer that was given stays. Inside the caller's transaction. */
export function* closeWhenNothingHeld(
  eventId: string,
  route: string,
  decision: 'approved' | 'cancelled',
  by: string | null,
  now: number,
  reason?: string,
): Work<void> {
  // Two transactions that release deliveries of one approval at the same moment: the second waits here and sees both.
  yield* lockedApproval(eventId, route);
  if ((yield* heldBy(eventId, route)).length === 0) yield* closeApproval(eventId, route, decision, by, now, reason);
}

export function* closeApproval(
  eventId: string,
  route: string,
  decision: NonNullable<ApprovalView['decision']>,
  by: string | null,
  at: number,
  reason: string | null = null,
): Work<void> {
  yield* exec(
    `UPDATE approvals SET decision = $1, decided_by = $2, decided_at = $3, reason = $4
     WHERE event_id = $5 AND route = $6 AND decision IS NULL`,
    decision,
    by,
    at,
    reason,
    eventId,
    route,
  );
}

export function* heldBy(eventId: string, route: string): Work<{ seq: number; id: string }[]> {
  return yield* rows(`SELECT seq, id FROM deliveries WHERE event_id = $1 AND route = $2 AND state = 'held' ORDER BY seq`, eventId, route);
}

export function* cancelHeld(seq: number, reason: string, now: number): Work<void> {
  yield* exec(`UPDATE deliveries SET state = 'cancelled', reason = $1, updated_at = $2 WHERE seq = $3`, reason, now, seq);
}
