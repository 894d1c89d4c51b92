import { ageOf } from '../../../src/lib/clock.ts';
import type { AlertPolicy } from '../../../src/route/alert-policy.ts';
import type { Mute } from '../conversations.ts';
import type {
  Accepted,
  DeliveryState,
  EventOutcome,
  LatestEvent,
  NewConversation,
  NewDelivery,
  NewEvent,
  RouteFiring,
} from '../delivery.ts';
import { reportFailure } from './alerts.ts';
import { askApproval, closeWhenNothingHeld } from './approvals.ts';
import { ConversationPlaces, type Place, placeLocks } from './conversation-places.ts';
import { conversationInsert, hasMessage, refreshConversations, requestUpdate } from './conversations.ts';
import { canBeDuplicate, isDuplicateOf, outcomeOf } from './event-outcome.ts';
import { type BatchKeys, type Known, keysOf, type LookUp, type OrderKeyEnd } from './inbox-known.ts';
import { newerEventOf, newerTimes } from './late.ts';
import { forgetOldPromotions, promote, promotionInsert } from './ledger.ts';
import { muteIn, mutesOf } from './mutes.ts';
import { type DeliveryValues, newRow } from './new-row.ts';
import { messageFailed } from './not-asked.ts';
import { addNote } from './notes.ts';
import { credentialInsert, deliveryInsert, OPEN_OF_1, promoteNext } from './order.ts';
import { aliasLock, cooldownLock, kindLock, locksOfEvents, orderKeyLock, subjectLock } from './order-keys.ts';
import { mutedBy, SHOWN_ELSEWHERE, supersededBy } from './reasons.ts';
import { refreshReplaced } from './replaced.ts';
import { isUnderWay } from './under-way.ts';
import { type Columns, exec, insertAll, insertOf, lock, rows, type SqlScalar, type Work } from './work.ts';

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

/**
 * Stores a batch of events with what follows from them, and answers in their order.
 *
 * @param lookUp how this database looks up what is known about a batch
 */
export function* acceptEvents(events: readonly NewEvent[], dedupeWindowMs: number, lookUp: LookUp): Work<Accepted[]> {
  return yield* acceptBatch(events, dedupeWindowMs, lookUp, yield* lookUpBatch(events, lookUp));
}

/** As `acceptEvents`; nothing is stored, and the answer is empty, while events from before are unrouted: none overtakes them. */
export function* acceptUnlessUnrouted(events: readonly NewEvent[], dedupeWindowMs: number, lookUp: LookUp): Work<Accepted[]> {
  const found = yield* lookUpBatch(events, lookUp);
  return found.known.hasUnrouted ? [] : yield* acceptBatch(events, dedupeWindowMs, lookUp, found);
}

interface LookedUp {
  readonly keys: BatchKeys;
  readonly known: Known;
  readonly places: ConversationPlaces;
}

/** Locks what the batch decides by, and looks it up. */
function* lookUpBatch(events: readonly NewEvent[], lookUp: LookUp): Work<LookedUp> {
  const keys = keysOf(events);
  const { subjects, kinds } = placeLocks(events);
  yield* lock([
    ...keys.subjects.map(subjectLock),
    ...[...keys.orderKeys, ...subjects].map(orderKeyLock),
    ...keys.cooldowns.map(cooldownLock),
    ...keys.aliases.map(aliasLock),
    ...kinds.map(kindLock),
  ]);
  const places = yield* ConversationPlaces.lookUp(events);
  yield* lock(places.keys().map(orderKeyLock));
  return { keys, known: yield* lookUp.all(keys), places };
}

function* acceptBatch(
  events: readonly NewEvent[],
  dedupeWindowMs: number,
  lookUp: LookUp,
  { keys, known, places }: LookedUp,
): Work<Accepted[]> {
  const batch = new Batch(known, yield* mutesFor(events), places, lookUp);
  const accepted: Accepted[] = [];
  for (const event of events) accepted.push(yield* batch.accept(event, dedupeWindowMs));
  yield* batch.write();
  yield* batch.refresh(keys.latestAt);
  return accepted;
}

function* mutesFor(events: readonly NewEvent[]): Work<readonly Mute[]> {
  const muted = events.filter(({ firings }) => firings.some(({ deliveries }) => deliveries.some((each) => each.conversation?.canMute)));
  if (muted.length === 0) return [];
  return yield* mutesOf(
    muted.map((event) => event.subjectKey),
    0,
  );
}

