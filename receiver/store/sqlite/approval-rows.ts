import { APPROVAL_COLUMNS, type ApprovalRow, viewOfApproval } from '../rules/views.ts';
import type { ApprovalView } from '../store.ts';
import { firstRow, type SqlDriver } from './driver.ts';

export function findApproval(driver: SqlDriver, eventId: string, route: string): ApprovalView | undefined {
  const row = firstRow<ApprovalRow>(driver, `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = ? AND route = ?`, eventId, route);
  return row && viewOfApproval(row);
}

export function approvalsOf(driver: SqlDriver, eventId: string): ApprovalView[] {
  return driver
    .rows<ApprovalRow>(`SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = ? ORDER BY route`, eventId)
    .map(viewOfApproval);
}

export function listOpenApprovals(driver: SqlDriver, limit: number): ApprovalView[] {
  // By when it was asked: one that may wait for longer is not younger.
  const sql = `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE decision IS NULL ORDER BY expires_at - expires_ms, rowid LIMIT ?`;
  return driver.rows<ApprovalRow>(sql, limit).map(viewOfApproval);
}

export function approvalsDue(driver: SqlDriver, now: number): ApprovalView[] {
  return driver
    .rows<ApprovalRow>(`SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE decision IS NULL AND expires_at <= ?`, now)
    .map(viewOfApproval);
}
