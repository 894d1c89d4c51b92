import type { Accepted, NewEvent } from '../delivery.ts';
import { acceptEvents } from '../rules/inbox.ts';
import type { RecentUnrouted } from '../rules/recent-unrouted.ts';
import { takeIncoming } from '../rules/unrouted.ts';
import type { Work } from '../rules/work.ts';
import type { Incoming, Taken } from '../unrouted.ts';
import { type PostgresDriver, sqlStateOf } from './driver.ts';
import { postgresLookUp } from './look-up.ts';
import { runInTransaction } from './run-work.ts';
import type { Sql } from './sql.ts';

/** A value that has to be unique is there already (SQLSTATE). */
const UNIQUE_VIOLATION = '23505';

/** Claims in the transaction that accepts, once something is there to be sent. */
export interface AlsoClaim {
  /** The transaction begins, or begins again: nothing is claimed. */
  begin(): void;
  claim(sql: Sql): Promise<void>;
}

/** Stores a batch of events in one transaction. */
export async function acceptBatch(
  driver: PostgresDriver,
  events: readonly NewEvent[],
  dedupeWindowMs: number,
  also: AlsoClaim,
): Promise<Accepted[]> {
  if (events.length === 0) return [];
  return onceMore(driver, events, () => acceptAndClaim(driver, () => acceptEvents(events, dedupeWindowMs, postgresLookUp), also));
}

function acceptAndClaim<T extends Taken>(driver: PostgresDriver, accept: () => Work<T[]>, also: AlsoClaim): Promise<T[]> {
  const start = () => {
    also.begin();
    return accept();
  };
  return runInTransaction(driver, start, async (sql, taken) => {
    if (taken.some((each) => each.status === 'accepted' && each.deliveries.length > 0)) await also.claim(sql);
  });
}

/** Stores a batch of webhooks in one transaction, see `UnroutedStore.take`. */
export async function takeBatch(
  driver: PostgresDriver,
  incoming: readonly Incoming[],
  dedupeWindowMs: number,
  recent: RecentUnrouted,
  also: AlsoClaim,
): Promise<Taken[]> {
  if (incoming.length === 0) return [];
  const planned = incoming.flatMap((each) => each.planned ?? []);
  const store = () => acceptAndClaim(driver, () => takeIncoming(incoming, dedupeWindowMs, postgresLookUp, recent), also);
  const taken = await (planned.length === incoming.length ? onceMore(driver, planned, store) : store());
  recent.stored(incoming, taken);
  return taken;
}

/** One event may have been stored by an earlier try. */
async function onceMore<T>(driver: PostgresDriver, events: readonly NewEvent[], store: () => Promise<T[]>): Promise<(T | Accepted)[]> {
  try {
    return await store();
  } catch (error) {
    const [only] = events;
    if (events.length === 1 && only !== undefined && sqlStateOf(error) === UNIQUE_VIOLATION)
      return [await storedBefore(driver, only, error)];
    throw error;
  }
}

/** The connection broke when an earlier try was committed: the event is stored, and only the answer was lost. */
async function storedBefore(sql: Sql, event: NewEvent, error: unknown): Promise<Accepted> {
  const known = await sql.rows('SELECT 1 FROM events WHERE id = $1 AND body_hash = $2', event.id, event.bodyHash);
  if (known.length === 0) throw error;
  const deliveries = await sql.rows<{ id: string; route: string; target: string }>(
    'SELECT id, route, target FROM deliveries WHERE event_id = $1 AND ephemeral = 0 ORDER BY seq',
    event.id,
  );
  return { status: 'accepted', id: event.id, deliveries };
}
