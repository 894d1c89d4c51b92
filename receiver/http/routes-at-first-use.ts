import { Hono } from 'hono';
import { atFirstUse } from '../first-use.ts';
import type { LogFields, RequestVariables } from './request-log.ts';

export interface LaterRoutes {
  /** Where they are, with the base path: `/relay/api`; `/` for the whole receiver. */
  readonly path: string;
  /** Names them in messages: `the pages`. */
  readonly what: string;
  readonly load: () => Promise<Hono<RequestVariables>>;
}

/**
 * Routes that are loaded when the first request for them comes: what a webhook does not need costs neither time at the start nor
 * memory. To be mounted at the same path. A request that none of them answers goes on to what was mounted later.
 *
 * They get the `Request`, the platform's bindings and the fields of the log line; what middleware before them set is not theirs.
 * A request fails with `NotLoadedError` when they cannot be loaded.
 */
export function routesAtFirstUse({ path, what, load }: LaterRoutes): Hono<RequestVariables> {
  const lines = new WeakMap<Request, LogFields>();
  const unanswered = new WeakSet<Request>();
  const loaded = atFirstUse(what, async () => {
    // As the app that they belong to: a slash at the end does not count, and errors are its own.
    const app = new Hono<RequestVariables>({ strict: false });
    app.use((c, next) => {
      c.set('logFields', lines.get(c.req.raw) ?? {});
      return next();
    });
    app.route(path, await load());
    app.notFound((c) => {
      unanswered.add(c.req.raw);
      return c.body(null, 404);
    });
    app.onError((error) => {
      throw error;
    });
    return app;
  });
  const routes = new Hono<RequestVariables>();
  routes.all('*', async (c, next) => {
    const app = await loaded();
    lines.set(c.req.raw, c.get('logFields'));
    const response = await app.fetch(c.req.raw, c.env);
    return unanswered.has(c.req.raw) ? await next() : response;
  });
  return routes;
}
