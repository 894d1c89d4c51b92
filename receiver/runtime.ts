import type { Redactor } from '../src/lib/redact.ts';
import type { Logger } from './log/log.ts';

/**
 * What a receiver takes from the process that it runs in. One is made at the start and handed to every part; a part declares
 * what it uses as `Pick<Runtime, …>`. Pure functions take plain values instead.
 */
export interface Runtime {
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** 16 random bytes. */
  readonly randomBytes: () => Uint8Array;
  /** The way to every other service; goes through the configured proxies. */
  readonly fetch: typeof globalThis.fetch;
  readonly log: Logger;
  /** Removes the configured secrets from text that others will read. */
  readonly redactor: Redactor;
}
