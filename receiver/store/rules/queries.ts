import type { JsonObject } from '../../../src/lib/json.ts';
import type { DeliveryRecord, DeliveryState, DeliveryView, EventOutcome, EventView, RejectedRequest } from '../delivery.ts';
import type { DeliveryFilter, DeliveryPageOptions, EventFilter } from '../page.ts';
import type { Counts } from '../store.ts';
import { attemptsOf } from './attempts.ts';
import { earlierRunsOf } from './earlier-runs.ts';
import { notesOf } from './notes.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, EVENT_COLUMNS, type EventRow, FROM_DELIVERIES, viewOfDelivery, viewOfEvent } from './views.ts';
import { Where } from './where.ts';
import { exec, firstRow, insertRows, rows, type Work } from './work.ts';

/** How many rejected requests are kept for inspection. */
const REJECTED_KEPT = 1000;
/** A request that comes again within this time is known. Milliseconds. */
const SEEN_KEPT_MS = 7 * 86_400_000;

export function* listDeliveries(filter: DeliveryFilter): Work<DeliveryView[]> {
  return (yield* deliveryRows(filter)).map(viewOfDelivery);
}

/** The rows of deliveries, up to a limit. */
export function* deliveryRows({ order, before, limit, ...filter }: DeliveryPageOptions): Work<(DeliveryRow & { seq: number })[]> {
  const oldestFirst = order === 'oldest first';
  const found: (DeliveryRow & { seq: number })[] = [];
  for (const part of partsOf(filter)) {
    // An update of a message is of interest to people only when it fails.
    const where = new Where(`(ephemeral = 0 OR state = 'dead')`, ...part);
    if (filter.states !== undefined) where.and('state = ANY (?)', filter.states);
    if (filter.since !== undefined) where.and('created_at >= ?', filter.since);
    if (filter.eventId !== undefined) where.and('d.event_id = ?', filter.eventId);
    if (filter.route !== undefined) where.and('d.route = ?', filter.route);
    if (before !== undefined) where.and(oldestFirst ? 'd.seq > ?' : 'd.seq < ?', before);
    const some = yield* rows<DeliveryRow & { seq: number }>(
      `SELECT d.seq, ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} ${where}
       ORDER BY d.seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT $${where.values.length + 1}`,
      ...where.values,
      limit,
    );
    found.push(...some);
  }
  return found.sort((a, b) => (oldestFirst ? a.seq - b.seq : b.seq - a.seq)).slice(0, limit);
}

/**
 * The conditions that choose the small index of what is asked for: what is open, and what has ended without success or is
 * held. Of everything, or of one event, there is one part.
 */
function partsOf({ states, eventId }: Omit<DeliveryFilter, 'limit'>): string[][] {
  if (states === undefined || states.includes('delivered') || eventId !== undefined) return [[]];
  const open = states.filter((state) => state === 'pending' || state === 'in_flight');
  return [...(open.length > 0 ? [[OPEN]] : []), ...(open.length < states.length ? [[NOT_OPEN]] : [])];
}

const OPEN = `d.seq IN (SELECT seq FROM deliveries WHERE is_head = 1 UNION ALL SELECT seq FROM deliveries WHERE state = 'pending' AND is_head = 0)`;
/** As it stands in the index. */
const NOT_OPEN = `state NOT IN ('delivered', 'pending', 'in_flight')`;

export function* findDelivery(id: string): Work<DeliveryRecord | undefined> {
  const row = yield* firstRow<DeliveryRow & { last_attempt: string | null }>(
    `SELECT ${DELIVERY_COLUMNS}, d.last_attempt ${FROM_DELIVERIES} WHERE d.id = $1`,
    id,
  );
  if (row === undefined) return undefined;
  const earlierRuns = yield* earlierRunsOf(id);
  return {
    delivery: viewOfDelivery(row),
    attempts: yield* attemptsOf(id, row.last_attempt),
    notes: yield* notesOf(id),
    ...(earlierRuns.length === 0 ? {} : { earlierRuns }),
  };
}

export function whereEvents(filter: Omit<EventFilter, 'limit'>): Where {
  const where = new Where('1 = 1');
  if (filter.outcomes !== undefined) {
    where.and('outcome = ANY (?)', filter.outcomes);
    if (!filter.outcomes.includes('routed')) where.and(`outcome <> 'routed'`);
  }
  // Written out, so that the planner sees that the small index of these is enough.
  if (filter.type === 'unknown') where.and(`type = 'unknown'`);
  else if (filter.type !== undefined) where.and('type = ?', filter.type);
  if (filter.since !== undefined) where.and('received_at >= ?', filter.since);
  return where;
}

export function* listEvents(filter: EventFilter): Work<EventView[]> {
  const where = whereEvents(filter);
  const found = yield* rows<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events ${where} ORDER BY seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    filter.limit,
  );
  return found.map(viewOfEvent);
}

export function* findEvent(id: string): Work<EventView | undefined> {
  const row = yield* firstRow<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = $1`, id);
  return row && viewOfEvent(row);
}

/** The first answer stays: what was sent with it does not change any more. */
export function* keepEnrichment(eventId: string, wandb: JsonObject | null): Work<void> {
  yield* exec('UPDATE events SET wandb = $1 WHERE id = $2 AND wandb IS NULL', JSON.stringify(wandb), eventId);
}

export function* keepRejected(rejected: RejectedRequest): Work<void> {
  const columns = { received_at: 'bigint', source: 'text', status: 'bigint', reason: 'text', body: 'text' } as const;
  const { receivedAt, source, status, reason, body } = rejected;
  yield* insertRows('rejected', columns, [[receivedAt, source, status, reason, body]]);
  yield* exec('DELETE FROM rejected WHERE seq < (SELECT seq FROM rejected ORDER BY seq DESC LIMIT 1 OFFSET $1)', REJECTED_KEPT - 1);
}

export function* listRejected(limit: number): Work<RejectedRequest[]> {
  const found = yield* rows<{ received_at: number; source: string; status: number; reason: string; body: string }>(
    'SELECT received_at, source, status, reason, body FROM rejected ORDER BY seq DESC LIMIT $1',
    limit,
  );
  return found.map(({ received_at, ...rest }) => ({ receivedAt: received_at, ...rest }));
}

export function* countAll(): Work<Counts> {
  const events = yield* rows<{ outcome: EventOutcome; n: number }>('SELECT outcome, COUNT(*) AS n FROM events GROUP BY outcome');
  const unrouted = (yield* firstRow<{ n: number }>('SELECT COUNT(*) AS n FROM unrouted'))?.n ?? 0;
  const deliveries = yield* rows<{ state: DeliveryState; n: number }>('SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state');
  const rejected = yield* firstRow<{ n: number }>('SELECT COUNT(*) AS n FROM rejected');
  return {
    events: { ...Object.fromEntries(events.map(({ outcome, n }) => [outcome, n])), ...(unrouted === 0 ? {} : { unrouted }) },
    deliveries: Object.fromEntries(deliveries.map(({ state, n }) => [state, n])),
    rejected: rejected?.n ?? 0,
  };
}

/** False when the key was seen before. */
export function* markSeen(key: string, now: number): Work<boolean> {
  yield* exec('DELETE FROM seen WHERE at < $1', now - SEEN_KEPT_MS);
  return (yield* insertRows('seen', { key: 'text', at: 'bigint' }, [[key, now]], { ignoreExisting: true })) > 0;
}
