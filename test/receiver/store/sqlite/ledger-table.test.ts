import { expect, onTestFinished, test } from 'vitest';
import type { SqlDriver } from '../../../../receiver/store/sqlite/driver.ts';
import { openSqlite } from '../../../../receiver/store/sqlite/node-driver.ts';
import { migrate } from '../../../../receiver/store/sqlite/schema.ts';
import { sqliteStore } from '../../../../receiver/store/sqlite/sqlite-store.ts';
import { temporaryDatabase } from '../temporary-database.ts';

function open(): SqlDriver {
  const driver = openSqlite(temporaryDatabase());
  onTestFinished(() => driver.close());
  return driver;
}

const tableOf = (driver: SqlDriver) => driver.rows<{ sql: string }>("SELECT sql FROM sqlite_schema WHERE name = 'promotions'")[0]?.sql;

test('the ledger is rebuilt in a file with all that it knows', async () => {
  const driver = open();
  // The migration ends before that step, and what came before it stays.
  const before: SqlDriver = { ...driver, run: (sql, ...values) => driver.run(refused(sql), ...values), transaction: (work) => work() };
  expect(() => migrate(before)).toThrow('not yet');
  expect(tableOf(driver)).toMatch(/WITHOUT ROWID$/);
  const event = JSON.stringify({ type: 'add_artifact_alias', source: 'default', author: 'ada' });
  driver.run(
    `INSERT INTO promotions VALUES ('k', 7, 'm', 'acme/train/m', 'production', 'v7', 'acme/train/m:v7', 1, 'event', 'e1', ?, 'v6', NULL, 0, 5,
       'https://github.com/acme/deploy/actions/runs/1', 'success', 6)`,
    event,
  );

  migrate(driver);

  expect(tableOf(driver)).not.toMatch(/WITHOUT ROWID/);
  expect(await sqliteStore(driver).aliasHistory('k', 9)).toEqual([
    {
      version: 'v7',
      artifact: 'acme/train/m:v7',
      since: 1,
      by: 'ada',
      origin: 'event',
      eventId: 'e1',
      replaced: { version: 'v6', artifact: null, since: 0 },
      deployedAt: 5,
      run: { conclusion: 'success', url: 'https://github.com/acme/deploy/actions/runs/1', endedAt: 6 },
    },
  ]);
});

test('where rows are billed, it stays a table without an index beside it', () => {
  const driver = open();
  const taken = migrate({ ...driver, isManaged: true });

  expect(tableOf(driver)).toMatch(/WITHOUT ROWID$/);
  expect(migrate(driver)).toBe(taken);
});

function refused(sql: string): string {
  if (sql.startsWith('CREATE TABLE new_promotions')) throw new Error('not yet');
  return sql;
}
