import type { SqlDriver, SqlValue } from './driver.ts';

/** The part of a Durable Object's `ctx.storage` that the driver uses (Cloudflare documentation, "SQLite in Durable Objects"). */
export interface ObjectStorage {
  readonly sql: { exec(query: string, ...values: SqlValue[]): { toArray(): object[] } };
  transactionSync<T>(work: () => T): T;
}

/**
 * Drives the SQLite database of a Durable Object. There the runtime owns the database: it refuses `BEGIN` and most
 * pragmas, caches statements by their text, and lets no answer or request leave the object before what was written is
 * durable.
 *
 * @param changed called inside each transaction that changed something, as its last step
 */
export function objectDriver(storage: ObjectStorage, changed: () => void = () => {}): SqlDriver {
  let changes = 0;
  return {
    rows: <Row extends object>(sql: string, ...values: SqlValue[]) => storage.sql.exec(sql, ...values).toArray() as Row[],
    run: (sql, ...values) => {
      storage.sql.exec(sql, ...values).toArray();
      // A cursor's `rowsWritten` counts the rows of indexes too.
      const [row] = storage.sql.exec('SELECT changes() AS count').toArray() as { count: number }[];
      const count = row?.count ?? 0;
      changes += count;
      return count;
    },
    transaction: (work) =>
      storage.transactionSync(() => {
        changes = 0;
        const result = work();
        if (changes > 0) changed();
        return result;
      }),
    // Nobody else has the database.
    snapshot: (work) => work(),
    // The runtime opens and closes it.
    close: () => {},
    isManaged: true,
  };
}
