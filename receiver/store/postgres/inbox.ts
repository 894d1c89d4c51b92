import { ageOf } from '../../../src/lib/clock.ts';
import type { Accepted, EventOutcome, NewConversation, NewDelivery, NewEvent, RejectedRequest, RouteFiring } from '../delivery.ts';
import { canBeDuplicate, type DeliveryValues, mutedBy, outcomeOf, REJECTED_KEPT, rowBehind, supersededBy } from '../rules/decisions.ts';
import type { Mute } from '../store.ts';
import { askApproval, closeWhenNothingHeld } from './approvals.ts';
import { hasMessage, muteIn, mutesOf, openConversations, tellEvent, updateConversation } from './conversations.ts';
import { type PostgresDriver, type Sql, sqlStateOf } from './driver.ts';
import { type Known, keysOf, type LineEnd, lineEnd, whatIsKnown } from './inbox-known.ts';
import { insertDeliveries, knowCredentials, promoteNext } from './line.ts';
import { linesOfEvents } from './line-names.ts';
import { cooldownLock, lineLock, locksOf, subjectLock } from './locks.ts';
import { type Columns, insertRows } from './rows.ts';

const EVENT_COLUMNS: Columns = {
  id: 'text',
  received_at: 'bigint',
  type: 'text',
  subject_key: 'text',
  body_hash: 'text',
  outcome: 'text',
  duplicate_of: 'text',
  event: 'text',
  body: 'text',
};

/** A value that has to be unique is there already (SQLSTATE). */
const UNIQUE_VIOLATION = '23505';

/** Stores a batch of events in one transaction. */
export async function acceptEvents(driver: PostgresDriver, events: readonly NewEvent[], dedupeWindowMs: number): Promise<Accepted[]> {
  if (events.length === 0) return [];
  const keys = keysOf(events);
  const locks = [...keys.subjects.map(subjectLock), ...keys.lines.map(lineLock), ...keys.cooldowns.map(cooldownLock)];
  try {
    return await driver.transaction(locks, async (sql) => {
      const batch = new Batch(sql, await whatIsKnown(sql, events), await mutesFor(sql, events));
      const accepted: Accepted[] = [];
      for (const event of events) accepted.push(await batch.accept(event, dedupeWindowMs));
      await batch.write();
      return accepted;
    });
  } catch (error) {
    const [only] = events;
    if (events.length === 1 && only !== undefined && sqlStateOf(error) === UNIQUE_VIOLATION)
      return [await storedBefore(driver, only, error)];
    throw error;
  }
}

/** The connection broke when an earlier try was committed: the event is there, and only the answer was lost. */
async function storedBefore(sql: Sql, event: NewEvent, error: unknown): Promise<Accepted> {
  const known = await sql.rows('SELECT 1 FROM events WHERE id = $1 AND body_hash = $2', event.id, event.bodyHash);
  if (known.length === 0) throw error;
  const deliveries = await sql.rows<{ id: string; route: string; target: string }>(
    'SELECT id, route, target FROM deliveries WHERE event_id = $1 AND transient = 0 ORDER BY seq',
    event.id,
  );
  return { status: 'accepted', id: event.id, deliveries };
}

async function mutesFor(sql: Sql, events: readonly NewEvent[]): Promise<readonly Mute[]> {
  const muted = events.filter(({ firings }) => firings.some(({ deliveries }) => deliveries.some((each) => each.conversation?.canMute)));
  if (muted.length === 0) return [];
  return mutesOf(
    sql,
    muted.map((event) => event.subjectKey),
    0,
  );
}

/**
 * Decides about events one after another, and collects what is to be inserted, so that many cost few statements. What
 * changes rows that exist (superseding, telling a conversation) first writes what was collected.
 */
class Batch {
  readonly #sql: Sql;
  readonly #known: Known;
  readonly #mutes: readonly Mute[];
  #events: (string | number | null)[][] = [];
  #deliveries: DeliveryValues[] = [];
  #credentials: string[] = [];
  #conversations: string[][] = [];

