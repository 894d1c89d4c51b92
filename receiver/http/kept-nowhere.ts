import type { Context, MiddlewareHandler } from 'hono';
import { isFromWandb, type RequestVariables } from './request-log.ts';

/** Nothing of an answer is kept on its way, or guessed at, unless whoever answers says otherwise. */
export function keptNowhere(isLeftAlone: (c: Context) => boolean = () => false): MiddlewareHandler<RequestVariables> {
  return async (c, next) => {
    await next();
    if (isLeftAlone(c)) return;
    const { headers } = c.res;
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    headers.set('x-content-type-options', 'nosniff');
  };
}

/** An answer to POST is kept by nobody who was not told to (RFC 9110, 9.3.3), and this is the hot path. */
export function isWebhook(c: Context): boolean {
  return c.req.method === 'POST' && isFromWandb(c.req.path);
}
