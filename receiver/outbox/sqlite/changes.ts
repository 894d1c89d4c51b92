import type { DeliveryState } from '../delivery.ts';
import type { ChangeOptions, ChangeResult } from '../store.ts';
import { askAgain, closeWhenNothingHeld } from './approvals.ts';
import { tellEvent } from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { CLOCK_DIFFERENCE_MS, promoteNext, release } from './line.ts';
import { addNote } from './notes.ts';

export type Change = 'replay' | 'approve' | 'cancel';

interface ChangedRow {
  seq: number;
  event_id: string;
  route: string;
  state: DeliveryState;
  order_key: string;
  request: string | null;
  reason: string | null;
  updated_at: number;
  approved: number;
}

/** What a person does with one delivery. Runs inside the caller's transaction. */
export function changeDelivery(driver: SqlDriver, id: string, change: Change, now: number, options: ChangeOptions = {}): ChangeResult {
  const row = firstRow<ChangedRow>(
    driver,
    'SELECT seq, event_id, route, state, order_key, request, reason, updated_at, approved FROM deliveries WHERE id = ?',
    id,
  );
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

function whyNot(row: ChangedRow, change: Change, { ifUpdatedAt }: ChangeOptions): string | undefined {
  const from = ALLOWED_FROM[change];
  if (!from.includes(row.state)) return `it is ${row.state}; only what is ${from.join(' or ')} can be ${PAST[change]}`;
  if (ifUpdatedAt !== undefined && ifUpdatedAt !== row.updated_at) return 'it has changed since: look at it again';
  if (change !== 'cancel' && row.request === null)
    return `it has nothing to send (${row.reason ?? 'no request'}): mend the route and send the event again`;
  return undefined;
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
  driver.run('DELETE FROM runs WHERE delivery_id = ?', id);
  if (row.approved === 1) {
    release(driver, row.seq, now, runsSinceReplay(row.updated_at, now));
    return;
  }
  // Nobody has ever approved it: it waits for that again.
  driver.run(`UPDATE deliveries SET state = 'held', reason = 'waits for approval', updated_at = ? WHERE seq = ?`, now, row.seq);
  askAgain(driver, row.event_id, row.route, now);
}

/** As early as clocks may differ, but after the runs that the delivery's earlier life can have started. */
function runsSinceReplay(finishedAt: number, now: number): number {
  return Math.min(now, Math.max(now - CLOCK_DIFFERENCE_MS, finishedAt + RUN_APPEARS_WITHIN_MS));
}

/** A dispatched run shows up within this time. Milliseconds. */
const RUN_APPEARS_WITHIN_MS = 60_000;

const ALLOWED_FROM: Readonly<Record<Change, readonly DeliveryState[]>> = {
  replay: ['delivered', 'dead', 'superseded', 'cancelled'],
  approve: ['held'],
  cancel: ['held', 'pending'],
};

const PAST = { replay: 'replayed', approve: 'approved', cancel: 'cancelled' } as const;
