import { type Attempts, limitAttempts } from './attempts.ts';
import type { Session } from './session.ts';

/**
 * Where a token came: in the sign-in form, or with a request (`Authorization`). Guesses of strangers all over the world close the form
 * for everybody, and sessions go on. Programs have no session: their right token is refused only where its own address guessed.
 */
export type AttemptBy = 'form' | 'request';

/** What is remembered of attempts to sign in, and of sessions that were ended early. */
export interface SignInMemory {
  /**
   * An attempt from this address: a wrong token counts against it.
   *
   * @returns when the next one may be made, milliseconds since 1970; `undefined`: this one counts
   */
  attempt(address: string, isRight: boolean, by: AttemptBy): number | undefined | Promise<number | undefined>;
  /** The session was ended before its time. */
  end(session: Pick<Session, 'id' | 'endsAt'>): void | Promise<void>;
  isEnded(sessionId: string): boolean;
}

/** Sessions that were ended early, at most so many; the oldest are forgotten first. */
const MOST_ENDED = 10_000;

/** The rule of `SignInMemory.attempt`. */
export function countAttempt(attempts: Attempts, address: string, isRight: boolean, by: AttemptBy): number | undefined {
  const retryAt = attempts.blockedUntil(address, isRight && by === 'request' ? 'itself' : undefined);
  if (retryAt === undefined && !isRight) attempts.failed(address);
  return retryAt;
}

/** In memory: each receiver remembers by itself, until it ends. */
export function signInMemory(now: () => number): SignInMemory {
  const attempts = limitAttempts(now);
  const ended = new Set<string>();
  return {
    attempt: (address, isRight, by) => countAttempt(attempts, address, isRight, by),
    end: ({ id }) => {
      const [oldest] = ended;
      if (ended.size >= MOST_ENDED && oldest !== undefined) ended.delete(oldest);
      ended.add(id);
    },
    isEnded: (id) => ended.has(id),
  };
}
