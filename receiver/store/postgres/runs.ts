import { missingRunAlert } from '../rules/decisions.ts';
import { openRunOf, RUN_COLUMNS, type RunRow, viewOfRun } from '../rules/views.ts';
import { describeRun, idsIn, isAboutAny, isNewer, type OpenRun, type RunChange, type RunConsequences, type RunReport } from '../run.ts';
import { alertEvent, conversationsOf, insertWithMute, tellEvent } from './conversations.ts';
import type { PostgresDriver, Sql } from './driver.ts';
import { linesOfEvents } from './line-names.ts';
import { lineLock, locksOf } from './locks.ts';
import { addNote } from './notes.ts';
import { keepRepositoryId, namesOfRepository } from './repositories.ts';

/** Takes runs that are due for a look, and says when to look again; what another receiver is taking is its own. */
export async function takeRuns(
  driver: PostgresDriver,
  { now, limit, lookAgainAt }: { now: number; limit: number; lookAgainAt: (run: OpenRun) => number },
): Promise<OpenRun[]> {
  return driver.transaction([], async (sql) => {
    const rows = await sql.rows<RunRow>(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE look_at IS NOT NULL AND look_at <= $1 ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      now,
      limit,
    );
    if (rows.length === 0) return [];
    const due = rows.map(openRunOf);
    const again = due.map(lookAgainAt).map((at) => (Number.isFinite(at) ? Math.round(at) : null));
    await sql.run(
      `UPDATE runs SET look_at = given.again, look_set_at = $3, looks = looks + 1
       FROM unnest($1::text[], $2::bigint[]) AS given (id, again) WHERE delivery_id = given.id`,
      due.map(({ deliveryId }) => deliveryId),
      again,
      now,
    );
    return due;
  });
}

export async function earliestLook(sql: Sql): Promise<number | undefined> {
  const [row] = await sql.rows<{ look_at: number }>('SELECT look_at FROM runs WHERE look_at IS NOT NULL ORDER BY look_at LIMIT 1');
  return row?.look_at;
}

export async function recordReports(
  driver: PostgresDriver,
  reports: readonly RunReport[],
  now: number,
  consequences: RunConsequences,
): Promise<RunChange[]> {
  const lines = await linesTouched(driver, reports, consequences);
  if (lines.length === 0) return [];
  return driver.transaction(lines, async (sql) => {
    const changes: RunChange[] = [];
    for (const report of reports) {
      for (const row of await runsFor(sql, report, 'FOR UPDATE')) changes.push(await record(sql, row, report, now, consequences));
    }
    return changes;
  });
}

/** As far as can be told before it is done; what else it comes to is locked on the way. */
async function linesTouched(sql: Sql, reports: readonly RunReport[], consequences: RunConsequences): Promise<string[]> {
  const lines: string[] = [];
  for (const report of reports) {
    for (const row of await runsFor(sql, report)) {
      lines.push(...(await linesOfEvents(sql, [row.event_id])));
      lines.push(...consequences(await changeOf(sql, row, report)).map(({ orderKey }) => lineLock(orderKey)));
    }
  }
  return lines;
}

export async function findRuns(sql: Sql, report: RunReport): Promise<OpenRun[]> {
  return (await runsFor(sql, report)).map(openRunOf);
}

/** The runs that a report is about and tells something new of. */
async function runsFor(sql: Sql, report: RunReport, lock: 'FOR UPDATE' | '' = ''): Promise<RunRow[]> {
  let rows = await sql.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE run_id = $1 ORDER BY delivery_id ${lock}`, report.runId);
  if (rows.length === 0) {
    rows = await sql.rows<RunRow>(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE delivery_id = ANY ($1) AND run_id IS NULL ORDER BY delivery_id ${lock}`,
      idsIn(report.title),
    );
  }
  if (rows.length === 0) return [];
  const names = await namesOfRepository(sql, report);
  return rows.filter((row) => isAboutAny(openRunOf(row), report, names) && isNewer(row, report));
}

async function changeOf(sql: Sql, row: RunRow, report: RunReport): Promise<RunChange> {
  const completed = report.status === 'completed';
  return {
    deliveryId: row.delivery_id,
    eventId: row.event_id,
    route: row.route,
    repository: row.repository,
    before: viewOfRun(row),
    after: {
      id: report.runId,
      url: report.url,
      status: report.status,
      conclusion: completed ? report.conclusion : null,
      attempt: report.attempt,
      startedAt: report.startedAt,
      endedAt: completed ? report.endedAt : null,
    },
    conversations: await conversationsOf(sql, row.event_id),
  };
}

async function record(sql: Sql, row: RunRow, report: RunReport, now: number, consequences: RunConsequences): Promise<RunChange> {
  const change = await changeOf(sql, row, report);
  const { after } = change;
  await sql.run(
    `UPDATE runs SET run_id = $1, url = $2, status = $3, conclusion = $4, attempt = $5, run_created_at = $6, started_at = $7, ended_at = $8,
       look_set_at = CASE WHEN look_at IS NULL THEN $9 ELSE look_set_at END,
       look_at = CASE WHEN $3 = 'completed' THEN NULL ELSE COALESCE(look_at, $9) END WHERE delivery_id = $10`,
    after.id,
    after.url,
    after.status,
    after.conclusion,
    after.attempt,
    report.createdAt,
    after.startedAt,
    after.endedAt,
    now,
    row.delivery_id,
  );
  await sql.run('UPDATE deliveries SET run_id = $1, run_url = $2 WHERE id = $3', report.runId, report.url, row.delivery_id);
  if (report.repositoryId !== undefined) await keepRepositoryId(sql, row.repository, report.repositoryId);
  await addNote(sql, row.delivery_id, now, describeRun(after));
  const follows = consequences(change);
  const lines = locksOf(follows.map(({ orderKey }) => lineLock(orderKey)));
  if (lines !== '') await sql.run(lines);
  const [event] = await sql.rows<{ subject_key: string }>('SELECT subject_key FROM events WHERE id = $1', row.event_id);
  const told = { id: row.event_id, subjectKey: event?.subject_key ?? '' };
  for (const delivery of follows) await insertWithMute(sql, told, delivery, now);
  await tellEvent(sql, row.event_id, now);
  return change;
}

export async function markRun(
  driver: PostgresDriver,
  deliveryId: string,
  status: 'missing' | 'unknown',
  text: string,
  now: number,
): Promise<void> {
  const [delivery] = await driver.rows<{ event_id: string; route: string; target: string }>(
    'SELECT event_id, route, target FROM deliveries WHERE id = $1',
    deliveryId,
  );
  if (delivery === undefined) return;
  await driver.transaction(await linesOfEvents(driver, [delivery.event_id]), async (sql) => {
    const stop = status === 'unknown' ? ', look_at = NULL' : '';
    const marked = await sql.run(
      `UPDATE runs SET status = $1${stop} WHERE delivery_id = $2 AND run_id IS NULL AND status NOT IN ($1, 'completed')`,
      status,
      deliveryId,
    );
    if (marked === 0) return;
    await addNote(sql, deliveryId, now, text);
    if (status === 'missing') await alertEvent(sql, delivery.event_id, missingRunAlert(delivery, text), now);
    else await tellEvent(sql, delivery.event_id, now);
  });
}
