import { ageOf, CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { DeliveryState, NewDelivery, NewEvent } from '../delivery.ts';
import { firstRow, type Work } from './work.ts';

/**
 * Events that waited on their way to the store (`NewEvent.waitedUntil`). What was received meanwhile is newer, although it
 * was stored first: a late event never takes its place.
 */

type Late = Pick<NewEvent, 'receivedAt' | 'waitedUntil'>;

/**
 * Whether what happened at `at` is newer than a late event. A time further ahead of the store's than clocks differ comes from
 * a clock that was ahead, and proves nothing.
 */
export function isNewerThan({ receivedAt, waitedUntil }: Late, at: number): boolean {
  return waitedUntil !== undefined && at > receivedAt && Number.isFinite(ageOf(at, waitedUntil));
}

/** From the first to the last moment, both included, at which something newer was received; milliseconds since 1970. */
export function newerTimes({ receivedAt, waitedUntil }: Late): readonly [number, number] {
  // Without a wait nothing is newer: the range is empty.
  return [receivedAt + 1, waitedUntil === undefined ? receivedAt : waitedUntil + CLOCK_TOLERANCE_MS];
}

/** The part of a delivery that says whose place it would take. */
export type Contender = Pick<NewDelivery, 'route' | 'orderKey' | 'replacesOlder'> & { readonly state: DeliveryState };

/**
 * The event whose delivery has the place that a late one would take: of the same route and order key, and sent or to be sent.
 * One that waits for an approval does not stop one that needs none.
 */
export function* newerEventOf(event: NewEvent, delivery: Contender): Work<string | undefined> {
  const isHeld = delivery.state === 'held';
  if (
    event.waitedUntil === undefined ||
    delivery.state === 'dead' ||
    delivery.state === 'superseded' ||
    !(delivery.replacesOlder || isHeld)
  )
    return undefined;
  const found = yield* firstRow<{ id: string }>(
    `SELECT e.id FROM events e JOIN deliveries d ON d.event_id = e.id
     WHERE e.subject_key = $1 AND e.outcome <> 'duplicate' AND e.received_at BETWEEN $2 AND $3
       AND d.order_key = $4 AND d.route = $5 AND d.ephemeral = 0
       AND (d.state IN ('pending', 'in_flight', 'delivered') OR (d.state = 'held' AND $6 = 1))
     ORDER BY e.seq DESC LIMIT 1`,
    event.subjectKey,
    ...newerTimes(event),
    delivery.orderKey,
    delivery.route,
    isHeld ? 1 : 0,
  );
  return found?.id;
}
