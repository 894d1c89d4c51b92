import { type Columns, insertRows } from '../rules/work.ts';
import type { PostgresDriver } from './driver.ts';
import { LOCK_EVERYTHING } from './locks.ts';
import { runInTransaction } from './run-work.ts';
import type { Sql } from './sql.ts';

/** A table that moves from one store to another. */
export interface CopiedTable {
  readonly name: string;
  /** What its rows are known and ordered by: a number that only grows, or else one text, or two. */
  readonly key: readonly string[];
  readonly columns: Columns;
  /** Its numbers go on behind those that were copied. */
  readonly numbered: boolean;
}

const int = 'bigint' as const;
const text = 'text' as const;

/** In this order no row comes before one that it refers to. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  numbered('events', {
    id: text,
    received_at: int,
    type: text,
    subject_key: text,
    body_hash: text,
    outcome: text,
    duplicate_of: text,
    event: text,
    body: text,
    wandb: text,
  }),
  numbered('deliveries', {
    id: text,
    event_id: text,
    route: text,
    target: text,
    credential: text,
    order_key: text,
    replaces_older: 'smallint',
    cooldown_key: text,
    state: text,
    approved: 'smallint',
    is_head: 'smallint',
    position: int,
    due_at: int,
    retrying_since: int,
    runs_since: int,
    attempts: int,
    ambiguous: 'smallint',
    lease_token: text,
    lease_until: int,
    reason: text,
    run_id: text,
    run_url: text,
    request: text,
    template: text,
    conversation: text,
    ephemeral: 'smallint',
    message_channel: text,
    message_ts: text,
    created_at: int,
    updated_at: int,
    last_attempt: text,
    approval_template: text,
    built_with: text,
    approval: text,
  }),
  numbered('attempts', { delivery_id: text, started_at: int, duration_ms: int, outcome: text, status: int, detail: text }),
  numbered('notes', { delivery_id: text, at: int, text }),
  numbered('rejected', { received_at: int, source: text, status: int, reason: text, body: text }),
  numbered('unrouted', {
    id: text,
    received_at: int,
    source: text,
    body_hash: text,
    body: text,
    restored_at: int,
    skipped: text,
  }),
  keyed('conversations', ['key'], {
    key: text,
    channel: text,
    credential: text,
    message_channel: text,
    message_ts: text,
    revision: int,
    subject: text,
    kind: text,
    began_at: int,
    last_reply: text,
  }),
  keyed('approvals', ['event_id', 'route'], {
    event_id: text,
    route: text,
    channel: text,
    deciders: text,
    allow_self: 'smallint',
    expires_ms: int,
    expires_at: int,
    decision: text,
    decided_by: text,
    decided_at: int,
    not_asked: text,
    settings: text,
    votes: text,
    reason: text,
    reminded_at: int,
    escalated_at: int,
  }),
  keyed('runs', ['delivery_id'], {
    delivery_id: text,
    event_id: text,
    route: text,
    repository: text,
    kind: text,
    workflow: text,
    run_id: text,
    url: text,
    status: text,
    conclusion: text,
    attempt: int,
    dispatched_at: int,
    runs_since: int,
    run_created_at: int,
    started_at: int,
    ended_at: int,
    next_poll_at: int,
    polls: int,
    poll_set_at: int,
  }),
  keyed('earlier_runs', ['delivery_id', 'n'], {
    delivery_id: text,
    n: int,
    event_id: text,
    route: text,
    repository: text,
    kind: text,
    workflow: text,
    run_id: text,
    url: text,
    status: text,
    conclusion: text,
    attempt: int,
    dispatched_at: int,
    runs_since: int,
    runs_until: int,
    run_created_at: int,
    started_at: int,
    ended_at: int,
    next_poll_at: int,
    polls: int,
    poll_set_at: int,
  }),
  keyed('credentials', ['credential'], {
    credential: text,
    throttled_until: int,
    throttle_reason: text,
    next_slot_at: int,
    throttle_set_at: int,
    slot_set_at: int,
  }),
  keyed('promotions', ['alias_key', 'n'], {
    alias_key: text,
    n: int,
    collection: text,
    path: text,
    alias: text,
    version: text,
    artifact: text,
    since: int,
    origin: text,
    event_id: text,
    event: text,
    replaced_version: text,
    replaced_artifact: text,
    replaced_since: int,
    deployed_at: int,
    run_url: text,
    conclusion: text,
    ended_at: int,
  }),
  keyed('failures', ['subject_key', 'route', 'target', 'conversation'], {
    subject_key: text,
    route: text,
    target: text,
    conversation: text,
    event_id: text,
    event_seq: int,
    broadcast: 'smallint',
    problem: text,
  }),
  keyed('pauses', ['kind', 'name'], { kind: text, name: text, paused_by: text, at: int, reason: text }),
  keyed('mutes', ['subject_key', 'route'], { route: text, subject_key: text, until: int, muted_by: text, set_at: int }),
  keyed('seen', ['key'], { key: text, at: int }),
  keyed('repositories', ['name'], { name: text, id: text }),
  keyed('engine_leases', ['project'], { project: text, owner: text, lease_until: int, leased_at: int }),
  keyed('engine_projects', ['project'], { project: text, round: text, watermark: int, read_at: int, problem: text, rules: text }),
  keyed('engine_runs', ['project', 'run'], { project: text, run: text, at: int, ended_at: int, state: text }),
  keyed('occurrences', ['name', 'due_at'], { name: text, due_at: int, event_id: text }),
];

function numbered(name: string, columns: Columns): CopiedTable {
  return { name, key: ['seq'], columns: { seq: int, ...columns }, numbered: true };
}

function keyed(name: string, key: readonly string[], columns: Columns): CopiedTable {
  return { name, key, columns, numbered: false };
}

export type CopiedRow = Readonly<Record<string, string | number | null>>;

/** The database cannot take the copy, and has been left as it was. */
export class CopyRefusedError extends Error {}

