import type { ObjectStub } from 'cloudflare:workers';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Verified } from '../http/verified.ts';

/** An object that was moved or got new code is there again at once. */
const TRIES = 3;

/** The part of an object that takes requests. */
export type RequestTarget = Pick<ObjectStub, 'fetch' | 'receiveVerified'>;

export interface ObjectCall {
  /** The object; asked for each attempt, because a stub that threw is of no more use. */
  readonly object: () => RequestTarget;
  /** Makes the request; once for each attempt, because a body is sent once. */
  readonly request: () => Request;
  readonly verified: Verified;
  /** May an object whose code is older check the request by itself? Only a request as its sender made it can be checked. */
  readonly hasProof: boolean;
  /** True once nobody waits for the answer any more; left out: somebody does. */
  readonly isGivenUp?: () => boolean;
}

/**
 * Hands an authenticated request to an object: `receiveVerified` is a method of it, which no request from outside can call,
 * and only this Worker has the binding. `fetch` of the object checks everything itself.
 *
 * An object lives on with its old code for up to five minutes after a deployment (Cloudflare documentation, "Durable Objects: known
 * issues"). One that does not know the method yet is sent the request as it came.
 *
 * @returns the answer of the object, or why there is none
 */
export async function callObject(call: ObjectCall): Promise<Result<Response, string>> {
  const { object, request, verified, hasProof, isGivenUp = () => false } = call;
  for (let attempt = 1; ; attempt++) {
    try {
      return ok(await object().receiveVerified(request(), attempt === 1 ? verified : { ...verified, isRepeat: true }));
    } catch (error) {
      if (isGivenUp()) return err('given up');
      if (isOldCode(error)) return hasProof ? callOldCode(call) : err('the object of the source still runs older code');
      if (attempt < TRIES && isRetryable(error)) continue;
      return err(messageOf(error));
    }
  }
}

/**
 * Calls a method of an object; as often as `callObject` does.
 *
 * @returns its answer, or why there is none: `old` when its code does not have the method yet
 */
export async function callMethod<T>(
  object: () => ObjectStub,
  call: (object: ObjectStub) => Promise<T>,
): Promise<Result<T, { readonly kind: 'old' | 'failed'; readonly why: string }>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return ok(await call(object()));
    } catch (error) {
      if (isOldCode(error)) return err({ kind: 'old', why: 'the object of the source still runs older code' });
      if (attempt < TRIES && isRetryable(error)) continue;
      return err({ kind: 'failed', why: messageOf(error) });
    }
  }
}

async function callOldCode({ object, request }: ObjectCall): Promise<Result<Response, string>> {
  try {
    const response = await object().fetch(request());
    // Its secrets are as old as its code.
    return response.status === 401 ? err('the object of the source still runs older code, with other secrets') : ok(response);
  } catch (error) {
    return err(messageOf(error));
  }
}

/** workerd's words for a method that the class does not have. */
function isOldCode(error: unknown): boolean {
  return error instanceof TypeError && /does not implement( the method)?/.test(error.message);
}

/** Cloudflare marks errors after which the same request may work (Cloudflare documentation, "Durable Objects: error handling"). */
function isRetryable(error: unknown): boolean {
  return (
    error instanceof Error && 'retryable' in error && error.retryable === true && !('overloaded' in error && error.overloaded === true)
  );
}
