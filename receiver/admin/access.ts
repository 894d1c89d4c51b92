import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { AccessSettings, Person } from './access-settings.ts';
import { limitAttempts } from './attempts.ts';
import type { Identity, Role } from './identity.ts';
import { nameProblem } from './requests.ts';
import { isFromThisMachine } from './same-origin.ts';
import { readSession, SESSION_MS, type Session, writeSession } from './session.ts';

export type AdminContext = Context<RequestVariables>;

export interface AccessOptions {
  readonly settings: AccessSettings;
  /** What a browser on this machine may do without a token, where the receiver listens on loopback only; left out: nothing. */
  readonly onThisMachine?: Role;
  readonly now: () => number;
  readonly newId: () => string;
  /** BASE_PATH: the cookie is for nothing beside it. */
  readonly basePath: string;
}

/** Who may see the pages and use the API. */
export interface Access {
  /** Whether there are pages for whoever sent this request; else they get 404. */
  hasPages(c: AdminContext): boolean;
  /** Whether there is an API at all. */
  readonly hasApi: boolean;
  /** `undefined`: nobody that is known. */
  identify(c: AdminContext): Identity | undefined;
  /** Begins a session, if the token is somebody's; else says when the next attempt may be made. */
  signIn(c: AdminContext, token: string): Identity | 'wrong' | { readonly retryAt: number };
  /** Ends the session in this browser, and at this receiver whoever else has its cookie. */
  signOut(c: AdminContext): void;
}

const COOKIE = 'wandb_relay_session';
/** Sessions that were ended early, at most so many; the oldest are forgotten first. */
const MOST_ENDED = 10_000;

export function createAccess({ settings, onThisMachine, now, newId, basePath }: AccessOptions): Access {
  const { people, proxy } = settings;
  const attempts = limitAttempts(now);
  const ended = new Set<string>();
  const path = basePath === '' ? '/' : basePath;

  const byToken = (token: string): Person | undefined => {
    const given = sha256(token);
    // All are compared, so that the time does not tell which.
    return people.filter((person) => timingSafeEqual(sha256(person.token), given))[0];
  };
  const sessionOf = (c: AdminContext): { readonly session: Session; readonly person: Person } | undefined => {
    const cookie = getCookie(c, COOKIE);
    const found = cookie === undefined ? undefined : readSession(cookie, people, now());
    return found === undefined || ended.has(found.session.id) ? undefined : found;
  };
  const byProxy = (c: AdminContext): Identity | undefined => {
    const peer = c.env?.peer;
    if (proxy === undefined || peer === undefined || !proxy.trusts(plainAddress(peer))) return undefined;
    const name = c.req.header(proxy.header)?.trim();
    if (name === undefined || nameProblem(name) !== undefined) return undefined;
    const isAdmin = proxy.admins === 'everybody' || proxy.admins.has(name);
    return { name, role: isAdmin ? 'admin' : 'viewer', via: 'proxy' };
  };
  const mayBeOpen = (c: AdminContext): boolean => onThisMachine !== undefined && isFromThisMachine(c);

  return {
    hasApi: people.length > 0 || proxy !== undefined || onThisMachine !== undefined,
    hasPages: (c) => people.length > 0 || proxy !== undefined || mayBeOpen(c),
    identify: (c) => {
      const known = verifiedOf(c)?.identity;
      if (known !== undefined) return known;
      const token = /^bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
      if (token !== undefined) {
        const person = byToken(token);
        return person === undefined ? undefined : identityOf(person, 'token');
      }
      const proxied = byProxy(c);
      if (proxied !== undefined) return proxied;
      const signedIn = sessionOf(c);
      if (signedIn !== undefined) return identityOf(signedIn.person, 'session');
      // With tokens, this machine has to show one as well.
      return people.length === 0 && onThisMachine !== undefined && mayBeOpen(c)
        ? { name: 'somebody on this machine', role: onThisMachine, via: 'open', isShared: true }
        : undefined;
    },
    signIn: (c, token) => {
      const address = c.env?.peer ?? '';
      const retryAt = attempts.blockedUntil(address);
      if (retryAt !== undefined) return { retryAt };
      const person = byToken(token.trim());
      if (person === undefined) {
        attempts.failed(address);
        return 'wrong';
      }
      const session = { id: newId(), name: person.name, endsAt: now() + SESSION_MS };
      const cookie = { httpOnly: true, sameSite: 'Strict', path, secure: isSecure(c), maxAge: SESSION_MS / 1000 } as const;
      setCookie(c, COOKIE, writeSession(session, person), cookie);
      return identityOf(person, 'session');
    },
    signOut: (c) => {
      const signedIn = sessionOf(c);
      deleteCookie(c, COOKIE, { path, secure: isSecure(c) });
      if (signedIn === undefined) return;
      const [oldest] = ended;
      if (ended.size >= MOST_ENDED && oldest !== undefined) ended.delete(oldest);
      ended.add(signedIn.session.id);
    },
  };
}

function identityOf({ name, role, isShared }: Person, via: Identity['via']): Identity {
  return { name, role, via, ...(isShared === undefined ? {} : { isShared }) };
}

/** Behind a proxy that ends TLS, the request itself is plain. A client that lies about it only loses its own cookie. */
function isSecure(c: AdminContext): boolean {
  return c.req.header('x-forwarded-proto')?.split(',')[0]?.trim() === 'https' || c.req.url.startsWith('https:');
}

/** Node gives addresses of IPv4 in the form of IPv6 where it listens on both. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