/** A delivery whose conversation is found; `superseded`: another message shows its event. */
type PlacedDelivery = Omit<NewDelivery, 'state'> & { readonly state: NewDelivery['state'] | 'superseded' };

/**
 * Decides about events one after another, and collects what is to be inserted, so that many cost few statements. Whatever
 * changes rows that exist (superseding, updating a conversation) first writes what was collected.
 */
class Batch {
  readonly #known: Known;
  readonly #mutes: readonly Mute[];
  readonly #places: ConversationPlaces;
  readonly #lookUp: LookUp;
  #events: SqlScalar[][] = [];
  #deliveries: DeliveryValues[] = [];
  #credentials: string[] = [];
  #conversations: SqlScalar[][] = [];
  #promotions: SqlScalar[][] = [];
  /** Promotions whose versions lost the alias. */
  readonly #replaced: string[] = [];
  /** Conversations whose messages show one more event, by its id. */
  readonly #shown = new Map<string, string>();

  constructor(known: Known, mutes: readonly Mute[], places: ConversationPlaces, lookUp: LookUp) {
    this.#known = known;
    this.#mutes = mutes;
    this.#places = places;
    this.#lookUp = lookUp;
  }

  *accept(event: NewEvent, dedupeWindowMs: number): Work<Accepted> {
    const latest = this.#known.latest.get(event.subjectKey);
    if (event.event.rollback === true) return yield* this.#acceptRollback(event, latest);
    if (latest !== undefined && canBeDuplicate(event) && isDuplicateOf(latest, event, dedupeWindowMs)) {
      this.#insertEvent(event, 'duplicate', latest.id);
      return { status: 'duplicate', id: latest.id, receivedAt: latest.receivedAt };
    }
    const { changes, isRepeated } = this.#promote(event);
    return yield* this.#acceptNew({ ...event, ...changes }, isRepeated);
  }

