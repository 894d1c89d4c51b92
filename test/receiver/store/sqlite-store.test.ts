import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NewerSchemaError } from '../../../receiver/store/schema-version.ts';
import type { SqlDriver } from '../../../receiver/store/sqlite/driver.ts';
import { FileMovedError, lockForReceiver, openSqlite, StoreInUseError } from '../../../receiver/store/sqlite/node-driver.ts';
import { claimPurpose, migrate, SCHEMA_VERSION, WrongPurposeError } from '../../../receiver/store/sqlite/schema.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, claimOne, drain, eventOf, MINUTE, retryAt, SECOND, SETTLE_MS, stateOf, statesOf, succeed, T0 } from './samples.ts';
import { storeContract } from './store-contract.ts';
import { temporaryDatabase } from './temporary-database.ts';

storeContract('SQLite', async () => {
  const store = sqliteStore(openMigrated());
  return { store, close: () => store.close() };
});

function open(path: string): SqlDriver {
  const driver = openSqlite(path);
  onTestFinished(() => driver.close());
  return driver;
}

/** Runs a small program of this folder; it is ended with the test. */
function start(script: string, ...args: string[]): { child: ChildProcess; firstLine: Promise<string>; ended: Promise<unknown> } {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const firstLine = once(child.stdout, 'data').then(([data]) => String(data).trim());
  return { child, firstLine, ended: once(child, 'exit') };
}

