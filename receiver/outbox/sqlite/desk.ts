import type { RelayEvent } from '../../../src/event.ts';
import type { TargetRequest } from '../../../src/target.ts';
import type {
  Attempt,
  AttemptOutcome,
  DeliveryState,
  DeliveryView,
  EventOutcome,
  EventView,
  HoldBack,
  RejectedRequest,
} from '../delivery.ts';
import type { ChangeResult, Counts, DeliveryFilter, EventFilter } from '../store.ts';
import { firstRow, placeholders, type SqlDriver, type SqlValue } from './driver.ts';
import { CLOCK_DIFFERENCE_MS, promoteNext } from './inbox.ts';

interface DeliveryRow {
  id: string;
  event_id: string;
  route: string;
  target: string;
  state: DeliveryState;
  attempts: number;
  created_at: number;
  updated_at: number;
  due_at: number;
  reason: string | null;
  run_url: string | null;
  request: string | null;
}

const DELIVERY_COLUMNS = 'id, event_id, route, target, state, attempts, created_at, updated_at, due_at, reason, run_url, request';

export function listDeliveries(driver: SqlDriver, filter: DeliveryFilter): DeliveryView[] {
  const where: string[] = ['1'];
  const values: SqlValue[] = [];
  if (filter.states !== undefined) {
    where.push(`state IN (${placeholders(filter.states)})`);
    values.push(...filter.states);
    // Says to SQLite that the small index of what is not delivered will do.
    if (!filter.states.includes('delivered')) where.push(`state <> 'delivered'`);
  }
  if (filter.since !== undefined) {
    where.push('created_at >= ?');
    values.push(filter.since);
  }
  if (filter.eventId !== undefined) {
    where.push('event_id = ?');
    values.push(filter.eventId);
  }
  const sql = `SELECT ${DELIVERY_COLUMNS} FROM deliveries WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`;
  return driver.rows<DeliveryRow>(sql, ...values, filter.limit).map(viewOfDelivery);
}

export function findDelivery(driver: SqlDriver, id: string): { delivery: DeliveryView; attempts: Attempt[] } | undefined {
  const row = firstRow<DeliveryRow>(driver, `SELECT ${DELIVERY_COLUMNS} FROM deliveries WHERE id = ?`, id);
  if (row === undefined) return undefined;
  const attempts = driver
    .rows<{ started_at: number; duration_ms: number; outcome: AttemptOutcome; status: number | null; detail: string }>(
      'SELECT started_at, duration_ms, outcome, status, detail FROM attempts WHERE delivery_id = ? ORDER BY seq',
      id,
    )
    .map(({ started_at, duration_ms, outcome, status, detail }) => ({
      startedAt: started_at,
      durationMs: duration_ms,
      outcome,
      status,
      detail,
    }));
  return { delivery: viewOfDelivery(row), attempts };
}

function viewOfDelivery(row: DeliveryRow): DeliveryView {
  return {
    id: row.id,
    eventId: row.event_id,
    route: row.route,
    target: row.target,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    dueAt: row.state === 'pending' ? row.due_at : null,
    reason: row.reason,
    runUrl: row.run_url,
    request: row.request === null ? null : (JSON.parse(row.request) as TargetRequest),
  };
}

interface EventRow {
  id: string;
  received_at: number;
  outcome: EventOutcome;
  duplicate_of: string | null;
  event: string;
  body: string;
}

const EVENT_COLUMNS = 'id, received_at, outcome, duplicate_of, event, body';

export function listEvents(driver: SqlDriver, filter: EventFilter): EventView[] {
  const where: string[] = ['1'];
  const values: SqlValue[] = [];
  if (filter.outcomes !== undefined) {
    where.push(`outcome IN (${placeholders(filter.outcomes)})`);
    values.push(...filter.outcomes);
    if (!filter.outcomes.includes('routed')) where.push(`outcome <> 'routed'`);
  }
  if (filter.type === 'unknown') {
    // Written out, so that SQLite sees that the small index of these will do.
    where.push(`type = 'unknown'`);
  } else if (filter.type !== undefined) {
    where.push('type = ?');
    values.push(filter.type);
  }
  const sql = `SELECT ${EVENT_COLUMNS} FROM events WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`;
  return driver.rows<EventRow>(sql, ...values, filter.limit).map(viewOfEvent);
}

export function findEvent(driver: SqlDriver, id: string): EventView | undefined {
  const row = firstRow<EventRow>(driver, `SELECT ${EVENT_COLUMNS} FROM events WHERE id = ?`, id);
  return row && viewOfEvent(row);
}

function viewOfEvent(row: EventRow): EventView {
  return {
    id: row.id,
    receivedAt: row.received_at,
    outcome: row.outcome,
    duplicateOf: row.duplicate_of,
    event: JSON.parse(row.event) as RelayEvent,
    body: row.body,
  };
}

