import { messageOf } from '../../src/lib/error-message.ts';

/** A result counts for so long. Milliseconds. */
const CACHE_MS = 1_000;
/** A check that takes longer has failed, whatever becomes of it. Milliseconds. */
const LIMIT_MS = 2_500;

/** Why the receiver is not ready; `undefined` when it is. Never rejects. */
export type Readiness = () => Promise<string | undefined>;

export interface ReadinessOptions {
  /** Writes to the store, where it is not the platform that keeps it writable; rejects when that is not possible. */
  readonly check: () => Promise<void>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly limitMs?: number;
}

/**
 * One check of the store for all who ask, at most one a second: each costs a write. Who asks is answered within `limitMs`
 * of the check's start, also when the store hangs; another check is made only when that one has ended.
 */
export function readiness({ check, now, limitMs = LIMIT_MS }: ReadinessOptions): Readiness {
  let last: { readonly at: number; readonly why: string | undefined } | undefined;
  let running: { readonly since: number; readonly result: Promise<string | undefined> } | undefined;

  const start = (): NonNullable<typeof running> => {
    const result = run(check).then((why) => {
      running = undefined;
      last = { at: now(), why };
      return why;
    });
    return { since: now(), result };
  };

  return () => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : now() - last.at;
    // A clock that was set back makes a result older than nothing.
    if (running === undefined && age >= 0 && age < CACHE_MS) return Promise.resolve(last?.why);
    running ??= start();
    const spent = Math.max(0, now() - running.since);
    return within(running.result, Math.max(0, limitMs - spent), `the store did not answer within ${limitMs / 1000} seconds`);
  };
}

async function run(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return `the store cannot be written: ${messageOf(error)}`;
  }
}

async function within<T>(work: Promise<T>, milliseconds: number, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
