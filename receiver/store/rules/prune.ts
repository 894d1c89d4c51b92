import type { PruneOptions } from '../retention.ts';
import { forgetFailures } from './alerts.ts';
import { forgetOldOccurrences } from './occurrences.ts';
import { locksOfEvents } from './order-keys.ts';
import { UNDELIVERED } from './views.ts';
import { exec, lock, rows, type Work } from './work.ts';

/** So many events are looked at in one statement. */
const PAGE = 500;

/**
 * Events that may go, in the order in which they came; see `Retention`. They are read from the first, page by page, until a
 * page ends with one that is too young: an index by time would cost every event an entry.
 */
export function* oldEvents({ before, limit }: PruneOptions): Work<string[]> {
  const events: string[] = [];
  for (let last = 0; ; ) {
    // A subquery with LIMIT is answered event by event; PostgreSQL might join NOT EXISTS with all deliveries that there are.
    const page = yield* rows<{ seq: number; id: string; received_at: number; may_go: number }>(
      `SELECT seq, id, received_at, CASE WHEN received_at < $1 AND
         (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND ${UNDELIVERED} LIMIT 1) IS NULL THEN 1 ELSE 0 END AS may_go
       FROM events e WHERE seq > $2 ORDER BY seq LIMIT ${PAGE}`,
      before,
      last,
    );
    events.push(...page.filter(({ may_go }) => may_go === 1).map(({ id }) => id));
    const end = page.at(-1);
    if (events.length >= limit || page.length < PAGE || end === undefined || end.received_at >= before) return events.slice(0, limit);
    last = end.seq;
  }
}

/** Removes those of the events that still may go, with all that belongs to them; returns how many there were. */
export function* removeEvents(ids: readonly string[]): Work<number> {
  if (ids.length === 0) return 0;
  // With these locks held nobody replays one of them meanwhile, or begins a message in a conversation that is removed.
  yield* lock(() => locksOfEvents(ids));
  const replayed = yield* rows<{ event_id: string }>(`SELECT event_id FROM deliveries WHERE event_id = ANY ($1) AND ${UNDELIVERED}`, ids);
  const kept = new Set(replayed.map(({ event_id }) => event_id));
  const events = ids.filter((id) => !kept.has(id));
  const deliveries = yield* rows<{ id: string; conversation: string | null }>(
    'SELECT id, conversation FROM deliveries WHERE event_id = ANY ($1)',
    events,
  );
  const deliveryIds = deliveries.map(({ id }) => id);
  for (const table of ['attempts', 'notes', 'runs'] as const) {
    yield* exec(`DELETE FROM ${table} WHERE delivery_id = ANY ($1)`, deliveryIds);
  }
  yield* exec('DELETE FROM deliveries WHERE id = ANY ($1)', deliveryIds);
  yield* exec('DELETE FROM approvals WHERE event_id = ANY ($1)', events);
  yield* forgetFailures(events);
  const conversations = [...new Set(deliveries.flatMap(({ conversation }) => conversation ?? []))];
  yield* exec(
    `DELETE FROM conversations WHERE key = ANY ($1)
       AND (SELECT 1 FROM deliveries d WHERE d.conversation = conversations.key AND d.conversation IS NOT NULL LIMIT 1) IS NULL`,
    conversations,
  );
  return yield* exec('DELETE FROM events WHERE id = ANY ($1)', events);
}

/** Rejected requests, ended mutes and occurrences from before then. */
export function* removeOldRecords(before: number): Work<void> {
  yield* exec('DELETE FROM rejected WHERE received_at < $1', before);
  yield* exec('DELETE FROM mutes WHERE until < $1', before);
  yield* forgetOldOccurrences(before);
}
