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

/** The version of both schemas before the newest step. */
const BEFORE = { sqlite: 7, postgres: 5 } as const;

/** What takes the newest step back; tables that it only rebuilds stay as they are. */
const BACK = {
  sqlite: [
    ...['head', 'first', 'waiting', 'not_open'].map((name) => `DROP INDEX deliveries_${name}`),
    'ALTER TABLE deliveries DROP COLUMN last_attempt',
    `CREATE INDEX deliveries_due ON deliveries (credential, due_at) WHERE state = 'pending' AND is_head = 1`,
    `CREATE INDEX deliveries_in_order ON deliveries (order_key, position) WHERE state IN ('pending', 'in_flight')`,
    `CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'in_flight'`,
  ],
  postgres: ['DROP INDEX deliveries_not_open', 'ALTER TABLE deliveries DROP COLUMN last_attempt'],
} as const;
/** Both had these before the step. */
const BACK_IN_BOTH = [
  `CREATE INDEX deliveries_not_delivered ON deliveries (state, seq) WHERE state <> 'delivered'`,
  'CREATE INDEX deliveries_written ON deliveries (updated_at) WHERE is_head = 1',
  'CREATE INDEX events_received ON events (received_at)',
];

/** How long an upgrade keeps a receiver from starting: a store with a million deliveries, written by the version before the newest step. */
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
    for (const statement of goingBack('sqlite')) database.exec(statement);
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
    for (const statement of goingBack('postgres')) await client.query(statement);
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

/** Makes a database of this version one of the version before. */
function goingBack(store: keyof typeof BEFORE): string[] {
  const version = BEFORE[store];
  const versions = [`UPDATE schema_version SET version = ${version}`, `UPDATE schema_steps SET taken = ${version}`];
  return [...BACK[store], ...BACK_IN_BOTH, ...versions];
}

function progress(bench: Bench, store: string): (done: number) => void {
  return (done) => bench.progress(`migration: ${store} holds ${done} of ${bench.events} events`);
}
