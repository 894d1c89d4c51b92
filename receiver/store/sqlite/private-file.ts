import { closeSync, openSync } from 'node:fs';

/**
 * Makes a database file that only its owner can read, whatever the umask: events and requests are nobody else's business.
 * SQLite gives its log and its index the mode of the database. A file that exists keeps its mode; where none can be made,
 * SQLite reports why when it opens it.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It exists, or SQLite's own error will be better.
  }
}
