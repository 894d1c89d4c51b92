import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlDriver, SqlValue } from './driver.ts';
import { createPrivately } from './private-file.ts';

/** How long a statement waits for another process (the CLI, a back-up) to let go, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens a SQLite file, or makes one. WAL with `synchronous=FULL`: a commit has reached the disk when it returns, so it
 * survives a power cut (SQLite documentation, "PRAGMA synchronous").
 */
export function openSqlite(path: string): SqlDriver {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;');
  } catch (error) {
    database.close();
    throw error;
  }
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  return {
    rows: <Row extends object>(sql: string, ...values: SqlValue[]) => prepare(sql).all(...values) as Row[],
    run: (sql, ...values) => Number(prepare(sql).run(...values).changes),
    transaction: (work) => {
      database.exec('BEGIN IMMEDIATE');
      let result: ReturnType<typeof work>;
      try {
        result = work();
        database.exec('COMMIT');
      } catch (error) {
        // SQLite has rolled back by itself after some errors, such as a full disk.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      return result;
    },
    close: () => database.close(),
  };
}

/** Another receiver holds the file. */
export class StoreInUseError extends Error {}

/**
 * Makes this process the only receiver on a database file, until it ends in whatever way: the lock is the operating
 * system's. The CLI does not need it.
 *
 * @throws StoreInUseError when another process holds it
 * @returns lets go
 */
export function lockForReceiver(path: string): () => void {
  // The database may be reached through a link: the lock is beside the file itself.
  const file = existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  for (const made of [file, `${file}-lock`]) createPrivately(made);
  const lock = new DatabaseSync(`${file}-lock`, { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new StoreInUseError(`another wandb-relay is running on ${path}`, { cause });
  }
  return () => lock.close();
}

/** SQLite's own code for "somebody else holds the lock" (SQLITE_BUSY). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
