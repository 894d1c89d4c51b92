import type { SqlScalar } from '../rules/work.ts';

export type SqlValue = SqlScalar;

/**
 * The little of SQLite that the store needs, synchronous as both of its homes are: `node:sqlite` here and a Durable
 * Object's `ctx.storage.sql`. Statements are cached by their text.
 */
export interface SqlDriver {
  rows<Row extends object>(sql: string, ...values: SqlValue[]): Row[];
  /** Returns how many rows changed. */
  run(sql: string, ...values: SqlValue[]): number;
  /** Commits when `work` returns, rolls back when it throws. Does not nest. */
  transaction<T>(work: () => T): T;
  /** What other processes commit meanwhile does not show in `work`, which only reads. Not inside a transaction. */
  snapshot<T>(work: () => T): T;
  close(): void;
  /** The platform keeps the database writable, and bills what is written: a check of the store reads only. */
  readonly isManaged?: boolean;
}

/** The first row, or `undefined`. */
export function firstRow<Row extends object>(driver: SqlDriver, sql: string, ...values: SqlValue[]): Row | undefined {
  return driver.rows<Row>(sql, ...values)[0];
}
