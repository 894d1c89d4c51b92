import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { problem } from '../problem.ts';
import type { RequestVariables } from '../request-log.ts';

/**
 * Refuses bodies over `maxBytes` with 413 before any work is done on them.
 *
 * A declared length is enough to decide, because the HTTP parser hands over no more than that; a body without one is
 * counted while it is read. Hono's own middleware does both, but turns the request into a web stream first, which for the
 * common case costs more than everything else that is done with it (measured: half the throughput, three times the memory).
 *
 * @param source where the limit comes from, for whoever runs into it
 */
export function sizeLimit(maxBytes: number, source = 'settings.max_body_bytes'): MiddlewareHandler<RequestVariables> {
  const tooLarge = (c: Parameters<MiddlewareHandler<RequestVariables>>[0]) => {
    c.get('line').reason = `refused: a body of more than ${maxBytes} bytes`;
    return problem(c, { status: 413, title: 'Content Too Large', detail: `The body may have at most ${maxBytes} bytes (${source}).` });
  };
  const whileReading = bodyLimit({ maxSize: maxBytes, onError: tooLarge });
  return (c, next) => {
    const declared = c.req.header('content-length');
    if (declared === undefined || c.req.header('transfer-encoding') !== undefined) return whileReading(c, next);
    return Number(declared) > maxBytes ? Promise.resolve(tooLarge(c)) : next();
  };
}
