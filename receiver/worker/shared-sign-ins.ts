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

/**
 * @param keeper the object of the default source, see `KeptSignIns`. What this isolate refuses by itself does not wake it. One whose
 *   code is older than sign-ins knows of none
 */
export function sharedSignIns(keeper: () => ObjectStub, now: () => number): SharedSignIns {
  const own = signInMemory(now);
  const ask = async <T>(call: (object: ObjectStub) => Promise<T>): Promise<T | undefined> => {
    const result = await callMethod(keeper, call);
    if (result.ok) return result.value;
    if (result.error.kind === 'old') return undefined;
    throw new SignInsUnknownError(`the object that keeps sign-ins did not answer: ${result.error.why}`);
  };
  return {
    attempt: async (address, isRight) =>
      (await own.attempt(address, isRight)) ?? (await ask((object) => object.signInAttempt(address, isRight))),
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
