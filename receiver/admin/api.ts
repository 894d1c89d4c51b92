import { Hono } from 'hono';
import { isJsonObject, parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { problem } from '../http/problem.ts';
import { type BodyLimit, readBody, refuseUnread } from '../http/request-body.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { cleanReason } from '../reason.ts';
import type { Runtime } from '../runtime.ts';
import type { EngineStore } from '../store/engine.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Page } from '../store/page.ts';
import type { ChangeOptions, ChangeResult, DeliveryAdmin } from '../store/store.ts';
import type { RollBack, RolledBack } from '../webhook/roll-back.ts';
import type { Access, AdminContext } from './access.ts';
import { guard, identityOf, unauthorized } from './guard.ts';
import type { Identity } from './identity.ts';
import {
  type ActorBody,
  type ChangeBody,
  type ChangeKind,
  readActorBody,
  readAliasesQuery,
  readChangeBody,
  readDeliveriesQuery,
  readEventsQuery,
  readRejectedQuery,
  readRollbackBody,
  timeOf,
} from './requests.ts';

export interface AdminOptions extends Pick<Runtime, 'now'> {
  readonly store: DeliveryAdmin & Pick<Ledger, 'aliases'> & Pick<EngineStore, 'engineProjects'>;
  readonly access: Access;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  /** Left out: nobody can roll back here. */
  readonly rollBack?: RollBack;
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

const CHANGES = ['replay', 'approve', 'reject', 'cancel'] as const;
export type AdminChange = (typeof CHANGES)[number];

/** A rollback as the API answers it. */
export interface RollbackAnswer {
  /** Of the new event. */
  readonly id: string;
  readonly version: string;
  readonly deliveries: RolledBack['deliveries'];
  /** Somebody must approve it first. */
  readonly held: boolean;
  /** Which version W&B's alias stays on. */
  readonly holder: string | null;
  /** Where it can be moved. */
  readonly wandb_url: string | null;
}

export function rollbackAnswer({ eventId, version, deliveries, isHeld, holder, link }: RolledBack): RollbackAnswer {
  return { id: eventId, version, deliveries, held: isHeld, holder, wandb_url: link?.url ?? null };
}

/** Who acts, and where: `ada, by the admin API`. */
export function actsAs({ by, reason }: ActorBody, where: string): ChangeOptions {
  const why = reason === undefined ? undefined : cleanReason(reason);
  return {
    ...(by === undefined ? {} : { by: `${by}, by ${where}`, persons: [by] }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

const utf8 = new TextDecoder();

/** What the CLI can do on the machine itself, over HTTP for those who are let in. Lists come in pages. */
export function adminApi({ store, access, wake, now, rollBack }: AdminOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.use(guard(access, unauthorized));
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
  app.get('/automations', async (c) => {
    // Only who asks for it loads the engine's words.
    const { engineStatus } = await import('../engine/engine-status.ts');
    return c.json(engineStatus(await store.engineProjects()));
  });
  app.get('/rejected', async (c) => {
    const query = readRejectedQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { cursor, limit } = query.value;
    return page(c, 'rejected', await store.rejectedPage({ limit, ...from(cursor), bodyRoom: BODY_ROOM }));
  });

  for (const kind of CHANGES) {
    app.post(`/deliveries/:id/${kind}`, async (c) => {
      const actor = await readAs(c, (body) => readActorBody(body, kindOf(kind)));
      if (actor instanceof Response) return actor;
      const [result] = await store[kind]([c.req.param('id')], now(), actsAs(actor, ADMIN_API));
      if (result?.done !== true) return badRequest(c, result?.why ?? 'nothing to change');
      wake();
      return c.json({ id: result.id, status: 'ok', ...(result.counted === undefined ? {} : { counted: result.counted }) });
    });
    app.post(`/deliveries/${kind}`, async (c) => {
      const body = await readAs(c, (text) => readChangeBody(text, kindOf(kind)));
      if (body instanceof Response) return body;
      const chosen = await chosenBy(body);
      if ('filter' in body && body.dry_run) return c.json(answerOf(chosen, []));
      const results = chosen.ids.length === 0 ? [] : await store[kind](chosen.ids, now(), actsAs(body, ADMIN_API));
      if (results.some(({ done }) => done)) wake();
      return c.json(answerOf(chosen, results));
    });
  }
  if (rollBack !== undefined) {
    app.post('/aliases/:key/rollback', async (c) => {
      const body = await readAs(c, readRollbackBody);
      if (body instanceof Response) return body;
      const { by, to } = body;
      const result = await rollBack({ aliasKey: c.req.param('key'), by, ...(to === undefined ? {} : { to }) });
      if (!result.ok) return badRequest(c, result.error);
      wake();
      return c.json(rollbackAnswer(result.value), 202);
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

const ADMIN_API = 'the admin API';

function kindOf(change: AdminChange): ChangeKind {
  return change === 'approve' || change === 'reject' ? 'decision' : 'change';
}

async function readAs<T extends object>(c: AdminContext, read: (body: string) => Result<T, string>): Promise<T | Response> {
  const body = refuseUnread(c, ADMIN_BODY_LIMIT) ?? (await readBody(c, ADMIN_BODY_LIMIT, true));
  if (body instanceof Response) return body;
  const text = withActor(utf8.decode(body), identityOf(c));
  const result = text.ok ? read(text.value) : text;
  return result.ok ? result.value : badRequest(c, result.error);
}

/** A body that says who acts: whoever sent it, unless the token is shared. Nobody acts in the name of somebody else. */
function withActor(body: string, { name, isShared }: Identity): Result<string, string> {
  if (isShared === true) return ok(body);
  const json = body.trim() === '' ? ok({}) : parseJson(body);
  // What is no object is refused by whoever reads it.
  if (!json.ok || !isJsonObject(json.value)) return ok(body);
  const { by = name } = json.value;
  return by === name ? ok(JSON.stringify({ ...json.value, by })) : err(`by: this token is ${name}'s, so leave it out`);
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
