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
      parts: 4,
      pauseMs: 400,
      mostDisturbances: 3,
      limitMs: 110_000,
    });
    expect(account, account.complaints.join('')).toMatchObject({ missing: [], surplus: [] });
    expect(account.fired).toBeGreaterThan(15);
    expect(account.kills + account.stops + account.freezes).toBeGreaterThan(0);
  } finally {
    await store.close();
  }
});
