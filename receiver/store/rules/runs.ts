import type { RelayEvent } from '../../../src/event/event.ts';
import type { AlertPolicyOf } from '../../../src/route/alert-policy.ts';
import { describeRun, idsIn, isAboutAny, isNewer, type OpenRun, type RunReport } from '../run.ts';
import { hasEnded, isFailedEnd, type RunAlerts, type RunChange, type RunFollowUps } from '../run-change.ts';
import { reportFailure, reportResolved } from './alerts.ts';
import { conversationsOf, insertWithMute, refreshConversations } from './conversations.ts';
import { CURRENT, EARLIER, type RunTable, setNextPollOfEarlier } from './earlier-runs.ts';
import { recordDeployment } from './ledger.ts';
import { addNote } from './notes.ts';
import { locksOfEvents, orderKeyLock } from './order-keys.ts';
import { holderBehind } from './replaced.ts';
import { keepRepositoryId, namesOfRepository } from './repositories.ts';
import { openRunOf, type RunRow, viewOfRun } from './views.ts';
import { exec, firstRow, lock, rows, type SqlScalar, type Work } from './work.ts';

/** So many runs get their next poll time in one statement: a Durable Object takes at most 100 values. */
const RUNS_AT_ONCE = 30;

/** Takes runs that are due for a poll, and sets when to poll again; skips those that another receiver is taking. */
export function* takeRuns({
  now,
  limit,
  nextPollAt,
}: {
  now: number;
  limit: number;
  nextPollAt: (run: OpenRun) => number;
}): Work<OpenRun[]> {
  const runs = (yield* dueRuns(CURRENT, now, limit)).map(openRunOf);
  const earlier = runs.length >= limit ? [] : (yield* dueRuns(EARLIER, now, limit - runs.length)).map(openRunOf);
  for (let i = 0; i < runs.length; i += RUNS_AT_ONCE) {
    yield* setNextPolls(
      runs.slice(i, i + RUNS_AT_ONCE).map((run) => [run.deliveryId, roundedOrNull(nextPollAt(run))]),
      now,
    );
  }
  for (const run of earlier) yield* setNextPollOfEarlier(run, roundedOrNull(nextPollAt(run)), now);
  return [...runs, ...earlier];
}

