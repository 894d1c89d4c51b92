import { readExactJson } from '../../../src/lib/json.ts';
import type { TargetDefinition, TargetRequest } from '../../../src/route/target.ts';
import type { ClaimedDelivery } from '../delivery.ts';
import { LEASE_RAN_OUT, RECEIVER_GONE, SETTLE_MS } from '../rules/decisions.ts';
import type { ClaimOptions, HeldDelivery } from '../store.ts';
import { keepOneUpdate } from './conversations.ts';
import type { PostgresDriver, Sql } from './driver.ts';
import { lineLock, receiverLock } from './locks.ts';

interface DueRow {
  id: string;
  event_id: string;
  route: string;
  target: string;
  credential: string;
  request: string;
  lease_token: string;
  attempts: number;
  since: number;
  ambiguous: number;
  runs_since: number;
  template: string | null;
  conversation: string | null;
}

const IS_DUE = `state = 'pending' AND ready = 1 AND due_at <= $1`;
const HAS_RUN_OUT = `state = 'in_flight' AND lease_until < $1`;

/** Who claims, where receivers can tell whether another one is alive. */
export interface Claimer {
  /** The number whose lock it holds. */
  readonly receiver: number;
  /** Take over first what receivers that are gone had in flight. */
  readonly reclaims: boolean;
}

/**
 * Leases what is due. Each statement is a transaction of its own: what is leased is, whatever becomes of the rest.
 *
 * @param claimer left out where leases count for their time only
 */
export async function claimDue(driver: PostgresDriver, options: ClaimOptions, claimer?: Claimer): Promise<ClaimedDelivery[]> {
  if (claimer?.reclaims === true) await reclaimFromGone(driver, options.now);
  let found = await look(driver, options.now);
  if (found.runOut && options.keepLeases !== true) {
    await takeOver(driver, options.now, HAS_RUN_OUT, LEASE_RAN_OUT);
    found = await look(driver, options.now);
  }
  const credentials = found.credentials.filter((credential) => options.serves?.(credential) !== false);
  return credentials.length === 0 ? [] : lease(driver, credentials, options, claimer);
}

/** Which credentials have something that is due, and whether leases have run out; nearly always nothing, at little cost. */
async function look(sql: Sql, now: number): Promise<{ credentials: string[]; runOut: boolean }> {
  // `LIMIT 1`, also where EXISTS would say the same: that would be joined, and look at everything that is due.
  const rows = await sql.rows<{ credential: string | null }>(
    `SELECT credential FROM credentials c CROSS JOIN LATERAL (
       SELECT FROM deliveries d WHERE d.credential = c.credential AND ${IS_DUE} ORDER BY due_at LIMIT 1) AS due
     WHERE hold_until <= $1 AND next_slot_at <= $1
     UNION ALL (SELECT NULL FROM deliveries WHERE ${HAS_RUN_OUT} LIMIT 1)`,
    now,
  );
  return {
    credentials: rows.flatMap(({ credential }) => credential ?? []),
    runOut: rows.some(({ credential }) => credential === null),
  };
}

/**
 * With a pace, a credential's row is locked while its slot is taken, and whoever comes second goes without: no two
 * receivers send within the pace, as far as their clocks agree. What another one is leasing or changing is skipped. A
 * lock that was waited for checks the row again as it is by then, so nothing is leased twice.
 */
async function lease(
  sql: Sql,
  credentials: readonly string[],
  options: ClaimOptions,
  claimer: Claimer | undefined,
): Promise<ClaimedDelivery[]> {
  const paced = options.paceMs > 0;
  const rows = await sql.rows<DueRow>(
    `WITH slot AS (
       SELECT credential, row_number() OVER () AS turn FROM (
         SELECT credential FROM credentials WHERE credential = ANY ($2) AND hold_until <= $1 AND next_slot_at <= $1
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
       RETURNING turn, due.due_at, d.seq, id, event_id, route, target, credential, request, lease_token, attempts, since, ambiguous, runs_since,
         template, conversation
     ) SELECT * FROM leased ORDER BY turn, due_at, seq`,
    options.now,
    credentials,
    options.limit,
    claimer === undefined ? options.newToken() : tokenOf(claimer.receiver, options.newToken()),
    options.now + options.leaseMs,
    options.paceMs,
    claimer?.receiver ?? null,
  );
  return rows.map(claimOf);
}

function claimOf(row: DueRow): ClaimedDelivery {
  return {
    id: row.id,
    eventId: row.event_id,
    route: row.route,
    target: row.target,
    credential: row.credential,
    request: readExactJson(row.request) as unknown as TargetRequest,
    leaseToken: row.lease_token,
    attempts: row.attempts,
    since: row.since,
    ambiguous: row.ambiguous === 1,
    runsSince: row.runs_since,
    template: row.template === null ? null : (readExactJson(row.template) as unknown as TargetDefinition),
    conversation: row.conversation,
  };
}