export function listRejected(driver: SqlDriver, limit: number): RejectedRequest[] {
  return driver
    .rows<{ received_at: number; source: string; status: number; reason: string; body: string }>(
      'SELECT received_at, source, status, reason, body FROM rejected ORDER BY seq DESC LIMIT ?',
      limit,
    )
    .map(({ received_at, ...rest }) => ({ receivedAt: received_at, ...rest }));
}

export function countAll(driver: SqlDriver): Counts {
  const events = driver.rows<{ outcome: EventOutcome; n: number }>('SELECT outcome, COUNT(*) AS n FROM events GROUP BY outcome');
  const deliveries = driver.rows<{ state: DeliveryState; n: number }>('SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state');
  return {
    events: Object.fromEntries(events.map(({ outcome, n }) => [outcome, n])),
    deliveries: Object.fromEntries(deliveries.map(({ state, n }) => [state, n])),
    rejected: firstRow<{ n: number }>(driver, 'SELECT COUNT(*) AS n FROM rejected')?.n ?? 0,
  };
}

export function listHoldBacks(driver: SqlDriver, now: number): HoldBack[] {
  return driver
    .rows<{ credential: string; hold_until: number; hold_reason: string | null }>(
      'SELECT credential, hold_until, hold_reason FROM credentials WHERE hold_until > ? ORDER BY credential',
      now,
    )
    .map(({ credential, hold_until, hold_reason }) => ({ credential, until: hold_until, reason: hold_reason ?? '' }));
}

/** Runs inside the caller's transaction. */
export function changeDelivery(driver: SqlDriver, id: string, change: 'replay' | 'approve' | 'cancel', now: number): ChangeResult {
  const row = firstRow<{
    seq: number;
    state: DeliveryState;
    order_key: string;
    request: string | null;
    reason: string | null;
    credential: string;
    updated_at: number;
    approved: number;
  }>(driver, 'SELECT seq, state, order_key, request, reason, credential, updated_at, approved FROM deliveries WHERE id = ?', id);
  if (row === undefined) return { id, done: false, why: 'there is no such delivery' };
  const from = ALLOWED_FROM[change];
  if (!from.includes(row.state))
    return { id, done: false, why: `it is ${row.state}; only what is ${from.join(' or ')} can be ${PAST[change]}` };
  if (change === 'cancel') {
    driver.run(
      `UPDATE deliveries SET state = 'cancelled', ready = 0, reason = 'cancelled by hand', updated_at = ? WHERE seq = ?`,
      now,
      row.seq,
    );
    promoteNext(driver, row.order_key, now);
    return { id, done: true };
  }
  if (row.request === null)
    return { id, done: false, why: `it has nothing to send (${row.reason ?? 'no request'}): mend the route and send the event again` };
  if (change === 'replay' && row.approved === 0) {
    // Nobody has ever approved it: it waits for that again.
    driver.run(`UPDATE deliveries SET state = 'held', reason = 'waits for approval', updated_at = ? WHERE seq = ?`, now, row.seq);
    return { id, done: true };
  }
  const last = firstRow<{ position: number | null }>(
    driver,
    `SELECT MAX(position) AS position FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight')`,
    row.order_key,
  )?.position;
  driver.run(
    `UPDATE deliveries SET state = 'pending', approved = 1, ready = 0, position = ?, due_at = ?, since = ?, runs_since = ?, attempts = 0, ambiguous = 0,
       reason = NULL, run_id = NULL, run_url = NULL, updated_at = ? WHERE seq = ?`,
    (last ?? 0) + 1,
    now,
    now,
    change === 'approve' ? now - CLOCK_DIFFERENCE_MS : runsSinceReplay(row.updated_at, now),
    now,
    row.seq,
  );
  driver.run('INSERT INTO credentials (credential) VALUES (?) ON CONFLICT DO NOTHING', row.credential);
  promoteNext(driver, row.order_key, now);
  return { id, done: true };
}

/** As early as clocks may differ, but after the runs that the delivery's earlier life can have started. */
function runsSinceReplay(finishedAt: number, now: number): number {
  return Math.min(now, Math.max(now - CLOCK_DIFFERENCE_MS, finishedAt + RUN_APPEARS_WITHIN_MS));
}

/** A dispatched run shows up within this time. Milliseconds. */
const RUN_APPEARS_WITHIN_MS = 60_000;

const ALLOWED_FROM: Readonly<Record<'replay' | 'approve' | 'cancel', readonly DeliveryState[]>> = {
  replay: ['delivered', 'dead', 'superseded', 'cancelled'],
  approve: ['held'],
  cancel: ['held', 'pending'],
};

const PAST = { replay: 'replayed', approve: 'approved', cancel: 'cancelled' } as const;
