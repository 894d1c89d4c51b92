import { v7 } from 'uuid';

/** Returns a new identifier. */
export type NewId = () => string;

/**
 * Identifiers for events and deliveries: UUID version 7 (RFC 9562), so that they sort by time
 * and can be searched for in the title of a workflow run.
 *
 * @param now the clock, in milliseconds since 1970
 * @param randomBytes a source of 16 random bytes
 */
export function idsFrom(now: () => number, randomBytes: () => Uint8Array): NewId {
  return () => v7({ msecs: now(), random: randomBytes() });
}
