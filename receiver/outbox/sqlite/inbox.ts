import { outcomeOf, REJECTED_KEPT, supersededBy } from '../decisions.ts';
import type { Accepted, EventOutcome, NewDelivery, NewEvent, RejectedRequest, RouteFiring } from '../delivery.ts';
import { askApproval, closeWhenNothingHeld } from './approvals.ts';
import { findMute, hasMessage, openConversation, tellEvent, updateConversation } from './conversations.ts';
import { firstRow, type SqlDriver, type SqlValue } from './driver.ts';
import { insertLast, promoteNext } from './line.ts';

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
  const { conversation, ...row } = delivery;
  if (conversation === undefined) {
    insertLast(driver, event.id, event.receivedAt, { ...row, cooldownKey });
    return;
  }
  openConversation(driver, conversation, delivery.credential);
  const mute = conversation.canMute ? findMute(driver, delivery.route, event.subjectKey, event.receivedAt) : undefined;
  const muted = mute && ({ state: 'cancelled', reason: `muted by ${mute.by}` } as const);
  insertLast(driver, event.id, event.receivedAt, { ...row, cooldownKey, conversation: conversation.key, ...muted });
  // What is not to make a sound still belongs to the story.
  if (mute !== undefined && hasMessage(driver, conversation.key)) updateConversation(driver, conversation.key, event.id, event.receivedAt);
}

/** Turns what a newer delivery makes pointless to `superseded`: held ones always, pending ones under `order: latest`. */
function supersedeOlder(driver: SqlDriver, event: NewEvent, delivery: NewDelivery): void {
  const reason = supersededBy(event.id);
  const set = `UPDATE deliveries SET state = 'superseded', ready = 0, reason = ?, updated_at = ?`;
  const older = 'order_key = ? AND route = ? AND event_id <> ?';
  const values = [reason, event.receivedAt, delivery.orderKey, delivery.route, event.id] as const;
  supersedeHeld(driver, event, delivery, `${set} WHERE state = 'held' AND ${older}`, values);
  // What nobody has approved yet does not stop what somebody has.
  if (!delivery.replacesOlder || delivery.state === 'held') return;
  // `state IN` is what lets SQLite use the index of the line.
  const changed = driver.run(`${set} WHERE state IN ('pending', 'in_flight') AND state = 'pending' AND ${older}`, ...values);
  if (changed > 0) promoteNext(driver, delivery.orderKey, event.receivedAt);
}

function supersedeHeld(driver: SqlDriver, event: NewEvent, delivery: NewDelivery, sql: string, values: readonly SqlValue[]): void {
  const held = driver.rows<{ event_id: string }>(
    `SELECT DISTINCT event_id FROM deliveries WHERE state = 'held' AND order_key = ? AND route = ? AND event_id <> ?`,
    delivery.orderKey,
    delivery.route,
    event.id,
  );
  if (held.length === 0) return;
  driver.run(sql, ...values);
  for (const { event_id } of held) {
    closeWhenNothingHeld(driver, event_id, delivery.route, 'cancelled', null, event.receivedAt);
    tellEvent(driver, event_id, event.receivedAt);
  }
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
