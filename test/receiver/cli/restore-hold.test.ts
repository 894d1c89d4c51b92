import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { lockForReceiver } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, eventOf } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

test('a PostgreSQL database that pg_restore has filled is paused with all that is undelivered', async () => {
  const url = await (await sharedPostgres()).newDatabase();
  const store = await openPostgres(url);
  await accept(store, eventOf('e1'), eventOf('e2', { subject: 'other', delivery: { state: 'held' } }));
  await store.close();
  const { run } = commandLine({}, { DATABASE_URL: url });
  expect((await run('restore', 'relay.dump')).complaints).toMatch(
    /^restore: DATABASE_URL is a PostgreSQL database: .*"wandb-relay restore --hold"/,
  );
  expect((await run('restore', 'relay.dump', '--hold')).complaints).toMatch(/: leave the file out\n$/);
  const { code, out } = await run('restore', '--hold');
  expect([code, out]).toEqual([0, expect.stringMatching(/^2 undelivered \(1 waiting, 1 awaiting approval\): /)]);
  expect((await run('deliveries')).out).toMatch(/Paused since .* by restore: everything/);
});

test('a SQLite file that was restored in another way is paused, unless a receiver runs on it', async () => {
  const { run, cwd } = commandLine();
  const path = join(cwd, 'relay.db');
  const store = sqliteStore(openMigrated(path));
  await accept(store, eventOf('e1'));
  await store.close();
  const unlock = lockForReceiver(path);
  expect(await run('restore', '--hold')).toEqual({
    code: 1,
    out: '',
    complaints: expect.stringMatching(/^restore: another wandb-relay is running on .*relay\.db: stop it first\n$/),
  });
  unlock();
  expect((await run('restore', '--hold')).out).toMatch(/^1 undelivered \(1 waiting\): /);
});
