import type { RelayEvent } from '../../../src/event/event.ts';
import { type JsonObject, readExactJson } from '../../../src/lib/json.ts';
import type { Approval } from '../../../src/route/route.ts';
import type { TargetRequest } from '../../../src/route/target.ts';
import type { ApprovalView, Vote } from '../approvals.ts';
import type { Mute } from '../conversations.ts';
import type { DeliveryState, DeliveryView, EventOutcome, EventView } from '../delivery.ts';
import type { EventSummary } from '../page.ts';
import type { OpenRun, RunStatus, RunView } from '../run.ts';

/** Rows of the tables, and what people see of them: the same columns in every store, flags as 0 and 1, JSON as text. */

export interface DeliveryRow {
  id: string;
  event_id: string;
  route: string;
  target: string;
  credential: string;
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
  run_next_poll_at: number | null;
}

/** Of `FROM_DELIVERIES`. */
export const DELIVERY_COLUMNS = `d.id, d.event_id, d.route, d.target, d.credential, d.state, d.attempts, d.created_at, d.updated_at, d.due_at, d.reason,
  d.run_url, d.request, d.message_channel, d.message_ts, r.run_id AS run_known_id, r.url AS run_known_url, r.status AS run_status,
  r.conclusion AS run_conclusion, r.attempt AS run_attempt, r.started_at AS run_started_at, r.ended_at AS run_ended_at,
  r.next_poll_at AS run_next_poll_at`;
export const FROM_DELIVERIES = 'FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id';

export function viewOfDelivery(row: DeliveryRow): DeliveryView {
  return {
    id: row.id,
    eventId: row.event_id,
    route: row.route,
    target: row.target,
    credential: row.credential,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    dueAt: row.state === 'pending' ? row.due_at : null,
    reason: row.reason,
    runUrl: row.run_url,
    request: row.request === null ? null : (readExactJson(row.request) as unknown as TargetRequest),
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
    ...(row.run_next_poll_at === null && GOES_ON.has(row.run_status) ? { isGivenUp: true as const } : {}),
  };
}

/** A run that somebody follows. */
const GOES_ON: ReadonlySet<RunStatus> = new Set(['expected', 'queued', 'in_progress']);

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
  return { ...withoutBody(row), body: row.body };
}

export function summaryOfEvent(row: Omit<EventRow, 'body'> & { body_length: number }): EventSummary {
  return { ...withoutBody(row), bodyLength: row.body_length };
}

function withoutBody(row: Omit<EventRow, 'body'>): Omit<EventView, 'body'> {
  return {
    id: row.id,
    receivedAt: row.received_at,
    outcome: row.outcome,
    duplicateOf: row.duplicate_of,
    event: JSON.parse(row.event) as RelayEvent,
    wandb: row.wandb === null ? undefined : (readExactJson(row.wandb) as JsonObject | null),
    subjectKey: row.subject_key,
  };
}

export interface ApprovalRow {
  event_id: string;
  route: string;
  channel: string;
  deciders: string | null;
  allow_self: number;
  expires_ms: number;
  expires_at: number;
  decision: ApprovalView['decision'];
  decided_by: string | null;
  decided_at: number | null;
  not_asked: string | null;
  settings: string | null;
  votes: string | null;
  reason: string | null;
  reminded_at: number | null;
  escalated_at: number | null;
}

export const APPROVAL_COLUMNS = `event_id, route, channel, deciders, allow_self, expires_ms, expires_at, decision, decided_by, decided_at,
  not_asked, settings, votes, reason, reminded_at, escalated_at`;

/** What of an approval is stored as JSON: nothing looks for it. Left out where it is the default. */
export type ApprovalSettings = Pick<Approval, 'approvals' | 'compare' | 'remindMs' | 'escalate' | 'allowAdmin'>;

export function viewOfApproval(row: ApprovalRow): ApprovalView {
  const settings = row.settings === null ? {} : (JSON.parse(row.settings) as ApprovalSettings);
  const by = row.deciders === null ? null : (JSON.parse(row.deciders) as string[]);
  return {
    eventId: row.event_id,
    route: row.route,
    channel: row.channel,
    by: by === null || row.escalated_at === null || settings.escalate === undefined ? by : [...new Set([...by, settings.escalate.to])],
    allowSelf: row.allow_self === 1,
    expiresMs: row.expires_ms,
    ...settings,
    expiresAt: row.expires_at,
    decision: row.decision,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    ...(row.not_asked === null ? {} : { notAsked: row.not_asked }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.votes === null ? {} : { votes: JSON.parse(row.votes) as Vote[] }),
    ...(row.reminded_at === null ? {} : { remindedAt: row.reminded_at }),
    ...(row.escalated_at === null ? {} : { escalatedAt: row.escalated_at }),
  };
}

export interface RunRow {
  delivery_id: string;
  event_id: string;
  route: string;
  repository: string;
  kind: OpenRun['kind'];
  workflow: string | null;
  run_id: string | null;
  url: string | null;
  status: RunStatus;
  conclusion: string | null;
  attempt: number;
  dispatched_at: number;
  runs_since: number;
  started_at: number | null;
  ended_at: number | null;
  polls: number;
  /** 0; of a run from before a replay its number. */
  n: number;
  runs_until: number | null;
}

export const RUN_COLUMNS = `delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, conclusion, attempt, dispatched_at,
  runs_since, started_at, ended_at, polls`;

export function openRunOf(row: RunRow): OpenRun {
  return {
    deliveryId: row.delivery_id,
    eventId: row.event_id,
    repository: row.repository,
    kind: row.kind,
    workflow: row.workflow,
    runId: row.run_id,
    status: row.status,
    dispatchedAt: row.dispatched_at,
    runsSince: row.runs_since,
    polls: row.polls,
    ...(row.n === 0 ? {} : { earlier: row.n }),
    ...(row.runs_until === null ? {} : { runsUntil: row.runs_until }),
  };
}

export function viewOfRun(row: RunRow): RunView {
  return {
    id: row.run_id,
    url: row.url,
    status: row.status,
    conclusion: row.conclusion,
    attempt: row.attempt,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

export interface MuteRow {
  route: string;
  subject_key: string;
  until: number;
  muted_by: string;
}

export function viewOfMute({ route, subject_key, until, muted_by }: MuteRow): Mute {
  return { route, subjectKey: subject_key, until, by: muted_by };
}

/** Of a delivery, never to be pruned: it is still to be sent, or a person may want it to be. An update that failed is neither. */
export const UNDELIVERED = `(state IN ('pending', 'in_flight', 'held') OR (state = 'dead' AND ephemeral = 0))`;
