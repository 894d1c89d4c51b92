import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import { CLOCK_DIFFERENCE_MS } from './runs-since.ts';
import { exec, firstRow, lock, type SqlValue, type Work } from './work.ts';

/**
 * The times in the store that lie in the future by design, and the rule of `dueAfter` (`src/lib/clock.ts`) for them, in SQL that
 * every store runs. A row that was written more than the tolerance ahead of now is moved to now, once and for good, before
 * anything is decided by it.
 */

/** Now, as a number. Typed, because PostgreSQL would take its sums for 32-bit ones. */
const NOW = 'CAST($2 AS bigint)';
/** What was written after this was written by a clock that was ahead. */
const LIMIT = 'CAST($1 AS bigint)';

interface FutureTimes {
  readonly table: string;
  /** When the times of a row were written. */
  readonly writtenAt: string;
  /** Times that move with `writtenAt`. */
  readonly due: readonly string[];
  /** Other columns that are set, with what they become. */
  readonly also: Readonly<Record<string, string>>;
  /** Which rows wait for these times at all; chosen so that an index finds those that may lie ahead. */
  readonly where: string;
}

/**
 * Which runs may be a delivery's: a time that was written by a clock that was ahead would hide them. How far it was ahead
 * follows only from `planned`, the latest time of the row, which lies no earlier than the correction.
 */
const runsSince = (planned: string): string =>
  `CASE WHEN runs_since > ${NOW} - ${CLOCK_DIFFERENCE_MS} AND ${planned} > ${NOW} THEN runs_since - (${planned} - ${NOW}) ELSE runs_since END`;

const notAfterNow = (column: string): string => `CASE WHEN ${column} > ${NOW} THEN ${NOW} ELSE ${column} END`;

/**
 * Every change of `due_at` and `lease_until` sets `updated_at`. Only the head of an order key is compared with now. One that is
 * pending is never due before it was written, so the index of what is due finds it.
 *
 * @param inFlight which deliveries are in flight, as this database finds them
 */
const deliveriesAhead = (inFlight: string): FutureTimes[] =>
  [`state = 'pending' AND is_head = 1 AND credential IN (SELECT credential FROM credentials) AND due_at > ${LIMIT}`, inFlight].map(
    (where) => ({
      table: 'deliveries',
      writtenAt: 'updated_at',
      due: ['due_at', 'lease_until'],
      also: {
        retrying_since: notAfterNow('retrying_since'),
        runs_since: runsSince('CASE WHEN due_at > updated_at THEN due_at ELSE updated_at END'),
      },
      where,
    }),
  );

const OTHERS: readonly FutureTimes[] = [
  { table: 'credentials', writtenAt: 'throttle_set_at', due: ['throttled_until'], also: {}, where: 'throttle_set_at IS NOT NULL' },
  {
    // A version that does not store when: a slot is never further ahead than the pace, which is next to nothing.
    table: 'credentials',
    writtenAt: 'COALESCE(slot_set_at, next_slot_at)',
    due: ['next_slot_at'],
    also: { slot_set_at: NOW },
    where: 'next_slot_at > 0',
  },
  {
    table: 'approvals',
    writtenAt: 'expires_at - expires_ms',
    due: ['expires_at'],
    also: {},
    where: `decision IS NULL AND expires_at > ${LIMIT}`,
  },
  { table: 'mutes', writtenAt: 'set_at', due: ['until'], also: {}, where: `until > ${LIMIT}` },
  {
    // Rows of a version that does not store when the next poll was planned have the time of their dispatch.
    table: 'runs',
    writtenAt: 'COALESCE(poll_set_at, dispatched_at)',
    due: ['next_poll_at'],
    also: { poll_set_at: NOW, dispatched_at: notAfterNow('dispatched_at'), runs_since: runsSince('next_poll_at') },
    where: `next_poll_at IS NOT NULL AND next_poll_at > ${LIMIT}`,
  },
  {
    // Only runs that were seen are polled, so nothing depends on when they may have begun.
    table: 'earlier_runs',
    writtenAt: 'COALESCE(poll_set_at, dispatched_at)',
    due: ['next_poll_at'],
    also: { poll_set_at: NOW, dispatched_at: notAfterNow('dispatched_at') },
    where: `next_poll_at IS NOT NULL AND next_poll_at > ${LIMIT}`,
  },
  // Few and short rows, one a project: no index, which each renewal would have to change.
  { table: 'engine_leases', writtenAt: 'leased_at', due: ['lease_until'], also: {}, where: 'owner IS NOT NULL' },
];

