import type { RelayEvent } from '../../../src/event/event.ts';
import type { ChangeOptions, ChangeResult } from '../store.ts';
import { askAgain, cancelHeld, closeWhenNothingHeld, heldBy, lockedApproval } from './approvals.ts';
import { refreshConversations } from './conversations.ts';
import { decideLocked, neededOf, releaseApproved } from './decisions.ts';
import { keepEarlierRun } from './earlier-runs.ts';
import { CHANGED_COLUMNS, type Change, type ChangedRow, PAST, whyNot } from './may-change.ts';
import { addNote } from './notes.ts';
import { promoteNext, release } from './order.ts';
import { locksOfDeliveries } from './order-keys.ts';
import { cancelledBy, rejectedBy, WAITS_AGAIN, withReason } from './reasons.ts';
import { runsSinceReplay } from './runs-since.ts';
import { exec, exists, firstRow, forEach, lock, type Work } from './work.ts';

/** What a person does with some deliveries, in the order of the ids. */
export function* changeDeliveries(ids: readonly string[], change: Change, now: number, options: ChangeOptions = {}): Work<ChangeResult[]> {
  yield* lock(() => locksOfDeliveries(ids));
  // One decision about all that a route holds answers for each of them.
  const decided = new Map<string, ChangeResult>();
  return yield* forEach(ids, function* (id): Work<ChangeResult> {
    const known = decided.get(id);
    if (known !== undefined) return known;
    const { result, also } = yield* changeDelivery(id, change, now, options);
    for (const other of also) decided.set(other, { ...result, id: other });
    return result;
  });
}

interface Changed {
  readonly result: ChangeResult;
  /** Other deliveries that the same was done with. */
  readonly also: readonly string[];
}

function* changeDelivery(id: string, change: Change, now: number, options: ChangeOptions): Work<Changed> {
  // The row's lock too: a worker may be leasing it at this moment.
  const row = yield* firstRow<ChangedRow>(`SELECT ${CHANGED_COLUMNS} FROM deliveries WHERE id = $1 FOR UPDATE`, id);
  if (row === undefined) return refused(id, 'there is no such delivery');
  const why = whyNot(row, change, options) ?? (yield* whyNotNow(id, row, change, options));
  if (why !== undefined) return refused(id, why);
  const by = options.by ?? 'hand';
  switch (change) {
    case 'cancel':
      yield* cancel(row, by, now);
      break;
    case 'approve':
    case 'reject': {
      const decided = yield* decideOutside(id, row, change, now, options);
      if (decided !== undefined) return decided;
      break;
    }
    case 'replay':
      yield* replay(id, row, now);
      break;
  }
  yield* addNote(id, now, `${PAST[change]} by ${withReason(by, options.reason)}`);
  yield* refreshConversations(row.event_id, now);
  return { result: { id, done: true }, also: [] };
}

function refused(id: string, why: string): Changed {
  return { result: { id, done: false, why }, also: [] };
}

/** What only other rows say. */
function* whyNotNow(id: string, row: ChangedRow, change: Change, options: ChangeOptions): Work<string | undefined> {
  if (change === 'replay') return options.ifRunEnded === true ? yield* whyRunGoesOn(id) : undefined;
  return change === 'cancel' ? undefined : yield* whyNotOutside(row, change, options);
}

function* whyRunGoesOn(id: string): Work<string | undefined> {
  const goesOn = yield* exists(
    `SELECT 1 FROM runs WHERE delivery_id = $1 AND status NOT IN ('completed', 'missing', 'unknown') AND next_poll_at IS NOT NULL`,
    id,
  );
  return goesOn ? 'its run has not ended: wait for it, or cancel it at GitHub' : undefined;
}

/** Why nobody may decide outside of Slack, or this person may not. */
function* whyNotOutside(
  row: ChangedRow,
  change: Change,
  { by, persons = by === undefined ? [] : [by] }: ChangeOptions,
): Work<string | undefined> {
  const approval = yield* lockedApproval(row.event_id, row.route);
  if (approval?.allowAdmin === false)
    return `route ${row.route} is decided about in Slack only (allow_admin: false), in ${approval.channel}`;
  if (change === 'reject' || approval === undefined || approval.allowSelf) return undefined;
  const found = yield* firstRow<{ event: string }>('SELECT event FROM events WHERE id = $1', row.event_id);
  const { author } = found === undefined ? {} : (JSON.parse(found.event) as Partial<RelayEvent>);
  const isAuthor = author !== undefined && persons.some((name) => name.toLowerCase() === author.toLowerCase());
  return isAuthor ? `${author} caused this event, and authors may not approve their own events (allow_self: false)` : undefined;
}

/** `undefined`: the delivery alone was released, and the rest is the caller's. */
function* decideOutside(
  id: string,
  row: ChangedRow,
  change: 'approve' | 'reject',
  now: number,
  { by = 'hand', persons, reason }: ChangeOptions,
): Work<Changed | undefined> {
  const { event_id: eventId, route } = row;
  const approval = yield* lockedApproval(eventId, route);
  const isAsked = approval !== undefined && approval.decision === null;
  if (change === 'approve' && (!isAsked || neededOf(approval) === 1)) {
    yield* releaseApproved(row.seq, { by, reason }, now);
    yield* closeWhenNothingHeld(eventId, route, 'approved', by, now, reason);
    return undefined;
  }
  if (!isAsked) {
    yield* cancelHeld(row.seq, rejectedBy(by, reason), now);
    return undefined;
  }
  const held = (yield* heldBy(eventId, route)).map((each) => each.id);
  const names = persons === undefined ? {} : { persons };
  const decision = { eventId, route, decision: PAST[change], by, ...names, ...(reason === undefined ? {} : { reason }), at: now };
  // Whether the clock here is right is not known: what has expired is cancelled by a receiver.
  const result = yield* decideLocked({ ...decision, clockJumped: true });
  if (!result.done) return refused(id, result.why);
  return { result: { id, done: true, ...(result.approval.decision === null ? { counted: result.counted } : {}) }, also: held };
}

function* cancel(row: ChangedRow, by: string, now: number): Work<void> {
  yield* exec(
    `UPDATE deliveries SET state = 'cancelled', is_head = 0, reason = $1, updated_at = $2 WHERE seq = $3`,
    cancelledBy(by),
    now,
    row.seq,
  );
  yield* promoteNext(row.order_key, now);
  if (row.state === 'held') yield* closeWhenNothingHeld(row.event_id, row.route, 'cancelled', by, now);
}

function* replay(id: string, row: ChangedRow, now: number): Work<void> {
  const run = yield* firstRow<{ run_created_at: number | null }>('SELECT run_created_at FROM runs WHERE delivery_id = $1', id);
  const before = { runsSince: row.runs_since, finishedAt: row.updated_at, runCreatedAt: run?.run_created_at ?? null };
  const runsSince = runsSinceReplay(before, now);
  if (run !== undefined) yield* keepEarlierRun(id, runsSince);
  if (row.approved === 1) return yield* release(row.seq, now, runsSince);
  // Nobody has ever approved it, so it waits for that again.
  yield* exec(`UPDATE deliveries SET state = 'held', reason = $1, updated_at = $2 WHERE seq = $3`, WAITS_AGAIN, now, row.seq);
  yield* askAgain(row.event_id, row.route, now);
}
