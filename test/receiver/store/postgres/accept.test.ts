import { expect, onTestFinished, test } from 'vitest';
import { takeBatch } from '../../../../receiver/store/postgres/accept.ts';
import { openDriver, type PostgresDriver } from '../../../../receiver/store/postgres/driver.ts';
import { openPostgres } from '../../../../receiver/store/postgres/postgres-store.ts';
import type { TransactionSql } from '../../../../receiver/store/postgres/sql.ts';
import { RecentUnrouted } from '../../../../receiver/store/rules/recent-unrouted.ts';
import { sharedPostgres } from '../../../stand-ins/shared-postgres.ts';
import { asItCame, DEDUPE_MS, eventOf } from '../samples.ts';

const NO_CLAIMS = { begin: () => undefined, claim: async () => undefined };

/** A database with a schema, and how often a transaction waits for an answer before its end. */
async function countingWaits() {
  const url = await (await sharedPostgres()).newDatabase();
  await (await openPostgres(url)).close();
  const driver = openDriver(url);
  onTestFinished(() => driver.close());
  let waits = 0;
  const counted = (sql: TransactionSql): TransactionSql => ({
    ...sql,
    rows: (...args) => {
      waits += 1;
      return sql.rows(...args);
    },
    run: (...args) => {
      waits += 1;
      return sql.run(...args);
    },
  });
  const counting: PostgresDriver = {
    ...driver,
    transaction: (locks, work, options) => driver.transaction(locks, (sql) => work(counted(sql)), options),
  };
  const recent = new RecentUnrouted();
  const take = (...ids: readonly string[]) =>
    takeBatch(
      counting,
      ids.map((id) => asItCame(eventOf(id))),
      DEDUPE_MS,
      recent,
      NO_CLAIMS,
    );
  return { driver, take, waits: () => waits };
}

test('a burst waits for the server once: what is stored, what is asked and COMMIT travel together', async () => {
  const { driver, take, waits } = await countingWaits();

  expect(await take('e1', 'e2')).toEqual([
    { status: 'unrouted', id: 'e1' },
    { status: 'unrouted', id: 'e2' },
  ]);
  // The subject is known by now: nothing is asked.
  expect(await take('e3')).toEqual([{ status: 'unrouted', id: 'e3' }]);

  expect(waits()).toBe(0);
  expect(await driver.rows('SELECT id FROM unrouted ORDER BY seq')).toEqual([{ id: 'e1' }, { id: 'e2' }, { id: 'e3' }]);
});
