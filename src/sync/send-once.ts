import { err, ok, type Result } from '../lib/result.ts';
import type { WandbError } from '../wandb/wandb-error.ts';

/** A mutation, and how to find out whether W&B has its effect. */
export interface Mutation {
  send(): Promise<Result<unknown, WandbError>>;
  /** Reads the list, and finds the effect in it or not. */
  isDone(): Promise<Result<boolean, WandbError>>;
}

/** How often one mutation is sent at the most. */
const MAX_ATTEMPTS = 4;

/**
 * Sends a mutation so that it takes effect once. After an unclear response or a conflict the list decides: the mutation is
 * sent again only if the list shows that it had no effect.
 *
 * @param pause waits before the list is read, longer after every attempt: W&B may still be working on the request
 * @returns the error, with what is known of the effect; `undefined`: W&B has the effect
 */
export async function sendOnce(mutation: Mutation, pause: (attempt: number) => Promise<void>): Promise<WandbError | undefined> {
  for (let attempt = 1; ; attempt++) {
    const sent = await mutation.send();
    if (sent.ok) return undefined;
    const { error } = sent;
    if (error.kind !== 'conflict' && error.kind !== 'unclear') return error;
    if (error.kind === 'unclear') await pause(attempt);
    const done = await mutation.isDone();
    if (!done.ok) {
      return {
        ...error,
        message: `${error.message}. Whether it was applied is unknown, because the list could not be read: ${done.error.message}`,
      };
    }
    if (done.value) return undefined;
    if (error.kind === 'conflict') return { ...error, message: `${error.message}: the scope has another automation of this name` };
    if (attempt >= MAX_ATTEMPTS)
      return { ...error, message: `${error.message}. It was sent ${attempt} times and not applied: apply again` };
  }
}

/** `isDone` for an effect that is visible in a list. */
export function seenIn<T>(list: () => Promise<Result<readonly T[], WandbError>>, isDone: (items: readonly T[]) => boolean) {
  return async (): Promise<Result<boolean, WandbError>> => {
    const listed = await list();
    return listed.ok ? ok(isDone(listed.value)) : err(listed.error);
  };
}
