import type { RelayEvent } from '../../../src/event.ts';
import type { JsonObject } from '../../../src/json.ts';
import type { TargetRequest } from '../../../src/target.ts';
import type { DeliveryState, DeliveryView, EventOutcome, EventView } from '../delivery.ts';
import type { RunStatus, RunView } from '../run.ts';

/** Rows of the tables, and what people see of them. */

export interface DeliveryRow {
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
  message_channel: string | null;
  message_ts: string | null;
  run_known_id: string | null;
  run_known_url: string | null;
  run_status: RunStatus | null;
  run_conclusion: string | null;
  run_attempt: number | null;
  run_started_at: number | null;
  run_ended_at: number | null;
}

/** Of `FROM_DELIVERIES`. */
export const DELIVERY_COLUMNS = `d.id, d.event_id, d.route, d.target, d.state, d.attempts, d.created_at, d.updated_at, d.due_at, d.reason,
  d.run_url, d.request, d.message_channel, d.message_ts, r.run_id AS run_known_id, r.url AS run_known_url, r.status AS run_status,
  r.conclusion AS run_conclusion, r.attempt AS run_attempt, r.started_at AS run_started_at, r.ended_at AS run_ended_at`;
export const FROM_DELIVERIES = 'FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id';

export function viewOfDelivery(row: DeliveryRow): DeliveryView {
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
    run: runOf(row),
    message: row.message_channel === null || row.message_ts === null ? null : { channel: row.message_channel, ts: row.message_ts },
  };
}

function runOf(row: DeliveryRow): RunView | null {
  if (row.run_status === null) return null;
  return {
    id: row.run_known_id,
    url: row.run_known_url,
    status: row.run_status,
    conclusion: row.run_conclusion,
    attempt: row.run_attempt ?? 1,
    startedAt: row.run_started_at,
    endedAt: row.run_ended_at,
  };
}

export interface EventRow {
  id: string;
  received_at: number;
  outcome: EventOutcome;
  duplicate_of: string | null;
  event: string;
  body: string;
  wandb: string | null;
  subject_key: string;
}

export const EVENT_COLUMNS = 'id, received_at, outcome, duplicate_of, event, body, wandb, subject_key';

export function viewOfEvent(row: EventRow): EventView {
  return {
    id: row.id,
    receivedAt: row.received_at,
    outcome: row.outcome,
    duplicateOf: row.duplicate_of,
    event: JSON.parse(row.event) as RelayEvent,
    body: row.body,
    wandb: row.wandb === null ? undefined : (JSON.parse(row.wandb) as JsonObject | null),
    subjectKey: row.subject_key,
  };
}