describe('a SQLite file', () => {
  test('is written ahead, and every commit reaches the disk', () => {
    const driver = open(temporaryDatabase());

    expect(driver.rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    // 2 is FULL.
    expect(driver.rows('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(driver.rows('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  test('that a newer program wrote can be used when its newer steps allow that, and is left as it is', async () => {
    const driver = open(temporaryDatabase());
    await accept(sqliteStore(driver), eventOf('e1'));
    driver.run('UPDATE schema_steps SET taken = ?', SCHEMA_VERSION + 2);

    expect(migrate(driver)).toBe(SCHEMA_VERSION + 2);
    expect(await drain(sqliteStore(driver), T0)).toEqual(['d-e1']);

    expect(driver.rows('SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION + 2 }]);
  });

  test('says in the place where every program looks which version one must know at least', () => {
    const driver = open(temporaryDatabase());
    migrate(driver);

    // The last step that renamed columns. Programs of that version compare this number with their own.
    expect(driver.rows('SELECT version FROM schema_version')).toEqual([{ version: 7 }]);
    expect(driver.rows('SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION }]);
  });

  test('that a newer program wrote in a form that older ones do not understand is refused and left as it is', async () => {
    const path = temporaryDatabase();
    const newer = openSqlite(path);
    const store = sqliteStore(newer);
    await accept(store, eventOf('e1'));
    newer.run('UPDATE schema_version SET version = ?', SCHEMA_VERSION + 1);
    newer.close();
    const before = readFileSync(path);

    const driver = openSqlite(path);
    expect(() => sqliteStore(driver)).toThrow(NewerSchemaError);
    expect(() => sqliteStore(driver)).toThrow(
      `schema version ${SCHEMA_VERSION + 1}, this wandb-relay knows ${SCHEMA_VERSION}: run the newer wandb-relay`,
    );
    driver.close();

    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('can be migrated again and again without losing anything', async () => {
    const driver = open(temporaryDatabase());
    const store = sqliteStore(driver);
    await accept(store, eventOf('e1'));

    migrate(driver);
    migrate(driver);

    expect(driver.rows('SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION }]);
    expect(await drain(store, T0)).toEqual(['d-e1']);
  });

  test('whose rows a version wrote that did not store when goes on: a pace ends, a throttle and a mute are kept', async () => {
    const driver = open(temporaryDatabase());
    const store = sqliteStore(driver);
    const ahead = T0 + 60 * MINUTE;
    await accept(store, eventOf('e1'), eventOf('e2', { subject: 'b', delivery: { credential: 'other' } }));
    await store.throttle({ credential: 'other', until: ahead, reason: 'limit' }, T0);
    await store.mute({ route: 'deploy', subjectKey: 'model', until: ahead, by: 'ada' }, 'e1', T0);
    driver.run(`UPDATE credentials SET throttle_set_at = NULL, slot_set_at = NULL`);
    driver.run(`UPDATE credentials SET next_slot_at = ? WHERE credential = 'github'`, ahead);
    driver.run('UPDATE mutes SET set_at = NULL');

    // Looked at again after a second.
    expect((await claimOne(store, T0 + SECOND)).id).toBe('d-e1');
    expect(await store.throttles(T0)).toMatchObject([{ credential: 'other', until: ahead }]);
    expect(await store.mutes(T0)).toMatchObject([{ until: ahead }]);
  });

  test('that a clock that was ahead has written goes on when it is opened again', async () => {
    const path = temporaryDatabase();
    const ahead = T0 + 60 * MINUTE;
    const first = sqliteStore(openSqlite(path));
    await accept(first, eventOf('e1', { at: ahead }), eventOf('e2', { at: ahead, subject: 'b' }));
    await first.claim({ now: ahead, leaseMs: MINUTE, limit: 1, paceMs: 400, newToken: () => 't' });
    await first.close();

    const again = sqliteStore(open(path));
    const heard: number[] = [];
    again.onClockCorrected((aheadMs) => heard.push(aheadMs));
    expect(await again.recoverInFlight(T0)).toBe(1);
    expect(heard).toEqual([60 * MINUTE]);
    expect(await drain(again, T0 + 400)).toEqual(['d-e2']);
    expect(await drain(again, T0 + SETTLE_MS)).toEqual(['d-e1']);
  });

  test('can be made by several processes at once', async () => {
    const path = temporaryDatabase();
    const processes = [1, 2, 3, 4].map((n) => start('open-store-child.ts', path, `e${n}`));

    expect(await Promise.all(processes.map(({ firstLine }) => firstLine))).toEqual(Array(4).fill('accepted'));
    await Promise.all(processes.map(({ ended }) => ended));

    const driver = open(path);
    expect(driver.rows('SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION }]);
    expect((await drain(sqliteStore(driver), T0)).toSorted()).toEqual(['d-e1', 'd-e2', 'd-e3', 'd-e4']);
  });

  test('is shared by two stores, each of which sees what the other did', async () => {
    const path = temporaryDatabase();
    const [one, two] = [sqliteStore(open(path)), sqliteStore(open(path))];
    await accept(one, eventOf('e1'));
    await accept(two, eventOf('e2'));

    const first = await claimOne(two, T0);
    expect(await one.claim({ now: T0, leaseMs: MINUTE, limit: 9, paceMs: 0, newToken: () => 'another' })).toEqual([]);
    await succeed(one, first, T0);

    expect(await drain(two, T0)).toEqual(['d-e2']);
    expect(await statesOf(one, 'd-e1', 'd-e2')).toEqual(['delivered', 'delivered']);
  });

  test('whose claim could not be committed has nothing forgotten: a lease that ran out is reclaimed by the next one', async () => {
    const driver = open(temporaryDatabase());
    let isFull = false;
    const store = sqliteStore({
      ...driver,
      transaction: (work) =>
        driver.transaction(() => {
          const result = work();
          if (isFull) throw new Error('the disk is full');
          return result;
        }),
    });
    await accept(store, eventOf('e1'));
    await claimOne(store, T0);
    const later = T0 + 60 * MINUTE;

    isFull = true;
    await expect(claimOne(store, later)).rejects.toThrow('the disk is full');
    isFull = false;

    expect(await drain(store, later)).toEqual([]);
    expect(await drain(store, later + SETTLE_MS)).toEqual(['d-e1']);
  });

  test('is read as it was at one moment, whatever another process writes meanwhile', async () => {
    const path = temporaryDatabase();
    const other = open(path);
    await accept(sqliteStore(other), eventOf('e1'), eventOf('e2'));
    const driver = open(path);
    let reads = 0;
    const disturbed: SqlDriver = {
      ...driver,
      rows: (sql, ...values) => {
        // Between the statements of one question.
        if (sql.includes('FROM deliveries d') && ++reads === 2) other.run(`UPDATE deliveries SET state = 'cancelled', is_head = 0`);
        return driver.rows(sql, ...values);
      },
    };

    const listed = await sqliteStore(disturbed).deliveries({ states: ['pending', 'cancelled'], limit: 9 });

    expect(reads).toBe(2);
    expect(listed.map(({ id, state }) => [id, state])).toEqual([
      ['d-e2', 'pending'],
      ['d-e1', 'pending'],
    ]);
  });

  test('has everything when it is opened again', async () => {
    const path = temporaryDatabase();
    const first = sqliteStore(openSqlite(path));
    await accept(first, eventOf('e1'), eventOf('e2', { body: 'body of e1' }), eventOf('e3', { subject: 'b' }));
    await first.keepRejected({ receivedAt: T0, source: 'default', status: 400, reason: 'not JSON', body: '{' });
    await retryAt(first, (await first.claim({ now: T0, leaseMs: 1, limit: 1, paceMs: 0, newToken: () => 't' }))[0]!, T0, T0 + MINUTE);
    const [events, deliveries, counts] = [await first.events({ limit: 9 }), await first.deliveries({ limit: 9 }), await first.counts()];
    const one = await first.delivery('d-e1');
    await first.close();

    const again = sqliteStore(open(path));

    expect(await again.events({ limit: 9 })).toEqual(events);
    expect(await again.deliveries({ limit: 9 })).toEqual(deliveries);
    expect(await again.counts()).toEqual(counts);
    expect(await again.delivery('d-e1')).toEqual(one);
    expect(one?.attempts).toHaveLength(1);
    expect(await again.rejected(9)).toHaveLength(1);
  });

  test('belongs to the kind of receiver that was there first', () => {
    const path = temporaryDatabase();
    const driver = open(path);
    migrate(driver);
    claimPurpose(driver, 'sandbox');
    claimPurpose(driver, 'sandbox');

    const other = open(path);
    expect(() => claimPurpose(other, 'live')).toThrow(WrongPurposeError);
    expect(() => claimPurpose(other, 'live')).toThrow(/belongs to a sandbox receiver and this is a live one: use another file/);
    claimPurpose(other, 'sandbox');
  });
});

describe('a SQLite file that becomes smaller', () => {
  /** A file whose database is well over 64 KiB, all of it out of the write-ahead log. */
  function largeFile() {
    const path = temporaryDatabase();
    const driver = openSqlite(path);
    onTestFinished(() => driver.close());
    driver.run('CREATE TABLE ballast (text TEXT)');
    const fill = () => driver.transaction(() => driver.run('INSERT INTO ballast VALUES (?)', 'x'.repeat(100_000)));
    fill();
    fill();
    driver.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    fill();
    return { path, driver, fill };
  }

  test('because another process has vacuumed it is used as before', () => {
    const { path, driver, fill } = largeFile();
    driver.transaction(() => driver.run('DELETE FROM ballast'));
    const before = statSync(path).size;
    const other = openSqlite(path);
    other.run('VACUUM');
    other.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    other.close();
    expect(statSync(path).size).toBeLessThan(before);

    fill();

    expect(driver.rows('SELECT COUNT(*) AS n FROM ballast')).toEqual([{ n: 1 }]);
  });

  test.each([
    ['cut', (path: string) => truncateSync(path, 8_192)],
    ['overwritten with a smaller one', (path: string) => writeFileSync(path, 'x'.repeat(8_192))],
  ])('because it was %s in its place takes nothing more', (_how, shorten) => {
    const { path, fill } = largeFile();

    shorten(path);

    expect(fill).toThrow(FileMovedError);
  });
});

describe('a store that cannot write', () => {
  test('refuses events when the disk is full, stores none of them, and goes on when there is room', async () => {
    const driver = open(temporaryDatabase());
    const store = sqliteStore(driver);
    await accept(store, eventOf('e1'));
    const [pages] = driver.rows<{ page_count: number }>('PRAGMA page_count');
    driver.rows(`PRAGMA max_page_count = ${(pages?.page_count ?? 0) + 2}`);
    const large = eventOf('e3', { body: 'x'.repeat(100_000) });

    await expect(accept(store, eventOf('e2'), large)).rejects.toThrow(/full/);

    expect(await statesOf(store, 'd-e1', 'd-e2', 'd-e3')).toEqual(['pending', undefined, undefined]);
    expect(await store.event('e2')).toBeUndefined();
    driver.rows('PRAGMA max_page_count = 100000');
    await accept(store, eventOf('e2'), large);
    expect(await drain(store, T0)).toEqual(['d-e1', 'd-e2', 'd-e3']);
  });

  test('refuses events and fails its check when it may only read, and still answers reads', async () => {
    const driver = open(temporaryDatabase());
    const store = sqliteStore(driver);
    await accept(store, eventOf('e1'));
    await store.check();
    driver.rows('PRAGMA query_only = ON');

    await expect(accept(store, eventOf('e2'))).rejects.toThrow(/readonly/);
    await expect(store.check()).rejects.toThrow(/readonly/);

    expect(await store.deliveries({ limit: 9 })).toHaveLength(1);
    driver.rows('PRAGMA query_only = OFF');
    await store.check();
    expect(await stateOf(store, 'd-e2')).toBeUndefined();
  });

  test('refuses events while another process keeps it locked for too long, and stores none of them', async () => {
    const path = temporaryDatabase();
    const [driver, other] = [open(path), open(path)];
    const store = sqliteStore(driver);
    driver.rows('PRAGMA busy_timeout = 20');

    let refused: Promise<unknown> = Promise.resolve();
    other.transaction(() => {
      refused = accept(store, eventOf('e1'));
    });

    await expect(refused).rejects.toThrow(/locked/);
    expect(await store.event('e1')).toBeUndefined();
    await accept(store, eventOf('e1'));
    expect(await drain(store, T0)).toEqual(['d-e1']);
  });
});

describe('the lock of the receiver', () => {
  test('is refused to a second process, and free again when the first releases it', async () => {
    const path = temporaryDatabase();
    const letGo = lockForReceiver(path);

    const second = start('lock-child.ts', path);
    expect(await second.firstLine).toBe(`another wandb-relay is running on ${path}`);

    letGo();
    const third = start('lock-child.ts', path);
    expect(await third.firstLine).toBe('locked');
  });

  test('ends with a process that is killed', async () => {
    const path = temporaryDatabase();
    const holder = start('lock-child.ts', path);
    expect(await holder.firstLine).toBe('locked');
    expect(() => lockForReceiver(path)).toThrow(StoreInUseError);

    holder.child.kill('SIGKILL');
    await holder.ended;

    lockForReceiver(path)();
  });

  test('does not keep the command line from the store', async () => {
    const path = temporaryDatabase();
    const letGo = lockForReceiver(path);
    onTestFinished(letGo);

    await accept(sqliteStore(open(path)), eventOf('e1'));

    expect(await drain(sqliteStore(open(path)), T0)).toEqual(['d-e1']);
  });
});
