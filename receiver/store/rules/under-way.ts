import { exists, type Work } from './work.ts';

/** Whether anything that an event dispatched waits, is being sent, or runs. */
export function* isUnderWay(eventId: string): Work<boolean> {
  return yield* exists(
    `SELECT 1 FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id WHERE d.event_id = $1 AND d.conversation IS NULL
       AND (d.state IN ('held', 'pending', 'in_flight') OR (r.status NOT IN ('completed', 'missing', 'unknown') AND r.next_poll_at IS NOT NULL))
     LIMIT 1`,
    eventId,
  );
}
