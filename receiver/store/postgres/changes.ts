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
import type { PostgresDriver, Sql } from './driver.ts';
import { promoteNext, release } from './line.ts';
import { linesOfDeliveries } from './line-names.ts';
import { addNote } from './notes.ts';

/** So many deliveries are changed in one transaction, so that nobody waits for long. */
const CHANGED_AT_ONCE = 50;

/** What a person does with deliveries, in the order of the ids. */
export async function changeDeliveries(
  driver: PostgresDriver,
  ids: readonly string[],
  change: Change,
  now: number,
  options: ChangeOptions = {},
): Promise<ChangeResult[]> {
  const results: ChangeResult[] = [];
  for (let i = 0; i < ids.length; i += CHANGED_AT_ONCE) {
    const some = ids.slice(i, i + CHANGED_AT_ONCE);
    const changed = await driver.transaction(await linesOfDeliveries(driver, some), async (sql) => {
      const inOrder: ChangeResult[] = [];
      for (const id of some) inOrder.push(await changeDelivery(sql, id, change, now, options));
      return inOrder;
    });
    results.push(...changed);
  }
  return results;
}

async function changeDelivery(sql: Sql, id: string, change: Change, now: number, options: ChangeOptions): Promise<ChangeResult> {
  // The row's lock too: a worker may be leasing it at this moment.
  const [row] = await sql.rows<ChangedRow>(`SELECT ${CHANGED_COLUMNS} FROM deliveries WHERE id = $1 FOR UPDATE`, id);
  if (row === undefined) return { id, done: false, why: 'there is no such delivery' };
  const why = whyNot(row, change, options);
  if (why !== undefined) return { id, done: false, why };
  const by = options.by ?? 'hand';
  switch (change) {
    case 'cancel':
      await cancel(sql, row, by, now);
      break;
    case 'approve':
      await release(sql, row.seq, now, now - CLOCK_DIFFERENCE_MS);
      await closeWhenNothingHeld(sql, row.event_id, row.route, 'approved', by, now);
      break;
    case 'replay':
      await replay(sql, id, row, now);
      break;
  }
  await addNote(sql, id, now, `${PAST[change]} by ${by}`);
  await tellEvent(sql, row.event_id, now);
  return { id, done: true };
}

async function cancel(sql: Sql, row: ChangedRow, by: string, now: number): Promise<void> {
  await sql.run(
    `UPDATE deliveries SET state = 'cancelled', ready = 0, reason = $1, updated_at = $2 WHERE seq = $3`,
    `cancelled by ${by}`,
    now,
    row.seq,
  );
  await promoteNext(sql, row.order_key, now);
  if (row.state === 'held') await closeWhenNothingHeld(sql, row.event_id, row.route, 'cancelled', by, now);
}

async function replay(sql: Sql, id: string, row: ChangedRow, now: number): Promise<void> {
  const [run] = await sql.rows<{ run_created_at: number | null }>('DELETE FROM runs WHERE delivery_id = $1 RETURNING run_created_at', id);
  if (row.approved === 1) {
    const earlier = { runsSince: row.runs_since, finishedAt: row.updated_at, runCreatedAt: run?.run_created_at ?? null };
    await release(sql, row.seq, now, runsSinceReplay(earlier, now));
    return;
  }
  // Nobody has ever approved it: it waits for that again.
  await sql.run(`UPDATE deliveries SET state = 'held', reason = $1, updated_at = $2 WHERE seq = $3`, WAITS_AGAIN, now, row.seq);
  await askAgain(sql, row.event_id, row.route, now);
}
