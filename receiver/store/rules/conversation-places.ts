import { ageOf, CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { NewConversation, NewEvent } from '../delivery.ts';
import { hasMessage } from './conversations.ts';
import { OPEN_OF_1 } from './order.ts';
import { exists, firstRow, rows, type SqlScalar, type Work } from './work.ts';

/** So many new conversations of one kind begin within `BURST_MS`; one more stands for all that follow. */
const BURST_AFTER = 5;
/** Of those that our own engine finds at once; one batch counts as a whole. */
const GATHER_AFTER = 2;
/** A burst goes on until nothing of its kind has come for so long. Milliseconds. */
export const BURST_MS = 60_000;
/** And it ends after so long: the next one is a message that people see. Milliseconds. */
const BURST_LONGEST_MS = 10 * 60_000;
/** W&B sends two events about a version that is linked with an alias: within this time they are one promotion. Milliseconds. */
const SAME_PROMOTION_MS = 60_000;

const BURST = 'burst ';

/** Whether a conversation, by its stored kind, stands for many of one kind. */
export function isBurst(kind: string | null): boolean {
  return kind?.startsWith(BURST) === true;
}

/** The kind of those that a burst stands for, and of those that began before it. */
export function kindOfBurst(kind: string): string {
  return kind.slice(BURST.length);
}

/** Where a message goes. */
export interface Place {
  readonly key: string;
  /** The row of the conversation, when it may be new: key, channel, credential, subject, kind, began at. */
  readonly row?: (credential: string) => SqlScalar[];
  /** The conversation's own message shows the event: it gets no message. */
  readonly isShown?: boolean;
}

type PlacedEvent = Pick<NewEvent, 'id' | 'receivedAt' | 'subjectKey'>;

interface Begun {
  readonly key: string;
  readonly beganAt: number;
}

interface Burst extends Begun {
  lastAt: number;
  /** Its message is there, or is going to be. */
  isPosted: boolean;
}

/** How many of a kind that gathers one batch brings, and when earlier ones began. */
interface Gathered {
  readonly count: number;
  readonly before: readonly number[];
}

/** An event and the conversation of a message about it. */
interface MessageRow {
  readonly subject_key: string;
  readonly event: string;
  readonly key: string;
  readonly channel: string;
  readonly kind: string | null;
  readonly began_at: number;
}

interface Asked {
  readonly subjects: readonly string[];
  readonly keys: readonly string[];
  readonly kinds: readonly string[];
  readonly latestAt: number;
}

/** The names of locks that decide about conversations, besides those of their order keys. */
export function placeLocks(events: readonly NewEvent[]): { subjects: readonly string[]; kinds: readonly string[] } {
  return askedBy(events);
}

/** What is known of the conversations that a batch of events may belong to; kept true as the batch goes on. */
export class ConversationPlaces {
  readonly #latest = new Map<string, Begun>();
  readonly #existing = new Set<string>();
  readonly #begun = new Map<string, number[]>();
  readonly #bursts = new Map<string, Burst>();
  readonly #gathered = new Map<string, Gathered>();
  /** Bursts that have a message about what an event ends, by the event's subject and the burst's kind. */
  readonly #holding = new Map<string, Burst>();

  static *lookUp(events: readonly NewEvent[]): Work<ConversationPlaces> {
    const asked = askedBy(events);
    const places = new ConversationPlaces();
    yield* places.#findLatest(asked);
    yield* places.#findKinds(asked);
    yield* places.#findHolding(events);
    for (const [kind, keys] of gatheredIn(events)) places.#gathered.set(kind, { count: keys.size, before: [...places.#begunOf(kind)] });
    return places;
  }

  /** The conversations that messages may join. */
  keys(): string[] {
    return [this.#latest, this.#bursts, this.#holding].flatMap((places) => [...places.values()].map(({ key }) => key));
  }

  *#findLatest({ subjects, keys }: Asked): Work<void> {
    if (subjects.length > 0) {
      const found = yield* rows<{ subject: string; key: string; began_at: number }>(
        `SELECT subject, key, began_at FROM conversations one WHERE subject = ANY ($1) AND subject IS NOT NULL
           AND began_at = (SELECT MAX(latest.began_at) FROM conversations latest WHERE latest.subject = one.subject AND latest.subject IS NOT NULL)`,
        subjects,
      );
      for (const { subject, key, began_at } of found) this.#latest.set(subject, { key, beganAt: began_at });
    }
    if (keys.length === 0) return;
    for (const { key } of yield* rows<{ key: string }>('SELECT key FROM conversations WHERE key = ANY ($1)', keys)) this.#existing.add(key);
  }

  *#findKinds({ kinds, latestAt }: Asked): Work<void> {
    if (kinds.length === 0) return;
    const found = yield* rows<{ kind: string; key: string; began_at: number }>(
      `SELECT kind, key, began_at FROM conversations WHERE kind = ANY ($1) AND kind IS NOT NULL AND began_at > $2 AND began_at <= $3
       ORDER BY began_at`,
      [...kinds, ...kinds.map((kind) => BURST + kind)],
      latestAt - BURST_LONGEST_MS,
      latestAt + CLOCK_TOLERANCE_MS,
    );
    for (const { kind, key, began_at } of found) {
      if (isBurst(kind)) this.#bursts.set(kind.slice(BURST.length), { key, beganAt: began_at, lastAt: began_at, isPosted: false });
      else this.#begunOf(kind).push(began_at);
    }
    for (const burst of this.#bursts.values()) yield* findLast(burst);
  }

  /** Where the messages are about what the events end: only bursts, because others are found by their subject. */
  *#findHolding(events: readonly NewEvent[]): Work<void> {
    const ending = endingIn(events);
    if (ending.length === 0) return;
    const found = yield* rows<MessageRow>(
      `SELECT e.subject_key, e.event, c.key, c.channel, c.kind, c.began_at FROM events e JOIN deliveries d ON d.event_id = e.id
         JOIN conversations c ON c.key = d.conversation
       WHERE e.subject_key = ANY ($1) AND e.outcome <> 'duplicate' AND d.conversation IS NOT NULL AND d.ephemeral = 0 ORDER BY d.seq`,
      distinct(ending.map(({ subjectKey }) => subjectKey)),
    );
    const known = new Map([...this.#bursts.values()].map((burst) => [burst.key, burst]));
    for (const { subjectKey, kind, channel, automation } of ending) {
      const isAbout = (row: MessageRow): boolean =>
        isBurst(row.kind) ? row.kind === BURST + kind : row.channel === channel && automationIn(row.event) === automation;
      const latest = found.findLast((row) => row.subject_key === subjectKey && isAbout(row));
      if (latest === undefined || !isBurst(latest.kind)) continue;
      const { key, began_at: beganAt } = latest;
      const burst = known.get(key) ?? { key, beganAt, lastAt: beganAt, isPosted: false };
      if (!known.has(key)) yield* findLast(burst);
      known.set(key, burst);
      this.#holding.set(holdingKey(subjectKey, kind), burst);
    }
  }

  #begunOf(kind: string): number[] {
    const begun = this.#begun.get(kind) ?? [];
    this.#begun.set(kind, begun);
    return begun;
  }

  /**
   * Where the messages of one event go, by the key that each came with.
   *
   * @param isRepeated the promotion is known from another event
   */
  placesOf(event: PlacedEvent, conversations: readonly NewConversation[], isRepeated: boolean): Map<string, Place> {
    return new Map(together(conversations).map((one) => [one.key, this.#placeOf(event, one, isRepeated)]));
  }

  #placeOf(event: PlacedEvent, conversation: NewConversation, isRepeated: boolean): Place {
    const { receivedAt: now, subjectKey } = event;
    const { key, channel, canMute, subject, begins = false, gathers = false, resolves = false } = conversation;
    const kind = canMute ? conversation.kind : undefined;
    const holding = resolves && kind !== undefined ? this.#holding.get(holdingKey(subjectKey, kind)) : undefined;
    if (holding !== undefined) return joined(holding);
    // Not each in its run's own thread.
    const gathered = gathers && !resolves ? this.#burstFor(event, kind, gathers) : undefined;
    if (gathered !== undefined && kind !== undefined) {
      this.#holding.set(holdingKey(subjectKey, kind), gathered);
      return joined(gathered, [channel, kind]);
    }
    const latest = subject === undefined ? undefined : this.#latest.get(subject);
    if (begins && isRepeated && latest !== undefined && ageOf(latest.beganAt, now) < SAME_PROMOTION_MS)
      return { key: latest.key, isShown: canMute };
    if (!begins && latest !== undefined) return { key: latest.key };
    if (!begins && this.#existing.has(key)) return { key };
    const burst = gathers ? undefined : this.#burstFor(event, kind, gathers);
    if (burst !== undefined && kind !== undefined) return joined(burst, [channel, kind]);
    if (begins && subject !== undefined) this.#latest.set(subject, { key, beganAt: now });
    this.#existing.add(key);
    const counted = resolves ? null : (kind ?? null);
    if (counted !== null) this.#begunOf(counted).push(now);
    return { key, row: (credential) => [key, channel, credential, begins ? (subject ?? null) : null, counted, now] };
  }

  /** The conversation that stands for all of this kind, when there are too many. */
  #burstFor({ id, receivedAt: now }: PlacedEvent, kind: string | undefined, gathers: boolean): Burst | undefined {
    if (kind === undefined) return undefined;
    const burst = this.#bursts.get(kind);
    if (burst !== undefined && ageOf(burst.lastAt, now) < BURST_MS && ageOf(burst.beganAt, now) < BURST_LONGEST_MS) {
      burst.lastAt = Math.max(burst.lastAt, now);
      return burst;
    }
    const { count, before } = (gathers ? this.#gathered.get(kind) : undefined) ?? { count: 1, before: this.#begunOf(kind) };
    const many = before.filter((at) => ageOf(at, now) < BURST_MS).length + count;
    if (many <= (gathers ? GATHER_AFTER : BURST_AFTER)) return undefined;
    const next = { key: digest(`${BURST}${kind}\n${id}`), beganAt: now, lastAt: now, isPosted: false };
    this.#bursts.set(kind, next);
    return next;
  }
}

/** The event gets a message only when the burst has none; `begins`: the row's channel and kind. */
function joined(burst: Burst, begins?: readonly [channel: string, kind: string]): Place {
  const isShown = burst.isPosted;
  burst.isPosted = true;
  if (begins === undefined) return { key: burst.key, isShown };
  const [channel, kind] = begins;
  return { key: burst.key, isShown, row: (credential) => [burst.key, channel, credential, null, BURST + kind, burst.beganAt] };
}

function holdingKey(subjectKey: string, kind: string): string {
  return `${subjectKey}\n${kind}`;
}

/** What the events end, with what identifies where that may be. */
function endingIn(events: readonly NewEvent[]): { subjectKey: string; kind: string; channel: string; automation: string | undefined }[] {
  return events.flatMap(({ subjectKey, event, firings }) =>
    conversationsIn(firings).flatMap(({ kind, channel, resolves }) =>
      kind === undefined || resolves !== true ? [] : [{ subjectKey, kind, channel, automation: event.automation }],
    ),
  );
}

function automationIn(event: string): unknown {
  return (JSON.parse(event) as { automation?: unknown }).automation;
}

/** The keys of new conversations that gather, by kind. */
function gatheredIn(events: readonly NewEvent[]): Map<string, Set<string>> {
  const byKind = new Map<string, Set<string>>();
  for (const { key, kind, canMute, gathers, resolves } of events.flatMap(({ firings }) => conversationsIn(firings))) {
    if (kind === undefined || gathers !== true || resolves === true || !canMute) continue;
    const keys = byKind.get(kind) ?? new Set();
    byKind.set(kind, keys.add(key));
  }
  return byKind;
}

function* findLast(burst: Burst): Work<void> {
  const last = yield* firstRow<{ created_at: number }>(
    `SELECT created_at FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL AND ephemeral = 0 ORDER BY seq DESC LIMIT 1`,
    burst.key,
  );
  burst.lastAt = last?.created_at ?? burst.beganAt;
  burst.isPosted = (yield* hasMessage(burst.key)) || (yield* isBeingPosted(burst.key));
}

function* isBeingPosted(key: string): Work<boolean> {
  return yield* exists(`SELECT 1 FROM deliveries WHERE ${OPEN_OF_1} LIMIT 1`, key);
}

/** One of each key; it asks something of people when any of them does. */
function together(conversations: readonly NewConversation[]): NewConversation[] {
  const byKey = new Map<string, NewConversation>();
  for (const one of conversations) {
    const known = byKey.get(one.key);
    byKey.set(one.key, known === undefined ? one : { ...known, canMute: known.canMute && one.canMute });
  }
  return [...byKey.values()];
}

function askedBy(events: readonly NewEvent[]): Asked {
  const conversations = events.flatMap(({ firings }) => conversationsIn(firings));
  return {
    subjects: distinct(conversations.flatMap(({ subject }) => subject ?? [])),
    keys: distinct(conversations.flatMap(({ key, begins = false }) => (begins ? [] : [key]))),
    kinds: distinct(conversations.flatMap(({ kind }) => kind ?? [])),
    latestAt: Math.max(0, ...events.map(({ receivedAt }) => receivedAt)),
  };
}

function conversationsIn(firings: NewEvent['firings']): NewConversation[] {
  return firings.flatMap(({ deliveries }) => deliveries.flatMap(({ conversation }) => conversation ?? []));
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
