import type { MiddlewareHandler } from 'hono';
import { durationWords } from '../../src/lib/duration.ts';
import { problem } from '../http/problem.ts';
import type { RequestVariables } from '../http/request-log.ts';
import { type Access, type AdminContext, isTooMany, type TooManyAttempts } from './access.ts';
import type { Identity } from './identity.ts';
import { isSameOrigin } from './same-origin.ts';

const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Lets in who is known, and lets change what only admins may. What a browser adds by itself (a cookie, a proxy's header, being on
 * this machine) counts for a change only when one of our own pages asked for it.
 *
 * @param stranger answers those who are not known
 * @param isChange false: a POST changes nothing there, and whoever reads may send it, from one of our own pages
 */
export function guard(
  access: Access,
  stranger: (c: AdminContext) => Response | Promise<Response>,
  isChange = true,
): MiddlewareHandler<RequestVariables> {
  return async (c, next) => {
    const identity = await access.identify(c);
    if (identity === undefined) return stranger(c);
    if (isTooMany(identity)) return tooManyAttempts(c, identity);
    c.set('identity', identity);
    return refuseChange(c, identity, isChange) ?? (await next());
  };
}

/** Who sent a request that `guard` has let in. */
export function identityOf(c: AdminContext): Identity {
  const identity = c.get('identity');
  if (identity === undefined) throw new Error('a handler of pages or of the admin API is not behind its guard');
  return identity;
}

/** `undefined`: it is no change, or may be made. */
export function refuseChange(c: AdminContext, identity: Identity, isChange = true): Response | undefined {
  if (READS.includes(c.req.method)) return undefined;
  if (identity.role === 'viewer' && isChange) {
    c.get('logFields').reason = `refused: ${identity.name} may only read`;
    return problem(c, { status: 403, title: 'Forbidden', detail: 'You may only read. Ask an admin of this receiver to do it.' });
  }
  if (identity.via === 'token' || isSameOrigin(c)) return undefined;
  c.get('logFields').reason = 'refused: another site asked for it';
  return problem(c, { status: 403, title: 'Forbidden', detail: 'Another site asked for this change. Open the page itself and try again.' });
}

/** Answers a request with a token, where too many wrong ones came from. */
export function tooManyAttempts(c: AdminContext, { retryInMs }: TooManyAttempts): Response {
  c.get('logFields').reason = 'refused: too many wrong tokens from this address';
  const detail = `Too many wrong tokens came from this address. Try again in ${durationWords(retryInMs)}.`;
  return problem(c, { status: 429, title: 'Too Many Requests', detail, headers: retryAfter(retryInMs) });
}

export function retryAfter(ms: number): { readonly 'retry-after': string } {
  return { 'retry-after': String(Math.ceil(ms / 1000)) };
}

/** The API's answer to everybody who is not known. */
export function unauthorized(c: AdminContext): Response {
  const isMissing = c.req.header('authorization') === undefined;
  c.get('logFields').reason = `refused: the admin token is ${isMissing ? 'missing' : 'wrong'}`;
  return problem(c, { status: 401, title: 'Unauthorized', headers: { 'www-authenticate': 'Bearer' } });
}
