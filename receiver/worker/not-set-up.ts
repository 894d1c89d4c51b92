import { Hono } from 'hono';
import type { PlatformBindings } from '../http/body-source.ts';
import { keptNowhere } from '../http/kept-nowhere.ts';
import { type RequestVariables, requestLog } from '../http/request-log.ts';
import type { Logger } from '../log/log.ts';
import { notReady, unavailable } from './unavailable.ts';

/**
 * The Worker while its bindings are not complete. It is alive, so `/healthz` answers 200; `/readyz` names what is missing or
 * not valid, and never shows a value. Everything else gets 503, which makes its sender try again. Nothing is woken.
 *
 * @param problems as `setUp` returns them; each begins with the name of what it is about
 */
export function notSetUp(
  problems: readonly string[],
  log: Logger,
  now: () => number,
): (request: Request, bindings: PlatformBindings) => Promise<Response> {
  const names = namesIn(problems);
  const app = new Hono<RequestVariables>({ strict: false });
  app.use(requestLog(log, now));
  app.use(keptNowhere());
  app.use(async (c) => {
    // Whatever BASE_PATH is: it may be what is not valid.
    if (/\/healthz\/?$/.test(c.req.path)) return c.json({ status: 'ok' });
    c.get('logFields').reason = `not set up: ${names.join(', ')}`;
    return /\/readyz\/?$/.test(c.req.path) ? notReady(names) : unavailable();
  });
  return async (request, bindings) => app.fetch(request, bindings);
}

/** The names alone: what follows them may quote what was set. */
export function namesIn(problems: readonly string[]): string[] {
  const names = problems.map((problem) => /^[A-Z][A-Z0-9_]{2,63}(?![\w.])|^settings\.[a-z_]{1,40}/.exec(problem)?.[0]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
