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
import type { Sql, SqlValue } from './driver.ts';
import { notesOf } from './notes.ts';

/** Conditions with the values that their placeholders stand for. */
class Where {
  readonly values: SqlValue[] = [];
  readonly #conditions: string[];

  constructor(...conditions: string[]) {
    this.#conditions = conditions;
  }

  /** `?` in `condition` is the value. */
  and(condition: string, value?: SqlValue): void {
    if (value !== undefined) this.values.push(value);
    this.#conditions.push(condition.replace('?', `$${this.values.length}`));
  }

  toString(): string {
    return `WHERE ${this.#conditions.join(' AND ')}`;
  }
}

export async function listDeliveries(sql: Sql, filter: DeliveryFilter): Promise<DeliveryView[]> {
  // What only brings a message up to date is of interest to people when it fails.
  const where = new Where(`(transient = 0 OR state = 'dead')`);
  if (filter.states !== undefined) {
    where.and('state = ANY (?)', filter.states);
    // Says to the planner that the small index of what is not delivered will do.
    if (!filter.states.includes('delivered')) where.and(`state <> 'delivered'`);
  }
  if (filter.since !== undefined) where.and('created_at >= ?', filter.since);
  if (filter.eventId !== undefined) where.and('d.event_id = ?', filter.eventId);
  const rows = await sql.rows<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} ${where} ORDER BY d.seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    filter.limit,
  );
  return rows.map(viewOfDelivery);
}

interface AttemptRow {
  started_at: number;
  duration_ms: number;
  outcome: AttemptOutcome;
  status: number | null;
  detail: string;
}

/** To be called in a snapshot. */
export async function findDelivery(sql: Sql, id: string): Promise<DeliveryRecord | undefined> {
  const [row] = await sql.rows<DeliveryRow>(`SELECT ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} WHERE d.id = $1`, id);
  if (row === undefined) return undefined;
  const attempts = await sql.rows<AttemptRow>(
    'SELECT started_at, duration_ms, outcome, status, detail FROM attempts WHERE delivery_id = $1 ORDER BY seq',
    id,
  );
  return {
    delivery: viewOfDelivery(row),
    attempts: attempts.map(({ started_at, duration_ms, outcome, status, detail }) => ({
      startedAt: started_at,
      durationMs: duration_ms,
      outcome,
      status,
      detail,
    })),
    notes: await notesOf(sql, id),
  };
}

export async function listEvents(sql: Sql, filter: EventFilter): Promise<EventView[]> {
  const where = new Where('true');
  if (filter.outcomes !== undefined) {
    where.and('outcome = ANY (?)', filter.outcomes);
    if (!filter.outcomes.includes('routed')) where.and(`outcome <> 'routed'`);
  }
  // Written out, so that the planner sees that the small index of these will do.
  if (filter.type === 'unknown') where.and(`type = 'unknown'`);
  else if (filter.type !== undefined) where.and('type = ?', filter.type);
  const rows = await sql.rows<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events ${where} ORDER BY seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    filter.limit,
  );
  return rows.map(viewOfEvent);
}

export async function findEvent(sql: Sql, id: string): Promise<EventView | undefined> {
  const [row] = await sql.rows<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = $1`, id);
  return row && viewOfEvent(row);
}

/** The first word stays: what was sent with it does not change any more. */
export async function keepWandb(sql: Sql, eventId: string, wandb: JsonObject | null): Promise<void> {
  await sql.run('UPDATE events SET wandb = $1 WHERE id = $2 AND wandb IS NULL', JSON.stringify(wandb), eventId);
}

export async function listRejected(sql: Sql, limit: number): Promise<RejectedRequest[]> {
  const rows = await sql.rows<{ received_at: number; source: string; status: number; reason: string; body: string }>(
    'SELECT received_at, source, status, reason, body FROM rejected ORDER BY seq DESC LIMIT $1',
    limit,
  );
  return rows.map(({ received_at, ...rest }) => ({ receivedAt: received_at, ...rest }));
}

/** To be called in a snapshot. */
export async function countAll(sql: Sql): Promise<Counts> {
  const events = await sql.rows<{ outcome: EventOutcome; n: number }>('SELECT outcome, count(*) AS n FROM events GROUP BY outcome');
  const deliveries = await sql.rows<{ state: DeliveryState; n: number }>('SELECT state, count(*) AS n FROM deliveries GROUP BY state');
  const [rejected] = await sql.rows<{ n: number }>('SELECT count(*) AS n FROM rejected');
  return {
    events: Object.fromEntries(events.map(({ outcome, n }) => [outcome, n])),
    deliveries: Object.fromEntries(deliveries.map(({ state, n }) => [state, n])),
    rejected: rejected?.n ?? 0,
  };
}

export async function listHoldBacks(sql: Sql, now: number): Promise<HoldBack[]> {
  const rows = await sql.rows<{ credential: string; hold_until: number; hold_reason: string | null }>(
    'SELECT credential, hold_until, hold_reason FROM credentials WHERE hold_until > $1 ORDER BY credential COLLATE "C"',
    now,
  );
  return rows.map(({ credential, hold_until, hold_reason }) => ({ credential, until: hold_until, reason: hold_reason ?? '' }));
}
