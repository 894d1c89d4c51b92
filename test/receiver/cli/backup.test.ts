import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { runCommand } from '../../stand-ins/receiver-process.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, eventOf } from '../store/samples.ts';
import { commandLine } from './command-io.ts';
import { realReceiver, receiverFolder, send, takingDispatches } from './real-receiver.ts';

const goesOn = { stopped: () => new Promise<string>(() => undefined) };

/** A folder with a receiver's database of some events. */
async function folderWithEvents(count: number, variables: Readonly<Record<string, string>> = {}) {
  const line = commandLine({}, variables, goesOn);
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
  await accept(store, ...Array.from({ length: count }, (_, n) => eventOf(`e${n}`)));
  await store.close();
  return line;
}

function eventsIn(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare('SELECT id FROM events ORDER BY seq')
      .all()
      .map(({ id }) => String(id));
  } finally {
    database.close();
  }
}

describe('backup', () => {
  test('says that there is nothing to back up beside a sandbox', async () => {
    const { run } = commandLine({ 'relay-sandbox.db': '' });
    const { code, complaints } = await run('backup', 'b.db');
    expect([code, complaints]).toEqual([1, expect.stringMatching(/^relay-sandbox\.db: it is a sandbox's, .*nothing to back up here/)]);
    expect((await commandLine({}).run('backup', 'b.db')).complaints).toMatch(/^relay\.db: there is no such database: set DATABASE_URL/);
  });

  test('is one file, for its owner only, and says what is in it', async () => {
    const { cwd, run } = await folderWithEvents(3);
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const { code, out, complaints } = await run('backup', 'b.db');
    expect([code, complaints]).toEqual([0, '']);
    expect(out).toMatch(/^b\.db: \d+ kB, 3 events, 3 undelivered, schema version \d+, checked; \d+\.\d s\n$/);
    expect((statSync(join(cwd, 'b.db')).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(cwd).filter((name) => name.startsWith('b.db'))).toEqual(['b.db']);
    expect(eventsIn(join(cwd, 'b.db'))).toEqual(['e0', 'e1', 'e2']);
    expect(eventsIn(join(cwd, 'relay.db'))).toEqual(['e0', 'e1', 'e2']);
  });

  test('overwrites a file only with --force, and neither the database nor a folder', async () => {
    const { cwd, run } = await folderWithEvents(1);
    writeFileSync(join(cwd, 'b.db'), 'mine');
    mkdirSync(join(cwd, 'folder'));
    expect((await run('backup', 'b.db')).complaints).toBe('b.db: it exists already: name another file, or replace it with --force\n');
    expect(readFileSync(join(cwd, 'b.db'), 'utf8')).toBe('mine');
    expect((await run('backup', 'b.db', '--force')).code).toBe(0);
    expect(eventsIn(join(cwd, 'b.db'))).toEqual(['e0']);
    expect((await run('backup', 'relay.db', '--force')).complaints).toBe(
      'relay.db: it is the database itself, or a file that belongs to it: name another file\n',
    );
    // Also by another name of its folder, and whether the file is there or not.
    symlinkSync(cwd, join(cwd, 'here'));
    for (const beside of ['relay.db-wal', 'relay.db-shm', 'relay.db-journal', 'relay.db-lock', 'here/relay.db-wal', 'here/relay.db']) {
      for (const words of [[], ['--force']])
        expect((await run('backup', beside, ...words)).complaints).toBe(
          `${beside}: it is the database itself, or a file that belongs to it: name another file\n`,
        );
    }
    expect(eventsIn(join(cwd, 'relay.db'))).toEqual(['e0']);
    expect((await run('backup', 'folder')).complaints).toBe('folder: it is a folder: name a file in it\n');
    expect((await run('backup', 'none/b.db')).complaints).toMatch(/^none\/b\.db: there is no folder .*\/none: make it first\n$/);
  });

  test('is refused where it could not be restored, and where other tools do it', async () => {
    const empty = commandLine({}, {}, goesOn);
    expect((await empty.run('backup', 'b.db')).complaints).toMatch(/^relay\.db: there is no such database: set DATABASE_URL /);
    const elsewhere = commandLine({}, { DATABASE_URL: 'postgres://relay:pw@db/relay' }, goesOn);
    const { code, complaints } = await elsewhere.run('backup', 'b.db');
    expect([code, complaints]).toEqual([
      1,
      expect.stringMatching(/^backup: DATABASE_URL is a PostgreSQL database, .*pg_dump .*docs\/backup\.md\)\n$/),
    ]);
    const { cwd, run } = await folderWithEvents(1);
    const database = new DatabaseSync(join(cwd, 'relay.db'));
    database.exec(`INSERT INTO purpose VALUES ('sandbox')`);
    database.close();
    expect((await run('backup', 'b.db')).complaints).toMatch(/^relay\.db: it is a sandbox's, /);
    expect(readdirSync(cwd).filter((name) => name.startsWith('b.db'))).toEqual([]);
  });

  test('that is stopped, or of a damaged database, leaves nothing', async () => {
    const { cwd } = await folderWithEvents(1);
    const stopped = await runIn(cwd, () => Promise.resolve('SIGTERM'));
    expect(stopped).toEqual([143, 'b.db: stopped; nothing was written\n']);
    const file = join(cwd, 'relay.db');
    const bytes = readFileSync(file);
    bytes.fill(7, 4096, bytes.length - 4096);
    writeFileSync(file, bytes);
    expect(await runIn(cwd, goesOn.stopped)).toEqual([1, expect.stringMatching(/^b\.db: no backup was made: /)]);
    expect(readdirSync(cwd).filter((name) => name.startsWith('b.db'))).toEqual([]);
  });
});

async function runIn(cwd: string, stopped: () => Promise<string>) {
  const line = commandLine({}, { DATABASE_URL: `file:${join(cwd, 'relay.db')}` }, { stopped });
  const { code, complaints } = await line.run('backup', join(cwd, 'b.db'));
  return [code, complaints.replaceAll(`${cwd}/`, '')];
}

test('a backup of a receiver that takes events ends, holds a whole state, and loses nobody an event', async () => {
  const github = await takingDispatches();
  const folder = receiverFolder();
  // Large enough to be copied in many parts.
  const store = sqliteStore(openMigrated(join(folder, 'relay.db')));
  const body = 'x'.repeat(100_000);
  await accept(store, ...Array.from({ length: 300 }, (_, n) => eventOf(`e${n}`, { body, subject: `s${n}`, deliveries: [] })));
  await store.close();
  const relay = await realReceiver({ folder, github: github.url });
  const acknowledged: string[] = [];
  let isOver = false;
  // Other processes commit all the time, which makes SQLite begin a copy again that holds no transaction.
  const load = Array.from({ length: 4 }, async (_, sender) => {
    for (let n = 0; !isOver; n++) {
      const { status, body } = await send(relay.url, `v${n}`, `model-${sender}`);
      expect(status).toBe(202);
      acknowledged.push(body.id ?? '');
    }
  });
  while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  const before = [...acknowledged];
  const { code, stdout, stderr } = await runCommand(['backup', 'b.db'], { cwd: folder });
  isOver = true;
  await Promise.all(load);
  expect([code, stderr, stdout]).toEqual([0, '', expect.stringMatching(/^b\.db: /)]);
  const kept = eventsIn(join(folder, 'b.db'));
  expect(kept).toEqual(expect.arrayContaining(before));
  expect(kept).toEqual(eventsIn(join(folder, 'relay.db')).slice(0, kept.length));
  expect(existsSync(join(folder, 'b.db-wal'))).toBe(false);
});
