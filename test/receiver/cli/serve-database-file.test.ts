import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, type ReceiverProcess, runCommand } from '../../stand-ins/receiver-process.ts';
import { probe, realReceiver, receiverFolder, send, takingDispatches, withoutRoot } from './real-receiver.ts';

/** What health checks may take on a busy machine; a process that is blocked by the lock answers after five seconds at the earliest. Milliseconds. */
const AT_ONCE_MS = 2_500;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const isReady = async ({ url }: ReceiverProcess) => (await probe(`${url}/readyz`)).status === 200;
const messages = ({ log }: ReceiverProcess) => log.map(({ msg }) => String(msg));
const stackTraces = ({ log, complaints }: ReceiverProcess) => JSON.stringify([log, complaints]).match(/\bat .*\.[jt]s:\d+/g);

/** Holds the write lock on the file from this process, as a back-up or a database browser may. Returns what releases it. */
function lock(folder: string): () => void {
  const other = new DatabaseSync(join(folder, 'relay.db'), { timeout: 5_000 });
  onTestFinished(() => {
    if (other.isOpen) other.close();
  });
  other.exec('BEGIN IMMEDIATE');
  return () => other.close();
}

describe('a foreign lock on the database file', () => {
  test('makes webhooks wait, in order, and nothing else', async () => {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const relay = await realReceiver({ folder, github: github.url });
    expect((await send(relay.url, 'v0')).status).toBe(202);

    const unlock = lock(folder);
    const answers: ReturnType<typeof send>[] = [];
    const health: Awaited<ReturnType<typeof probe>>[] = [];
    for (let n = 1; n <= 8; n++) {
      answers.push(send(relay.url, `v${n}`));
      await pause(100);
      health.push(await probe(`${relay.url}/healthz`));
    }
    unlock();

    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(health.map(({ status }) => status)).toEqual(health.map(() => 200));
    expect(Math.max(...health.map(({ ms }) => ms))).toBeLessThan(AT_ONCE_MS);
    await eventually('all are sent', () => github.versions.length === 9);
    expect(github.versions).toEqual(Array.from({ length: 9 }, (_, n) => `v${n}`));
  });

  test('that stays refuses each webhook within three seconds of its own, and loses nothing', async () => {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const relay = await realReceiver({ folder, github: github.url, environment: { RELAY_ADMIN_TOKEN: 'of-a-test-only' } });
    const { status, body } = await send(relay.url, 'v0');
    expect(status).toBe(202);
    const replay = () =>
      fetch(`${relay.url}/api/deliveries/${body.deliveries?.[0]?.id}/replay`, {
        method: 'POST',
        headers: { authorization: 'Bearer of-a-test-only' },
      });

    const unlock = lock(folder);
    const replayed = replay();
    const early = send(relay.url, 'v1');
    await pause(2_000);
    const late = send(relay.url, 'v2');
    const health = await probe(`${relay.url}/healthz`);
    const refused = await early;
    const unchanged = await replayed;
    unlock();

    expect(health.ms).toBeLessThan(AT_ONCE_MS);
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.ms).toBeGreaterThan(2_500);
    expect(refused.ms).toBeLessThan(6_000);
    expect([unchanged.status, unchanged.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
    expect([stackTraces(relay), messages(relay).filter((text) => text.includes('a bug'))]).toEqual([null, []]);
    // It came later, and the lock was released before its time was over.
    expect((await late).status).toBe(202);
    await eventually('what was accepted is sent', () => github.versions.length === 2);
    expect(github.versions).toEqual(['v0', 'v2']);
  });

  test('does not keep a receiver from starting: it listens, is not ready, and then goes on', async () => {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const first = await realReceiver({ folder, github: github.url });
    await send(first.url, 'v0');
    await first.end('SIGTERM');

    const unlock = lock(folder);
    const relay = await realReceiver({ folder, github: github.url });
    expect([await isReady(relay), (await probe(`${relay.url}/healthz`)).status]).toEqual([false, 200]);
    unlock();

    await eventually('it is ready', () => isReady(relay));
    expect((await send(relay.url, 'v1')).status).toBe(202);
  });
});

describe('a restart with deliveries in flight', () => {
  /** A folder whose receiver was killed while it sent something. */
  async function killedWhileSending() {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const hanging = await takingDispatches();
    hanging.hang();
    const first = await realReceiver({ folder, github: hanging.url });
    await send(first.url, 'v1');
    await eventually('it is being sent', () => hanging.versions.length === 1);
    await first.end('SIGKILL');
    return { folder, github };
  }

  async function expectRecovery(relay: ReceiverProcess, versions: readonly string[], makeWritable: () => void) {
    expect([await isReady(relay), (await probe(`${relay.url}/healthz`)).status]).toEqual([false, 200]);
    const refused = await send(relay.url, 'v2');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
    expect(messages(relay).filter((text) => text.startsWith('the database cannot be written'))).toHaveLength(1);

    makeWritable();

    await eventually('it is ready', () => isReady(relay));
    expect((await send(relay.url, 'v2')).status).toBe(202);
    await eventually('both are sent', () => versions.includes('v1') && versions.includes('v2'));
    expect(versions).toEqual(['v1', 'v2']);
    expect(messages(relay)).toContain('reclaimed deliveries that were in flight when the receiver last stopped');
    expect([stackTraces(relay), await relay.end('SIGTERM')]).toEqual([null, 0]);
  }

  test.runIf(process.platform === 'linux')('on a disk without room goes on when there is room', async () => {
    const { folder, github } = await killedWhileSending();
    // A file that may not grow fails like a disk that is full, also for root.
    const wrapper = ['prlimit', '--fsize=4096:'];
    const relay = await realReceiver({ folder, github: github.url, wrapper });

    await expectRecovery(relay, github.versions, () => {
      execFileSync('prlimit', ['--pid', String(relay.pid), '--fsize=unlimited:']);
    });
  });

  test.each([
    ['file', ['relay.db']],
    ['folder', ['relay.db', '.']],
    // On such a file SQLite would take no exclusive lock, and a second receiver could start.
    ['lock', ['relay.db-lock']],
  ])('on a read-only %s goes on when it can write again', async (_what, names) => {
    const { folder, github } = await killedWhileSending();
    const paths = names.map((name) => join(folder, name));
    const change = (mode: number) => {
      for (const path of paths) chmodSync(path, mode);
    };
    change(0o555);
    onTestFinished(() => change(0o755));
    const relay = await realReceiver({ folder, github: github.url, wrapper: withoutRoot() });

    await expectRecovery(relay, github.versions, () => change(0o755));
  });

  test('on a disk that fills up later refuses events meanwhile', async () => {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const relay = await realReceiver({ folder, github: github.url });
    await send(relay.url, 'v1');
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(relay.pid), `--fsize=${bytes}:`]);

    limit('4096');
    await eventually('it is not ready', async () => !(await isReady(relay)));
    expect((await send(relay.url, 'v2')).status).toBe(503);
    limit('unlimited');

    await eventually('it is ready', () => isReady(relay));
    expect((await send(relay.url, 'v2')).status).toBe(202);
    await eventually('both are sent', () => github.versions.length === 2);
    expect(stackTraces(relay)).toBeNull();
  });
});

