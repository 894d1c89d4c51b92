import { UNDELIVERED } from '../rules/views.ts';
import type { PruneOptions } from '../store.ts';
import { placeholders, type SqlDriver } from './driver.ts';

/** See `Retention` in `store.ts`. Runs inside the caller's transaction. */
export function pruneEvents(driver: SqlDriver, { before, limit }: PruneOptions): number {
  const events = driver.rows<{ id: string }>(
    `SELECT id FROM events e WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND ${UNDELIVERED})
     ORDER BY received_at LIMIT ?`,
    before,
    limit,
  );
  for (const { id } of events) removeEvent(driver, id);
  driver.run('DELETE FROM rejected WHERE received_at < ?', before);
  driver.run('DELETE FROM mutes WHERE until < ?', before);
  return events.length;
}

function removeEvent(driver: SqlDriver, id: string): void {
  const deliveries = driver.rows<{ id: string; conversation: string | null }>(
    'SELECT id, conversation FROM deliveries WHERE event_id = ?',
    id,
  );
  for (const delivery of deliveries) {
    for (const table of ['attempts', 'notes', 'runs'] as const) driver.run(`DELETE FROM ${table} WHERE delivery_id = ?`, delivery.id);
  }
  driver.run('DELETE FROM deliveries WHERE event_id = ?', id);
  driver.run('DELETE FROM approvals WHERE event_id = ?', id);
  driver.run('DELETE FROM events WHERE id = ?', id);
  const conversations = [...new Set(deliveries.flatMap(({ conversation }) => conversation ?? []))];
  if (conversations.length === 0) return;
  driver.run(
    `DELETE FROM conversations WHERE key IN (${placeholders(conversations)})
       AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation = conversations.key AND d.conversation IS NOT NULL)`,
    ...conversations,
  );
}