  /**
   * What somebody asks for is neither a duplicate nor within a cooldown, and begins none. Only a second rollback to the same
   * version is refused as long as the first is under way: somebody pressed twice.
   */
  *#acceptRollback(event: NewEvent, latest: LatestEvent | undefined): Work<Accepted> {
    if (latest !== undefined && latest.bodyHash === event.bodyHash) {
      yield* this.write();
      if (yield* isUnderWay(latest.id)) return { status: 'duplicate', id: latest.id, receivedAt: latest.receivedAt };
    }
    const firings = event.firings.map((firing) => ({ ...firing, cooldownKey: null, cooldownMs: 0 }));
    const accepted = yield* this.#acceptNew({ ...event, firings }, false);
    if (event.note === undefined) return accepted;
    yield* this.write();
    for (const { id, conversation } of firings.flatMap(({ deliveries }) => deliveries)) {
      if (conversation === undefined) yield* addNote(id, event.receivedAt, event.note);
    }
    return accepted;
  }

  *#acceptNew(event: NewEvent, isRepeated: boolean): Work<Accepted> {
    const firings = event.firings.filter((firing) => !this.#isCoolingDown(firing, event.receivedAt));
    this.#insertEvent(event, outcomeOf(event, firings), null);
    this.#known.latest.set(event.subjectKey, { id: event.id, bodyHash: event.bodyHash, receivedAt: event.receivedAt });
    const conversations = firings.flatMap(({ deliveries }) => deliveries.flatMap(({ conversation }) => conversation ?? []));
    const places = this.#places.placesOf(event, conversations, isRepeated);
    for (const firing of firings) {
      let isHeld = false;
      for (const delivery of firing.deliveries) {
        const placed = this.#placed(event, delivery, places);
        if ((yield* this.#insertDelivery(event, placed, firing.cooldownKey)) === 'held') isHeld = true;
      }
      if (firing.approval !== undefined && isHeld) {
        yield* this.write();
        yield* askApproval(event.id, firing.route, firing.approval, event.receivedAt);
      }
      yield* this.#reportUnsendable(event, firing);
    }
    return {
      status: 'accepted',
      id: event.id,
      deliveries: firings.flatMap((firing) => firing.deliveries).map(({ id, route, target }) => ({ id, route, target })),
    };
  }

  /** What could not even be built is reported as what could not be sent. */
  *#reportUnsendable(event: NewEvent, { deliveries, alerts }: RouteFiring): Work<void> {
    const unsendable = deliveries.filter(({ state }) => state === 'dead');
    if (unsendable.length > 0) yield* this.#changeRows(reportUnsendable(event, unsendable, alerts));
  }

  /** The ledger gets the version that has the alias now; the event gets the one that had it before. */
  #promote(event: NewEvent): { readonly changes: Partial<NewEvent>; readonly isRepeated: boolean } {
    const { promotion } = event;
    if (promotion === undefined) return { changes: {}, isRepeated: false };
    const before = this.#known.holders.get(promotion.aliasKey);
    const { changes = {}, holder, row } = promote(event, promotion, before);
    this.#known.holders.set(promotion.aliasKey, holder);
    if (row !== undefined) {
      this.#promotions.push(row);
      if (before?.isShown === true && before.eventId !== null) this.#replaced.push(before.eventId);
    }
    return { changes, isRepeated: before?.version === promotion.version };
  }

  /** The delivery in the conversation that it belongs to. */
  #placed(event: NewEvent, delivery: NewDelivery, places: ReadonlyMap<string, Place>): PlacedDelivery {
    const { conversation } = delivery;
    const place = conversation && places.get(conversation.key);
    if (conversation === undefined || place === undefined) return delivery;
    const { key, row, isShown = false } = place;
    if (row !== undefined) this.#conversations.push(row(delivery.credential));
    const placed = { ...delivery, orderKey: key, conversation: { ...conversation, key } };
    if (!isShown || delivery.state !== 'pending') return placed;
    this.#shown.set(key, event.id);
    return { ...placed, state: 'superseded', reason: SHOWN_ELSEWHERE };
  }

  /** Messages that exist show what the batch changed. Everything is written by now. */
  *refresh(now: number): Work<void> {
    for (const [key, eventId] of this.#shown) yield* requestUpdate(key, eventId, now);
    yield* refreshReplaced(this.#replaced, now);
  }

  /** Writes what was collected. */
  *write(): Work<void> {
    const [events, deliveries, credentials, conversations] = [this.#events, this.#deliveries, this.#credentials, this.#conversations];
    const promotions = this.#promotions;
    [this.#events, this.#deliveries, this.#credentials, this.#conversations, this.#promotions] = [[], [], [], [], []];
    yield* insertAll(
      insertOf('events', EVENT_COLUMNS, events),
      deliveryInsert(deliveries),
      conversationInsert(conversations),
      credentialInsert(credentials),
      promotionInsert(promotions),
    );
    yield* forgetOldPromotions(promotions);
  }

  #isCoolingDown({ cooldownKey, cooldownMs }: RouteFiring, now: number): boolean {
    const last = cooldownKey === null ? undefined : this.#known.fired.get(cooldownKey);
    return last !== undefined && ageOf(last, now) < cooldownMs;
  }

  #insertEvent(event: NewEvent, outcome: EventOutcome, duplicateOf: string | null): void {
    const { id, receivedAt, subjectKey, bodyHash, body } = event;
    this.#events.push([id, receivedAt, event.event.type, subjectKey, bodyHash, outcome, duplicateOf, JSON.stringify(event.event), body]);
  }

  /** Returns the state in which the delivery begins. */
  *#insertDelivery(event: NewEvent, delivery: PlacedDelivery, cooldownKey: string | null): Work<DeliveryState> {
    const newer = yield* this.#newerEventOf(event, delivery);
    const isReplaced = delivery.state === 'superseded' || newer !== undefined;
    if (delivery.state !== 'dead' && !isReplaced) yield* this.#supersedeOlder(event, delivery);
    const { conversation, ...row } = delivery;
    const canMute = conversation?.canMute === true && delivery.state === 'pending' && newer === undefined;
    const mute = canMute ? muteIn(this.#mutes, delivery.route, event, event.receivedAt) : undefined;
    const end = yield* this.#endOf(delivery.orderKey);
    const tooLate = newer === undefined ? undefined : { state: 'superseded' as const, reason: supersededBy(newer) };
    const inserted = { ...row, cooldownKey, conversation: conversation?.key, ...mutedBy(mute), ...tooLate };
    this.#deliveries.push(newRow(end.last, event.id, event.receivedAt, inserted));
    if (inserted.state === 'pending') {
      this.#credentials.push(delivery.credential);
      this.#known.ends.set(delivery.orderKey, { ...end, last: (end.last ?? 0) + 1 });
    } else if (inserted.state === 'held') {
      this.#known.ends.set(delivery.orderKey, { ...end, held: true });
    }
    if (cooldownKey !== null && delivery.request !== null) {
      this.#known.fired.set(cooldownKey, Math.max(event.receivedAt, this.#known.fired.get(cooldownKey) ?? 0));
    }
    if (mute !== undefined && conversation !== undefined) yield* this.#updateMuted(conversation, event);
    return inserted.state;
  }

  /** The newer event may be one of this batch. */
  *#newerEventOf(event: NewEvent, delivery: PlacedDelivery): Work<string | undefined> {
    if (event.waitedUntil === undefined) return undefined;
    yield* this.write();
    return yield* newerEventOf(event, delivery);
  }

  /** A muted message is not posted, but the conversation's own message shows its event. */
  *#updateMuted({ key }: NewConversation, event: NewEvent): Work<void> {
    if (yield* hasMessage(key)) yield* this.#changeRows(requestUpdate(key, event.id, event.receivedAt));
  }

  *#endOf(orderKey: string): Work<OrderKeyEnd> {
    const known = this.#known.ends.get(orderKey) ?? (yield* this.#lookUp.orderKey(orderKey));
    this.#known.ends.set(orderKey, known);
    return known;
  }

  /** Changes rows after those it may change are written; where order keys end is looked up again afterwards. */
  *#changeRows(work: Work<void>): Work<void> {
    yield* this.write();
    yield* work;
    this.#known.ends.clear();
  }

  /** Turns deliveries that a newer one makes pointless to `superseded`: held ones always, pending ones under `order: latest`. */
  *#supersedeOlder(event: NewEvent, delivery: PlacedDelivery): Work<void> {
    const end = yield* this.#endOf(delivery.orderKey);
    if (end.held) yield* this.#changeRows(supersedeHeld(event, delivery));
    // A delivery that nobody has approved yet does not stop one that was approved.
    if (!delivery.replacesOlder || delivery.state === 'held' || end.last === undefined) return;
    yield* this.#changeRows(supersedePending(event, delivery));
  }
}

