import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type ObjectStorage, objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { OpenedStore } from '../store/samples.ts';

/** Removes all rows, and keeps the tables and which steps made them. Those that begin with `_cf_` are the runtime's own. */
function empty(storage: ObjectStorage): void {
  storage.transactionSync(() => {
    storage.sql.exec('PRAGMA defer_foreign_keys = ON');
    const tables = storage.sql.exec(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'schema_*'`,
    );
    for (const { name } of tables.toArray() as { name: string }[]) storage.sql.exec(`DELETE FROM ${name}`);
  });
}

/**
 * A store in a Durable Object, whose tables are emptied each time: all steps of the schema are gone through once. What uses it
 * runs inside the object, in one call of it.
 */
export async function objectStore(): Promise<OpenedStore> {
  const stub = env.BARE.getByName('store');
  const store = await runInDurableObject(stub, (_object, { storage }) => {
    empty(storage);
    return sqliteStore(objectDriver(storage));
  });
  return { store, inside: (work) => runInDurableObject(stub, work), close: () => store.close() };
}