/** Logs the attempts that nobody will settle any more; their deliveries are tried again, as ambiguous, when the run can be seen. */
async function takeOver(driver: PostgresDriver, now: number, which: string, why: string): Promise<void> {
  const taken = await driver.rows<{ id: string; order_key: string; transient: number }>(
    `WITH expired AS (
       SELECT seq, id, updated_at FROM deliveries WHERE ${which} FOR UPDATE SKIP LOCKED
     ), logged AS (
       INSERT INTO attempts (delivery_id, started_at, duration_ms, outcome, status, detail)
       SELECT id, updated_at, GREATEST(0, $1 - updated_at), 'ambiguous', NULL, $2 FROM expired
     )
     UPDATE deliveries d SET state = 'pending', ready = 1, due_at = $1 + $3, ambiguous = 1, attempts = attempts + 1,
       lease_token = NULL, lease_until = NULL, lease_owner = NULL, reason = $2, updated_at = $1 FROM expired WHERE d.seq = expired.seq
     RETURNING d.id, order_key, transient`,
    now,
    why,
    SETTLE_MS,
  );
  for (const update of taken.filter(({ transient }) => transient === 1)) {
    await driver.transaction([lineLock(update.order_key)], async (sql) => {
      // Another receiver may have leased it already.
      const waits = await sql.rows(`SELECT 1 FROM deliveries WHERE id = $1 AND state = 'pending' FOR UPDATE`, update.id);
      if (waits.length > 0) await keepOneUpdate(sql, update, now);
    });
  }
}

/** Takes over what receivers had in flight whose session has ended: nobody holds the lock of their number. */
async function reclaimFromGone(driver: PostgresDriver, now: number): Promise<void> {
  const rows = await driver.rows<{ receiver: number }>(
    `WITH owners AS MATERIALIZED (SELECT DISTINCT lease_owner AS receiver FROM deliveries WHERE state = 'in_flight' AND lease_owner IS NOT NULL)
     SELECT receiver FROM owners WHERE pg_try_advisory_xact_lock_shared(${receiverLock('receiver')})`,
  );
  if (rows.length === 0) return;
  const gone = rows.map(({ receiver }) => receiver).join(', ');
  await takeOver(driver, now, `state = 'in_flight' AND lease_owner IN (${gone})`, RECEIVER_GONE);
}

/** Tells by itself which receiver claimed. */
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
    `SELECT c.credential, GREATEST(hold_until, next_slot_at, first.due_at) AS at FROM credentials c CROSS JOIN LATERAL (
       SELECT due_at FROM deliveries d WHERE d.credential = c.credential AND state = 'pending' AND ready = 1 ORDER BY due_at LIMIT 1) AS first
     UNION ALL (SELECT NULL, lease_until + 1 FROM deliveries WHERE state = 'in_flight' ORDER BY lease_until LIMIT 1)`,
  );
  // A lease, which has no credential here, may be claimed again once it has run out.
  const times = rows.filter(({ credential }) => credential === null || serves(credential)).map(({ at }) => at);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** False when the lease is lost. */
export async function completeClaim(sql: Sql, claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>, request: TargetRequest): Promise<boolean> {
  const completed = await sql.run(
    `UPDATE deliveries SET request = $1, template = NULL WHERE id = $2 AND state = 'in_flight' AND lease_token = $3`,
    JSON.stringify(request),
    claim.id,
    claim.leaseToken,
  );
  return completed > 0;
}

export async function heldToComplete(sql: Sql, eventId: string): Promise<HeldDelivery[]> {
  const rows = await sql.rows<{ id: string; route: string; target: string; request: string; template: string }>(
    `SELECT id, route, target, request, template FROM deliveries
     WHERE event_id = $1 AND state = 'held' AND request IS NOT NULL AND template IS NOT NULL ORDER BY seq`,
    eventId,
  );
  return rows.map(({ request, template, ...row }) => ({
    ...row,
    eventId,
    request: readExactJson(request) as unknown as TargetRequest,
    template: readExactJson(template) as unknown as TargetDefinition,
  }));
}

/** False when it is not held any more. */
export async function completeHeld(sql: Sql, id: string, request: TargetRequest): Promise<boolean> {
  const text = `UPDATE deliveries SET request = $1, template = NULL WHERE id = $2 AND state = 'held'`;
  return (await sql.run(text, JSON.stringify(request), id)) > 0;
}
