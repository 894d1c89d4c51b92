import type { Accepted, EventOutcome, NewDelivery, NewEvent, RejectedRequest, RouteFiring } from '../delivery.ts';
import { firstRow, type SqlDriver } from './driver.ts';

/** How many rejected requests are kept for inspection. */
const REJECTED_KEPT = 1000;

/**
 * A run may carry a time a little before our own for the moment of its dispatch: GitHub's clock and ours differ.
 * Milliseconds.
 */
export const CLOCK_DIFFERENCE_MS = 5 * 60_000;

/** Stores one event with what follows from it. Runs inside the caller's transaction. */
export function acceptEvent(driver: SqlDriver, event: NewEvent, dedupeWindowMs: number): Accepted {
  const latest = firstRow<{ id: string; body_hash: string; received_at: number }>(
    driver,
    `SELECT id, body_hash, received_at FROM events WHERE subject_key = ? AND outcome <> 'duplicate' ORDER BY seq DESC LIMIT 1`,
    event.subjectKey,
  );
  if (latest !== undefined && latest.body_hash === event.bodyHash && event.receivedAt - latest.received_at < dedupeWindowMs) {
    insertEvent(driver, event, 'duplicate', latest.id);
    return { status: 'duplicate', id: latest.id };
  }
  const firings = event.firings.filter((firing) => !isCoolingDown(driver, firing, event.receivedAt));
  insertEvent(driver, event, outcomeOf(event, firings), null);
  for (const firing of firings) {
    for (const delivery of firing.deliveries) insertDelivery(driver, event, delivery, firing.cooldownKey);
  }
  return {
    status: 'accepted',
    id: event.id,
    deliveries: firings.flatMap((firing) => firing.deliveries).map(({ id, route, target }) => ({ id, route, target })),
  };
}

function outcomeOf(event: NewEvent, firings: readonly RouteFiring[]): EventOutcome {
  if (event.firings.length === 0) return 'unmatched';
  return firings.length === 0 ? 'cooldown' : 'routed';
}

function isCoolingDown(driver: SqlDriver, firing: RouteFiring, now: number): boolean {
  if (firing.cooldownKey === null) return false;
  // A delivery that could never be sent is no firing.
  const last = firstRow<{ created_at: number }>(
    driver,
    'SELECT created_at FROM deliveries WHERE cooldown_key = ? AND request IS NOT NULL ORDER BY created_at DESC LIMIT 1',
    firing.cooldownKey,
  );
  return last !== undefined && now - last.created_at < firing.cooldownMs;
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
  const last = firstRow<{ position: number | null }>(
    driver,
    `SELECT MAX(position) AS position FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight')`,
    delivery.orderKey,
  )?.position;
  const behind = last !== null && last !== undefined;
  driver.run(
    `INSERT INTO deliveries (id, event_id, route, target, credential, order_key, replaces_older, cooldown_key, state, approved, ready, position,
       due_at, since, runs_since, reason, request, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    delivery.id,
    event.id,
    delivery.route,
    delivery.target,
    delivery.credential,
    delivery.orderKey,
    delivery.replacesOlder ? 1 : 0,
    cooldownKey,
    delivery.state,
    delivery.state === 'held' ? 0 : 1,
    delivery.state === 'pending' && !behind ? 1 : 0,
    behind ? last + 1 : 1,
    event.receivedAt,
    event.receivedAt,
    event.receivedAt - CLOCK_DIFFERENCE_MS,
    delivery.reason ?? null,
    delivery.request === null ? null : JSON.stringify(delivery.request),
    event.receivedAt,
    event.receivedAt,
  );
  if (delivery.state === 'pending') {
    driver.run('INSERT INTO credentials (credential) VALUES (?) ON CONFLICT DO NOTHING', delivery.credential);
  }
}

/** Turns what a newer delivery makes pointless to `superseded`: held ones always, pending ones under `order: latest`. */
function supersedeOlder(driver: SqlDriver, event: NewEvent, delivery: NewDelivery): void {
  const reason = `a newer event of the same subject took its place (${event.id})`;
  const set = `UPDATE deliveries SET state = 'superseded', ready = 0, reason = ?, updated_at = ?`;
  const older = 'order_key = ? AND route = ? AND event_id <> ?';
  const values = [reason, event.receivedAt, delivery.orderKey, delivery.route, event.id] as const;
  driver.run(`${set} WHERE state = 'held' AND ${older}`, ...values);
  // What nobody has approved yet does not stop what somebody has.
  if (!delivery.replacesOlder || delivery.state === 'held') return;
  // `state IN` is what lets SQLite use the index of the line.
  const changed = driver.run(`${set} WHERE state IN ('pending', 'in_flight') AND state = 'pending' AND ${older}`, ...values);
  if (changed > 0) promoteNext(driver, delivery.orderKey, event.receivedAt);
}

/** Lets the first waiting delivery of an order key go, unless one is in flight. Its time for retries begins now. */
export function promoteNext(driver: SqlDriver, orderKey: string, now: number): void {
  driver.run(
    `UPDATE deliveries SET ready = 1, since = MAX(since, ?) WHERE state = 'pending' AND ready = 0 AND seq = (
       SELECT seq FROM deliveries WHERE order_key = ? AND state IN ('pending', 'in_flight') ORDER BY position LIMIT 1)`,
    now,
    orderKey,
  );
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
