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

/** So many identifiers' worth of random bytes are drawn at once. */
const POOLED = 256;
const ID_BYTES = 16;

/**
 * A source of 16 random bytes that draws a few kilobytes at a time: a call into the system's generator costs many times
 * what the bytes cost. No byte is given out twice.
 *
 * @param draw gives so many random bytes
 */
export function pooledBytes(draw: (length: number) => Uint8Array): () => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  return () => {
    if (used >= pool.byteLength) {
      pool = draw(POOLED * ID_BYTES);
      used = 0;
    }
    const bytes = pool.subarray(used, used + ID_BYTES);
    used += ID_BYTES;
    return bytes;
  };
}
