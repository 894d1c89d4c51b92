import { accessSync, type BigIntStats, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StoreUnavailableError } from '../store-failure.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import { createPrivately } from './private-file.ts';

/** How long a statement of a command waits for another process (the receiver, a back-up) to release the lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * The write-ahead log is copied into the file when it has so many pages (16 MB); SQLite's own default is 1,000. A page that
 * has changed many times in between is copied once, and requests meet a copy less often (measured: npm run bench).
 */
const CHECKPOINT_PAGES = 4_000;

export interface SqliteOptions {
  /**
   * How long a statement waits for another process's lock, in milliseconds; default five seconds. The whole process stands
   * still meanwhile: a receiver sets 0 and tries again itself.
   */
  readonly busyTimeoutMs?: number;
}

/** The database file is not the one that was opened any more. */
export class FileMovedError extends StoreUnavailableError {}

/**
 * Opens a SQLite file, or makes one. WAL with `synchronous=FULL`: a commit has reached the disk when it returns, so it
 * survives a power cut (SQLite documentation, "PRAGMA synchronous").
 *
 * A transaction throws `FileMovedError` when the file, or its write-ahead log, was removed or replaced since it was opened, or
 * the file was truncated: SQLite itself would go on writing into it without an error.
 */
export function openSqlite(path: string, { busyTimeoutMs = BUSY_TIMEOUT_MS }: SqliteOptions = {}): SqlDriver {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;');
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    // The first read makes the write-ahead log, which is to be there when its identity is noted.
    database.exec('SELECT COUNT(*) FROM sqlite_schema');
  } catch (error) {
    database.close();
    throw error;
  }
  const checkFile = fileCheck(path, () => {
    const { bytes } = database.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get() ?? {};
    return Number(bytes);
  });
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
      checkFile();
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
      // Once more: what was committed into a file that is gone by now must not be acknowledged.
      checkFile();
      return result;
    },
    snapshot: (work) => {
      database.exec('BEGIN');
      try {
        return work();
      } finally {
        if (database.isTransaction) database.exec('COMMIT');
      }
    },
    close: () => database.close(),
  };
}

/**
 * Returns what throws `FileMovedError` once the files that are open are no longer those at their paths, or the database has
 * been cut short. SQLite itself makes it shorter only after a VACUUM, and then to the size that it knows.
 *
 * @param knownBytes how large the database is for SQLite
 */
function fileCheck(path: string, knownBytes: () => number): () => void {
  if (path === ':memory:') return () => undefined;
  let largest = 0;
  const isCutShort = (size: number): boolean => {
    if (size < largest && size < knownBytes()) return true;
    largest = size;
    return false;
  };
  // The log is made when the file is opened, and stays until the last connection is closed.
  const log = `${path}-wal`;
  const opened = { file: identityOf(statsOf(path)), log: identityOf(statsOf(log)) };
  const moved = (): string | undefined => {
    const stats = statsOf(path);
    if (identityOf(stats) !== opened.file || isCutShort(Number(stats?.size ?? 0))) return path;
    return opened.log !== undefined && identityOf(statsOf(log)) !== opened.log ? log : undefined;
  };
  return () => {
    const file = moved();
    if (file === undefined) return;
    throw new FileMovedError(`${file} was removed or replaced since it was opened: put the file back, or restart the receiver`);
  };
}

function statsOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** What tells one file from another at the same path, or `undefined` when there is none. */
function identityOf(stats: BigIntStats | undefined): string | undefined {
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Another receiver holds the file. */
export class StoreInUseError extends Error {}

/**
 * Makes this process the only receiver on a database file, until it ends in whatever way: the lock is the operating
 * system's. The CLI does not need it.
 *
 * @throws StoreInUseError when another process holds it
 * @returns what releases it
 */
export function lockForReceiver(path: string): () => void {
  // The database may be reached through a link: the lock is beside the file itself.
  const file = existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  const lockFile = `${file}-lock`;
  for (const made of [file, lockFile]) createPrivately(made);
  // SQLite takes no exclusive lock on a file that it may only read, and does not say so.
  if (existsSync(lockFile)) accessSync(lockFile, constants.W_OK);
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new StoreInUseError(`another wandb-relay is running on ${path}`, { cause });
  }
  return () => lock.close();
}

/** Somebody else holds the lock (SQLITE_BUSY), or was just taking it (SQLITE_PROTOCOL). */
export function isBusy(error: unknown): boolean {
  return [5, 15].includes(sqliteCode(error) ?? 0);
}

/**
 * The file cannot be written for now: no room, no rights, a disk that fails (SQLITE_PERM, READONLY, IOERR, FULL, CANTOPEN),
 * or another process's lock. It may work later without anybody touching the receiver.
 */
export function isUnwritable(error: unknown): boolean {
  const isRefused = error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(String(error.code));
  return isBusy(error) || isRefused || [3, 8, 10, 13, 14].includes(sqliteCode(error) ?? 0);
}

/** A connection that may only read stays so, whatever becomes of the file: SQLite decides it when it opens (SQLITE_READONLY). */
export function isReadOnly(error: unknown): boolean {
  return sqliteCode(error) === 8;
}

/** SQLite's primary result code ("Result and Error Codes"), from the extended one. */
export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
