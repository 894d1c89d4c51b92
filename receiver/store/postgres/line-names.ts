import type { Sql } from './driver.ts';
import { lineLock } from './locks.ts';

/** Which lines a change will touch, looked up before the transaction that locks them; a delivery's line never changes. */

/** All lines of these events: their deliveries' and those of the conversations that tell of them. */
export async function linesOfEvents(sql: Sql, eventIds: readonly string[]): Promise<string[]> {
  return names(
    await sql.rows<KeyRow>(
      `SELECT order_key AS key FROM deliveries WHERE event_id = ANY ($1)
       UNION SELECT conversation FROM deliveries WHERE event_id = ANY ($1) AND conversation IS NOT NULL`,
      eventIds,
    ),
  );
}

/** The lines of these deliveries, and of the conversations that tell of their events. */
export async function linesOfDeliveries(sql: Sql, ids: readonly string[]): Promise<string[]> {
  return names(
    await sql.rows<KeyRow>(
      `SELECT order_key AS key FROM deliveries WHERE id = ANY ($1)
       UNION SELECT conversation FROM deliveries
       WHERE event_id IN (SELECT event_id FROM deliveries WHERE id = ANY ($1)) AND conversation IS NOT NULL`,
      ids,
    ),
  );
}

interface KeyRow {
  key: string;
}

function names(rows: readonly KeyRow[]): string[] {
  return rows.map(({ key }) => lineLock(key));
}
