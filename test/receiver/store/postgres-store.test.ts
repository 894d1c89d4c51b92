import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { connectTo, type PostgresConnection } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { accept, claim, claimOne, eventOf, LEASE_MS, stateOf, succeed, T0 } from './samples.ts';
import { storeContract } from './store-contract.ts';

const TABLES =
  'failures, promotions, notes, runs, attempts, approvals, deliveries, events, credentials, rejected, conversations, pauses, mutes, seen, repositories, unrouted, engine_leases, engine_projects, engine_runs, occurrences, purpose, migration'.split(
    ', ',
  );
const EMPTY = TABLES.map((table) => `DELETE FROM ${table}`).join('; ');

let database: PostgresConnection;
let store: Store;
beforeAll(async () => {
  const url = await (await sharedPostgres()).newDatabase();
  database = await connectTo(url);
  store = await openPostgres(url);
});
afterAll(async () => {
  await store.close();
  await database.close();
});

/**
 * The store on an emptied database. Where the contract has a store take up what was in flight, all leases run out: the
 * way that it happens among several receivers.
 */
async function emptied(): Promise<Store> {
  await database.run(EMPTY);
  // It finds that nothing is unrouted any more.
  await store.routeUnrouted({ limit: 1, dedupeWindowMs: 0, plan: () => eventOf('none') });
  return {
    ...store,
    recoverInFlight: async (now) => {
      const ended = await database.run(`UPDATE deliveries SET lease_until = ${now - 1} WHERE state = 'in_flight' RETURNING id`);
      await claim(store, now, { limit: 0 });
      return ended.length;
    },
  };
}

storeContract('PostgreSQL', async () => ({ store: await emptied(), close: async () => undefined }));

test('a receiver that starts leaves alone what is in flight: it may be another one that sends it', async () => {
  await emptied();
  await accept(store, eventOf('e1'));
  const claimed = await claimOne(store, T0);

  expect(await store.recoverInFlight(T0 + LEASE_MS)).toBe(0);

  expect(await stateOf(store, 'd-e1')).toBe('in_flight');
  expect(await succeed(store, claimed, T0 + LEASE_MS)).toBe(true);
});
