import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { isBusy } from './node-driver.ts';

/**
 * So many pages (2 MB) are copied at once, and are on the disk before the next. All of them at the end would make every commit of the
 * receiver wait for the disk (measured with 500 MB and 100 events a second: answers of the slowest hundredth took 180 to 220 ms; this way
 * 20, as without a backup).
 */
const PAGES_AT_ONCE = 500;
/** How long the copy waits for a foreign lock. Milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Copies a database as it is at this moment, whoever writes into it meanwhile, and leaves one file: without a log beside it, and on the
 * disk. Nobody waits for the copy: in WAL mode readers and the writer do not meet.
 *
 * The read transaction is what makes it end: without one, SQLite begins the copy again whenever another process has committed
 * (SQLite documentation, "Online Backup API"), which on a busy receiver is always.
 *
 * @param to an empty file
 * @param report called with what share is copied, from 0 to 1
 */
export async function copySnapshot(from: string, to: string, report: (share: number) => void): Promise<void> {
  const source = new DatabaseSync(from, { timeout: BUSY_TIMEOUT_MS });
  const target = openSync(to, 'r+');
  try {
    source.exec('BEGIN');
    source.prepare('SELECT COUNT(*) FROM sqlite_schema').get();
    await backup(source, to, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) => {
        fsyncSync(target);
        report(1 - remainingPages / Math.max(1, totalPages));
      },
    });
  } finally {
    closeSync(target);
    source.close();
  }
  makeOneFile(to);
}

/** Another process has the database open. */
export class FileInUseError extends Error {}

/**
 * What a database has in its write-ahead log goes into the file, which then is all of it and on the disk.
 *
 * @throws FileInUseError
 */
export function makeOneFile(path: string): void {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    const [mode] = Object.values(database.prepare('PRAGMA journal_mode = DELETE').get() ?? {});
    if (mode !== 'delete') throw new FileInUseError(`it stays in journal mode ${String(mode)}`);
  } catch (error) {
    throw isBusy(error) ? new FileInUseError('it is locked', { cause: error }) : error;
  } finally {
    database.close();
  }
  syncFile(path);
}

export function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes names that were given or taken in a folder survive a power cut. Windows has no such call, and refuses to open a folder. */
export function syncFolderOf(path: string): void {
  let folder: number;
  try {
    folder = openSync(dirname(path), 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Removes a database file with what SQLite puts beside it. */
export function removeDatabase(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
}