/** The statements, for one way of finding what is in flight. */
export interface FutureTimeStatements {
  /**
   * Gives, as `at`, the latest time at which any of these rows was written, if that lies ahead; else null. With VALUES: a
   * Durable Object takes no more than five terms in a UNION.
   */
  readonly latestAhead: string;
  /** Move such rows to now. */
  readonly corrections: readonly string[];
}

/**
 * @param inFlight a condition: the delivery is in flight. It gets a placeholder for a value that the callers of `aheadMs` and
 * `correctTimes` give, if it needs one
 */
export function futureTimes(inFlight: (placeholder: string) => string): FutureTimeStatements {
  const all = (placeholder: string): FutureTimes[] => [...deliveriesAhead(inFlight(placeholder)), ...OTHERS];
  const latest = all('$2').map(
    ({ table, writtenAt, where }) => `((SELECT MAX(${writtenAt}) FROM ${table} WHERE ${where} AND ${writtenAt} > ${LIMIT}))`,
  );
  return {
    latestAhead: `SELECT MAX(column1) AS at FROM (VALUES ${latest.join(', ')}) AS ahead`,
    corrections: all('$3').map(({ table, writtenAt, due, also, where }) => {
      const moved = due.map((column) => `${column} = ${NOW} + (${column} - (${writtenAt}))`);
      const written = /^\w+$/.test(writtenAt) ? [`${writtenAt} = ${NOW}`] : [];
      const others = Object.entries(also).map(([column, value]) => `${column} = ${value}`);
      return `UPDATE ${table} SET ${[...moved, ...written, ...others].join(', ')} WHERE ${where} AND ${writtenAt} > ${LIMIT}`;
    }),
  };
}

/** Receivers that correct at once do so one after another. */
const CORRECTION_LOCK = 'stored times';

/** How far ahead of now the furthest of these times was written, in milliseconds; 0 when none lies ahead. */
export function* aheadMs({ latestAhead }: FutureTimeStatements, now: number, ...inFlight: SqlValue[]): Work<number> {
  const latest = yield* firstRow<{ at: number | null }>(latestAhead, now + CLOCK_TOLERANCE_MS, ...inFlight);
  return (latest?.at ?? now) - now;
}

/** Moves such times to now; returns how many rows it were: none when another receiver was faster. In a transaction of its own. */
export function* correctTimes({ corrections }: FutureTimeStatements, now: number, ...inFlight: SqlValue[]): Work<number> {
  yield* lock([CORRECTION_LOCK]);
  let corrected = 0;
  for (const statement of corrections) corrected += yield* exec(statement, now + CLOCK_TOLERANCE_MS, now, ...inFlight);
  return corrected;
}

/** Called with how far ahead of now the furthest of the moved times was, in milliseconds. */
export type ClockCorrected = (aheadMs: number) => void;

/** How often stored times are checked when nothing hints at a jump: another process may have written them. Milliseconds. */
const CHECK_EVERY_MS = 1_000;

/**
 * Whether stored times should be checked before something is decided at `now`: at first, when the clock has gone
 * back, and once a second.
 */
export function timesGate(): (now: number) => boolean {
  let latest = Number.NEGATIVE_INFINITY;
  let checkedAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    const due = now < latest - CLOCK_TOLERANCE_MS || Math.abs(now - checkedAt) >= CHECK_EVERY_MS;
    if (due) checkedAt = now;
    latest = due ? now : Math.max(latest, now);
    return due;
  };
}