test('a database that never was, in a folder that cannot be written, ends the start with one line', async () => {
  const folder = receiverFolder();
  chmodSync(folder, 0o555);
  onTestFinished(() => chmodSync(folder, 0o755));

  const starting = realReceiver({ folder, github: 'http://127.0.0.1:9', wrapper: withoutRoot() });

  const line = /^the receiver ended with 1: DATABASE_URL: relay\.db: this user .* may not write into the folder [^\n]*$/;
  await expect(starting).rejects.toThrow(line);
  expect(existsSync(join(folder, 'relay.db'))).toBe(false);
});

test('a database that is a folder ends the start with one line', async () => {
  const folder = receiverFolder();
  mkdirSync(join(folder, 'data'));
  const { code, stderr } = await runCommand(['serve', '--sandbox'], { cwd: folder, environment: { DATABASE_URL: 'file:data' } });

  expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringMatching(/^DATABASE_URL: data: .* is a folder/)]]);
});

describe('a database file that goes while the receiver runs', () => {
  async function running() {
    const github = await takingDispatches();
    const folder = receiverFolder();
    const relay = await realReceiver({ folder, github: github.url });
    expect((await send(relay.url, 'v1')).status).toBe(202);
    const gone = () => messages(relay).filter((text) => text.startsWith('the database file is gone'));
    return { folder, relay, gone, path: join(folder, 'relay.db') };
  }

  async function expectRefusal(relay: ReceiverProcess, gone: () => string[]) {
    await eventually('it is not ready', async () => !(await isReady(relay)));
    const refused = await send(relay.url, 'v2');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
    // Long enough for everything that looks at the store again and again.
    await pause(2_500);
    expect(gone()).toHaveLength(1);
    expect(relay.log.filter(({ level, msg }) => Number(level) >= 50 && !String(msg).startsWith('the database file is gone'))).toEqual([]);
  }

  test('by being removed: it is not ready, refuses events, says so once, and makes no new file', async () => {
    const { relay, gone, path } = await running();

    rmSync(path);

    await expectRefusal(relay, gone);
    expect(existsSync(path)).toBe(false);
    expect(await relay.end('SIGTERM')).toBe(0);
  });

  test('by being replaced: the new file is left alone', async () => {
    const { relay, gone, path, folder } = await running();
    await relay.end('SIGTERM');
    const github = await takingDispatches();
    const again = await realReceiver({ folder, github: github.url });
    expect((await send(again.url, 'v1b')).status).toBe(202);
    await eventually('it is delivered', () => again.log.some(({ state }) => state === 'delivered'));
    copyFileSync(path, `${path}.backup`);
    const before = readFileSync(`${path}.backup`);

    renameSync(`${path}.backup`, path);

    const goneAgain = () => messages(again).filter((text) => text.startsWith('the database file is gone'));
    await expectRefusal(again, goneAgain);
    expect(gone()).toEqual([]);
    expect(await again.end('SIGTERM')).toBe(0);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('by being truncated in its place: nothing is acknowledged that nobody can read again', async () => {
    const { relay, gone, path } = await running();

    truncateSync(path, 0);

    await expectRefusal(relay, gone);
    expect(await relay.end('SIGTERM')).toBe(0);
  });

  test('by losing its write-ahead log: nothing is acknowledged that only the removed log holds', async () => {
    const { relay, gone, path } = await running();

    rmSync(`${path}-wal`);

    await expectRefusal(relay, gone);
  });

  test('and comes back: it goes on with it', async () => {
    const { relay, gone, path } = await running();

    renameSync(path, `${path}.elsewhere`);
    await expectRefusal(relay, gone);
    renameSync(`${path}.elsewhere`, path);

    await eventually('it is ready', () => isReady(relay));
    expect((await send(relay.url, 'v2')).status).toBe(202);
    await eventually('the log says so', () => messages(relay).includes('the database file is back'));
  });
});