function* reportUnsendable({ id, receivedAt }: NewEvent, deliveries: readonly NewDelivery[], policy: AlertPolicy | undefined): Work<void> {
  for (const { id: deliveryId, route, target, reason = '', conversation } of deliveries) {
    if (conversation === undefined) yield* reportFailure(id, { problem: 'not_dispatched', target, route, reason }, policy, receivedAt);
    else yield* messageFailed({ id: deliveryId, event_id: id, route }, conversation.key, { request: null, reason, policy }, receivedAt);
  }
}

function* supersedeHeld(event: NewEvent, delivery: PlacedDelivery): Work<void> {
  const events = yield* supersede(event, delivery, `state = 'held'`);
  yield* lockOrderKeysOf(events);
  for (const eventId of events) {
    yield* closeWhenNothingHeld(eventId, delivery.route, 'cancelled', null, event.receivedAt);
    yield* refreshConversations(eventId, event.receivedAt);
  }
}

function* supersedePending(event: NewEvent, delivery: PlacedDelivery): Work<void> {
  const replaced = yield* supersede(event, delivery, `${OPEN_OF_1} AND state = 'pending' AND ephemeral = 0`);
  if (replaced.length > 0) yield* promoteNext(delivery.orderKey, event.receivedAt);
  // The newer message of a conversation shows the current state by itself.
  if (delivery.conversation !== undefined) return;
  yield* lockOrderKeysOf(replaced);
  for (const eventId of replaced) yield* refreshConversations(eventId, event.receivedAt);
}

/** Nearly always order keys that the batch holds anyway: messages about the same subject. */
function* lockOrderKeysOf(eventIds: readonly string[]): Work<void> {
  if (eventIds.length > 0) yield* lock(() => locksOfEvents(eventIds));
}

/** Returns the events of the superseded deliveries, in their order. */
function* supersede(event: NewEvent, delivery: PlacedDelivery, condition: string): Work<string[]> {
  const where = `WHERE ${condition} AND order_key = $1 AND route = $2 AND event_id <> $3 AND created_at NOT BETWEEN $4 AND $5`;
  const which = [delivery.orderKey, delivery.route, event.id, ...newerTimes(event)] as const;
  const superseded = yield* rows<{ event_id: string }>(`SELECT event_id FROM deliveries ${where} ORDER BY seq FOR UPDATE`, ...which);
  if (superseded.length === 0) return [];
  yield* exec(
    `UPDATE deliveries SET state = 'superseded', is_head = 0, reason = $6, updated_at = $7 ${where}`,
    ...which,
    supersededBy(event.id),
    event.receivedAt,
  );
  return [...new Set(superseded.map(({ event_id }) => event_id))];
}
