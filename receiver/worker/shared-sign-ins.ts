import type { ObjectStub } from 'cloudflare:workers';
import { type SignInMemory, signInMemory } from '../admin/sign-in-memory.ts';
import { callMethod } from './call-object.ts';

/** The object that keeps sign-ins did not answer: nobody is let in by what is not known. */
export class SignInsUnknownError extends Error {}

/** The sign-ins of a Worker: this isolate's memory, in front of what an object keeps for all of them. */
export interface SharedSignIns extends SignInMemory {
  /**
   * Whether a session was ended at any isolate. From then on `isEnded` knows.
   *
   * @throws SignInsUnknownError
   */
  learn(sessionId: string): Promise<void>;
}

/** A program asks often with its token, and the object is asked once in this time whether its address is blocked. Milliseconds. */
const ASK_AGAIN_MS = 60_000;
const MOST_REMEMBERED = 1_000;

/** A set that forgets all that is in it after `ms`. */
function rememberedFor(ms: number, now: () => number): { has(text: string): boolean; add(text: string): void } {
  const until = new Map<string, number>();
  return {
    has: (text) => {
      const left = (until.get(text) ?? 0) - now();
      // A clock that was put back ends it, too.
      return left > 0 && left <= ms;
    },
    add: (text) => {
      if (until.size >= MOST_REMEMBERED) until.clear();
      until.set(text, now() + ms);
    },
  };
}

/**
 * @param keeper the object of the default source, see `KeptSignIns`. What this isolate refuses by itself does not wake it. One whose
 *   code is older than sign-ins knows of none
 */
export function sharedSignIns(keeper: () => ObjectStub, now: () => number): SharedSignIns {
  const own = signInMemory(now);
  const unblocked = rememberedFor(ASK_AGAIN_MS, now);
  const ask = async <T>(call: (object: ObjectStub) => Promise<T>): Promise<T | undefined> => {
    const result = await callMethod(keeper, call);
    if (result.ok) return result.value;
    if (result.error.kind === 'old') return undefined;
    throw new SignInsUnknownError(`the object that keeps sign-ins did not answer: ${result.error.why}`);
  };
  return {
    attempt: async (address, isRight, by) => {
      const retryAt = await own.attempt(address, isRight, by);
      const isUsual = isRight && by === 'request';
      if (retryAt !== undefined || (isUsual && unblocked.has(address))) return retryAt;
      try {
        const kept = await ask((object) => object.signInAttempt(address, isRight, by));
        if (isUsual && kept === undefined) unblocked.add(address);
        return kept;
      } catch (error) {
        // A right token proves who it is by itself.
        if (isUsual && error instanceof SignInsUnknownError) return undefined;
        throw error;
      }
    },
    end: async (session) => {
      await own.end(session);
      await ask((object) => object.endSession(session.id, session.endsAt));
    },
    isEnded: own.isEnded,
    learn: async (id) => {
      if (own.isEnded(id)) return;
      if ((await ask((object) => object.isSessionEnded(id))) === true) await own.end({ id, endsAt: 0 });
    },
  };
}
