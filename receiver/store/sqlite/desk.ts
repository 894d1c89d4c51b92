import type { JsonObject } from '../../../src/lib/json.ts';
import type {
  AttemptOutcome,
  DeliveryRecord,
  DeliveryState,
  DeliveryView,
  EventOutcome,
  EventView,
  HoldBack,
  RejectedRequest,
} from '../delivery.ts';
import {
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  FROM_DELIVERIES,
  viewOfDelivery,
  viewOfEvent,
} from '../rules/views.ts';
import type { Counts, DeliveryFilter, EventFilter } from '../store.ts';
import { firstRow, placeholders, type SqlDriver, type SqlValue } from './driver.ts';
import { notesOf } from './notes.ts';

export function listDeliveries(driver: SqlDriver, filter: DeliveryFilter): DeliveryView[] {
  // What only brings a message up to date is of interest to people when it fails.
  const where: string[] = [`(transient = 0 OR state = 'dead')`];
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
    where.push('d.event_id = ?');
    values.push(filter.eventId);
  }
  const sql = `SELECT ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} WHERE ${where.join(' AND ')} ORDER BY d.seq DESC LIMIT ?`;
  return driver.rows<DeliveryRow>(sql, ...values, filter.limit).map(viewOfDelivery);
}

export function findDelivery(driver: SqlDriver, id: string): DeliveryRecord | undefined {
  const row = firstRow<DeliveryRow>(driver, `SELECT ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} WHERE d.id = ?`, id);
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
  return { delivery: viewOfDelivery(row), attempts, notes: notesOf(driver, id) };
}

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

/** The first word stays: what was sent with it does not change any more. */
export function keepWandb(driver: SqlDriver, eventId: string, wandb: JsonObject | null): void {
  driver.run('UPDATE events SET wandb = ? WHERE id = ? AND wandb IS NULL', JSON.stringify(wandb), eventId);
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
