import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copySnapshot } from '../../../receiver/store/sqlite/snapshot.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { builtProgram, eventually, runCommand } from '../../stand-ins/receiver-process.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { accept, eventOf } from '../store/samples.ts';
import { commandLine } from './command-io.ts';
import { realReceiver, receiverFolder, send } from './real-receiver.ts';

async function store(path: string, ...ids: string[]): Promise<void> {
  const opened = sqliteStore(openMigrated(path));
  await accept(opened, ...ids.map((id) => eventOf(id, { subject: id })));
  await opened.close();
}

function idsIn(path: string): string[] {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare('SELECT id FROM events ORDER BY seq')
      .all()
      .map(({ id }) => String(id));
  } finally {
    database.close();
  }
}

/** A command line beside a backup of one event, `b.db`. */
async function withBackup() {
  const line = commandLine({}, {}, { stopped: () => new Promise(() => undefined) });
  const original = join(temporaryFolder(), 'relay.db');
  await store(original, 'old');
  const backup = join(line.cwd, 'b.db');
  writeFileSync(backup, '');
  await copySnapshot(original, backup, () => undefined);
  return { ...line, backup, path: join(line.cwd, 'relay.db') };
}

describe('restore', () => {
  test('puts the backup where there is no database, and pauses everything', async () => {
    const { run, cwd, path } = await withBackup();
    const { code, out, complaints } = await run('restore', 'b.db');
    expect([code, complaints]).toEqual([0, '']);
    expect(out).toMatch(
      /^relay\.db is restored from b\.db: \d+ kB, 1 event, the newest of 2026-01-01 00:00:00 UTC\.\n1 undelivered \(1 waiting\): /,
    );
    expect(out).toContain('wandb-relay resume --as NAME');
    expect([idsIn(path), (statSync(path).mode & 0o777).toString(8)]).toEqual([['old'], '600']);
    expect(idsIn(join(cwd, 'b.db'))).toEqual(['old']);
    expect((await run('deliveries')).out).toMatch(
      /paused +deploy.*\n\nPaused since .* by restore: everything\. "wandb-relay resume" sends it\.\n$/,
    );
    expect((await run('resume', '--as', 'ada')).out).toBe('Everything is resumed.\n');
    expect((await run('deliveries')).out).toContain('waiting');
  });

  test('replaces events only with --force, keeps the database from before, and its mode', async () => {
    const { run, cwd, path } = await withBackup();
    await store(path, 'new 1', 'new 2');
    chmodSync(path, 0o640);
    expect(await run('restore', 'b.db')).toEqual({
      code: 1,
      out: '',
      complaints:
        'relay.db: it has 2 events already: name another file (DATABASE_URL), or use --force, which keeps it beside the restored one\n',
    });
    expect(idsIn(path)).toEqual(['new 1', 'new 2']);
    expect((await run('restore', 'b.db', '--force')).code).toBe(0);
    expect([idsIn(path), (statSync(path).mode & 0o777).toString(8)]).toEqual([['old'], '640']);
    const kept = readdirSync(cwd).filter((name) => /^relay\.db\.before-restore-\d{8}T\d{6}Z$/.test(name));
    expect(kept).toHaveLength(1);
    expect(idsIn(join(cwd, kept[0] ?? ''))).toEqual(['new 1', 'new 2']);
    expect(readdirSync(cwd).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  test('takes the place of a damaged database, which is kept', async () => {
    const { run, cwd, path } = await withBackup();
    writeFileSync(path, 'no database any more'.repeat(1000));
    writeFileSync(`${path}-wal`, 'some log');
    expect((await run('restore', 'b.db')).complaints).toMatch(
      /^relay\.db: it has something that cannot be read \(file is not a database\) already: /,
    );
    expect((await run('restore', 'b.db', '--force')).code).toBe(0);
    expect(idsIn(path)).toEqual(['old']);
    const kept = readdirSync(cwd).find((name) => name.endsWith('Z')) ?? '';
    expect(readFileSync(join(cwd, kept), 'utf8')).toContain('no database any more');
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test('refuses what is no backup, and leaves nothing', async () => {
    const { run, cwd, backup } = await withBackup();
    const refused = async (prepare: (database: DatabaseSync) => void): Promise<string> => {
      copyFileSync(backup, join(cwd, 'x.db'));
      const database = new DatabaseSync(join(cwd, 'x.db'));
      prepare(database);
      database.close();
      return (await run('restore', 'x.db')).complaints;
    };
    expect((await run('restore')).complaints).toMatch(/^restore: name the backup, /);
    expect((await run('restore', 'none.db')).complaints).toBe('none.db: there is no such file\n');
    expect(await refused((database) => database.exec(`INSERT INTO purpose VALUES ('sandbox')`))).toMatch(
      /^x\.db: it cannot be restored: it is a sandbox's/,
    );
    expect(await refused((database) => database.exec('UPDATE schema_version SET version = 99'))).toMatch(
      /^x\.db: it cannot be restored: the database has schema version 99, this wandb-relay knows \d+: run the newer wandb-relay/,
    );
    expect(await refused((database) => database.exec('DROP TABLE purpose'))).toMatch(
      /: it is a SQLite file, but not one of wandb-relay\n$/,
    );
    writeFileSync(join(cwd, 'x.db'), 'some text');
    expect((await run('restore', 'x.db')).complaints).toBe('x.db: it cannot be restored: it is not a SQLite file\n');
    copyFileSync(backup, join(cwd, 'x.db'));
    truncateSync(join(cwd, 'x.db'), statSync(backup).size - 8192);
    expect((await run('restore', 'x.db')).complaints).toMatch(/^x\.db: it cannot be restored: it is damaged: /);
    copyFileSync(backup, join(cwd, 'x.db'));
    writeFileSync(join(cwd, 'x.db-wal'), 'a log');
    expect((await run('restore', 'x.db')).complaints).toMatch(/it has a write-ahead log beside it, so it is a database in use/);
    expect(readdirSync(cwd).toSorted()).toEqual(['b.db', 'x.db', 'x.db-wal']);
  });

  test('refuses while somebody has the database open', async () => {
    const { run, path } = await withBackup();
    await store(path, 'new');
    const other = new DatabaseSync(path);
    onTestFinished(() => other.close());
    other.prepare('SELECT COUNT(*) FROM events').get();
    expect((await run('restore', 'b.db', '--force')).complaints).toMatch(
      /^relay\.db: nothing was restored: another process has the database open/,
    );
    expect(idsIn(path)).toEqual(['new']);
  }, 20_000);

  test.each(['folded', 'kept', 'log removed', 'replaced'])('that dies when it has %s leaves a whole database', async (step) => {
    const { run, cwd, backup, path } = await withBackup();
    await store(path, 'new 1');
    // Its latest event is only in its log, as after a crash.
    const open = new DatabaseSync(path);
    open.exec(`PRAGMA wal_autocheckpoint = 0; INSERT INTO events (id, received_at, type, subject_key, body_hash, outcome, event, body)
      SELECT 'new 2', received_at, type, subject_key, body_hash, outcome, event, body FROM events`);
    for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${cwd}/crashed${end}`);
    open.close();
    const [crashed, part] = [join(cwd, 'crashed'), join(cwd, 'part')];
    copyFileSync(backup, part);
    const child = spawnSync(process.execPath, [
      await builtProgram('test/receiver/cli/restore-child.ts'),
      crashed,
      part,
      `${crashed}.before`,
      step,
    ]);
    expect(child.signal).toBe('SIGKILL');
    const found = idsIn(crashed);
    expect(found).toEqual(step === 'replaced' ? ['old'] : ['new 1', 'new 2']);
    if (step !== 'folded') expect(idsIn(`${crashed}.before`)).toEqual(['new 1', 'new 2']);
    expect(existsSync(`${crashed}-wal`)).toBe(false);
    expect((await run('restore', 'b.db', '--force')).code).toBe(0);
  });
});

/** A GitHub that takes dispatches, and lists the runs that it is told of. */
async function githubWithRuns() {
  const sent: { id: string; version: string }[] = [];
  const listed = new Set<string>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.method === 'GET') {
      const workflow_runs = [...listed].map((id, n) => ({
        id: n + 1,
        display_title: `deploy ${id}`,
        html_url: `https://github.com/acme/deploy/actions/runs/${n + 1}`,
        created_at: new Date().toISOString(),
        event: 'repository_dispatch',
        status: 'completed',
        conclusion: 'success',
        run_attempt: 1,
      }));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ total_count: workflow_runs.length, workflow_runs }));
      return;
    }
    const { client_payload } = JSON.parse(text) as { client_payload: { delivery_id: string; event: { version: string } } };
    sent.push({ id: client_payload.delivery_id, version: client_payload.event.version });
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent, listed };
}