  constructor(sql: Sql, known: Known, mutes: readonly Mute[]) {
    this.#sql = sql;
    this.#known = known;
    this.#mutes = mutes;
  }

  async accept(event: NewEvent, dedupeWindowMs: number): Promise<Accepted> {
    const latest = this.#known.latest.get(event.subjectKey);
    if (
      canBeDuplicate(event) &&
      latest !== undefined &&
      latest.bodyHash === event.bodyHash &&
      ageOf(latest.receivedAt, event.receivedAt) < dedupeWindowMs
    ) {
      this.#insertEvent(event, 'duplicate', latest.id);
      return { status: 'duplicate', id: latest.id, receivedAt: latest.receivedAt };
    }
    const firings = event.firings.filter((firing) => !this.#isCoolingDown(firing, event.receivedAt));
    this.#insertEvent(event, outcomeOf(event, firings), null);
    this.#known.latest.set(event.subjectKey, { id: event.id, bodyHash: event.bodyHash, receivedAt: event.receivedAt });
    for (const firing of firings) {
      for (const delivery of firing.deliveries) await this.#insertDelivery(event, delivery, firing.cooldownKey);
      if (firing.approval !== undefined && firing.deliveries.some(({ state }) => state === 'held')) {
        await this.write();
        await askApproval(this.#sql, event.id, firing.route, firing.approval, event.receivedAt);
      }
    }
    return {
      status: 'accepted',
      id: event.id,
      deliveries: firings.flatMap((firing) => firing.deliveries).map(({ id, route, target }) => ({ id, route, target })),
    };
  }

  /** Writes what was collected. */
  async write(): Promise<void> {
    const [events, deliveries, credentials, conversations] = [this.#events, this.#deliveries, this.#credentials, this.#conversations];
    [this.#events, this.#deliveries, this.#credentials, this.#conversations] = [[], [], [], []];
    await insertRows(this.#sql, 'events', EVENT_COLUMNS, events);
    await insertDeliveries(this.#sql, deliveries);
    await openConversations(this.#sql, conversations);
    await knowCredentials(this.#sql, credentials);
  }

  #isCoolingDown({ cooldownKey, cooldownMs }: RouteFiring, now: number): boolean {
    const last = cooldownKey === null ? undefined : this.#known.fired.get(cooldownKey);
    return last !== undefined && ageOf(last, now) < cooldownMs;
  }

  #insertEvent(event: NewEvent, outcome: EventOutcome, duplicateOf: string | null): void {
    const { id, receivedAt, subjectKey, bodyHash, body } = event;
    this.#events.push([id, receivedAt, event.event.type, subjectKey, bodyHash, outcome, duplicateOf, JSON.stringify(event.event), body]);
  }

  async #insertDelivery(event: NewEvent, delivery: NewDelivery, cooldownKey: string | null): Promise<void> {
    if (delivery.state !== 'dead') await this.#supersedeOlder(event, delivery);
    const { conversation, ...row } = delivery;
    const canMute = conversation?.canMute === true && delivery.state === 'pending';
    const mute = canMute ? muteIn(this.#mutes, delivery.route, event, event.receivedAt) : undefined;
    if (conversation !== undefined) this.#conversations.push([conversation.key, conversation.channel, delivery.credential]);
    const line = await this.#line(delivery.orderKey);
    const inserted = { ...row, cooldownKey, conversation: conversation?.key, ...mutedBy(mute) };
    this.#deliveries.push(rowBehind(line.last, event.id, event.receivedAt, inserted));
    if (inserted.state === 'pending') {
      this.#credentials.push(delivery.credential);
      this.#known.lines.set(delivery.orderKey, { ...line, last: (line.last ?? 0) + 1 });
    } else if (inserted.state === 'held') {
      this.#known.lines.set(delivery.orderKey, { ...line, held: true });
    }
    if (cooldownKey !== null && delivery.request !== null) {
      this.#known.fired.set(cooldownKey, Math.max(event.receivedAt, this.#known.fired.get(cooldownKey) ?? 0));
    }
    if (mute !== undefined && conversation !== undefined) await this.#updateMuted(conversation, event);
  }

  /** What is not to make a sound still belongs to the story. */
  async #updateMuted({ key }: NewConversation, event: NewEvent): Promise<void> {
    if (!(await hasMessage(this.#sql, key))) return;
    await this.#changeRows(() => updateConversation(this.#sql, key, event.id, event.receivedAt));
  }

  async #line(orderKey: string): Promise<LineEnd> {
    const known = this.#known.lines.get(orderKey) ?? (await lineEnd(this.#sql, orderKey));
    this.#known.lines.set(orderKey, known);
    return known;
  }

  /** Runs what changes rows, after those it may change are there; how lines end is looked up anew. */
  async #changeRows(work: () => Promise<void>): Promise<void> {
    await this.write();
    await work();
    this.#known.lines.clear();
  }

  /** Turns what a newer delivery makes pointless to `superseded`: held ones always, pending ones under `order: latest`. */
  async #supersedeOlder(event: NewEvent, delivery: NewDelivery): Promise<void> {
    const line = await this.#line(delivery.orderKey);
    if (line.held) await this.#changeRows(() => supersedeHeld(this.#sql, event, delivery));
    // What nobody has approved yet does not stop what somebody has.
    if (!delivery.replacesOlder || delivery.state === 'held' || line.last === undefined) return;
    await this.#changeRows(() => supersedePending(this.#sql, event, delivery));
  }
}

async function supersedeHeld(sql: Sql, event: NewEvent, delivery: NewDelivery): Promise<void> {
  const events = await supersede(sql, event, delivery, `state = 'held'`);
  await lockLinesOf(sql, events);
  for (const eventId of events) {
    await closeWhenNothingHeld(sql, eventId, delivery.route, 'cancelled', null, event.receivedAt);
    await tellEvent(sql, eventId, event.receivedAt);
  }
}

async function supersedePending(sql: Sql, event: NewEvent, delivery: NewDelivery): Promise<void> {
  const replaced = await supersede(sql, event, delivery, `state IN ('pending', 'in_flight') AND state = 'pending' AND transient = 0`);
  if (replaced.length > 0) await promoteNext(sql, delivery.orderKey, event.receivedAt);
  // The newer message of a conversation says by itself how things stand.
  if (delivery.conversation !== undefined) return;
  await lockLinesOf(sql, replaced);
  for (const eventId of replaced) await tellEvent(sql, eventId, event.receivedAt);
}

/** Nearly always lines that the batch holds anyway: messages about the same subject. */
async function lockLinesOf(sql: Sql, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length > 0) await sql.run(locksOf(await linesOfEvents(sql, eventIds)));
}

/** Returns the events whose deliveries it was, in their order. */
async function supersede(sql: Sql, event: NewEvent, delivery: NewDelivery, condition: string): Promise<string[]> {
  const superseded = await sql.rows<{ event_id: string }>(
    `WITH superseded AS (
       UPDATE deliveries SET state = 'superseded', ready = 0, reason = $1, updated_at = $2
       WHERE ${condition} AND order_key = $3 AND route = $4 AND event_id <> $5 RETURNING event_id, seq
     ) SELECT event_id FROM superseded GROUP BY event_id ORDER BY MIN(seq)`,
    supersededBy(event.id),
    event.receivedAt,
    delivery.orderKey,
    delivery.route,
    event.id,
  );
  return superseded.map(({ event_id }) => event_id);
}

export async function keepRejected(driver: PostgresDriver, rejected: RejectedRequest): Promise<void> {
  await driver.transaction([], async (sql) => {
    await sql.run(
      'INSERT INTO rejected (received_at, source, status, reason, body) VALUES ($1, $2, $3, $4, $5)',
      rejected.receivedAt,
      rejected.source,
      rejected.status,
      rejected.reason,
      rejected.body,
    );
    await sql.run('DELETE FROM rejected WHERE seq < (SELECT seq FROM rejected ORDER BY seq DESC OFFSET $1 LIMIT 1)', REJECTED_KEPT - 1);
  });
}
