import { rows, type Work } from './work.ts';

/**
 * Names of locks. Whatever changes the deliveries of an order key, or decides by what is known of a subject, a cooldown or
 * a conversation, holds a lock of that name for its whole transaction. So what several receivers do to one order key
 * happens one after another, as it does in SQLite. Leasing and settling a row need the row's lock only.
 */
export const orderKeyLock = (orderKey: string): string => `order ${orderKey}`;
export const subjectLock = (subjectKey: string): string => `subject ${subjectKey}`;
export const kindLock = (kind: string): string => `kind ${kind}`;
export const aliasLock = (aliasKey: string): string => `alias ${aliasKey}`;
export const cooldownLock = (cooldownKey: string): string => `cooldown ${cooldownKey}`;

interface KeyRow {
  key: string;
}

/** Locks for all order keys of these events: those of their deliveries and of the conversations that show them. */
export function* locksOfEvents(eventIds: readonly string[]): Work<string[]> {
  return locksFor(
    yield* rows<KeyRow>(
      `SELECT order_key AS key FROM deliveries WHERE event_id = ANY ($1)
       UNION SELECT conversation FROM deliveries WHERE event_id = ANY ($1) AND conversation IS NOT NULL`,
      eventIds,
    ),
  );
}

/** Locks for the order keys of these deliveries, and of the conversations that show their events. */
export function* locksOfDeliveries(ids: readonly string[]): Work<string[]> {
  return locksFor(
    yield* rows<KeyRow>(
      `SELECT order_key AS key FROM deliveries WHERE id = ANY ($1)
       UNION SELECT conversation FROM deliveries
       WHERE event_id IN (SELECT event_id FROM deliveries WHERE id = ANY ($1)) AND conversation IS NOT NULL`,
      ids,
    ),
  );
}

function locksFor(keys: readonly KeyRow[]): string[] {
  return keys.map(({ key }) => orderKeyLock(key));
}
