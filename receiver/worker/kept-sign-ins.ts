import { type AttemptState, limitAttempts } from '../admin/attempts.ts';
import type { Session } from '../admin/session.ts';
import { type AttemptBy, countAttempt } from '../admin/sign-in-memory.ts';
import type { KeyValues } from './key-values.ts';

const ATTEMPTS = 'sign-in attempts';
const ENDED = 'ended session ';
/** A session lasts for hours: those that nobody could use any more are removed from so many at a time. */
const MOST_REMOVED = 100;

/**
 * What all isolates of a Worker share of sign-ins: one object keeps it, that of the default source. A Worker has many isolates, and
 * each is gone after a short while, with its memory.
 */
export interface KeptSignIns {
  /** See `SignInMemory`. */
  attempt(address: string, isRight: boolean, by: AttemptBy): Promise<number | undefined>;
  end(session: Pick<Session, 'id' | 'endsAt'>): Promise<void>;
  isEnded(sessionId: string): Promise<boolean>;
}

export function keptSignIns(storage: KeyValues, now: () => number): KeptSignIns {
  return {
    attempt: async (address, isRight, by) => {
      const attempts = limitAttempts(now, await storage.get<AttemptState>(ATTEMPTS));
      const retryAt = countAttempt(attempts, address, isRight, by);
      if (retryAt === undefined && !isRight) await storage.put(ATTEMPTS, attempts.state());
      return retryAt;
    },
    end: async ({ id, endsAt }) => {
      const known = await storage.list<number>({ prefix: ENDED, limit: MOST_REMOVED });
      const old = [...known].filter(([, at]) => at <= now()).map(([key]) => key);
      if (old.length > 0) await storage.delete(old);
      await storage.put(`${ENDED}${id}`, endsAt);
    },
    isEnded: async (id) => (await storage.get(`${ENDED}${id}`)) !== undefined,
  };
}
