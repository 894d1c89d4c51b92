import { isFailure } from '../../../src/route/alert.ts';
import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import { isAction, isDispatch, type TargetRequest } from '../../../src/route/target.ts';
import type { Attempt, ClaimedDelivery, Settlement, StartedRun, Throttle } from '../delivery.ts';
import { FIRST_POLL_MS } from '../run.ts';
import { passOn, reportFailure, reportResolved } from './alerts.ts';
import { insertAttempts, lastAttemptOf } from './attempts.ts';
import {
  dropFollowedUpdate,
  dropUpdate,
  hasMessage,
  keepMessage,
  keepOneUpdate,
  refreshConversations,
  requestUpdate,
} from './conversations.ts';
import { insertForMembers } from './member-messages.ts';
import { messageFailed, questionAsked, questionNotAsked } from './not-asked.ts';
import { promoteNext } from './order.ts';
import { locksOfDeliveries } from './order-keys.ts';
import { supersededBy } from './reasons.ts';
import { lengthenThrottle } from './throttles.ts';
import { exec, firstRow, lock, type Work } from './work.ts';

interface SettledRow {
  seq: number;
  id: string;
  event_id: string;
  order_key: string;
  route: string;
  target: string;
  position: number;
  conversation: string | null;
  ephemeral: number;
  runs_since: number;
  last_attempt: string | null;
}

/** False, and nothing done, when the lease is no longer the caller's. */
export function* settleClaim(
  claim: Pick<ClaimedDelivery, 'id' | 'leaseToken' | 'request'>,
  attempt: Attempt,
  settlement: Settlement,
  throttle: Throttle | undefined,
): Work<boolean> {
  yield* lock(() => locksOfDeliveries([claim.id]));
  const row = yield* firstRow<SettledRow>(
    `SELECT seq, id, event_id, order_key, route, target, position, conversation, ephemeral, runs_since, last_attempt FROM deliveries
     WHERE id = $1 AND state = 'in_flight' AND lease_token = $2 FOR UPDATE`,
    claim.id,
    claim.leaseToken,
  );
  if (row === undefined) return false;
  const now = attempt.startedAt + attempt.durationMs;
  if (throttle !== undefined) yield* lengthenThrottle(throttle, now);
  const replacement = settlement.state === 'pending' && row.ephemeral === 0 ? yield* replacementOf(row) : undefined;
  const state = replacement ?? settlement;
  // The attempt that ends a delivery is part of its row.
  const isLast = state.state !== 'pending';
  yield* insertAttempts(claim.id, [...lastAttemptOf(row.last_attempt), ...(isLast ? [] : [attempt])]);
  yield* writeSettlement(row.seq, now, state, isLast ? JSON.stringify(attempt) : null);
  if (isLast) yield* promoteNext(row.order_key, now);
  if (row.conversation === null) {
    yield* settleDispatch(row, claim.request, settlement, now);
  } else {
    yield* settleMessage(row, row.conversation, { settlement, wasFound: attempt.outcome === 'found' }, now);
    if (settlement.state === 'delivered' && settlement.channels !== undefined) {
      yield* insertForMembers(row, row.conversation, settlement.channels, now);
    }
    yield* settleQuestion(row, row.conversation, { request: claim.request, attempt, settlement }, now);
  }
  return true;
}

function* settleDispatch(row: SettledRow, request: TargetRequest, settlement: Settlement, now: number): Work<void> {
  if (settlement.state === 'delivered') {
    yield* expectRun(row, request, settlement.run, now);
    if (request.kind === 'wandb_stop') yield* stopResolved(row, settlement.note, now);
  }
  if (settlement.state === 'dead' && isAction(request)) {
    const { target, route } = row;
    yield* reportFailure(row.event_id, { problem: 'not_dispatched', target, route, reason: settlement.reason }, settlement.alerts, now);
  } else yield* refreshConversations(row.event_id, now);
}

/** Nothing follows a stop, so what was reported of an earlier try ends here. */
function* stopResolved({ event_id: eventId, target, route }: SettledRow, note: string | undefined, now: number): Work<void> {
  yield* reportResolved(eventId, { target, route, reason: note ?? 'W&B was asked to stop it' }, now);
}

