import { missingRunAlert } from '../rules/decisions.ts';
import { openRunOf, RUN_COLUMNS, type RunRow, viewOfRun } from '../rules/views.ts';
import {
  describeRun,
  idsIn,
  isAboutAny,
  isNewer,
  type OpenRun,
  type RunChange,
  type RunConsequences,
  type RunReport,
  type RunView,
} from '../run.ts';
import { alertEvent, conversationsOf, insertWithMute, tellEvent } from './conversations.ts';
import { firstRow, placeholders, type SqlDriver } from './driver.ts';
import { addNote } from './notes.ts';
import { keepRepositoryId, namesOfRepository } from './repositories.ts';

/** All of this file runs inside the caller's transaction. */

/** Takes runs that are due for a look, and says when to look again. */
export function takeRuns(
  driver: SqlDriver,
  { now, limit, lookAgainAt }: { now: number; limit: number; lookAgainAt: (run: OpenRun) => number },
): OpenRun[] {
  const due = driver
    .rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE look_at IS NOT NULL AND look_at <= ? ORDER BY look_at LIMIT ?`, now, limit)
    .map(openRunOf);
  for (const run of due) {
    const again = lookAgainAt(run);
    driver.run(
      'UPDATE runs SET look_at = ?, look_set_at = ?, looks = looks + 1 WHERE delivery_id = ?',
      Number.isFinite(again) ? again : null,
      now,
      run.deliveryId,
    );
  }
  return due;
}

export function earliestLook(driver: SqlDriver): number | undefined {
  return firstRow<{ at: number | null }>(driver, 'SELECT MIN(look_at) AS at FROM runs WHERE look_at IS NOT NULL')?.at ?? undefined;
}

export function recordReport(driver: SqlDriver, report: RunReport, now: number, consequences: RunConsequences): RunChange[] {
  return newsFor(driver, report).map((row) => record(driver, row, report, now, consequences));
}

export function findRuns(driver: SqlDriver, report: RunReport): OpenRun[] {
  return newsFor(driver, report).map(openRunOf);
}

function newsFor(driver: SqlDriver, report: RunReport): RunRow[] {
  const names = namesOfRepository(driver, report);
  return runsFor(driver, report).filter((row) => isAboutAny(openRunOf(row), report, names) && isNewer(row, report));
}

function runsFor(driver: SqlDriver, report: RunReport): RunRow[] {
  const known = driver.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE run_id = ?`, report.runId);
  if (known.length > 0) return known;
  const ids = idsIn(report.title);
  if (ids.length === 0) return [];
  return driver.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE delivery_id IN (${placeholders(ids)}) AND run_id IS NULL`, ...ids);
}

function record(driver: SqlDriver, row: RunRow, report: RunReport, now: number, consequences: RunConsequences): RunChange {
  const after: RunView = {
    id: report.runId,
    url: report.url,
    status: report.status,
    conclusion: report.status === 'completed' ? report.conclusion : null,
    attempt: report.attempt,
    startedAt: report.startedAt,
    endedAt: report.status === 'completed' ? report.endedAt : null,
  };
  driver.run(
    `UPDATE runs SET run_id = ?, url = ?, status = ?, conclusion = ?, attempt = ?, run_created_at = ?, started_at = ?, ended_at = ?,
       look_set_at = CASE WHEN look_at IS NULL THEN ? ELSE look_set_at END,
       look_at = CASE WHEN ? = 'completed' THEN NULL ELSE COALESCE(look_at, ?) END WHERE delivery_id = ?`,
    after.id,
    after.url,
    after.status,
    after.conclusion,
    after.attempt,
    report.createdAt,
    after.startedAt,
    after.endedAt,
    now,
    after.status,
    now,
    row.delivery_id,
  );
  driver.run('UPDATE deliveries SET run_id = ?, run_url = ? WHERE id = ?', report.runId, report.url, row.delivery_id);
  if (report.repositoryId !== undefined) keepRepositoryId(driver, row.repository, report.repositoryId);
  addNote(driver, row.delivery_id, now, describeRun(after));
  const change: RunChange = {
    deliveryId: row.delivery_id,
    eventId: row.event_id,
    route: row.route,
    repository: row.repository,
    before: viewOfRun(row),
    after,
    conversations: conversationsOf(driver, row.event_id),
  };
  const subject = firstRow<{ subject_key: string }>(driver, 'SELECT subject_key FROM events WHERE id = ?', row.event_id);
  const event = { id: row.event_id, subjectKey: subject?.subject_key ?? '' };
  for (const delivery of consequences(change)) insertWithMute(driver, event, delivery, now);
  tellEvent(driver, row.event_id, now);
  return change;
}

export function markRun(driver: SqlDriver, deliveryId: string, status: 'missing' | 'unknown', text: string, now: number): void {
  const stop = status === 'unknown' ? ', look_at = NULL' : '';
  const marked = driver.run(
    `UPDATE runs SET status = ?${stop} WHERE delivery_id = ? AND run_id IS NULL AND status NOT IN (?, 'completed')`,
    status,
    deliveryId,
    status,
  );
  if (marked === 0) return;
  addNote(driver, deliveryId, now, text);
  const row = firstRow<{ event_id: string; route: string; target: string }>(
    driver,
    'SELECT event_id, route, target FROM deliveries WHERE id = ?',
    deliveryId,
  );
  if (row === undefined) return;
  if (status === 'missing') alertEvent(driver, row.event_id, missingRunAlert(row, text), now);
  else tellEvent(driver, row.event_id, now);
}
