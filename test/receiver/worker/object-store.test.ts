import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { storeContract } from '../store/store-contract.ts';
import { objectStore } from './object-store.ts';

storeContract('SQLite in a Durable Object', objectStore);

describe("the driver of an object's SQLite", () => {
  test('runs in workerd, not in Node', () => {
    expect(navigator.userAgent).toBe('Cloudflare-Workers');
  });

  test('counts the rows that changed, without those of indexes', async () => {
    const counts = await runInDurableObject(env.BARE.getByName('counts'), (_object, { storage }) => {
      const driver = objectDriver(storage);
      driver.run('CREATE TABLE words (word TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT');
      driver.run('CREATE INDEX words_by_length ON words (length)');
      const insert = 'INSERT INTO words VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING';
      return [
        driver.run(insert, 'a', 1, 'bb', 2),
        driver.run(insert, 'bb', 2, 'cc', 2),
        driver.run('UPDATE words SET length = length + 1 WHERE length = 2'),
        driver.run('DELETE FROM words WHERE length > 9'),
      ];
    });

    expect(counts).toEqual([2, 1, 2, 0]);
  });

  test('takes back what a transaction that failed has done, and says so only of those that changed something', async () => {
    const said: string[] = [];
    const rows = await runInDurableObject(env.BARE.getByName('transactions'), (_object, { storage }) => {
      const driver = objectDriver(storage, () => said.push('changed'));
      driver.run('CREATE TABLE words (word TEXT NOT NULL) STRICT');
      driver.transaction(() => driver.run(`INSERT INTO words VALUES ('kept')`));
      driver.transaction(() => driver.rows('SELECT * FROM words'));
      expect(() =>
        driver.transaction(() => {
          driver.run(`INSERT INTO words VALUES ('taken back')`);
          throw new Error('no');
        }),
      ).toThrow('no');
      return driver.rows('SELECT word FROM words');
    });

    expect(rows).toEqual([{ word: 'kept' }]);
    expect(said).toEqual(['changed']);
  });
});
