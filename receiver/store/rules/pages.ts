import type { DeliveryView, RejectedRequest } from '../delivery.ts';
import type { DeliveryPageOptions, EventPageOptions, EventSummary, Page, RejectedPageOptions } from '../page.ts';
import { deliveryRows, whereEvents } from './queries.ts';
import { type EventRow, summaryOfEvent, viewOfDelivery, viewOfEvent } from './views.ts';
import { Where } from './where.ts';
import { rows, type Work } from './work.ts';

/** Pages by position (`seq`): a page costs the same wherever it begins, and what is stored or pruned meanwhile moves nothing. */

export function* deliveryPage(options: DeliveryPageOptions): Work<Page<DeliveryView>> {
  return pageOf(yield* deliveryRows({ ...options, limit: options.limit + 1 }), options.limit, viewOfDelivery);
}

const SUMMARY_COLUMNS = 'seq, id, received_at, outcome, duplicate_of, event, wandb, subject_key, LENGTH(body) AS body_length';

export function* eventPage(options: EventPageOptions): Work<Page<EventSummary>> {
  const where = whereEvents(options);
  if (options.before !== undefined) where.and('seq < ?', options.before);
  const found = yield* rows<Omit<EventRow, 'body'> & Sized>(
    `SELECT ${SUMMARY_COLUMNS} FROM events ${where} ORDER BY seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    options.limit + 1,
  );
  if (options.bodyRoom === undefined) return pageOf(found, options.limit, summaryOfEvent);
  const shown = fitting(found, options.limit, options.bodyRoom);
  const bodies = yield* bodiesOf('events', found.slice(0, shown));
  return pageOf(found, shown, (row) => viewOfEvent({ ...row, body: bodies.get(row.seq) ?? '' }));
}

type RejectedRow = Sized & { received_at: number; source: string; status: number; reason: string };

export function* rejectedPage({ limit, before, bodyRoom }: RejectedPageOptions): Work<Page<RejectedRequest>> {
  const where = new Where('1 = 1');
  if (before !== undefined) where.and('seq < ?', before);
  const found = yield* rows<RejectedRow>(
    `SELECT seq, received_at, source, status, reason, LENGTH(body) AS body_length FROM rejected ${where}
     ORDER BY seq DESC LIMIT $${where.values.length + 1}`,
    ...where.values,
    limit + 1,
  );
  const shown = fitting(found, limit, bodyRoom);
  const bodies = yield* bodiesOf('rejected', found.slice(0, shown));
  return pageOf(found, shown, ({ seq, received_at, source, status, reason }) => ({
    receivedAt: received_at,
    source,
    status,
    reason,
    body: bodies.get(seq) ?? '',
  }));
}

interface Sized {
  readonly seq: number;
  readonly body_length: number;
}

/** The first `shown` rows; one more row means that there is another page. */
function pageOf<Row extends { readonly seq: number }, T>(found: readonly Row[], shown: number, view: (row: Row) => T): Page<T> {
  const items = found.slice(0, shown);
  return { items: items.map(view), next: found.length > shown ? items.at(-1)?.seq : undefined };
}

/** How many rows from the first one have bodies that fit into `room` together: at most `limit`, and one at least. */
function fitting(found: readonly Sized[], limit: number, room: number): number {
  let left = room;
  const end = found.slice(0, limit).findIndex(({ body_length }, i) => {
    left -= body_length;
    return i > 0 && left < 0;
  });
  return end === -1 ? Math.min(limit, found.length) : end;
}

function* bodiesOf(table: 'events' | 'rejected', found: readonly Sized[]): Work<ReadonlyMap<number, string>> {
  if (found.length === 0) return new Map();
  const bodies = yield* rows<{ seq: number; body: string }>(
    `SELECT seq, body FROM ${table} WHERE seq = ANY ($1)`,
    found.map(({ seq }) => seq),
  );
  return new Map(bodies.map(({ seq, body }) => [seq, body]));
}
