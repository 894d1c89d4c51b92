import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { readEnvironment } from '../environment.ts';
import { beginCopy, COPIED_TABLES, type CopiedRow, type CopiedTable, copyRows, countRows, finishCopy } from '../store/postgres/copy.ts';
import { openDriver, type PostgresDriver } from '../store/postgres/driver.ts';
import { claimPurpose } from '../store/postgres/purpose.ts';
import { migrate as migratePostgres } from '../store/postgres/schema.ts';
import { firstRow, type SqlDriver, type SqlValue } from '../store/sqlite/driver.ts';
import { lockForReceiver, openSqlite } from '../store/sqlite/node-driver.ts';
import { migrate as migrateSqlite } from '../store/sqlite/schema.ts';
import { databaseName } from './open-store.ts';
import { type CommandIo, type ExitCode, renderTable } from './output.ts';

export interface MigrateOptions {
  /** `file:relay.db` */
  readonly from: string;
  /** `postgres://…` */
  readonly to: string;
}

/** So many rows are copied in one transaction; an event may hold a body of some size. */
const ROWS_AT_ONCE = 500;

/** `wandb-relay migrate`: moves everything from a SQLite file to PostgreSQL. It can be run again, until a receiver runs there. */
export async function migrate(io: CommandIo, options: MigrateOptions): Promise<ExitCode> {
  const path = readEnvironment({ DATABASE_URL: options.from });
  const address = readEnvironment({ DATABASE_URL: options.to });
  if (!path.ok || path.value.databasePath === undefined) return complain(io, '--from: must name a SQLite file, such as file:relay.db');
  if (!address.ok || address.value.postgresUrl === undefined)
    return complain(io, '--to: must name a PostgreSQL database, such as postgres://relay@db/relay');
  const source = path.value.databasePath;
  const file = resolve(io.cwd, source);
  if (!existsSync(file)) return complain(io, `${source}: there is no such database`);
  const url = address.value.postgresUrl;
  const name = databaseName({ databasePath: undefined, postgresUrl: url }, false);

  let unlock: (() => void) | undefined;
  let from: SqlDriver | undefined;
  const to = openDriver(url, { applicationName: 'wandb-relay migrate', maxConnections: 2 });
  try {
    unlock = lockForReceiver(file);
    from = openSqlite(file);
    migrateSqlite(from);
    return await copyAll(io, from, to, name);
  } catch (error) {
    return complain(io, `${source} to ${name}: ${messageOf(error)}`);
  } finally {
    from?.close();
    unlock?.();
    await to.close();
  }
}

function complain(io: CommandIo, line: string): ExitCode {
  io.complain(line);
  return 1;
}

async function copyAll(io: CommandIo, from: SqlDriver, to: PostgresDriver, name: string): Promise<ExitCode> {
  await migratePostgres(to);
  const purpose = firstRow<{ name: 'live' | 'sandbox' }>(from, 'SELECT name FROM purpose')?.name;
  if (purpose !== undefined) await claimPurpose(to, purpose);
  await beginCopy(to, identityOf(from));
  const counts: { table: string; source: number; target: number }[] = [];
  for (const table of COPIED_TABLES) {
    const source = firstRow<{ n: number }>(from, `SELECT COUNT(*) AS n FROM ${table.name}`)?.n ?? 0;
    await copyTable(from, to, table, (copied) => io.progress?.(`${table.name}: ${copied} of ${source}`));
    counts.push({ table: table.name, source, target: await countRows(to, table) });
  }
  io.progress?.('');
  const rows = counts.map(({ table, source, target }) => [
    table,
    String(source),
    String(target),
    source === target ? 'equal' : 'NOT EQUAL',
  ]);
  io.print(...renderTable(['TABLE', 'SOURCE', 'COPIED', ''], rows));
  if (counts.some(({ source, target }) => source !== target))
    return complain(io, `${name}: not everything arrived; receivers refuse it. Run this again`);
  await finishCopy(to);
  io.print(`everything is in ${name}: set DATABASE_URL to it and start the receivers; keep the file until they have run for a while`);
  return 0;
}

/** What the copy is a copy of, also when the file has another name by the next try: the first thing that it holds. */
function identityOf(from: SqlDriver): string {
  const first = firstRow<{ id: string }>(from, 'SELECT id FROM events ORDER BY seq LIMIT 1');
  return first === undefined ? 'without events' : `its first event is ${first.id}`;
}

/** Reads by key from where the last batch ended, so that the size of a table does not matter. */
async function copyTable(from: SqlDriver, to: PostgresDriver, table: CopiedTable, report: (copied: number) => void): Promise<void> {
  const key = table.key.join(', ');
  const behind = `(${key}) > (${table.key.map(() => '?').join(', ')})`;
  const columns = Object.keys(table.columns).join(', ');
  let last: SqlValue[] | undefined;
  for (let copied = 0; ; ) {
    const rows = from.rows<CopiedRow>(
      `SELECT ${columns} FROM ${table.name} ${last === undefined ? '' : `WHERE ${behind}`} ORDER BY ${key} LIMIT ${ROWS_AT_ONCE}`,
      ...(last ?? []),
    );
    const end = rows.at(-1);
    if (end === undefined) return;
    await copyRows(to, table, rows);
    copied += rows.length;
    report(copied);
    last = table.key.map((column) => end[column] ?? null);
  }
}
