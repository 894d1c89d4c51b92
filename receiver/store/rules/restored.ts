import { insertAttempts } from './attempts.ts';
import { MAY_HAVE_LEFT } from './reasons.ts';
import { exec, forEach, rows, type Work } from './work.ts';

/** What a delivery is in that is not finished. */
export type OpenState = 'pending' | 'in_flight' | 'held';

interface OpenRow {
  readonly id: string;
  readonly state: OpenState;
  readonly updated_at: number;
}

const OPEN = `state IN ('pending', 'in_flight', 'held')`;

/**
 * The database was restored at `at`: what is open may have been sent between its last change and then.
 *
 * @param eventId only the deliveries of this event
 * @returns what is open
 */
export function* markRestored(at: number, eventId?: string): Work<OpenRow[]> {
  const open =
    eventId === undefined
      ? yield* rows<OpenRow>(`SELECT id, state, updated_at FROM deliveries WHERE ${OPEN} ORDER BY seq`)
      : yield* rows<OpenRow>(`SELECT id, state, updated_at FROM deliveries WHERE event_id = $1 AND ${OPEN} ORDER BY seq`, eventId);
  yield* forEach(open, ({ id, updated_at }) =>
    insertAttempts(id, [
      { startedAt: updated_at, durationMs: Math.max(0, at - updated_at), outcome: 'restored', status: null, detail: MAY_HAVE_LEFT },
    ]),
  );
  // The time for retries begins again: the backup may be older than that.
  const change = 'UPDATE deliveries SET ambiguous = 1, retrying_since = GREATEST(retrying_since, $1) WHERE';
  if (eventId === undefined) yield* exec(`${change} ${OPEN}`, at);
  else yield* exec(`${change} event_id = $2 AND ${OPEN}`, at, eventId);
  return open;
}