function* dueRuns({ table, columns }: RunTable, now: number, limit: number): Work<RunRow[]> {
  return yield* rows<RunRow>(
    `SELECT ${columns} FROM ${table} WHERE next_poll_at IS NOT NULL AND next_poll_at <= $1 ORDER BY next_poll_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    now,
    limit,
  );
}

/** One statement for all of them: each would wait for an answer of the server. */
function* setNextPolls(polls: readonly (readonly [deliveryId: string, at: number | null])[], now: number): Work<void> {
  const cases = polls.map((_, i) => `WHEN $${2 * i + 3} THEN $${2 * i + 4}`).join(' ');
  const values = polls.flatMap<SqlScalar>((poll) => [...poll]);
  yield* exec(
    `UPDATE runs SET next_poll_at = CAST(CASE delivery_id ${cases} END AS bigint), poll_set_at = $2, polls = polls + 1 WHERE delivery_id = ANY ($1)`,
    polls.map(([deliveryId]) => deliveryId),
    now,
    ...values,
  );
}

function roundedOrNull(time: number): number | null {
  return Number.isFinite(time) ? Math.round(time) : null;
}

export function* earliestPoll(): Work<number | undefined> {
  const first = ({ table }: RunTable) => `(SELECT next_poll_at FROM ${table} WHERE next_poll_at IS NOT NULL ORDER BY next_poll_at LIMIT 1)`;
  const row = yield* firstRow<{ current: number | null; earlier: number | null }>(
    `SELECT ${first(CURRENT)} AS current, ${first(EARLIER)} AS earlier`,
  );
  const times = [row?.current, row?.earlier].filter((at) => typeof at === 'number');
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Stores what was reported, with its follow-ups. */
export function* recordReports(reports: readonly RunReport[], now: number, followUps: RunFollowUps, alerts?: RunAlerts): Work<RunChange[]> {
  yield* lock(() => locksFor(reports, followUps));
  const changes: RunChange[] = [];
  for (const report of reports) {
    for (const row of yield* runsFor(report, 'FOR UPDATE')) changes.push(yield* record(row, report, now, { followUps, alerts }));
  }
  return changes;
}

/** Those that are known beforehand; the rest is locked on the way. */
function* locksFor(reports: readonly RunReport[], followUps: RunFollowUps): Work<string[]> {
  const names: string[] = [];
  for (const report of reports) {
    for (const row of yield* runsFor(report)) {
      names.push(...(yield* locksOfEvents([row.event_id, ...(yield* holderOf(row.event_id))])));
      names.push(...followUps(yield* changeOf(row, report)).map(({ orderKey }) => orderKeyLock(orderKey)));
    }
  }
  return names;
}

/** See `holderBehind`. */
function* holderOf(eventId: string): Work<string[]> {
  const found = yield* firstRow<{ event: string }>('SELECT event FROM events WHERE id = $1', eventId);
  return found === undefined ? [] : yield* holderBehind(JSON.parse(found.event) as RelayEvent);
}

export function* findRuns(report: RunReport): Work<OpenRun[]> {
  return (yield* runsFor(report)).map(openRunOf);
}

/** The runs that a report is about and has news of: of deliveries as they were sent last, else of one before a replay. */
function* runsFor(report: RunReport, forUpdate: 'FOR UPDATE' | '' = ''): Work<RunRow[]> {
  const current = yield* runsIn(CURRENT, report, forUpdate);
  return current.length > 0 ? current : yield* runsIn(EARLIER, report, forUpdate);
}

function* runsIn({ table, columns }: RunTable, report: RunReport, forUpdate: 'FOR UPDATE' | ''): Work<RunRow[]> {
  let found = yield* rows<RunRow>(
    `SELECT ${columns} FROM ${table} WHERE run_id = $1 ORDER BY delivery_id COLLATE "C" ${forUpdate}`,
    report.runId,
  );
  const ids = found.length === 0 ? idsIn(report.title) : [];
  if (ids.length > 0) {
    found = yield* rows<RunRow>(
      `SELECT ${columns} FROM ${table} WHERE delivery_id = ANY ($1) AND run_id IS NULL ORDER BY delivery_id COLLATE "C" ${forUpdate}`,
      ids,
    );
  }
  if (found.length === 0) return [];
  const names = yield* namesOfRepository(report);
  return found.filter((row) => isAboutAny(openRunOf(row), report, names) && isNewer(row, report));
}

function* changeOf(row: RunRow, report: RunReport): Work<RunChange> {
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
    conversations: yield* conversationsOf(row.event_id),
    ...(row.n === 0 ? {} : { isEarlier: true as const }),
  };
}

function* record(
  row: RunRow,
  report: RunReport,
  now: number,
  { followUps, alerts }: { readonly followUps: RunFollowUps; readonly alerts: RunAlerts | undefined },
): Work<RunChange> {
  const change = yield* changeOf(row, report);
  const { after } = change;
  yield* exec(
    `UPDATE ${row.n === 0 ? 'runs' : 'earlier_runs'} SET run_id = $1, url = $2, status = $3, conclusion = $4, attempt = $5, run_created_at = $6, started_at = $7, ended_at = $8,
       poll_set_at = CASE WHEN next_poll_at IS NULL THEN $9 ELSE poll_set_at END,
       next_poll_at = CASE WHEN $3 = 'completed' THEN NULL ELSE COALESCE(next_poll_at, $9) END
     WHERE delivery_id = $10${row.n === 0 ? '' : ` AND n = ${row.n}`}`,
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
  if (row.n === 0) yield* exec('UPDATE deliveries SET run_id = $1, run_url = $2 WHERE id = $3', report.runId, report.url, row.delivery_id);
  if (report.repositoryId !== undefined) yield* keepRepositoryId(row.repository, report.repositoryId);
  yield* addNote(row.delivery_id, now, row.n === 0 ? describeRun(after) : `earlier ${describeRun(after)}`);
  if (row.n === 0) yield* recordDeployment(row.event_id, now);
  const following = followUps(change);
  yield* lock(following.map(({ orderKey }) => orderKeyLock(orderKey)));
  const subject = yield* firstRow<{ subject_key: string }>('SELECT subject_key FROM events WHERE id = $1', row.event_id);
  const event = { id: row.event_id, subjectKey: subject?.subject_key ?? '' };
  for (const delivery of following) yield* insertWithMute(event, delivery, now);
  if (hasEnded(change)) yield* reportEnd(change, alerts, now);
  yield* refreshConversations(row.event_id, now);
  return change;
}

/** What people are told of the end of an attempt. Ends such as `skipped` or `neutral` show in the message only. */
function* reportEnd(change: RunChange, alerts: RunAlerts | undefined, now: number): Work<void> {
  const { eventId, route, after, deliveryId } = change;
  const { url, conclusion, attempt, startedAt, endedAt } = after;
  const run = { url, conclusion, attempt, startedAt, endedAt };
  const delivery = yield* deliveryBehind(deliveryId);
  if (delivery === undefined) return;
  const { target } = delivery;
  if (conclusion === 'success') yield* reportResolved(eventId, { target, route, run, reason: describeRun(after) }, now);
  if (!isFailedEnd(conclusion)) return;
  const failed = alerts?.failedJob(change);
  const fact = {
    problem: 'run_failed',
    target,
    route,
    reason: describeRun(after),
    run: failed === undefined ? run : { ...run, failed },
  } as const;
  yield* reportFailure(eventId, fact, alerts?.policyOf(route), now);
}

export function* markRun(deliveryId: string, status: 'missing' | 'unknown', text: string, now: number, alerts?: AlertPolicyOf): Work<void> {
  yield* lock(function* () {
    const delivery = yield* deliveryBehind(deliveryId);
    return delivery === undefined ? [] : yield* locksOfEvents([delivery.event_id]);
  });
  const stop = status === 'unknown' ? ', next_poll_at = NULL' : '';
  const marked = yield* exec(
    `UPDATE runs SET status = $1${stop} WHERE delivery_id = $2 AND run_id IS NULL AND status NOT IN ($1, 'completed')`,
    status,
    deliveryId,
  );
  const delivery = marked === 0 ? undefined : yield* deliveryBehind(deliveryId);
  if (delivery === undefined) return;
  yield* addNote(deliveryId, now, text);
  const { event_id, target, route } = delivery;
  if (status === 'missing')
    return yield* reportFailure(event_id, { problem: 'run_missing', target, route, reason: text }, alerts?.(route), now);
  yield* reportResolved(event_id, { target, route, reason: text }, now);
  yield* refreshConversations(event_id, now);
}

function* deliveryBehind(id: string): Work<{ event_id: string; route: string; target: string } | undefined> {
  return yield* firstRow('SELECT event_id, route, target FROM deliveries WHERE id = $1', id);
}
