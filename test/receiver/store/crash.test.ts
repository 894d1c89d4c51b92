import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { builtProgram } from '../../stand-ins/receiver-process.ts';
import { type Answer, Destination, moody, take } from './destination.ts';
import { temporaryDatabase } from './temporary-database.ts';

const ROUNDS = 8;
const SUBJECTS = 5;

let program: string;
beforeAll(async () => {
  program = await builtProgram('test/receiver/store/crash-child.ts');
});

/** The receiver of `crash-child.ts` in a process of its own. */
class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #acknowledged: Map<string, string>;
  readonly ready: Promise<number>;
  readonly ended: Promise<unknown[]>;

  constructor(path: string, url: string, acknowledged = new Map<string, string>()) {
    this.#process = spawn(process.execPath, [program, path, url]);
    this.#acknowledged = acknowledged;
    this.#process.stderr.pipe(process.stderr);
    // What is written to a process that was killed is lost, as it should be.
    this.#process.stdin.on('error', () => undefined);
    this.ended = once(this.#process, 'close');
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.ready = promise;
    void this.ended.then(() => reject(new Error('the child ended before it was ready'))).catch(() => undefined);
    promise.catch(() => undefined);
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const [word, id = '', delivery = ''] = line.split(' ');
      if (word === 'ready') resolve(Number(id));
      else if (word === 'accepted') this.#acknowledged.set(id, delivery);
    });
    onTestFinished(() => void this.#process.kill('SIGKILL'));
  }

  send(id: string, subject: string): void {
    this.#process.stdin.write(`${JSON.stringify({ id, subject })}\n`);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  /** Lets it send all there is, and ends it. */
  async finish(): Promise<unknown> {
    this.#process.stdin.end('stop\n');
    const [code] = await this.ended;
    return code;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const subjectOf = (id: string) => id.split('-')[1];
const numberOf = (id: string) => Number(id.split('-').at(-1));

test('a receiver that is killed again and again loses nothing that it acknowledged, and keeps the order', async () => {
  const path = temporaryDatabase();
  const destination = await new Destination(moody).listen();
  const acknowledged = new Map<string, string>();
  let count = 0;
  let taken = 0;

  for (let round = 0; round < ROUNDS; round++) {
    const child = new Child(path, destination.url, acknowledged);
    taken += await child.ready;
    const killAt = performance.now() + 20 + Math.random() * 300;
    // On a machine that is busy nothing may have been acknowledged by then.
    while (performance.now() < killAt || acknowledged.size <= round + 1) {
      for (let n = 0; n < 2; n++) child.send(`e-${count % SUBJECTS}-${count}`, `subject ${count++ % SUBJECTS}`);
      await pause(5);
    }
    await child.kill();
  }
  const last = new Child(path, destination.url, acknowledged);
  taken += await last.ready;
  expect(await last.finish()).toBe(0);

  const arrived = new Set(destination.arrivals);
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  expect(taken).toBeGreaterThan(0);
  expect([...acknowledged.values()].filter((delivery) => !arrived.has(delivery))).toEqual([]);
  expect([...acknowledged].filter(([event, delivery]) => delivery !== `d-${event}`)).toEqual([]);
  for (let subject = 0; subject < SUBJECTS; subject++) {
    const firsts = [...arrived].filter((id) => subjectOf(id.slice(2)) === String(subject)).map(numberOf);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
  }
  const store = sqliteStore(openSqlite(path));
  const { deliveries } = await store.counts();
  await store.close();
  expect(deliveries).toEqual({ delivered: arrived.size });
});

test('what was in flight when it was killed is sent by the next start, before the lease ends', async () => {
  const path = temporaryDatabase();
  const destination = await new Destination(() => undefined).listen();
  const asked = vi.fn<Answer>();
  destination.answer = asked;
  const first = new Child(path, destination.url);
  expect(await first.ready).toBe(0);
  for (const n of [1, 2]) first.send(`e-0-${n}`, 'subject 0');
  first.send('e-1-3', 'subject 1');
  await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2), { timeout: 20_000, interval: 5 });
  await first.kill();

  destination.answer = take;
  const second = new Child(path, destination.url);
  // The lease is two minutes, longer than this test may take.
  expect(await second.ready).toBe(2);
  expect(await second.finish()).toBe(0);

  expect(destination.arrivals.toSorted()).toEqual(['d-e-0-1', 'd-e-0-2', 'd-e-1-3']);
  expect(destination.arrivals.indexOf('d-e-0-1')).toBeLessThan(destination.arrivals.indexOf('d-e-0-2'));
});

test('what had arrived when it was killed is found by the next start and not sent again', async () => {
  const path = temporaryDatabase();
  const destination = await new Destination((_response, arrive) => arrive()).listen();
  const first = new Child(path, destination.url);
  await first.ready;
  first.send('e-0-1', 'subject 0');
  await vi.waitFor(() => expect(destination.arrivals).toEqual(['d-e-0-1']), { timeout: 20_000, interval: 5 });
  await first.kill();

  const second = new Child(path, destination.url);
  expect(await second.ready).toBe(1);
  expect(await second.finish()).toBe(0);

  expect(destination.arrivals).toEqual(['d-e-0-1']);
  const store = sqliteStore(openSqlite(path));
  expect((await store.delivery('d-e-0-1'))?.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'found']);
  await store.close();
});