/**
 * Begins a copy, or goes on with one: from now on no receiver serves the database until it is finished. What an earlier
 * try has copied goes, because the source may have moved on since.
 *
 * @throws CopyRefusedError when the database has data of its own
 */
export async function beginCopy(driver: PostgresDriver, source: string): Promise<void> {
  const begin = async (sql: Sql): Promise<void> => {
    await sql.run(LOCK_EVERYTHING);
    if (await othersAreConnected(sql)) throw new CopyRefusedError('a receiver is connected to it: stop all of them first');
    const [copy] = await sql.rows<{ source: string }>('SELECT source FROM migration');
    const [event] = await sql.rows('SELECT FROM events LIMIT 1');
    if (copy === undefined && event !== undefined)
      throw new CopyRefusedError('a receiver has stored events in it already: name an empty database');
    if (copy !== undefined && event !== undefined && copy.source !== source)
      throw new CopyRefusedError(`it holds a copy of another database (${copy.source}): name an empty one`);
    await sql.run(`TRUNCATE ${COPIED_TABLES.map(({ name }) => name).join(', ')}`);
    await sql.run('DELETE FROM migration');
    await sql.run('INSERT INTO migration VALUES ($1, 0)', source);
  };
  await driver.transaction([], begin, { unlimited: true });
}

/** A connection that was closed this moment may still be listed: it is given a little time to go. */
async function othersAreConnected(sql: Sql): Promise<boolean> {
  const isOther = `datname = current_database() AND application_name = 'wandb-relay' AND pid <> pg_backend_pid()`;
  for (let tries = 0; tries < 20; tries++) {
    // Within a transaction the server keeps showing the first answer of its statistics, unless its snapshot is cleared.
    await sql.run('SELECT pg_stat_clear_snapshot()');
    if ((await sql.rows(`SELECT FROM pg_stat_activity WHERE ${isOther}`)).length === 0) return false;
    await sql.run('SELECT pg_sleep(0.1)');
  }
  return true;
}

/** Copies some rows of a table, in one transaction. */
export async function copyRows(driver: PostgresDriver, table: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
  const names = Object.keys(table.columns);
  const values = rows.map((row) => names.map((name) => row[name] ?? null));
  await runInTransaction(driver, () => insertRows(table.name, table.columns, values));
}

/** How many rows a table has. */
export async function countRows(driver: PostgresDriver, table: CopiedTable): Promise<number> {
  const count = (sql: Sql) => sql.rows<{ n: number }>(`SELECT count(*) AS n FROM ${table.name}`);
  const [row] = await driver.transaction([], count, { unlimited: true });
  return row?.n ?? 0;
}

/** Lets receivers serve the database, and its numbers go on where the source's ended. */
export async function finishCopy(driver: PostgresDriver): Promise<void> {
  const finish = async (sql: Sql): Promise<void> => {
    for (const { name, numbered: counts } of COPIED_TABLES) {
      if (!counts) continue;
      await sql.run(
        `SELECT setval(pg_get_serial_sequence($1, 'seq'), GREATEST(1, (SELECT COALESCE(MAX(seq), 0) FROM ${name})),
           EXISTS (SELECT FROM ${name}))`,
        name,
      );
    }
    // The planner has no statistics of what was copied.
    await sql.run('ANALYZE events, deliveries, attempts, runs, notes');
    await sql.run('UPDATE migration SET finished = 1');
  };
  await driver.transaction([], finish, { unlimited: true });
}
