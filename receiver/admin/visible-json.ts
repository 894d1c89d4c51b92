import type { MiddlewareHandler } from 'hono';
import { visibleDocument } from '../../src/lib/visible.ts';
import type { RequestVariables } from '../http/request-log.ts';

/**
 * Answers in JSON reach terminals: signs that nobody sees, or that turn text round, are written as `\u202e`, which programs read as the same
 * signs. They stand in texts of the JSON only, where such an escape may always stand (RFC 8259, 7).
 */
export function visibleJson(): MiddlewareHandler<RequestVariables> {
  return async (c, next) => {
    await next();
    if (!/\bjson\b/.test(c.res.headers.get('content-type') ?? '')) return;
    const { status, headers } = c.res;
    const text = await c.res.text();
    c.res = new Response(text === '' ? null : visibleDocument(text), { status, headers });
  };
}
