import type { SqlValue } from '../rules/work.ts';

/** Statements, inside a transaction or each in its own. Placeholders are `$1`; an array is one value. */
export interface Sql {
  rows<Row extends object>(sql: string, ...values: SqlValue[]): Promise<Row[]>;
  /** Returns how many rows changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
}

/** Statements inside a transaction. */
export interface TransactionSql extends Sql {
  /**
   * Sends a statement without waiting for its answer: the next one, or COMMIT, travels together with it. When it fails, so does
   * the transaction, with its error.
   */
  send(sql: string, ...values: SqlValue[]): void;
  /** As `rows`, and COMMIT travels together with it: resolves once the transaction is committed. No statement may follow. */
  lastRows<Row extends object>(sql: string, ...values: SqlValue[]): Promise<Row[]>;
}
