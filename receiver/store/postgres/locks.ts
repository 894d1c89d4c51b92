/**
 * Who may do what at the same time. Whatever changes the deliveries of an order key, or decides by what is known of a subject,
 * a cooldown or a conversation, holds a lock of that name for its whole transaction: so what several receivers do to one
 * order key happens one after another, as it does in SQLite. Leasing and settling a row need the row's lock only.
 *
 * The locks are PostgreSQL's advisory ones, taken together at the start and in the order of their numbers, so that two
 * transactions never wait for each other. A name is a 32-bit hash: two names that share one wait for each other without
 * need.
 */

/** The first half of the numbers of all our locks, so that they are nobody else's: "wand". */
const OURS = 0x77616e64;
/** The first half of the numbers of receivers' locks: "wanr". Sessions hold them, see `session.ts`. */
const RECEIVERS = 0x77616e72;
/** Held shared by everybody, and alone by whoever needs more locks than the server should keep for one. */
const EVERYTHING = 0;
/** The server has room for 64 locks a connection (`max_locks_per_transaction`), which all connections share. */
const MOST_LOCKS = 256;

/** A statement that takes the locks of these names, or an empty one. */
export function locksOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  const numbers = [...new Set(names.map(numberOf))].sort((a, b) => a - b);
  if (numbers.length > MOST_LOCKS) return `SELECT pg_advisory_xact_lock(${OURS}, ${EVERYTHING})`;
  const locks = numbers.map((number) => `pg_advisory_xact_lock(${OURS}, ${number})`);
  return `SELECT pg_advisory_xact_lock_shared(${OURS}, ${EVERYTHING}), ${locks.join(', ')}`;
}

/** Taken before a migration: nobody else migrates, and nobody changes an order key. */
export const LOCK_EVERYTHING = `SELECT pg_advisory_xact_lock(${OURS}, ${EVERYTHING})`;

/** The two arguments of the lock that a living receiver holds. @param number SQL */
export const receiverLock = (number: string): string => `${RECEIVERS}, ${number}`;

/** FNV-1a, as a signed 32-bit number; never that of `EVERYTHING`. */
function numberOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash | 0 || 1;
}
