import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { PromotionFacts } from '../conversation-facts.ts';
import type { EventView } from '../delivery.ts';
import { conversationsOf, requestUpdate } from './conversations.ts';
import { orderKeyLock } from './order-keys.ts';
import { firstRow, lock, rows, type Work } from './work.ts';

/** Conversations show what became of a promotion: what it replaced, and what replaced it. */

/** The conversations of these promotions show that their versions lost the alias. Inside the caller's transaction. */
export function* refreshReplaced(eventIds: readonly string[], now: number): Work<void> {
  for (const eventId of new Set(eventIds)) {
    const own = (yield* conversationsOf(eventId)).map(({ key }) => ({ key, eventId }));
    if (own.length === 0) continue;
    const conversations = [...own, ...(yield* repeatedSince(eventId, own))];
    yield* lock(conversations.map(({ key }) => orderKeyLock(key)));
    for (const one of conversations) yield* requestUpdate(one.key, one.eventId, now);
  }
}

interface Shown {
  readonly key: string;
  readonly eventId: string;
}

/** Conversations of later events that gave the same version the same alias once more: the ledger has the first only. */
function* repeatedSince(eventId: string, own: readonly Shown[]): Work<Shown[]> {
  const first = yield* firstRow<{ event: string }>('SELECT event FROM events WHERE id = $1', eventId);
  const alias = first && aliasIn(first.event);
  const later = yield* rows<{ key: string }>(
    `SELECT other.key FROM conversations one JOIN conversations other ON other.subject = one.subject AND other.subject IS NOT NULL
     WHERE one.key = ANY ($1) AND one.subject IS NOT NULL AND other.began_at >= one.began_at AND other.key <> one.key
     ORDER BY other.key COLLATE "C"`,
    own.map(({ key }) => key),
  );
  const found: Shown[] = [];
  for (const { key } of later) {
    const begun = yield* firstRow<{ id: string; event: string }>(
      `SELECT e.id, e.event FROM events e WHERE e.id = (
         SELECT event_id FROM deliveries WHERE conversation = $1 AND conversation IS NOT NULL ORDER BY seq LIMIT 1)`,
      key,
    );
    if (begun !== undefined && aliasIn(begun.event) === alias) found.push({ key, eventId: begun.id });
  }
  return found;
}

function aliasIn(event: string): string | undefined {
  return promotionOf(JSON.parse(event) as RelayEvent)?.aliasKey;
}

/** The event whose version has the alias of a rollback, which moves no alias: what that one's conversations say changes with it. */
export function* holderBehind(rollback: RelayEvent): Work<string[]> {
  const aliasKey = isAskedRollback(rollback) ? promotionOf(rollback)?.aliasKey : undefined;
  if (aliasKey === undefined) return [];
  const holder = yield* firstRow<{ event_id: string | null }>(
    'SELECT event_id FROM promotions WHERE alias_key = $1 ORDER BY n DESC LIMIT 1',
    digest(aliasKey),
  );
  return holder === undefined || holder.event_id === null ? [] : [holder.event_id];
}

interface Row {
  n: number;
  version: string | null;
  since: number;
  event_id: string | null;
  replaced_version: string | null;
  replaced_since: number | null;
  deployed_at: number | null;
}

/** What the ledger knows about each of the events that gives an alias, by event. */
export function* promotionFacts(events: readonly Pick<EventView, 'id' | 'receivedAt' | 'event'>[]): Work<Map<string, PromotionFacts>> {
  const facts = new Map<string, PromotionFacts>();
  const histories = new Map<string, Row[]>();
  for (const { id, receivedAt, event } of events) {
    const promotion = promotionOf(event);
    if (promotion === undefined) continue;
    const aliasKey = digest(promotion.aliasKey);
    const history = histories.get(aliasKey) ?? (yield* historyOf(aliasKey));
    histories.set(aliasKey, history);
    const { version } = promotion;
    const found = isAskedRollback(event) ? rollbackFacts(event) : factsIn(history, { id, receivedAt, version, replaces: event.replaces });
    if (found !== undefined) facts.set(id, found);
  }
  return facts;
}

function* historyOf(aliasKey: string): Work<Row[]> {
  return yield* rows<Row>(
    'SELECT n, version, since, event_id, replaced_version, replaced_since, deployed_at FROM promotions WHERE alias_key = $1 ORDER BY n',
    aliasKey,
  );
}

interface Promoted {
  readonly id: string;
  readonly receivedAt: number;
  readonly version: string;
  readonly replaces: RelayEvent['replaces'];
}

function factsIn(history: readonly Row[], { id, receivedAt, version, replaces }: Promoted): PromotionFacts | undefined {
  // The second event about one promotion has no row of its own.
  const own =
    history.find(({ event_id }) => event_id === id) ?? history.findLast((row) => row.version === version && row.since <= receivedAt);
  if (own === undefined) {
    if (replaces === undefined) return undefined;
    return { replaced: { version: replaces.version, since: Date.parse(replaces.since) }, isRollback: false, replacedBy: null };
  }
  const { replaced_version: before, replaced_since: since } = own;
  const next = history.find((row) => row.n > own.n && row.version !== null && row.version !== version);
  return {
    replaced: before === null || since === null ? null : { version: before, since },
    isRollback: before !== null && isOlder(version, before) && history.some((row) => row.n < own.n && row.version === version),
    replacedBy: next === undefined || next.version === null ? deployedSince(history, own) : { version: next.version, at: next.since },
  };
}

/** Another version that was deployed after this one was, as by a rollback: the alias did not move. */
function deployedSince(history: readonly Row[], own: Row): PromotionFacts['replacedBy'] {
  const last = history.reduce((one, row) => ((row.deployed_at ?? 0) > (one.deployed_at ?? 0) ? row : one), own);
  if (own.deployed_at === null || last.deployed_at === null || last.version === null || last.version === own.version) return null;
  return { version: last.version, at: last.deployed_at };
}

/** Somebody asked for it in Slack or by the command line: W&B's alias did not move. */
function isAskedRollback(event: RelayEvent): boolean {
  return 'rollback' in event && event.rollback === true;
}

function rollbackFacts({ replaces }: RelayEvent): PromotionFacts {
  const replaced = replaces === undefined ? null : { version: replaces.version, since: Date.parse(replaces.since) };
  return { replaced, isRollback: true, replacedBy: null };
}

/** Versions count up in W&B (`v0`, `v1`, …): one that comes back over an older one is no rollback. */
function isOlder(version: string, than: string): boolean {
  const [number, other] = [version, than].map((one) => Number(/^v(\d+)$/.exec(one)?.[1] ?? Number.NaN));
  return Number.isNaN(number) || Number.isNaN(other) || Number(number) < Number(other);
}
