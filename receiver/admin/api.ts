import { Hono } from 'hono';
import type { RequestVariables } from '../http/request-log.ts';
import type { RolledBack } from '../webhook/roll-back.ts';
import type { AdminOptions } from './api-options.ts';
import { BODY_ROOM, badRequest, changesNothing, from, logChange, NO_SUCH_ALIAS, notFound, page, queryOf, readAs } from './api-parts.ts';
import { configApi } from './config-api.ts';
import { deliveriesApi } from './deliveries-api.ts';
import { eraseNames } from './erase-api.ts';
import { eventsApi } from './events-api.ts';
import { exportPart } from './export-api.ts';
import { guard, unauthorized } from './guard.ts';
import { pausesApi } from './pauses-api.ts';
import { readAliasesQuery, readHistoryQuery, readRejectedQuery, readRollbackBody } from './requests.ts';
import { visibleJson } from './visible-json.ts';

/** On Workers, where each source has a database of its own. */
export const NO_SUCH_SOURCE = 'No secret or token is configured for this source, and it has never stored anything: check its name.';

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

/**
 * What the pages show and the CLI can do on the machine itself, over HTTP for those who are let in. Lists come in pages. What may
 * be asked and how it is answered is in the document at `/openapi.json`.
 */
export function adminApi(options: AdminOptions): Hono<RequestVariables> {
  const { store, access, now } = options;
  const app = new Hono<RequestVariables>();
  app.use(visibleJson());
  const [mayRead, mayChange] = [guard(access, unauthorized, false), guard(access, unauthorized)];
  app.use((c, next) => (changesNothing(c.req.path) ? mayRead(c, next) : mayChange(c, next)));
  app.get('/openapi.json', async (c) => {
    // 20 ms and 4 MB that no receiver spends on whom it does not matter to.
    const { apiDocument } = await import('./openapi/document.ts');
    return c.json(apiDocument(options.path));
  });
  app.get('/status', async (c) => c.json({ ...(await store.counts()), holdBacks: await store.throttles(now()) }));
  app.get('/rejected', async (c) => {
    const query = readRejectedQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { cursor, limit } = query.value;
    return page(c, 'rejected', await store.rejectedPage({ limit, ...from(cursor), bodyRoom: BODY_ROOM }));
  });
  app.post('/erase', (c) => eraseNames(c, store, options.newId));
  app.get('/export', (c) => exportPart(c, store, now()));
  app.route('/deliveries', deliveriesApi(options));
  app.route('/events', eventsApi(options));
  app.route('/aliases', aliasesApi(options));
  app.route('/pauses', pausesApi(options));
  app.route('/', configApi(options));
  return app;
}

/** `/aliases`: the ledger, and what can be deployed again. */
function aliasesApi({ store, wake, rollBack }: AdminOptions): Hono<RequestVariables> {
  const app = new Hono<RequestVariables>();
  app.get('/', async (c) => {
    const query = readAliasesQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const { collection, alias, cursor, limit } = query.value;
    const filter = { ...(collection === undefined ? {} : { collection }), ...(alias === undefined ? {} : { alias }) };
    const found = await store.aliases({ ...filter, limit: limit + 1, ...(cursor === undefined ? {} : { after: cursor }) });
    const aliases = found.slice(0, limit);
    return c.json({ aliases, ...(found.length > limit ? { next: aliases.at(-1)?.key } : {}) });
  });
  app.get('/:key/history', async (c) => {
    const query = readHistoryQuery(queryOf(c));
    if (!query.ok) return badRequest(c, query.error);
    const history = await store.aliasHistory(c.req.param('key'), query.value.limit);
    return history.length === 0 ? notFound(c, NO_SUCH_ALIAS) : c.json({ key: c.req.param('key'), history });
  });
  if (rollBack === undefined) return app;
  app.post('/:key/rollback', async (c) => {
    const body = await readAs(c, readRollbackBody);
    if (body instanceof Response) return body;
    const { by, to } = body;
    const result = await rollBack({ aliasKey: c.req.param('key'), by, ...(to === undefined ? {} : { to }) });
    if (!result.ok) return badRequest(c, { detail: result.error });
    wake();
    logChange(c, `rollback to ${result.value.version}`, by);
    return c.json(rollbackAnswer(result.value), 202);
  });
  return app;
}
