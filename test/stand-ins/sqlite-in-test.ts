import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlDriver } from '../../receiver/store/sqlite/driver.ts';
import { openSqlite } from '../../receiver/store/sqlite/node-driver.ts';
import { migrate } from '../../receiver/store/sqlite/schema.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** An empty database of this version: a process goes through all steps of the schema once, which takes longer than most tests. */
let empty: Uint8Array | undefined;

function emptyDatabase(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-empty-'));
  try {
    const path = join(folder, 'relay.db');
    const driver = openSqlite(path);
    migrate(driver);
    driver.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Opens a SQLite file as the product does, and begins with a copy of an empty database where there is none. Commits do not wait
 * for the disk: what a power cut leaves is not tested with it.
 */
export function openMigrated(path: string = join(temporaryFolder(), 'relay.db')): SqlDriver {
  if (!existsSync(path)) {
    empty ??= emptyDatabase();
    writeFileSync(path, empty);
  }
  const driver = openSqlite(path);
  driver.rows('PRAGMA synchronous = OFF');
  return driver;
}