/** What a message that was sent means for its conversation. */
function* settleMessage(
  row: SettledRow,
  conversation: string,
  { settlement, wasFound }: { settlement: Settlement; wasFound: boolean },
  now: number,
): Work<void> {
  if (row.ephemeral === 1) {
    if (settlement.state === 'delivered') {
      const isNew = settlement.message !== undefined && (yield* keepMessage(row.id, conversation, settlement.message));
      yield* dropUpdate(row.id);
      if (isNew && wasFound) yield* requestUpdate(conversation, row.event_id, now);
    } else if (settlement.state === 'dead') yield* dropFollowedUpdate(row, now);
    else yield* keepOneUpdate(row, now);
    return;
  }
  if (settlement.state === 'pending') return;
  const posted = settlement.state === 'delivered' ? settlement.message : undefined;
  const isFirst = posted !== undefined && (yield* keepMessage(row.id, conversation, posted));
  // A message that was found shows the state at the time when an earlier attempt posted it.
  const showsAll = isFirst && !wasFound;
  if (!showsAll && (yield* hasMessage(conversation))) yield* requestUpdate(conversation, row.event_id, now);
}

/** Whether people can see what the message asks, and where else they are told when they cannot. */
function* settleQuestion(
  row: SettledRow,
  conversation: string,
  { request, attempt, settlement }: { request: TargetRequest; attempt: Attempt; settlement: Settlement },
  now: number,
): Work<void> {
  if (settlement.state === 'pending') return;
  if (settlement.state === 'dead') {
    const { reason, alerts } = settlement;
    if (request.kind === 'slack_reply') yield* passOnReply(row, request, alerts, now);
    else yield* messageFailed(row, conversation, { request, reason, policy: alerts }, now);
    return;
  }
  if (settlement.notAsked !== undefined) {
    yield* questionNotAsked(row.event_id, conversation, settlement.notAsked, settlement.alerts, now);
    return;
  }
  // An update that found nothing to change has no status.
  const isShown = request.kind === 'slack' || (request.kind === 'slack_update' && attempt.status !== null);
  if (isShown) yield* questionAsked(row.event_id, conversation);
}

function* passOnReply(
  row: SettledRow,
  request: Extract<TargetRequest, { kind: 'slack_reply' }>,
  policy: AlertPolicy | undefined,
  now: number,
): Work<void> {
  if (!('alert' in request) || !isFailure(request.alert)) return;
  const channel = row.target.slice(row.target.indexOf(':') + 1);
  yield* passOn(row.event_id, request.alert, { key: request.conversation, channel }, policy, now);
}

/** A dispatch has left: from now on its run is watched. */
function* expectRun(row: SettledRow, request: TargetRequest, run: StartedRun | null, now: number): Work<void> {
  if (!isDispatch(request)) return;
  yield* exec(
    `INSERT INTO runs (delivery_id, event_id, route, repository, kind, workflow, run_id, url, status, dispatched_at, runs_since, next_poll_at,
       poll_set_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $10) ON CONFLICT DO NOTHING`,
    row.id,
    row.event_id,
    row.route,
    request.repository,
    request.kind,
    request.kind === 'workflow_dispatch' ? request.workflow : null,
    run?.id ?? null,
    run?.url ?? null,
    run === null ? 'expected' : 'queued',
    now,
    row.runs_since,
    now + FIRST_POLL_MS,
  );
}

type Superseded = { readonly state: 'superseded'; readonly reason: string };

/**
 * The newer delivery that makes a retry of this one pointless (`order: latest`): of a later event, not an older one that
 * is replayed, and not another of the same event. The settled one is the head, so a newer one waits behind it.
 */
function* replacementOf(row: SettledRow): Work<Superseded | undefined> {
  const newer = yield* firstRow<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE order_key = $1 AND state = 'pending' AND is_head = 0 AND position > $2
       AND seq > $3 AND route = $4 AND event_id <> $5 AND replaces_older = 1 ORDER BY position DESC LIMIT 1`,
    row.order_key,
    row.position,
    row.seq,
    row.route,
    row.event_id,
  );
  return newer && { state: 'superseded', reason: supersededBy(newer.event_id) };
}

function* writeSettlement(seq: number, at: number, settlement: Settlement | Superseded, lastAttempt: string | null): Work<void> {
  const retry = settlement.state === 'pending' ? settlement : undefined;
  const run = settlement.state === 'delivered' ? settlement.run : null;
  yield* exec(
    `UPDATE deliveries SET state = $1, is_head = $2, due_at = COALESCE($3, due_at), ambiguous = $4, reason = $5, run_id = $6, run_url = $7,
       attempts = attempts + 1, lease_token = NULL, lease_until = NULL, lease_owner = NULL, updated_at = $8, last_attempt = $9
     WHERE seq = $10`,
    settlement.state,
    retry === undefined ? 0 : 1,
    retry?.dueAt ?? null,
    retry?.ambiguous === true ? 1 : 0,
    settlement.state === 'delivered' ? (settlement.note ?? null) : settlement.reason,
    run?.id ?? null,
    run?.url ?? null,
    at,
    lastAttempt,
    seq,
  );
}
