import { Hono } from 'hono';
import type { RequestVariables } from '../http/request-log.ts';
import type { DeliveryState } from '../store/delivery.ts';
import type { ChangeResult, DeliveryAdmin } from '../store/store.ts';
import type { AdminContext } from './access.ts';
import type { AdminOptions } from './api-options.ts';
import { ADMIN_API, actsAs, after, badRequest, from, logChange, NO_SUCH_DELIVERY, notFound, page, queryOf, readAs } from './api-parts.ts';
import { searchOf } from './event-search.ts';
import { type ChangeKind, type FilterBody, readActorBody, readChangeBody, readDeliveriesQuery } from './requests.ts';

const CHANGES = ['replay', 'approve', 'reject', 'cancel'] as const;
export type AdminChange = (typeof CHANGES)[number];

/** `/deliveries` of the admin API: what there is, and what can be done with it, one by one or many at once. */
export function deliveriesApi(options: Pick<AdminOptions, 'store' | 'now' | 'wake'>): Hono<RequestVariables> {
  const { store, now, wake } = options;
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => {
    const query = readDeliveriesQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { cursor, limit } = query.value;
    return page(c, 'deliveries', await store.deliveryPage({ ...filterOf(query.value, now()), limit, ...from(cursor) }));
  });
  app.get('/:id', async (c) => {
    const found = await store.delivery(c.req.param('id'));
    return found === undefined ? notFound(c, NO_SUCH_DELIVERY) : c.json(found);
  });
  for (const kind of CHANGES) {
    app.post(`/:id/${kind}`, async (c) => {
      const actor = await readAs(c, (body) => readActorBody(body, kindOf(kind)));
      if (actor instanceof Response) return actor;
      const [result] = await store[kind]([c.req.param('id')], now(), actsAs(actor, ADMIN_API));
      if (result?.done !== true) return badRequest(c, { detail: result?.why ?? 'nothing to change' });
      wake();
      logChange(c, kind, actor.by);
      return c.json({ id: result.id, status: 'ok', ...(result.counted === undefined ? {} : { counted: result.counted }) });
    });
    app.post(`/${kind}`, (c) => changeMany(c, kind, options));
  }
  return app;
}

async function changeMany(
  c: AdminContext,
  kind: AdminChange,
  { store, now, wake }: Pick<AdminOptions, 'store' | 'now' | 'wake'>,
): Promise<Response> {
  const body = await readAs(c, (text) => readChangeBody(text, kindOf(kind)));
  if (body instanceof Response) return body;
  const chosen = 'ids' in body ? { ids: body.ids, next: undefined } : await chosenBy(body, store, now());
  if ('refused' in chosen) return badRequest(c, { detail: chosen.refused });
  if ('filter' in body && body.dry_run) return c.json(answerOf(chosen, []));
  const results = chosen.ids.length === 0 ? [] : await store[kind](chosen.ids, now(), actsAs(body, ADMIN_API));
  const done = results.filter((result) => result.done).length;
  if (done > 0) wake();
  logChange(c, `${kind} ${done} of ${results.length}`, body.by);
  return c.json(answerOf(chosen, results));
}

interface Chosen {
  readonly ids: readonly string[];
  readonly next: number | undefined;
  /** More match than one request changes. */
  readonly more?: boolean;
}

/** Oldest first, so that they leave in the order in which they came. */
async function chosenBy(
  { filter, limit, cursor }: FilterBody,
  store: AdminOptions['store'],
  now: number,
): Promise<Chosen | { readonly refused: string }> {
  const { state, since, route, ...search } = filter;
  if (Object.keys(search).length > 0) {
    if (cursor !== undefined) return { refused: 'cursor: is only there with state, since and route: ask again without it instead' };
    const found = await store.deliveriesToChange(searchOf({ ...search, since, route }, now), state, limit);
    return { ids: found.ids, next: undefined, more: !found.isAll };
  }
  const found = await store.deliveryPage({ ...filterOf(filter, now), order: 'oldest first', limit, ...from(cursor) });
  return { ids: found.items.map(({ id }) => id), next: found.next };
}

function answerOf({ ids, next, more }: Chosen, results: readonly ChangeResult[]): object {
  return { ids, results, ...(next === undefined ? {} : { next: String(next) }), ...(more === true ? { more } : {}) };
}

function kindOf(change: AdminChange): ChangeKind {
  return change === 'approve' || change === 'reject' ? 'decision' : 'change';
}

interface FilterQuery {
  readonly state?: readonly DeliveryState[] | undefined;
  readonly since?: string | undefined;
  readonly route?: string | undefined;
}

function filterOf({ state, since, route }: FilterQuery, now: number): Omit<Parameters<DeliveryAdmin['deliveryPage']>[0], 'limit'> {
  return {
    ...(state === undefined ? {} : { states: state }),
    ...(route === undefined ? {} : { route }),
    ...after(since, now),
  };
}
