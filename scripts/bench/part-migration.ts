import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { openDriver } from '../../receiver/store/postgres/driver.ts';
import { migrate as migratePostgres, SCHEMA_VERSION as POSTGRES_VERSION } from '../../receiver/store/postgres/schema.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { migrate as migrateSqlite, SCHEMA_VERSION as SQLITE_VERSION } from '../../receiver/store/sqlite/schema.ts';
import { postgresDatabases, sqliteDatabases } from './databases.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';

/** Columns as they were called before the step that renamed them, and as they are called since. */
const RENAMED: readonly (readonly [table: string, before: string, since: string])[] = [
  ['deliveries', 'ready', 'is_head'],
  ['deliveries', 'since', 'retrying_since'],
  ['deliveries', 'transient', 'ephemeral'],
  ['credentials', 'hold_until', 'throttled_until'],
  ['credentials', 'hold_reason', 'throttle_reason'],
  ['credentials', 'hold_set_at', 'throttle_set_at'],
  ['runs', 'look_at', 'next_poll_at'],
  ['runs', 'looks', 'polls'],
  ['runs', 'look_set_at', 'poll_set_at'],
];
/** The version of both schemas before that step; steps that came later only add, and would be timed with it. */
const BEFORE = { sqlite: 6, postgres: 4 } as const;

/** How long an upgrade keeps a receiver from starting: a store with a million deliveries, written by the version before the renamed columns. */
export async function migrationPart(bench: Bench): Promise<Figure[]> {
  if (SQLITE_VERSION !== BEFORE.sqlite + 1 || POSTGRES_VERSION !== BEFORE.postgres + 1)
    throw new Error('there is a newer migration step: take it back here, too, or the database is not of the version before');
  return [await sqlite(bench), await postgres(bench)];
}

async function sqlite(bench: Bench): Promise<Figure> {
  const folder = join(bench.folder, 'migration');
  await mkdir(folder, { recursive: true });
  const path = (await sqliteDatabases(folder).full(bench.events, progress(bench, 'SQLite'))).replace('file:', '');
  const times: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const database = new DatabaseSync(path);
    for (const statement of goingBack(BEFORE.sqlite)) database.exec(statement);
    database.close();
    const start = performance.now();
    const driver = openSqlite(path);
    migrateSqlite(driver);
    times.push(performance.now() - start);
    driver.close();
  }
  bench.print(`SQLite: ${bench.events} deliveries, ${(statSync(path).size / 1e9).toFixed(2)} GB`);
  return figureOf({ part: 'migration', name: `open and migrate ${bench.events} deliveries, SQLite`, unit: 'ms' }, times);
}

async function postgres(bench: Bench): Promise<Figure> {
  const databases = postgresDatabases(bench.newPostgres);
  const url = await databases.full(bench.events, progress(bench, 'PostgreSQL'));
  const times: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const statement of goingBack(BEFORE.postgres)) await client.query(statement);
    await client.end();
    const start = performance.now();
    const driver = openDriver(url);
    await migratePostgres(driver);
    times.push(performance.now() - start);
    await driver.close();
  }
  bench.print(`PostgreSQL: ${bench.events} deliveries, ${((await databases.megabytes(url)) / 1000).toFixed(2)} GB`);
  return figureOf({ part: 'migration', name: `open and migrate ${bench.events} deliveries, PostgreSQL`, unit: 'ms' }, times);
}

/** Makes a database of this version one of the version before the renamed columns. */
function goingBack(version: number): string[] {
  return [
    ...RENAMED.map(([table, before, since]) => `ALTER TABLE ${table} RENAME COLUMN ${since} TO ${before}`),
    `UPDATE schema_version SET version = ${version}`,
  ];
}

function progress(bench: Bench, store: string): (done: number) => void {
  return (done) => bench.progress(`migration: ${store} holds ${done} of ${bench.events} events`);
}
