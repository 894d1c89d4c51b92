import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { RequestVariables } from '../http/request-log.ts';
import { verifiedOf } from '../http/verified.ts';
import type { AccessSettings, Person } from './access-settings.ts';
import { clientAddress, networkOf, plainAddress } from './client-address.ts';
import type { Identity, Role } from './identity.ts';
import { nameProblem } from './person-name.ts';
import { isFromThisMachine } from './same-origin.ts';
import { readSession, SESSION_MS, type Session, writeSession } from './session.ts';
import { type AttemptBy, type SignInMemory, signInMemory } from './sign-in-memory.ts';

export type AdminContext = Context<RequestVariables>;

export interface AccessOptions {
  readonly settings: AccessSettings;
  /** What a browser on this machine may do without a token, where the receiver listens on loopback only; left out: nothing. */
  readonly onThisMachine?: Role;
  readonly now: () => number;
  readonly newId: () => string;
  /** BASE_PATH: the cookie is for nothing beside it. */
  readonly basePath: string;
  /** Left out: in the memory of this receiver. */
  readonly memory?: SignInMemory;
}

/** So many wrong tokens came from this address that not even a right one counts now. */
export interface TooManyAttempts {
  /** Milliseconds until the next attempt. */
  readonly retryInMs: number;
}

/** Who may see the pages and use the API. */
export interface Access {
  /** Whether there are pages for whoever sent this request; else they get 404. */
  hasPages(c: AdminContext): boolean;
  /** Whether there is an API at all. */
  readonly hasApi: boolean;
  /** `undefined`: nobody that is known. A wrong token counts against the address that it came from, as one at the form does. */
  identify(c: AdminContext): Promise<Identity | TooManyAttempts | undefined>;
  /** Whether a request that was let in would still be, for as long as its answer goes on. */
  isStillKnown(c: AdminContext): boolean;
  /** Begins a session, if the token is somebody's. */
  signIn(c: AdminContext, token: string): Promise<Identity | TooManyAttempts | 'wrong'>;
  /** Ends the session in this browser, and at this receiver whoever else has its cookie. */
  signOut(c: AdminContext): Promise<void>;
  /** The session that the cookie of this request is of; `undefined`: none that is valid. */
  session(c: AdminContext): Session | undefined;
}

const COOKIE = 'wandb_relay_session';

export function createAccess(options: AccessOptions): Access {
  const { settings, onThisMachine, now, newId, basePath, memory = signInMemory(now) } = options;
  const { people, proxy } = settings;
  const path = basePath === '' ? '/' : basePath;

  const byToken = (token: string): Person | undefined => {
    const given = sha256(token);
    // All are compared, so that the time does not tell which.
    return people.filter((person) => timingSafeEqual(sha256(person.token), given))[0];
  };
  const sessionOf = (c: AdminContext): { readonly session: Session; readonly person: Person } | undefined => {
    const cookie = getCookie(c, COOKIE);
    const found = cookie === undefined ? undefined : readSession(cookie, people, now());
    return found === undefined || memory.isEnded(found.session.id) ? undefined : found;
  };
  const byProxy = (c: AdminContext): Identity | undefined => {
    const peer = c.env?.peer;
    if (proxy === undefined || peer === undefined || !proxy.trusts(plainAddress(peer))) return undefined;
    const name = c.req.header(proxy.header)?.trim();
    if (name === undefined || nameProblem(name) !== undefined) return undefined;
    const isAdmin = proxy.admins === 'everybody' || proxy.admins.has(name);
    return { name, role: isAdmin ? 'admin' : 'viewer', via: 'proxy' };
  };
  /** Whether the token was right does not show while no attempt may be made. */
  const attempt = async (c: AdminContext, isRight: boolean, by: AttemptBy): Promise<TooManyAttempts | undefined> => {
    const address = clientAddress(c.env?.peer ?? '', c.req.header('x-forwarded-for'), settings.isTrustedProxy);
    const retryAt = await memory.attempt(networkOf(address), isRight, by);
    return retryAt === undefined ? undefined : { retryInMs: Math.max(1, retryAt - now()) };
  };
  const mayBeOpen = (c: AdminContext): boolean => onThisMachine !== undefined && isFromThisMachine(c);

  const identityIn = (c: AdminContext): Identity | undefined => {
    const known = verifiedOf(c)?.identity;
    if (known !== undefined) return known;
    const token = bearerOf(c);
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
  };

  return {
    hasApi: people.length > 0 || proxy !== undefined || onThisMachine !== undefined,
    hasPages: (c) => people.length > 0 || proxy !== undefined || mayBeOpen(c),
    identify: async (c) => {
      const identity = identityIn(c);
      // Where nobody has a token, none can be guessed.
      if (people.length === 0 || verifiedOf(c)?.identity !== undefined || bearerOf(c) === undefined) return identity;
      return (await attempt(c, identity !== undefined, 'request')) ?? identity;
    },
    isStillKnown: (c) => identityIn(c) !== undefined,
    session: (c) => sessionOf(c)?.session,
    signIn: async (c, token) => {
      const person = byToken(token.trim());
      const tooMany = await attempt(c, person !== undefined, 'form');
      if (tooMany !== undefined) return tooMany;
      if (person === undefined) return 'wrong';
      const session = { id: newId(), name: person.name, endsAt: now() + SESSION_MS };
      const cookie = { httpOnly: true, sameSite: 'Strict', path, secure: isSecure(c), maxAge: SESSION_MS / 1000 } as const;
      setCookie(c, COOKIE, writeSession(session, person), cookie);
      return identityOf(person, 'session');
    },
    signOut: async (c) => {
      const signedIn = sessionOf(c);
      deleteCookie(c, COOKIE, { path, secure: isSecure(c) });
      if (signedIn !== undefined) await memory.end(signedIn.session);
    },
  };
}

export function isTooMany(found: Identity | TooManyAttempts): found is TooManyAttempts {
  return 'retryInMs' in found;
}

function bearerOf(c: AdminContext): string | undefined {
  return /^bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

function identityOf({ name, role, isShared }: Person, via: Identity['via']): Identity {
  return { name, role, via, ...(isShared === undefined ? {} : { isShared }) };
}

/** Behind a proxy that ends TLS, the request itself is plain. A client that lies about it only loses its own cookie. */
function isSecure(c: AdminContext): boolean {
  return c.req.header('x-forwarded-proto')?.split(',')[0]?.trim() === 'https' || c.req.url.startsWith('https:');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
