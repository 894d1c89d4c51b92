import type { ClaimedDelivery } from '../delivery.ts';
import { claimOf, type LeasedRow } from '../rules/claimed-row.ts';
import { NOT_PAUSED } from '../rules/pauses.ts';
import { LEASE_RAN_OUT, RECEIVER_GONE } from '../rules/reasons.ts';
import { keepOneReclaimed, reclaim } from '../rules/reclaim.ts';
import type { SqlScalar } from '../rules/work.ts';
import type { ClaimOptions } from '../store.ts';
import type { PostgresDriver } from './driver.ts';
import { receiverLock } from './locks.ts';
import { runInTransaction } from './run-work.ts';
import type { Sql } from './sql.ts';

const IS_DUE = `state = 'pending' AND is_head = 1 AND due_at <= $1 AND ${NOT_PAUSED}`;
const HAS_RUN_OUT = `state = 'in_flight' AND lease_until < $1`;

/** Who claims, where receivers can tell whether another one is alive. */
export interface Claimer {
  /** The number whose lock it holds. */
  readonly receiver: number;
  /** Reclaim first what receivers that are gone had in flight. */
  readonly reclaims: boolean;
}

/**
 * Leases what is due, in one statement where nothing is new. Each statement is a transaction of its own: what is leased is,
 * whatever becomes of the rest.
 *
 * @param known the credentials that this process knows; those it finds are added
 * @param claimer left out where leases count for their time only
 */
export async function claimDue(
  driver: PostgresDriver,
  known: Set<string>,
  options: ClaimOptions,
  claimer?: Claimer,
): Promise<ClaimedDelivery[]> {
  if (claimer?.reclaims === true) await reclaimFromGone(driver, options.now);
  const found = await lease(driver, known, options, claimer);
  if (found.runOut && options.keepLeases !== true) await reclaimAll(driver, 'lease_until < $1', options.now, options.now, LEASE_RAN_OUT);
  const limit = options.limit - found.claimed.length;
  if (found.unknown.length === 0 || limit === 0) return found.claimed;
  for (const credential of found.unknown) known.add(credential);
  const more = await lease(driver, known, { ...options, limit }, claimer);
  return [...found.claimed, ...more.claimed];
}

/** Leases what is due in the transaction of `sql`. What needs more than one statement is left to `claimDue`. */
export async function claimWithin(
  sql: Sql,
  known: ReadonlySet<string>,
  options: ClaimOptions,
  claimer: Claimer | undefined,
): Promise<ClaimedDelivery[]> {
  return (await lease(sql, known, options, claimer)).claimed;
}

interface Leased {
  readonly claimed: ClaimedDelivery[];
  /** Leases have run out. */
  readonly runOut: boolean;
  /** Credentials that this process did not know yet. */
  readonly unknown: readonly string[];
}

type LeasedOrNothing = (LeasedRow | { readonly id: null }) & { readonly run_out: boolean; readonly unknown: string[] };

/**
 * With a pace, a credential's row is locked while its slot is taken, and whoever comes second goes without: no two
 * receivers send within the pace, as far as their clocks agree. What another one is leasing or changing is skipped. A
 * lock that was waited for checks the row again as it is by then, so nothing is leased twice. Where nothing is due nothing is
 * locked, so that looking costs no write.
 */
