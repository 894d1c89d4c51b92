import { type Context, Hono } from 'hono';
import { checkBearer } from '../../src/lib/signature.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { Runtime } from '../runtime.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Page } from '../store/page.ts';
import type { ChangeResult, DeliveryAdmin } from '../store/store.ts';
import {
  type ChangeBody,
  readAliasesQuery,
  readChangeBody,
  readDeliveriesQuery,
  readEventsQuery,
  readRejectedQuery,
  timeOf,
} from './requests.ts';

export interface AdminOptions extends Pick<Runtime, 'now'> {
  readonly store: DeliveryAdmin & Pick<Ledger, 'aliases'>;
  readonly token: string;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
}

/** Nothing of the admin API has a body of any size. */
export const ADMIN_BODY_LIMIT: BodyLimit = { maxBytes: 1024 * 1024, from: 'a limit of this receiver' };
/** A page with bodies holds at most so many characters of them, or one. A body may be larger than this alone. */
const BODY_ROOM = 2 * 1024 * 1024;

/** The details of a 404 for something that is not stored, apart from that of an address that does not exist. */
export const NO_SUCH_DELIVERY = 'There is no such delivery.';
export const NO_SUCH_EVENT = 'There is no such event.';
/** On Workers, where each source has a database of its own. */
export const NO_SUCH_SOURCE = 'No secret or token is configured for this source, and it has never stored anything: check its name.';

const CHANGES = ['replay', 'approve', 'cancel'] as const;
export type AdminChange = (typeof CHANGES)[number];

type AdminContext = Context<RequestVariables>;

const utf8 = new TextDecoder();

/** The answer to everybody who does not hold the admin token. */
export function refuseStranger(c: AdminContext, token: string): Response | undefined {
  const failure = checkBearer(c.req.header('authorization'), [token]);
  if (failure === undefined) return undefined;
  c.get('logFields').reason = `refused: the admin token is ${failure === 'missing' ? 'missing' : 'wrong'}`;
  return problem(c, { status: 401, title: 'Unauthorized' });
}

/** What the CLI can do on the machine itself, over HTTP for those who hold RELAY_ADMIN_TOKEN. Lists come in pages. */
export function adminApi({ store, token, wake, now }: AdminOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.use(async (c, next) => (verifiedOf(c) === undefined ? refuseStranger(c, token) : undefined) ?? next());
  app.get('/status', async (c) => c.json({ ...(await store.counts()), holdBacks: await store.throttles(now()) }));
  app.get('/deliveries', async (c) => {
    const query = readDeliveriesQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { cursor, limit } = query.value;
    return page(c, 'deliveries', await store.deliveryPage({ ...filterOf(query.value, now()), limit, ...from(cursor) }));
  });
  app.get('/deliveries/:id', async (c) => {
    const found = await store.delivery(c.req.param('id'));
    return found === undefined ? problem(c, { status: 404, title: 'Not Found', detail: NO_SUCH_DELIVERY }) : c.json(found);
  });
  app.get('/events', async (c) => {
    const query = readEventsQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { outcome, type, since, include, cursor, limit } = query.value;
    const filter = {
      ...(outcome === undefined ? {} : { outcomes: outcome }),
      ...(type === undefined ? {} : { type }),
      ...after(since, now()),
      ...(include === undefined ? {} : { bodyRoom: BODY_ROOM }),
    };
    return page(c, 'events', await store.eventPage({ ...filter, limit, ...from(cursor) }));
  });
  app.get('/events/:id', async (c) => {
    const event = await store.event(c.req.param('id'));
    return event === undefined ? problem(c, { status: 404, title: 'Not Found', detail: NO_SUCH_EVENT }) : c.json({ event });
  });
  app.get('/aliases', async (c) => {
    const query = readAliasesQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { collection, alias, cursor, limit } = query.value;
    const filter = { ...(collection === undefined ? {} : { collection }), ...(alias === undefined ? {} : { alias }) };
    const found = await store.aliases({ ...filter, limit: limit + 1, ...(cursor === undefined ? {} : { after: cursor }) });
    const aliases = found.slice(0, limit);
    return c.json({ aliases, ...(found.length > limit ? { next: aliases.at(-1)?.key } : {}) });
  });
  app.get('/rejected', async (c) => {
    const query = readRejectedQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { cursor, limit } = query.value;
    return page(c, 'rejected', await store.rejectedPage({ limit, ...from(cursor), bodyRoom: BODY_ROOM }));
  });

  const change = (kind: AdminChange, ids: readonly string[]): Promise<ChangeResult[]> => store[kind](ids, now());
  for (const kind of CHANGES) {
    app.post(`/deliveries/:id/${kind}`, async (c) => {
      const [result] = await change(kind, [c.req.param('id')]);
      if (result?.done !== true) return badRequest(c, result?.why ?? 'nothing to change');
      wake();
      return c.json({ id: result.id, status: 'ok' });
    });
    app.post(`/deliveries/${kind}`, async (c) => {
      const body = await readChange(c, kind);
      if (body instanceof Response) return body;
      const chosen = await chosenBy(body);
      if ('filter' in body && body.dry_run) return c.json(answerOf(chosen, []));
      const results = chosen.ids.length === 0 ? [] : await change(kind, chosen.ids);
      if (results.some(({ done }) => done)) wake();
      return c.json(answerOf(chosen, results));
    });
  }
  /** Oldest first, so that they leave in the order in which they came. */
  const chosenBy = async (body: ChangeBody): Promise<Chosen> => {
    if ('ids' in body) return { ids: body.ids, next: undefined };
    const { filter, limit, cursor } = body;
    const found = await store.deliveryPage({ ...filterOf(filter, now()), order: 'oldest first', limit, ...from(cursor) });
    return { ids: found.items.map(({ id }) => id), next: found.next };
  };
  return app;
}

interface Chosen {
  readonly ids: readonly string[];
  readonly next: number | undefined;
}

async function readChange(c: AdminContext, kind: AdminChange): Promise<ChangeBody | Response> {
  const body = refuseUnread(c, ADMIN_BODY_LIMIT) ?? (await readBody(c, ADMIN_BODY_LIMIT, true));
  if (body instanceof Response) return body;
  // A person approves what he has seen, never whatever matches by then.
  const read = readChangeBody(utf8.decode(body), kind !== 'approve');
  return read.ok ? read.value : badRequest(c, read.error);
}

function answerOf({ ids, next }: Chosen, results: readonly ChangeResult[]): object {
  return { ids, results, ...(next === undefined ? {} : { next: String(next) }) };
}

function queryOf(c: AdminContext): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

function badRequest(c: AdminContext, detail: string): Response {
  return problem(c, { status: 400, title: 'Bad Request', detail: `${detail}.` });
}

function page<T extends object>(c: AdminContext, name: string, { items, next }: Page<T>): Response {
  return c.json({ [name]: items, ...(next === undefined ? {} : { next: String(next) }) });
}

interface FilterQuery {
  readonly state?: Parameters<DeliveryAdmin['deliveries']>[0]['states'] | undefined;
  readonly since?: string | undefined;
  readonly route?: string | undefined;
}

function filterOf({ state, since, route }: FilterQuery, now: number) {
  return {
    ...(state === undefined ? {} : { states: state }),
    ...(route === undefined ? {} : { route }),
    ...after(since, now),
  };
}

function after(since: string | undefined, now: number): { readonly since?: number } {
  const time = since === undefined ? undefined : timeOf(since, now);
  return time === undefined ? {} : { since: time };
}

function from(cursor: number | undefined): { readonly before?: number } {
  return cursor === undefined ? {} : { before: cursor };
}
