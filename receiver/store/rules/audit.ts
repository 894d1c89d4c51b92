import type { RelayEvent } from '../../../src/event/event.ts';
import type { AuditedDelivery, AuditedEvent, AuditLog, AuditStep } from '../audit.ts';
import type { DeliveryState, EventOutcome, Note } from '../delivery.ts';
import type { RunStatus } from '../run.ts';
import { APPROVAL_COLUMNS, type ApprovalRow, viewOfApproval } from './views.ts';
import { rows, type Work } from './work.ts';

interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly received_at: number;
  readonly outcome: EventOutcome;
  readonly duplicate_of: string | null;
  readonly event: string;
}

interface DeliveryRow {
  readonly id: string;
  readonly event_id: string;
  readonly route: string;
  readonly target: string;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly run_url: string | null;
  readonly run_status: RunStatus | null;
  readonly conclusion: string | null;
  readonly ended_at: number | null;
}

/** See `AuditLog.auditEvents`. An index by time would cost every event an entry: what is too old is passed over once, by the first step. */
export function* auditEvents({ since, until, after, limit }: Parameters<AuditLog['auditEvents']>[0]): Work<AuditStep> {
  const events = yield* rows<EventRow>(
    `SELECT seq, id, received_at, outcome, duplicate_of, event FROM events
     WHERE seq > $1 AND received_at >= $2 AND received_at < $3 ORDER BY seq LIMIT $4`,
    after,
    since,
    until,
    limit,
  );
  const ids = events.map(({ id }) => id);
  const deliveries = grouped(yield* deliveriesOf(ids), ({ event_id }) => event_id);
  const approvals = grouped(
    ids.length === 0
      ? []
      : yield* rows<ApprovalRow>(
          `SELECT ${APPROVAL_COLUMNS} FROM approvals WHERE event_id = ANY ($1) ORDER BY event_id COLLATE "C", route COLLATE "C"`,
          ids,
        ),
    ({ event_id }) => event_id,
  );
  const notes = yield* notesOf([...deliveries.values()].flat());
  const items = events.map(
    (row): AuditedEvent => ({
      id: row.id,
      receivedAt: row.received_at,
      outcome: row.outcome,
      duplicateOf: row.duplicate_of,
      event: JSON.parse(row.event) as RelayEvent,
      deliveries: (deliveries.get(row.id) ?? []).map((delivery) => audited(delivery, notes.get(delivery.id) ?? [])),
      approvals: (approvals.get(row.id) ?? []).map(viewOfApproval),
    }),
  );
  return { items, next: events.length < limit ? undefined : events.at(-1)?.seq };
}

function* deliveriesOf(eventIds: readonly string[]): Work<DeliveryRow[]> {
  if (eventIds.length === 0) return [];
  return yield* rows<DeliveryRow>(
    `SELECT d.id, d.event_id, d.route, d.target, d.state, d.reason, d.attempts, d.created_at, d.updated_at,
       COALESCE(r.url, d.run_url) AS run_url, r.status AS run_status, r.conclusion, r.ended_at
     FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id WHERE d.event_id = ANY ($1) AND d.ephemeral = 0 ORDER BY d.seq`,
    eventIds,
  );
}

function* notesOf(deliveries: readonly DeliveryRow[]): Work<Map<string, (Note & { delivery_id: string })[]>> {
  if (deliveries.length === 0) return new Map();
  const found = yield* rows<Note & { delivery_id: string }>(
    'SELECT delivery_id, at, text FROM notes WHERE delivery_id = ANY ($1) ORDER BY seq',
    deliveries.map(({ id }) => id),
  );
  return grouped(found, ({ delivery_id }) => delivery_id);
}

function audited(row: DeliveryRow, notes: readonly Note[]): AuditedDelivery {
  return {
    id: row.id,
    route: row.route,
    target: row.target,
    state: row.state,
    reason: row.reason,
    attempts: row.attempts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    runUrl: row.run_url,
    runStatus: row.run_status,
    conclusion: row.conclusion,
    runEndedAt: row.ended_at,
    notes: notes.map(({ at, text }) => ({ at, text })),
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