async function lease(sql: Sql, known: ReadonlySet<string>, options: ClaimOptions, claimer: Claimer | undefined): Promise<Leased> {
  const paced = options.paceMs > 0;
  // `LIMIT 1` where EXISTS would do: PostgreSQL would turn that into a join over everything that is due.
  const rows = await sql.rows<LeasedOrNothing>(
    `WITH slot AS (
       SELECT credential, row_number() OVER () AS turn FROM (
         SELECT credential FROM credentials c WHERE credential = ANY ($2) AND throttled_until <= $1 AND next_slot_at <= $1
           AND (SELECT 1 FROM deliveries d WHERE d.credential = c.credential AND ${IS_DUE} LIMIT 1) IS NOT NULL
         ORDER BY next_slot_at, credential COLLATE "C" ${paced ? 'FOR UPDATE SKIP LOCKED' : ''}) AS free
     ), due AS (
       SELECT chosen.seq, turn, chosen.due_at FROM slot CROSS JOIN LATERAL (
         SELECT seq, due_at FROM deliveries d WHERE d.credential = slot.credential AND ${IS_DUE}
         ORDER BY due_at, seq LIMIT ${paced ? 1 : '$3'} FOR UPDATE SKIP LOCKED) AS chosen
       ORDER BY turn LIMIT $3
     ), taken AS (
       UPDATE credentials SET next_slot_at = $1 + $6, slot_set_at = $1
       WHERE $6 > 0 AND credential IN (SELECT credential FROM slot WHERE turn IN (SELECT turn FROM due))
     ), leased AS (
       UPDATE deliveries d SET state = 'in_flight', lease_token = $4 || '-' || d.seq, lease_until = $5, lease_owner = $7, updated_at = $1
       FROM due WHERE d.seq = due.seq
       RETURNING turn, due.due_at, d.seq, id, event_id, route, target, credential, request, lease_token, attempts, retrying_since, ambiguous, runs_since,
         template, approval_template, built_with, approval, conversation
     ) SELECT leased.*, run_out, unknown FROM (
         SELECT COALESCE((SELECT true FROM deliveries WHERE ${HAS_RUN_OUT} LIMIT 1), false) AS run_out,
           ARRAY(SELECT credential FROM credentials WHERE credential <> ALL ($8::text[])) AS unknown
       ) AS beside LEFT JOIN leased ON true ORDER BY turn, due_at, seq`,
    options.now,
    [...known].filter((credential) => options.serves?.(credential) !== false),
    options.limit,
    claimer === undefined ? options.newToken() : tokenOf(claimer.receiver, options.newToken()),
    options.now + options.leaseMs,
    options.paceMs,
    claimer?.receiver ?? null,
    [...known],
  );
  return {
    claimed: rows.filter((row) => row.id !== null).map((row) => claimOf(row)),
    runOut: rows[0]?.run_out === true,
    unknown: rows[0]?.unknown ?? [],
  };
}

/** An update is checked against its conversation in a transaction of its own: the order key is locked before the row. */
async function reclaimAll(driver: PostgresDriver, condition: string, value: SqlScalar, now: number, why: string): Promise<void> {
  const reclaimed = await runInTransaction(driver, () => reclaim(condition, [value], now, why));
  for (const delivery of reclaimed) {
    if (delivery.ephemeral === 1) await runInTransaction(driver, () => keepOneReclaimed(delivery, now));
  }
}

/** Reclaims what receivers had in flight whose session has ended: nobody holds the lock of their number. */
async function reclaimFromGone(driver: PostgresDriver, now: number): Promise<void> {
  const rows = await driver.rows<{ receiver: number }>(
    `WITH owners AS MATERIALIZED (SELECT DISTINCT lease_owner AS receiver FROM deliveries WHERE state = 'in_flight' AND lease_owner IS NOT NULL)
     SELECT receiver FROM owners WHERE pg_try_advisory_xact_lock_shared(${receiverLock('receiver')})`,
  );
  if (rows.length === 0) return;
  for (const { receiver } of rows) await reclaimAll(driver, 'lease_owner = $1', receiver, now, RECEIVER_GONE);
}

/** Names the receiver that claimed. */
function tokenOf(receiver: number, token: string): string {
  return `${receiver}/${token}`;
}

/** Whether this receiver claimed it under the number that it still has. */
export function isClaimOf(claim: Pick<ClaimedDelivery, 'leaseToken'>, receiver: number): boolean {
  return claim.leaseToken.startsWith(tokenOf(receiver, ''));
}

/** Binds a lease to the number that its receiver has now; to none, it counts for its time. False when it is another's. */
export async function keepLease(sql: Sql, claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>, receiver: number | null): Promise<boolean> {
  const text = `UPDATE deliveries SET lease_owner = $1 WHERE id = $2 AND state = 'in_flight' AND lease_token = $3`;
  return (await sql.run(text, receiver, claim.id, claim.leaseToken)) > 0;
}

export async function earliestDue(sql: Sql, serves: (credential: string) => boolean): Promise<number | undefined> {
  const rows = await sql.rows<{ credential: string | null; at: number }>(
    `SELECT c.credential, GREATEST(throttled_until, next_slot_at, first.due_at) AS at FROM credentials c CROSS JOIN LATERAL (
       SELECT due_at FROM deliveries d WHERE d.credential = c.credential AND state = 'pending' AND is_head = 1 AND ${NOT_PAUSED} ORDER BY due_at LIMIT 1) AS first
     UNION ALL (SELECT NULL, lease_until + 1 FROM deliveries WHERE state = 'in_flight' ORDER BY lease_until LIMIT 1)`,
  );
  // A lease, which has no credential here, may be claimed again once it has run out.
  const times = rows.filter(({ credential }) => credential === null || serves(credential)).map(({ at }) => at);
  return times.length === 0 ? undefined : Math.min(...times);
}
