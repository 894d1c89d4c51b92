import {
  CHANGED_COLUMNS,
  type Change,
  type ChangedRow,
  CLOCK_DIFFERENCE_MS,
  PAST,
  runsSinceReplay,
  WAITS_AGAIN,
  whyNot,
} from '../rules/decisions.ts';
import type { ChangeOptions, ChangeResult } from '../store.ts';
import { askAgain, closeWhenNothingHeld } from './approvals.ts';
import { tellEvent } from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { promoteNext, release } from './line.ts';
import { addNote } from './notes.ts';

/** What a person does with one delivery. Runs inside the caller's transaction. */
export function changeDelivery(driver: SqlDriver, id: string, change: Change, now: number, options: ChangeOptions = {}): ChangeResult {
  const row = firstRow<ChangedRow>(driver, `SELECT ${CHANGED_COLUMNS} FROM deliveries WHERE id = ?`, id);
  if (row === undefined) return { id, done: false, why: 'there is no such delivery' };
  const why = whyNot(row, change, options);
  if (why !== undefined) return { id, done: false, why };
  const by = options.by ?? 'hand';
  switch (change) {
    case 'cancel':
      cancel(driver, row, by, now);
      break;
    case 'approve':
      release(driver, row.seq, now, now - CLOCK_DIFFERENCE_MS);
      closeWhenNothingHeld(driver, row.event_id, row.route, 'approved', by, now);
      break;
    case 'replay':
      replay(driver, id, row, now);
      break;
  }
  addNote(driver, id, now, `${PAST[change]} by ${by}`);
  tellEvent(driver, row.event_id, now);
  return { id, done: true };
}

function cancel(driver: SqlDriver, row: ChangedRow, by: string, now: number): void {
  driver.run(
    `UPDATE deliveries SET state = 'cancelled', ready = 0, reason = ?, updated_at = ? WHERE seq = ?`,
    `cancelled by ${by}`,
    now,
    row.seq,
  );
  promoteNext(driver, row.order_key, now);
  if (row.state === 'held') closeWhenNothingHeld(driver, row.event_id, row.route, 'cancelled', by, now);
}

function replay(driver: SqlDriver, id: string, row: ChangedRow, now: number): void {
  const run = firstRow<{ run_created_at: number | null }>(driver, 'SELECT run_created_at FROM runs WHERE delivery_id = ?', id);
  driver.run('DELETE FROM runs WHERE delivery_id = ?', id);
  if (row.approved === 1) {
    const earlier = { runsSince: row.runs_since, finishedAt: row.updated_at, runCreatedAt: run?.run_created_at ?? null };
    release(driver, row.seq, now, runsSinceReplay(earlier, now));
    return;
  }
  // Nobody has ever approved it: it waits for that again.
  driver.run(`UPDATE deliveries SET state = 'held', reason = ?, updated_at = ? WHERE seq = ?`, WAITS_AGAIN, now, row.seq);
  askAgain(driver, row.event_id, row.route, now);
}
