import { ageOf, CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { Accepted, EventOutcome, NewDelivery, NewEvent, RejectedRequest, RouteFiring } from '../delivery.ts';
import { canBeDuplicate, outcomeOf, REJECTED_KEPT, supersededBy } from '../rules/decisions.ts';
import { askApproval, closeWhenNothingHeld } from './approvals.ts';
import { insertWithMute, tellEvent } from './conversations.ts';
import { firstRow, type SqlDriver } from './driver.ts';
import { promoteNext } from './line.ts';

/** Stores one event with what follows from it. Runs inside the caller's transaction. */
export function acceptEvent(driver: SqlDriver, event: NewEvent, dedupeWindowMs: number): Accepted {
  const latest = firstRow<{ id: string; body_hash: string; received_at: number }>(
    driver,
    `SELECT id, body_hash, received_at FROM events WHERE subject_key = ? AND outcome <> 'duplicate' ORDER BY seq DESC LIMIT 1`,
    event.subjectKey,
  );
  if (
    canBeDuplicate(event) &&
    latest !== undefined &&
    latest.body_hash === event.bodyHash &&
    ageOf(latest.received_at, event.receivedAt) < dedupeWindowMs
  ) {
    insertEvent(driver, event, 'duplicate', latest.id);
    return { status: 'duplicate', id: latest.id, receivedAt: latest.received_at };
  }
  const firings = event.firings.filter((firing) => !isCoolingDown(driver, firing, event.receivedAt));
  insertEvent(driver, event, outcomeOf(event, firings), null);
  for (const firing of firings) {
    for (const delivery of firing.deliveries) insertDelivery(driver, event, delivery, firing.cooldownKey);
    if (firing.approval !== undefined && firing.deliveries.some(({ state }) => state === 'held')) {
      askApproval(driver, event.id, firing.route, firing.approval, event.receivedAt);
    }
  }
  return {
    status: 'accepted',
    id: event.id,
    deliveries: firings.flatMap((firing) => firing.deliveries).map(({ id, route, target }) => ({ id, route, target })),
  };
}

function isCoolingDown(driver: SqlDriver, firing: RouteFiring, now: number): boolean {
  if (firing.cooldownKey === null) return false;
  // A delivery that could never be sent is no firing, nor is one of a clock that was ahead. With `+` the index is walked from the latest.
  const last = firstRow<{ created_at: number }>(
    driver,
    `SELECT created_at FROM deliveries WHERE cooldown_key = ? AND +created_at <= ? AND request IS NOT NULL ORDER BY created_at DESC LIMIT 1`,
    firing.cooldownKey,
    now + CLOCK_TOLERANCE_MS,
  );
  return last !== undefined && ageOf(last.created_at, now) < firing.cooldownMs;
}

function insertEvent(driver: SqlDriver, event: NewEvent, outcome: EventOutcome, duplicateOf: string | null): void {
  driver.run(
    `INSERT INTO events (id, received_at, type, subject_key, body_hash, outcome, duplicate_of, event, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    event.id,
    event.receivedAt,
    event.event.type,
    event.subjectKey,
    event.bodyHash,
    outcome,
    duplicateOf,
    JSON.stringify(event.event),
    event.body,
  );
}

function insertDelivery(driver: SqlDriver, event: NewEvent, delivery: NewDelivery, cooldownKey: string | null): void {
  if (delivery.state !== 'dead') supersedeOlder(driver, event, delivery);
  insertWithMute(driver, event, delivery, event.receivedAt, cooldownKey);
}

/** Turns what a newer delivery makes pointless to `superseded`: held ones always, pending ones under `order: latest`. */
function supersedeOlder(driver: SqlDriver, event: NewEvent, delivery: NewDelivery): void {
  for (const eventId of supersede(driver, event, delivery, `state = 'held'`)) {
    closeWhenNothingHeld(driver, eventId, delivery.route, 'cancelled', null, event.receivedAt);
    tellEvent(driver, eventId, event.receivedAt);
  }
  // What nobody has approved yet does not stop what somebody has.
  if (!delivery.replacesOlder || delivery.state === 'held') return;
  // `state IN` is what lets SQLite use the index of the line.
  const replaced = supersede(driver, event, delivery, `state IN ('pending', 'in_flight') AND state = 'pending' AND transient = 0`);
  if (replaced.length > 0) promoteNext(driver, delivery.orderKey, event.receivedAt);
  // The newer message of a conversation says by itself how things stand.
  if (delivery.conversation === undefined) for (const eventId of replaced) tellEvent(driver, eventId, event.receivedAt);
}

/** Returns the events whose deliveries it was. */
function supersede(driver: SqlDriver, event: NewEvent, delivery: NewDelivery, condition: string): string[] {
  const where = `WHERE ${condition} AND order_key = ? AND route = ? AND event_id <> ?`;
  const which = [delivery.orderKey, delivery.route, event.id] as const;
  const events = driver.rows<{ event_id: string }>(`SELECT DISTINCT event_id FROM deliveries ${where}`, ...which);
  if (events.length === 0) return [];
  driver.run(
    `UPDATE deliveries SET state = 'superseded', ready = 0, reason = ?, updated_at = ? ${where}`,
    supersededBy(event.id),
    event.receivedAt,
    ...which,
  );
  return events.map(({ event_id }) => event_id);
}

/** Runs inside the caller's transaction. */
export function keepRejected(driver: SqlDriver, rejected: RejectedRequest): void {
  driver.run(
    'INSERT INTO rejected (received_at, source, status, reason, body) VALUES (?, ?, ?, ?, ?)',
    rejected.receivedAt,
    rejected.source,
    rejected.status,
    rejected.reason,
    rejected.body,
  );
  driver.run('DELETE FROM rejected WHERE seq <= (SELECT MAX(seq) FROM rejected) - ?', REJECTED_KEPT);
}
