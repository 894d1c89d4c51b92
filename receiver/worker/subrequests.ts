import { hasTooManySubrequests, NeverSentError } from '../../src/lib/never-sent.ts';

type Fetch = typeof globalThis.fetch;

export interface SubrequestOptions {
  readonly fetch: Fetch;
  /** How many requests one invocation may make. */
  readonly limit: number;
  /** Called when they are used up: sees to it that a new invocation comes. */
  readonly askForInvocation: () => void;
}

/** The requests that an invocation may still make. */
export interface Subrequests {
  /** Counts. When none is left it waits for the next invocation; whoever asked notices nothing but the wait. */
  readonly fetch: Fetch;
  /** An invocation has begun: an alarm, or a request to the object. */
  renew(): void;
  /** Resolves as soon as somebody waits for the next invocation. */
  spent(): Promise<void>;
}

/** A request that the platform refuses although none was counted is tried again in so many invocations. */
const MOST_INVOCATIONS = 3;

/**
 * Keeps an object within the requests that one invocation may make. All events of an object share one context, and each has
 * the whole limit (workerd, `LimitEnforcer::topUpActor`); where the platform counts otherwise its refusal is believed.
 *
 * @returns what throws `NeverSentError` when the signal ends the wait
 */
export function countSubrequests({ fetch, limit, askForInvocation }: SubrequestOptions): Subrequests {
  let used = 0;
  let spent = Promise.withResolvers<void>();
  let isSpent = false;
  let renewed = Promise.withResolvers<void>();

  const take = async (signal: AbortSignal | null | undefined): Promise<void> => {
    while (used >= limit) {
      isSpent = true;
      spent.resolve();
      askForInvocation();
      await untilAborted(renewed.promise, signal);
    }
    used++;
  };

  return {
    fetch: async (input, init) => {
      for (let invocation = 1; ; invocation++) {
        await take(init?.signal);
        try {
          return await fetch(input, init);
        } catch (error) {
          if (!hasTooManySubrequests(error) || invocation >= MOST_INVOCATIONS) throw error;
          used = limit;
        }
      }
    },
    renew: () => {
      if (isSpent) spent = Promise.withResolvers();
      isSpent = false;
      used = 0;
      renewed.resolve();
      renewed = Promise.withResolvers();
    },
    spent: () => spent.promise,
  };
}

async function untilAborted(work: Promise<void>, signal: AbortSignal | null | undefined): Promise<void> {
  if (signal === null || signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new NeverSentError('it was ended while it waited for a new invocation'));
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
