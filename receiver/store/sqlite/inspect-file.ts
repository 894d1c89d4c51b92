import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { checkUsable, type StoredVersion, storedVersion } from '../schema-version.ts';
import { sqliteCode } from './node-driver.ts';
import { SCHEMA_VERSION } from './schema.ts';

/** What is in the database file of a receiver. */
export interface FileFacts {
  readonly schema: StoredVersion;
  /** `undefined`: no receiver has run on it. */
  readonly purpose: 'live' | 'sandbox' | undefined;
  readonly events: number;
  /** Deliveries that wait, are being sent, or await an approval, and events whose routes were not tried yet. */
  readonly undelivered: number;
  /** When the newest event was received, in milliseconds since 1970; `undefined`: there is none. */
  readonly newestEventAt: number | undefined;
}

/** The file is not a whole database of wandb-relay. The message says what it is instead. */
export class NotADatabaseError extends Error {}

/**
 * Reads what a database file holds, after SQLite has checked it. The file is only read; it must be complete without a write-ahead log,
 * as a backup is.
 *
 * @param check `quick` leaves out whether indexes fit their tables (SQLite documentation, "PRAGMA quick_check")
 * @throws NotADatabaseError, or NewerSchemaError where this program is too old for it
 */
export function inspectFile(path: string, check: 'quick' | 'whole'): FileFacts {
  if (statSync(path).isDirectory()) throw new NotADatabaseError('it is a folder');
  if (existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0)
    throw new NotADatabaseError(
      'it has a write-ahead log beside it, so it is a database in use and not a backup: make one with "wandb-relay backup"',
    );
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return factsOf(database, check);
  } catch (error) {
    throw explained(error);
  } finally {
    database.close();
  }
}

function factsOf(database: DatabaseSync, check: 'quick' | 'whole'): FileFacts {
  const one = <Row extends object>(sql: string): Row | undefined => database.prepare(sql).get() as Row | undefined;
  const tables = new Set(
    database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
      .all()
      .map(({ name }) => String(name)),
  );
  if (!['schema_version', 'events', 'deliveries', 'purpose'].every((table) => tables.has(table)))
    throw new NotADatabaseError('it is a SQLite file, but not one of wandb-relay');
  const [problem] = database.prepare(check === 'quick' ? 'PRAGMA quick_check(1)' : 'PRAGMA integrity_check(1)').all();
  const found = String(Object.values(problem ?? {})[0] ?? 'nothing was checked');
  if (found !== 'ok') throw new NotADatabaseError(`it is damaged (${found.replaceAll(/\s+/g, ' ')})`);
  const taken = tables.has('schema_steps') ? one<{ taken: number }>('SELECT taken FROM schema_steps')?.taken : undefined;
  const schema = storedVersion(one<{ version: number }>('SELECT version FROM schema_version')?.version, taken);
  checkUsable(schema, SCHEMA_VERSION, 'file');
  const unrouted = tables.has('unrouted') ? (one<{ n: number }>('SELECT COUNT(*) AS n FROM unrouted')?.n ?? 0) : 0;
  const undelivered = one<{ n: number }>(`SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('pending', 'in_flight', 'held')`)?.n ?? 0;
  return {
    schema,
    purpose: one<{ name: 'live' | 'sandbox' }>('SELECT name FROM purpose')?.name,
    events: (one<{ n: number }>('SELECT COUNT(*) AS n FROM events')?.n ?? 0) + unrouted,
    undelivered: undelivered + unrouted,
    newestEventAt: one<{ at: number }>('SELECT received_at AS at FROM events ORDER BY seq DESC LIMIT 1')?.at,
  };
}

function explained(error: unknown): unknown {
  if (isOtherKind(error)) return new NotADatabaseError('it is not a SQLite file', { cause: error });
  return isDamaged(error) ? new NotADatabaseError('it is damaged: SQLite cannot read it', { cause: error }) : error;
}

/** SQLite says that the file is of another kind, or cut off, or overwritten (SQLITE_NOTADB, SQLITE_CORRUPT). */
export function isDamaged(error: unknown): boolean {
  return isOtherKind(error) || sqliteCode(error) === 11;
}

function isOtherKind(error: unknown): boolean {
  return sqliteCode(error) === 26;
}
