import { pathToFileURL } from 'node:url';

/** A clock that goes faster than the machine's: it agreed with it at `since`. */
export interface FastClock {
  readonly factor: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What a fast clock shows now, in milliseconds since 1970. */
export function fastNow({ factor, since }: FastClock, realNow: number = Date.now()): number {
  return since + (realNow - since) * factor;
}

/** Options for Node: a program runs by this clock. All that it does by timers takes so much less time, its limits included. */
export function nodeOptionsFor({ factor, since }: FastClock): readonly string[] {
  const preload = pathToFileURL(`${import.meta.dirname}/run-by-fast-clock.ts`);
  preload.search = String(new URLSearchParams({ factor: String(factor), since: String(since) }));
  return ['--import', preload.href];
}
