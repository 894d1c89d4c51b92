import type { LatestEvent } from '../delivery.ts';
import type { Backlog, Incoming, Routed, RouteOptions, StoredAsItCame, Taken, UnroutedEvent } from '../unrouted.ts';
import { canBeDuplicate, isDuplicateOf } from './event-outcome.ts';
import { acceptEvents, acceptUnlessUnrouted } from './inbox.ts';
import type { LookUp } from './inbox-known.ts';
import type { RecentUnrouted } from './recent-unrouted.ts';
import { markRestored } from './restored.ts';
import { exec, exists, firstRow, insertAll, insertOf, lock, rows, type Work } from './work.ts';

/** Who holds it routes what is unrouted. */
const ROUTING_LOCK = 'unrouted';

const COLUMNS = {
  id: 'text',
  received_at: 'bigint',
  source: 'text',
  body_hash: 'text',
  body: 'text',
} as const;

interface UnroutedRow {
  readonly seq: number;
  readonly id: string;
  readonly received_at: number;
  readonly source: string;
  readonly body_hash: string;
  readonly body: string;
  readonly restored_at: number | null;
}

type LookUpLatest = (subjects: readonly string[]) => Work<Map<string, LatestEvent>>;

/** See `UnroutedStore.take`. */
export function* takeIncoming(
  incoming: readonly Incoming[],
  dedupeWindowMs: number,
  lookUp: LookUp,
  recent: Pick<RecentUnrouted, 'get'>,
): Work<Taken[]> {
  const end = incoming.findIndex(({ planned }) => planned === undefined);
  const planned = (end < 0 ? incoming : incoming.slice(0, end)).flatMap((each) => each.planned ?? []);
  const accepted = planned.length === 0 ? [] : yield* acceptUnlessUnrouted(planned, dedupeWindowMs, lookUp);
  const others = yield* storeAsTheyCame(incoming.slice(accepted.length), dedupeWindowMs, recent, (subjects) =>
    // What is accepted may be claimed in the same transaction.
    lookUp.latest(subjects, accepted.length === 0),
  );
  return [...accepted, ...others];
}

/** What is stored does not depend on what is known, so it is written first, and the look-up can end the transaction. */
function* storeAsTheyCame(
  incoming: readonly Incoming[],
  dedupeWindowMs: number,
  recent: Pick<RecentUnrouted, 'get'>,
  lookUpLatest: LookUpLatest,
): Work<StoredAsItCame[]> {
  if (incoming.length === 0) return [];
  const values = incoming.map(({ unrouted: { id, receivedAt, source, bodyHash, body } }) => [id, receivedAt, source, bodyHash, body]);
  yield* insertAll(insertOf('unrouted', COLUMNS, values, { ignoreExisting: true }));
  const asked = [...new Set(incoming.map(({ subjectKey }) => subjectKey))].filter((key) => recent.get(key) === undefined);
  const latest = asked.length === 0 ? new Map<string, LatestEvent>() : yield* lookUpLatest(asked);
  return incoming.map((each) => {
    const { id, receivedAt, bodyHash } = each.unrouted;
    const before = latest.get(each.subjectKey) ?? recent.get(each.subjectKey);
    // An earlier try, whose answer was lost, may have stored it.
    const isOther = before !== undefined && before.id !== id;
    const isDuplicate = isOther && canBeDuplicate(each) && isDuplicateOf(before, each.unrouted, dedupeWindowMs);
    if (!isDuplicate) latest.set(each.subjectKey, { id, bodyHash, receivedAt });
    return { status: 'unrouted', id, ...(isDuplicate ? { duplicateOf: before } : {}) };
  });
}

/** See `UnroutedStore.routeUnrouted`. */
export function* routeUnrouted({ limit, dedupeWindowMs, plan }: RouteOptions, lookUp: LookUp): Work<Routed> {
  yield* lock([ROUTING_LOCK]);
  const found = yield* rows<UnroutedRow>(
    'SELECT seq, id, received_at, source, body_hash, body, restored_at FROM unrouted WHERE skipped IS NULL ORDER BY seq LIMIT $1',
    limit,
  );
  if (found.length === 0) return { events: 0, deliveries: 0 };
  const ids = found.map(({ id }) => id);
  // Stored twice by a try whose answer was lost, and routed in between.
  const routed = new Set((yield* rows<{ id: string }>('SELECT id FROM events WHERE id = ANY ($1)', ids)).map(({ id }) => id));
  const events = found.filter(({ id }) => !routed.has(id)).map((row) => plan(viewOf(row)));
  const accepted = events.length === 0 ? [] : yield* acceptEvents(events, dedupeWindowMs, lookUp);
  for (const { id, restored_at } of found) if (restored_at !== null) yield* markRestored(restored_at, id);
  // By their numbers: one with a smaller number may have been committed meanwhile.
  yield* exec(
    'DELETE FROM unrouted WHERE seq = ANY ($1)',
    found.map(({ seq }) => seq),
  );
  const deliveries = accepted.reduce((sum, each) => sum + (each.status === 'accepted' ? each.deliveries.length : 0), 0);
  return { events: found.length, deliveries, oldestAt: Math.min(...found.map(({ received_at }) => received_at)) };
}

/** See `UnroutedStore.skipOldestUnrouted`. */
export function* skipOldestUnrouted(reason: string): Work<void> {
  yield* exec('UPDATE unrouted SET skipped = $1 WHERE seq = (SELECT MIN(seq) FROM unrouted WHERE skipped IS NULL)', reason);
}

/** See `UnroutedStore.retrySkipped`. */
export function* retrySkipped(): Work<void> {
  yield* exec('UPDATE unrouted SET skipped = NULL WHERE skipped IS NOT NULL');
}

/** See `UnroutedStore.isUnrouted`. */
export function* isUnrouted(id: string): Work<boolean> {
  return yield* exists('SELECT 1 FROM unrouted WHERE id = $1', id);
}

/** See `UnroutedStore.backlog`. */
export function* readBacklog(): Work<Backlog> {
  const waiting = yield* firstRow<{ n: number; oldest: number | null }>(
    'SELECT COUNT(*) AS n, MIN(received_at) AS oldest FROM unrouted WHERE skipped IS NULL',
  );
  const skipped = yield* firstRow<{ n: number; reason: string | null }>(
    'SELECT COUNT(*) AS n, MIN(skipped) AS reason FROM unrouted WHERE skipped IS NOT NULL',
  );
  return {
    events: waiting?.n ?? 0,
    ...(waiting?.oldest == null ? {} : { oldestAt: waiting.oldest }),
    skipped: skipped?.n ?? 0,
    ...(skipped?.reason == null ? {} : { reason: skipped.reason }),
  };
}

function viewOf({ id, received_at, source, body_hash, body }: UnroutedRow): UnroutedEvent {
  return { id, receivedAt: received_at, source, bodyHash: body_hash, body };
}
