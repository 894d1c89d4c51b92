import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { openPostgres } from '../../receiver/store/postgres/postgres-store.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import { fillHistory, finishAll, type HistorySql } from './history.ts';

/** Where the databases of one kind of store come from. */
export interface Databases {
  /** The address of a new, empty one. */
  empty(): Promise<string>;
  /** Makes one with so many delivered events, and returns its address. */
  full(events: number, progress: (done: number) => void): Promise<string>;
  /** Makes everything in a full one history, and does what the database would do by itself in the next minute. */
  settle(url: string): Promise<void>;
  megabytes(url: string): Promise<number>;
}

export function sqliteDatabases(folder: string): Databases {
  let count = 0;
  const newUrl = () => `file:${join(folder, `relay-${++count}.db`)}`;
  const pathOf = (url: string) => url.replace('file:', '');
  return {
    empty: async () => newUrl(),
    full: async (events, progress) => {
      const url = newUrl();
      const store = sqliteStore(openSqlite(pathOf(url)));
      await withFile(pathOf(url), 'PRAGMA synchronous = OFF; PRAGMA cache_size = -400000', async (sql) => {
        await fillHistory(store, sql, events, progress);
        await store.close();
        await sql.run('PRAGMA wal_checkpoint(TRUNCATE)');
      });
      return url;
    },
    settle: (url) => withFile(pathOf(url), '', finishAll),
    megabytes: (url) =>
      withFile(pathOf(url), '', async (sql) => {
        const [found] = await sql.rows('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size');
        return Number(found?.bytes) / 1e6;
      }),
  };
}

async function withFile<T>(path: string, pragmas: string, work: (sql: HistorySql) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(path);
  database.exec(pragmas);
  const rows = (sql: string) => database.prepare(sql).all();
  try {
    return await work({
      run: async (sql) => database.exec(sql),
      rows: async (sql) => rows(sql),
      columns: async (table) => rows(`PRAGMA table_info(${table})`).map(({ name }) => String(name)),
      hex: (number, width) => `printf('%0${width}x', ${number})`,
    });
  } finally {
    database.close();
  }
}

export function postgresDatabases(newDatabase: () => Promise<string>): Databases {
  return {
    empty: newDatabase,
    full: async (events, progress) => {
      const url = await newDatabase();
      const store = await openPostgres(url);
      // Foreign keys are not checked row by row: what is copied has them right.
      await withServer(url, `SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'`, async (sql) => {
        await fillHistory(store, sql, events, progress);
        await store.close();
        await sql.run('VACUUM (ANALYZE)');
        await sql.run('CHECKPOINT');
      });
      return url;
    },
    settle: (url) =>
      withServer(url, '', async (sql) => {
        await finishAll(sql);
        await sql.run('VACUUM (ANALYZE) deliveries');
        await sql.run('VACUUM (ANALYZE) runs');
      }),
    megabytes: (url) =>
      withServer(url, '', async (sql) => {
        const [found] = await sql.rows('SELECT pg_database_size(current_database()) AS bytes');
        return Number(found?.bytes) / 1e6;
      }),
  };
}

async function withServer<T>(url: string, settings: string, work: (sql: HistorySql) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;
  try {
    if (settings !== '') await client.query(settings);
    return await work({
      run: async (sql) => void (await client.query(sql)),
      rows,
      columns: async (table) => {
        const { fields } = await client.query(`SELECT * FROM ${table} LIMIT 0`);
        return fields.map(({ name }) => name);
      },
      hex: (number, width) => `lpad(to_hex(${number}), ${width}, '0')`,
    });
  } finally {
    await client.end();
  }
}
