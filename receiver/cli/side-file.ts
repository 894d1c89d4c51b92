import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What SQLite and the receiver keep beside a database (SQLite, "Temporary Files Used By SQLite"), and beside its lock. */
const SUFFIXES = ['-wal', '-shm', '-journal', '-lock', '-lock-wal', '-lock-shm', '-lock-journal'];

/**
 * Whether a path is the database or one of the files beside it: replacing one of those loses what is stored. Whole paths; the
 * folder of `path` exists.
 */
export function isOfDatabase(path: string, database: string): boolean {
  const real = join(realOf(dirname(path)), basename(path));
  const own = realOf(database);
  return real === own || SUFFIXES.some((suffix) => real === `${own}${suffix}`);
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
