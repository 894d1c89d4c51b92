import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { engineRun } from '../../../scripts/torture/engine/engine-run.ts';
import { seeded } from '../../../scripts/torture/seeded.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

test('a watcher that is killed again and again: every firing once', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const store = sqliteStore(openSqlite(path));
  try {
    const account = await engineRun({
      dice: seeded(20),
      databaseUrl: `file:${path}`,
      store,
      watchers: 1,
      runs: 6,
      parts: 5,
      pauseMs: 400,
      limitMs: 60_000,
    });
    expect(account, account.complaints.join('')).toMatchObject({ missing: [], surplus: [] });
    expect(account.fired).toBeGreaterThan(20);
    expect(account.kills + account.stops).toBeGreaterThan(1);
  } finally {
    await store.close();
  }
});