test('what was sent after the backup is not sent again: a restored receiver holds it, then finds its run', async () => {
  const github = await githubWithRuns();
  const folder = receiverFolder();
  const command = (...words: string[]) => runCommand(words, { cwd: folder });
  const first = await realReceiver({ folder, github: github.url });
  await command('pause', '--as', 'ada');
  for (const version of ['v1', 'v2']) await send(first.url, version, version);
  expect((await command('backup', 'b.db')).stdout).toContain('2 undelivered');
  await command('resume', '--as', 'ada');
  await eventually('both are sent', () => github.sent.length === 2);
  const refused = await command('restore', 'b.db', '--force');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/^relay\.db: nothing was restored: another wandb-relay is running on .*: stop it first\n$/),
  ]);
  await first.end('SIGTERM');

  expect(await command('restore', 'b.db', '--force')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 undelivered (2 waiting)'),
  });
  // GitHub knows a run of the one; the other's dispatch started none.
  const [known] = github.sent.filter(({ version }) => version === 'v1');
  github.listed.add(known?.id ?? '');
  const second = await realReceiver({ folder, github: github.url, environment: { RELAY_ADMIN_TOKEN: 'a-token-of-a-test-only' } });
  expect((await send(second.url, 'v3', 'v3')).status).toBe(202);
  const page = await fetch(`${second.url}/`, { headers: { authorization: 'Bearer a-token-of-a-test-only' } });
  expect(await page.text()).toMatch(
    /Everything, messages too, is paused by restore, since .*restored from a backup whose newest event is of/,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(github.sent).toHaveLength(2);
  await command('resume', '--as', 'ada');
  await eventually('the rest is sent', () => github.sent.length === 4);
  expect(
    github.sent
      .slice(2)
      .map(({ version }) => version)
      .toSorted(),
  ).toEqual(['v2', 'v3']);
  const { stdout } = await command('deliveries', known?.id ?? '');
  expect(stdout).toContain('not sent again');
});
