import type { Context } from 'hono';
import type { RequestVariables } from '../http/request-log.ts';

/**
 * Whether a change was asked for by one of our own pages. A browser sends cookies, and what a proxy adds, with requests that other
 * sites make; it says in `Sec-Fetch-Site` or `Origin` which site made one (Fetch Metadata; OWASP, "Cross-Site Request Forgery
 * Prevention"). A request that says neither is refused.
 */
export function isSameOrigin(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = c.req.header('origin');
  const host = c.req.header('host');
  return origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/**
 * Whether the request comes from a browser on this machine, for a receiver that listens on loopback only. Not by a proxy in
 * front of it, and not by another site whose name was made to point here (DNS rebinding): its `Host` is that site's.
 *
 * nginx by default names nobody, and puts its own target into `Host`. It speaks HTTP/1.0 then (before 1.29.7), and what the browser says
 * of the page that asked names the site that people see. A proxy that speaks HTTP/1.1 to us and hides all of it looks like a browser here.
 */
export function isFromThisMachine(c: Context<RequestVariables>): boolean {
  if (c.env?.isHttp10 === true || !LOOPBACK.test(c.req.header('host') ?? '')) return false;
  return FORWARDED.every((name) => c.req.header(name) === undefined) && isPageHere(c);
}

/** A page of the same origin asked: its address must be one of this machine, too. */
function isPageHere(c: Context<RequestVariables>): boolean {
  if (c.req.header('sec-fetch-site') !== 'same-origin') return true;
  const page = c.req.header('origin') ?? c.req.header('referer');
  return page === undefined || page === 'null' || (URL.canParse(page) && LOOPBACK.test(new URL(page).host));
}
