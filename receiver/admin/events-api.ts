import { Hono } from 'hono';
import { type JsonValue, parseExactJson } from '../../src/lib/json.ts';
import { routeMatches, whyNot } from '../../src/route/route.ts';
import type { RequestVariables } from '../http/request-log.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { DeliveryRecord, EventView } from '../store/delivery.ts';
import type { AdminContext } from './access.ts';
import type { AdminOptions } from './api-options.ts';
import {
  ADMIN_API,
  after,
  BODY_ROOM,
  badRequest,
  from,
  logChange,
  MOST_DELIVERIES,
  NO_SUCH_EVENT,
  NOT_ROUTED_YET,
  notFound,
  page,
  queryOf,
  readAs,
} from './api-parts.ts';
import { searchOf } from './event-search.ts';
import { identityOf } from './guard.ts';
import { readEventsQuery, readMuteBody, readUnmuteBody } from './requests.ts';

type EventsOptions = Pick<AdminOptions, 'store' | 'now' | 'wake' | 'routes' | 'redactor'>;

const HOUR_MS = 3_600_000;

/** `/events` of the admin API: what came, what became of it, and whose messages are muted. */
export function eventsApi(options: EventsOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', (c) => listEvents(c, options));
  app.get('/:id', async (c) => {
    const event = await options.store.event(c.req.param('id'));
    if (event !== undefined) return c.json(await wholeEvent(event, options));
    return notFound(c, (await options.store.isUnrouted(c.req.param('id'))) ? NOT_ROUTED_YET : NO_SUCH_EVENT);
  });
  app.post('/:id/mute', (c) =>
    changeMute(c, options, (body) => {
      const read = readMuteBody(body);
      return read.ok ? { ok: true, value: { ...read.value, until: options.now() + read.value.hours * HOUR_MS } } : read;
    }),
  );
  app.post('/:id/unmute', (c) =>
    changeMute(c, options, (body) => {
      const read = readUnmuteBody(body);
      return read.ok ? { ok: true, value: { ...read.value, until: 0 } } : read;
    }),
  );
  return app;
}

async function listEvents(c: AdminContext, { store, now, redactor }: EventsOptions): Promise<Response> {
  const read = readEventsQuery(queryOf(c));
  if (!read.ok) return badRequest(c, read.error);
  const { include, cursor, limit, ...query } = read.value;
  const { outcome, type, since, ...search } = query;
  if (Object.keys(search).length > 0) {
    const detail = 'may only be given beside outcome, type and since: ask for each event instead';
    if (include !== undefined) return badRequest(c, { detail: `include: ${detail}`, errors: [{ detail, parameter: 'include' }] });
    const { items, next, isPartial } = await store.searchEvents(searchOf(query, now()), { limit, ...from(cursor) });
    return c.json({
      events: items.map(({ event, deliveries }) => ({ ...event, deliveries })),
      ...(next === undefined ? {} : { next: String(next) }),
      ...(isPartial ? { partial: true } : {}),
    });
  }
  const filter = {
    ...(outcome === undefined ? {} : { outcomes: outcome }),
    ...(type === undefined ? {} : { type }),
    ...after(since, now()),
    ...(include === undefined ? {} : { bodyRoom: BODY_ROOM }),
  };
  const found = await store.eventPage({ ...filter, limit, ...from(cursor) });
  const items = found.items.map((event) => ('body' in event ? { ...event, body: redactor.text(event.body) } : event));
  return page(c, 'events', { items, next: found.next });
}

async function wholeEvent(event: EventView, { store, now, routes, redactor }: EventsOptions): Promise<object> {
  const { id, subjectKey } = event;
  const found = await store.deliveryPage({ eventId: id, order: 'oldest first', limit: MOST_DELIVERIES });
  const deliveries: DeliveryRecord[] = [];
  for (const { id: deliveryId } of found.items) {
    const record = await store.delivery(deliveryId);
    if (record !== undefined) deliveries.push(record);
  }
  const approvals: ApprovalView[] = [];
  for (const route of new Set(deliveries.map(({ delivery }) => delivery.route))) {
    const approval = await store.approval(id, route);
    if (approval !== undefined) approvals.push(approval);
  }
  const mutes = (await store.mutes(now())).filter((mute) => mute.subjectKey === subjectKey);
  const json = parseExactJson(event.body);
  const payload: JsonValue = json.ok ? json.value : {};
  return {
    event: { ...event, body: redactor.text(event.body) },
    routes: routes().map((route) => {
      const matches = routeMatches(route, event.event, payload);
      return { route: route.name, matches, why: matches ? [] : whyNot(route, event.event, payload) };
    }),
    deliveries,
    moreDeliveries: found.next !== undefined,
    approvals,
    mutes: mutes.map(({ route, until, by }) => ({ route, until, by })),
  };
}

interface MuteChange {
  readonly route: string;
  readonly by?: string | undefined;
  /** Milliseconds since 1970; 0: not any more. */
  readonly until: number;
}

async function changeMute(
  c: AdminContext,
  { store, now, wake }: EventsOptions,
  read: Parameters<typeof readAs<MuteChange>>[1],
): Promise<Response> {
  const body = await readAs(c, read);
  if (body instanceof Response) return body;
  const event = await store.event(c.req.param('id') ?? '');
  if (event === undefined) return notFound(c, NO_SUCH_EVENT);
  const { route, until, by = identityOf(c).name } = body;
  await store.mute({ route, subjectKey: event.subjectKey, until, by: `${by}, by ${ADMIN_API}` }, event.id, now());
  wake();
  logChange(c, until === 0 ? 'unmute' : 'mute', by);
  return c.json({ route, until: until === 0 ? null : until });
}
