import { UNDELIVERED } from '../rules/views.ts';
import type { PruneOptions } from '../store.ts';
import type { PostgresDriver, Sql } from './driver.ts';
import { linesOfEvents } from './line-names.ts';

/** See `Retention` in `store.ts`; the same rules as `sqlite/prune.ts`. */
export async function pruneEvents(driver: PostgresDriver, { before, limit }: PruneOptions): Promise<number> {
  // Subqueries with LIMIT are answered event by event; NOT EXISTS might be joined with all deliveries that there are.
  const events = await driver.rows<{ id: string }>(
    `SELECT id FROM events e WHERE received_at < $1 AND (SELECT true FROM deliveries d WHERE d.event_id = e.id AND ${UNDELIVERED} LIMIT 1) IS NULL
     ORDER BY received_at LIMIT $2`,
    before,
    limit,
  );
  const ids = events.map(({ id }) => id);
  const pruned =
    ids.length === 0
      ? 0
      : // With their lines locked nobody replays one of them meanwhile, or begins a message in a conversation that goes.
        await driver.transaction(await linesOfEvents(driver, ids), (sql) => remove(sql, ids));
  await driver.run('DELETE FROM rejected WHERE received_at < $1', before);
  await driver.run('DELETE FROM mutes WHERE until < $1', before);
  return pruned;
}

async function remove(sql: Sql, ids: readonly string[]): Promise<number> {
  const replayed = await sql.rows<{ event_id: string }>(
    `SELECT event_id FROM deliveries WHERE event_id = ANY ($1) AND ${UNDELIVERED}`,
    ids,
  );
  const kept = new Set(replayed.map(({ event_id }) => event_id));
  const events = ids.filter((id) => !kept.has(id));
  const deliveries = await sql.rows<{ id: string; conversation: string | null }>(
    'SELECT id, conversation FROM deliveries WHERE event_id = ANY ($1)',
    events,
  );
  const deliveryIds = deliveries.map(({ id }) => id);
  for (const table of ['attempts', 'notes', 'runs'] as const) {
    await sql.run(`DELETE FROM ${table} WHERE delivery_id = ANY ($1)`, deliveryIds);
  }
  await sql.run('DELETE FROM deliveries WHERE id = ANY ($1)', deliveryIds);
  await sql.run('DELETE FROM approvals WHERE event_id = ANY ($1)', events);
  const conversations = [...new Set(deliveries.flatMap(({ conversation }) => conversation ?? []))];
  await sql.run(
    `DELETE FROM conversations c WHERE key = ANY ($1) AND (SELECT true FROM deliveries d WHERE d.conversation = c.key LIMIT 1) IS NULL`,
    conversations,
  );
  return sql.run('DELETE FROM events WHERE id = ANY ($1)', events);
}
