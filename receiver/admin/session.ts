import { createHmac, timingSafeEqual } from 'node:crypto';
import { isJsonObject, parseJson } from '../../src/lib/json.ts';
import type { Person } from './access-settings.ts';

/** A session ends after this time, whatever happens in it. Milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

/** Somebody's session, as the cookie says it. */
export interface Session {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/**
 * The text of a session's cookie. It is signed with a key that comes from the person's token: when the token is replaced, all of
 * their sessions end.
 */
export function writeSession(session: Session, person: Pick<Person, 'token'>): string {
  const text = Buffer.from(JSON.stringify([session.id, session.name, session.endsAt])).toString('base64url');
  return `${text}.${signature(text, person)}`;
}

/** The session of a cookie and whose it is; `undefined` when nobody of `people` signed it, or it has ended by `now`. */
export function readSession<P extends Pick<Person, 'name' | 'token'>>(
  cookie: string,
  people: readonly P[],
  now: number,
): { readonly session: Session; readonly person: P } | undefined {
  const [text = '', signed = '', ...rest] = cookie.split('.');
  if (rest.length > 0 || cookie.length > 1_000) return undefined;
  // All are compared, so that the time does not tell whose session it is.
  const signer = people.filter((person) => isEqual(signature(text, person), signed));
  const [person] = signer;
  if (person === undefined) return undefined;
  const session = sessionIn(Buffer.from(text, 'base64url').toString());
  // A clock that is put back does not lengthen a session.
  if (session === undefined || session.name !== person.name || session.endsAt <= now || session.endsAt - now > SESSION_MS) return undefined;
  return { session, person };
}

function sessionIn(text: string): Session | undefined {
  const json = parseJson(text);
  if (!json.ok || !Array.isArray(json.value) || isJsonObject(json.value)) return undefined;
  const [id, name, endsAt] = json.value;
  return typeof id === 'string' && typeof name === 'string' && typeof endsAt === 'number' ? { id, name, endsAt } : undefined;
}

function signature(text: string, { token }: Pick<Person, 'token'>): string {
  const key = createHmac('sha256', token).update('wandb-relay session 1').digest();
  return createHmac('sha256', key).update(text).digest('base64url');
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
