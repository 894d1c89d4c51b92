import type { ApprovalView } from '../store.ts';
import { firstRow, type SqlDriver } from './driver.ts';

interface ApprovalRow {
  event_id: string;
  route: string;
  channel: string;
  deciders: string | null;
  allow_self: number;
  expires_ms: number;
  expires_at: number;
  decision: ApprovalView['decision'];
  decided_by: string | null;
  decided_at: number | null;
}

const COLUMNS = 'event_id, route, channel, deciders, allow_self, expires_ms, expires_at, decision, decided_by, decided_at';

export function findApproval(driver: SqlDriver, eventId: string, route: string): ApprovalView | undefined {
  const row = firstRow<ApprovalRow>(driver, `SELECT ${COLUMNS} FROM approvals WHERE event_id = ? AND route = ?`, eventId, route);
  return row && viewOf(row);
}

export function approvalsOf(driver: SqlDriver, eventId: string): ApprovalView[] {
  return driver.rows<ApprovalRow>(`SELECT ${COLUMNS} FROM approvals WHERE event_id = ? ORDER BY route`, eventId).map(viewOf);
}

export function listOpenApprovals(driver: SqlDriver, limit: number): ApprovalView[] {
  // By when it was asked: one that may wait for longer is not younger.
  const sql = `SELECT ${COLUMNS} FROM approvals WHERE decision IS NULL ORDER BY expires_at - expires_ms, rowid LIMIT ?`;
  return driver.rows<ApprovalRow>(sql, limit).map(viewOf);
}

export function approvalsDue(driver: SqlDriver, now: number): ApprovalView[] {
  return driver.rows<ApprovalRow>(`SELECT ${COLUMNS} FROM approvals WHERE decision IS NULL AND expires_at <= ?`, now).map(viewOf);
}

function viewOf(row: ApprovalRow): ApprovalView {
  return {
    eventId: row.event_id,
    route: row.route,
    channel: row.channel,
    by: row.deciders === null ? null : (JSON.parse(row.deciders) as string[]),
    allowSelf: row.allow_self === 1,
    expiresMs: row.expires_ms,
    expiresAt: row.expires_at,
    decision: row.decision,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
  };
}
