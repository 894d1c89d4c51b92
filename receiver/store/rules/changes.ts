import type { ChangeOptions, ChangeResult } from '../store.ts';
import { askAgain, closeWhenNothingHeld } from './approvals.ts';
import { refreshConversations } from './conversations.ts';
import { CHANGED_COLUMNS, type Change, type ChangedRow, PAST, whyNot } from './may-change.ts';
import { addNote } from './notes.ts';
import { promoteNext, release } from './order.ts';
import { locksOfDeliveries } from './order-keys.ts';
import { cancelledBy, WAITS_AGAIN } from './reasons.ts';
import { CLOCK_DIFFERENCE_MS, runsSinceReplay } from './runs-since.ts';
import { exec, firstRow, forEach, lock, type Work } from './work.ts';

/** What a person does with some deliveries, in the order of the ids. */
export function* changeDeliveries(ids: readonly string[], change: Change, now: number, options: ChangeOptions = {}): Work<ChangeResult[]> {
  yield* lock(() => locksOfDeliveries(ids));
  return yield* forEach(ids, (id) => changeDelivery(id, change, now, options));
}

function* changeDelivery(id: string, change: Change, now: number, options: ChangeOptions): Work<ChangeResult> {
  // The row's lock too: a worker may be leasing it at this moment.
  const row = yield* firstRow<ChangedRow>(`SELECT ${CHANGED_COLUMNS} FROM deliveries WHERE id = $1 FOR UPDATE`, id);
  if (row === undefined) return { id, done: false, why: 'there is no such delivery' };
  const why = whyNot(row, change, options);
  if (why !== undefined) return { id, done: false, why };
  const by = options.by ?? 'hand';
  switch (change) {
    case 'cancel':
      yield* cancel(row, by, now);
      break;
    case 'approve':
      yield* release(row.seq, now, now - CLOCK_DIFFERENCE_MS);
      yield* closeWhenNothingHeld(row.event_id, row.route, 'approved', by, now);
      break;
    case 'replay':
      yield* replay(id, row, now);
      break;
  }
  yield* addNote(id, now, `${PAST[change]} by ${by}`);
  yield* refreshConversations(row.event_id, now);
  return { id, done: true };
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
  const run = yield* firstRow<{ run_created_at: number | null }>('DELETE FROM runs WHERE delivery_id = $1 RETURNING run_created_at', id);
  if (row.approved === 1) {
    const before = { runsSince: row.runs_since, finishedAt: row.updated_at, runCreatedAt: run?.run_created_at ?? null };
    yield* release(row.seq, now, runsSinceReplay(before, now));
    return;
  }
  // Nobody has ever approved it, so it waits for that again.
  yield* exec(`UPDATE deliveries SET state = 'held', reason = $1, updated_at = $2 WHERE seq = $3`, WAITS_AGAIN, now, row.seq);
  yield* askAgain(row.event_id, row.route, now);
}
