import type { DeliveryState, DeliveryView } from '../delivery.ts';
import type { EventSearch, FoundEvent, RouteActivity, SearchPage, Undelivered } from '../search.ts';
import { NOT_PAUSED } from './pauses.ts';
import { readBacklog } from './unrouted.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, type EventRow, FROM_DELIVERIES, viewOfDelivery, viewOfEvent } from './views.ts';
import { Where } from './where.ts';
import { firstRow, rows, type Work } from './work.ts';

/**
 * Looking through events. Conditions that no index helps with are checked on rows one by one: at most so many in one call, which
 * says so and can be gone on with. On SQLite that is some tens of milliseconds.
 */
const MOST_CHECKED = 20_000;

/** What the events of a page are, without their deliveries. */
const COLUMNS = 'e.seq, e.id, e.received_at, e.outcome, e.duplicate_of, e.event, e.wandb, e.subject_key';

export function* searchEvents(
  search: EventSearch,
  { limit, before }: { readonly limit: number; readonly before?: number },
): Work<SearchPage> {
  const ends = yield* firstRow<{ first: number | null; last: number | null }>(
    'SELECT (SELECT MIN(seq) FROM events) AS first, (SELECT MAX(seq) FROM events) AS last',
  );
  const [first, last] = [ends?.first ?? 0, ends?.last ?? 0];
  const end = Math.min(before ?? last + 1, last + 1);
  const begin = Math.max(first, end - MOST_CHECKED);
  const where = whereFound(search);
  where.and('e.seq < ?', end);
  where.and('e.seq >= ?', begin);
  const found = yield* rows<Omit<EventRow, 'body'> & { seq: number }>(
    `SELECT ${COLUMNS} FROM events e ${where} ORDER BY e.seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    limit + 1,
  );
  const shown = found.slice(0, limit);
  const deliveries = yield* deliveriesOfEvents(shown.map(({ id }) => id));
  const items = shown.map((row): FoundEvent => {
    const { body: _body, ...event } = viewOfEvent({ ...row, body: '' });
    return { event, deliveries: deliveries.get(row.id) ?? [] };
  });
  if (found.length > limit) return { items, next: shown.at(-1)?.seq, isPartial: false };
  return begin > first ? { items, next: begin, isPartial: true } : { items, next: undefined, isPartial: false };
}

/** The oldest first. Updates of messages are of interest only when they fail. */
function* deliveriesOfEvents(ids: readonly string[]): Work<ReadonlyMap<string, DeliveryView[]>> {
  if (ids.length === 0) return new Map();
  const found = yield* rows<DeliveryRow>(
    `SELECT ${DELIVERY_COLUMNS} ${FROM_DELIVERIES} WHERE d.event_id = ANY ($1) AND (d.ephemeral = 0 OR d.state = 'dead') ORDER BY d.seq`,
    ids,
  );
  const byEvent = new Map<string, DeliveryView[]>();
  for (const row of found) {
    const list = byEvent.get(row.event_id);
    if (list === undefined) byEvent.set(row.event_id, [viewOfDelivery(row)]);
    else list.push(viewOfDelivery(row));
  }
  return byEvent;
}

/** Fields are found in the event's JSON as we write it, which needs no index on each of them. */
function whereFound(search: EventSearch): Where {
  const { type, outcomes, since, until, route, states, text } = search;
  const where = new Where('1 = 1');
  if (type !== undefined) where.and('e.type = ?', type);
  if (outcomes !== undefined) where.and('e.outcome = ANY (?)', outcomes);
  if (since !== undefined) where.and('e.received_at >= ?', since);
  if (until !== undefined) where.and('e.received_at < ?', until);
  for (const field of ['source', 'collection', 'alias', 'run'] as const) {
    const value = search[field];
    if (value !== undefined) where.and('STRPOS(e.event, ?) > 0', JSON.stringify({ [field]: value }).slice(1, -1));
  }
  if (route !== undefined || states !== undefined) whereDelivered(where, route, states);
  if (text !== undefined)
    where.and(
      'STRPOS(LOWER(e.event || e.body COLLATE "C"), ?) > 0',
      text.slice(0, 200).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()),
    );
  return where;
}

function whereDelivered(where: Where, route: string | undefined, states: readonly DeliveryState[] | undefined): void {
  if (states === undefined) {
    where.and('EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.ephemeral = 0 AND d.route = ?)', route ?? '');
    return;
  }
  const ofRoute = route === undefined ? '' : ' AND d.route = ?';
  if (states.includes('delivered')) {
    where.and('EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.ephemeral = 0 AND d.state = ANY (?)', states);
  } else {
    // What is open or ended without success has small indexes.
    where.and(
      `e.id IN (SELECT d.event_id FROM deliveries d WHERE (d.seq IN (SELECT seq FROM deliveries WHERE is_head = 1 UNION ALL
         SELECT seq FROM deliveries WHERE state = 'pending' AND is_head = 0 UNION ALL
         SELECT seq FROM deliveries WHERE state NOT IN ('delivered', 'pending', 'in_flight'))) AND d.state = ANY (?)`,
      states,
    );
  }
  where.more(ofRoute === '' ? ')' : `${ofRoute})`, route);
}

export function* deliveriesToChange(
  search: EventSearch,
  states: readonly DeliveryState[],
  limit: number,
): Work<{ ids: string[]; isAll: boolean }> {
  const where = whereFound(search);
  const { route } = search;
  where.and('c.state = ANY (?)', states);
  where.and('c.ephemeral = 0');
  if (route !== undefined) where.and('c.route = ?', route);
  const found = yield* rows<{ id: string }>(
    `SELECT c.id FROM deliveries c JOIN events e ON e.id = c.event_id ${where} ORDER BY c.seq LIMIT $${where.values.length + 1}`,
    ...where.values,
    limit + 1,
  );
  return { ids: found.slice(0, limit).map(({ id }) => id), isAll: found.length <= limit };
}

export function* routeActivity({
  since,
  now,
  parts,
}: {
  readonly since: number;
  readonly now: number;
  readonly parts: number;
}): Work<RouteActivity[]> {
  const width = Math.max(1, Math.ceil((now - since) / parts));
  const found = yield* rows<{ route: string; part: number; n: number; last: number }>(
    `SELECT d.route, CAST((d.created_at - $1) / $2 AS bigint) AS part, COUNT(DISTINCT d.event_id) AS n, MAX(d.created_at) AS last
     FROM deliveries d WHERE d.seq > (SELECT COALESCE(MAX(seq), 0) FROM deliveries) - $3 AND d.ephemeral = 0 AND d.created_at >= $1 AND d.created_at <= $4
     GROUP BY d.route, CAST((d.created_at - $1) / $2 AS bigint)`,
    since,
    width,
    MOST_COUNTED,
    now,
  );
  const byRoute = new Map<string, { counts: number[]; last: number }>();
  for (const { route, part, n, last } of found) {
    const entry = byRoute.get(route) ?? { counts: new Array<number>(parts).fill(0), last: 0 };
    entry.counts[Math.min(parts - 1, Number(part))] = n;
    byRoute.set(route, { counts: entry.counts, last: Math.max(entry.last, last) });
  }
  return [...byRoute].map(([route, { counts, last }]) => ({ route, counts, lastFiredAt: last }));
}

/** Only so many of the latest deliveries are counted. */
const MOST_COUNTED = 100_000;

/** Of each state, so many of the latest are counted. */
const MOST_UNDELIVERED = 100_000;

export function* undelivered(): Work<Undelivered[]> {
  const found: Undelivered[] = [];
  // Each part has a small index of its own.
  for (const part of ['is_head = 1', `state = 'pending' AND is_head = 0`, `state NOT IN ('delivered', 'pending', 'in_flight')`]) {
    const some = yield* rows<{ kind: string; state: DeliveryState; n: number; oldest: number }>(
      `SELECT kind, state, COUNT(*) AS n, MIN(created_at) AS oldest FROM (
         SELECT SUBSTR(target, 1, STRPOS(target || ':', ':') - 1) AS kind, state, created_at, ephemeral FROM deliveries WHERE ${part} LIMIT $1) AS latest
       WHERE ephemeral = 0 GROUP BY kind, state`,
      MOST_UNDELIVERED,
    );
    for (const { kind, state, n, oldest } of some) add(found, { target: kind, state, count: n, oldestAt: oldest });
  }
  return found.toSorted((a, b) => (a.target + a.state < b.target + b.state ? -1 : 1));
}

/** Of each order the first one is the oldest. Only so many are looked at: with more, the oldest waits for long in any case. */
export function* oldestToSend(): Work<number | undefined> {
  const row = yield* firstRow<{ oldest: number | null }>(
    `SELECT MIN(created_at) AS oldest FROM (
       SELECT d.created_at FROM deliveries d WHERE d.is_head = 1 AND d.ephemeral = 0 AND ${NOT_PAUSED} LIMIT $1) AS heads`,
    MOST_UNDELIVERED,
  );
  const { oldestAt } = yield* readBacklog();
  const times = [row?.oldest, oldestAt].filter((time) => typeof time === 'number');
  return times.length === 0 ? undefined : Math.min(...times);
}

function add(found: Undelivered[], more: Undelivered): void {
  const index = found.findIndex(({ target, state }) => target === more.target && state === more.state);
  const known = found[index];
  if (known === undefined) found.push(more);
  else found[index] = { ...known, count: known.count + more.count, oldestAt: Math.min(known.oldestAt, more.oldestAt) };
}

export function* revision(): Work<string> {
  const row = yield* firstRow<{
    event: number | null;
    delivery: number | null;
    changed: number | null;
    open: number | null;
    ended: number | null;
  }>(
    `SELECT (SELECT MAX(seq) FROM events) AS event, (SELECT MAX(seq) FROM deliveries) AS delivery,
       (SELECT MAX(updated_at) FROM (SELECT updated_at FROM deliveries ORDER BY seq DESC LIMIT 200) AS latest) AS changed,
       (SELECT MAX(updated_at) FROM (SELECT updated_at FROM deliveries WHERE is_head = 1 LIMIT 1000) AS heads) AS open,
       (SELECT COUNT(*) FROM (SELECT 1 AS one FROM deliveries WHERE state NOT IN ('delivered', 'pending', 'in_flight') LIMIT 1000) AS others) AS ended`,
  );
  return [row?.event, row?.delivery, row?.changed, row?.open, row?.ended].map((value) => value ?? 0).join('-');
}
