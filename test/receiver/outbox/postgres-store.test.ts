import { afterAll, beforeAll } from 'vitest';
import { openPostgres } from '../../../receiver/outbox/postgres/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../../stand-ins/postgres.ts';
import { storeContract } from './store-contract.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

storeContract('PostgreSQL', async () => {
  const store = await openPostgres(await server.newDatabase());
  return { store, close: () => store.close() };
});
