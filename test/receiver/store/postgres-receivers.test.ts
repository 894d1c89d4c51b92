import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { type PostgresServer, startPostgres } from '../../stand-ins/postgres.ts';
import { builtProgram, eventually } from '../../stand-ins/receiver-process.ts';
import { Destination, moody } from './destination.ts';
import type { Command } from './shared-child.ts';

/** Events come in until so many are acknowledged, or longer: until the last kill. A busy machine takes longer, and does as much. */
const LEAST_ACCEPTED = 150;
/** So often a receiver is killed, before the server is stopped and where it is not. */
const KILLS_BEFORE_OUTAGE = 3;
const KILLS = 6;
/** Of the leases of two minutes, none is needed to run out. Milliseconds. */
const SETTLED_MS = 60_000;
const SUBJECTS = 12;
/** Between two events of a subject: less comes in than the receivers can send, and there is always something on its way. */
const PAUSE_MS = 200;
/** Every so many events of a subject one waits for an approval. */
const HELD_EVERY = 5;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** The receiver of `shared-child.ts` in a process of its own, which may be killed and started again. */
class Receiver {
  readonly #words: readonly string[];
  readonly #waiting = new Map<string, (answer: string) => void>();
  #process: ChildProcessWithoutNullStreams | undefined;

  constructor(...words: string[]) {
    this.#words = words;
    onTestFinished(() => void this.#process?.kill('SIGKILL'));
  }

  async start(): Promise<void> {
    const script = await builtProgram('test/receiver/store/shared-child.ts');
    const child = spawn(process.execPath, [script, ...this.#words]);
    this.#process = child;
    child.stdin.on('error', () => undefined);
    let complaints = '';
    child.stderr.on('data', (text) => {
      complaints += text;
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.on('exit', (code) => reject(new Error(`the receiver ended with ${code}: ${complaints}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word = '', key = ''] = line.split(' ');
      if (word === 'ready') resolve();
      else this.#answer(key, word);
    });
    await promise;
    promise.catch(() => undefined);
  }

  /** What it answers, or `lost` when it is killed before. */
  ask(command: Command): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.set(command.key, resolve);
    if (this.#process === undefined) this.#loseAll();
    else this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    return promise;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'close');
    this.#loseAll();
  }

  async stop(): Promise<unknown> {
    const child = this.#process;
    this.#process = undefined;
    child?.stdin.end('stop\n');
    return child === undefined ? undefined : (await once(child, 'exit'))[0];
  }

  #answer(key: string, answer: string): void {
    this.#waiting.get(key)?.(answer);
    this.#waiting.delete(key);
  }

  #loseAll(): void {
    for (const key of [...this.#waiting.keys()]) this.#answer(key, 'lost');
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Load {
  /** Events that were acknowledged. */
  readonly accepted: string[];
  readonly refused: number;
  /** For each approval, how many were told that theirs was the decision. */
  readonly decidedFirst: Map<string, number>;
}

/**
 * Sends events of each subject one after another, each to any of the receivers, and has some approved by two people at once;
 * until `trouble` is over and enough was acknowledged.
 */
async function sendLoad(receivers: readonly Receiver[], trouble: () => Promise<void>): Promise<Load> {
  let isTroubleOver = false;
  const isEnough = () => isTroubleOver && load.accepted.length > LEAST_ACCEPTED && load.decidedFirst.size > LEAST_ACCEPTED / 10;
  const load = { accepted: [] as string[], refused: 0, decidedFirst: new Map<string, number>() };
  const any = () => receivers[Math.floor(Math.random() * receivers.length)]!;
  const decide = async (id: string) => {
    const answers = await Promise.all(['ada', 'grace'].map((by) => any().ask({ key: `${id}-${by}`, do: 'decide', id, by })));
    load.decidedFirst.set(id, answers.filter((answer) => answer === 'first').length);
  };
  const sendSubject = async (subject: number) => {
    for (let n = 0; !isEnough(); n++) {
      const id = `e-${subject}-${n}`;
      const held = n % HELD_EVERY === 0;
      // What is held has a subject of its own: nothing takes its place, and it does not count for the order.
      const answer = await any().ask({ key: id, do: 'accept', id, subject: held ? id : `subject ${subject}`, held });
      if (answer === 'accepted') {
        load.accepted.push(id);
        if (held) await decide(id);
      } else {
        load.refused++;
      }
      await pause(PAUSE_MS);
    }
  };
  const troubled = trouble().finally(() => {
    isTroubleOver = true;
  });
  await Promise.all([troubled, ...Array.from({ length: SUBJECTS }, (_, subject) => sendSubject(subject))]);
  return load;
}

/** Approves what nobody could approve while things were down, and waits until nothing is left to send. */
async function settleDown(store: Store): Promise<void> {
  for (const { eventId, route } of await store.openApprovals(10_000)) {
    await store.decide({ eventId, route, decision: 'approved', by: 'late', at: Date.now() });
  }
  await eventually('everything is sent', async () => (await store.nextDueAt()) === undefined, SETTLED_MS);
}

/** Everything that was acknowledged arrived, in the order of its subject. */
function expectAllInOrder({ accepted }: Load, arrivals: readonly string[]): void {
  const arrived = new Set(arrivals);
  expect(accepted.filter((id) => !arrived.has(`d-${id}`))).toEqual([]);
  for (let subject = 0; subject < SUBJECTS; subject++) {
    const numbers = [...arrived].flatMap((id) => {
      const [, , of, number] = id.split('-').map(Number);
      return of === subject && number! % HELD_EVERY !== 0 ? number! : [];
    });
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
}

test.each([2, 4])('%i receivers, one killed again and again, the server stopped and started: nothing is lost', async (count) => {
  const url = await server.newDatabase();
  const destination = await new Destination(moody).listen();
  const receivers = Array.from({ length: count }, () => new Receiver(url, destination.url));
  await Promise.all(receivers.map((receiver) => receiver.start()));
  const killing = async () => {
    for (let kills = 0; kills < KILLS_BEFORE_OUTAGE; kills++) {
      await pause(200 + Math.random() * 300);
      await receivers[0]!.kill();
      await receivers[0]!.start();
    }
    // A receiver does not start without it.
    await server.stop();
    await pause(1_000);
    await server.start();
    await receivers[0]!.kill();
    await receivers[0]!.start();
  };

  const load = await sendLoad(receivers, killing);
  const store = await openPostgres(url);
  onTestFinished(() => store.close());
  await settleDown(store);
  expect(await Promise.all(receivers.map((receiver) => receiver.stop()))).toEqual(receivers.map(() => 0));

  expect(load.refused).toBeGreaterThan(0);
  expectAllInOrder(load, destination.arrivals);
  expect((await store.counts()).deliveries).toEqual({ delivered: new Set(destination.arrivals).size });
  expect([...load.decidedFirst].filter(([, times]) => times > 1)).toEqual([]);
  const approvals = await server.run(url, `SELECT delivery_id FROM notes WHERE text LIKE 'approved%' GROUP BY 1 HAVING count(*) <> 1`);
  expect(approvals).toEqual([]);
});

test('two receivers, one of them killed each second: all that was acknowledged is delivered soon after the last kill', async () => {
  const url = await server.newDatabase();
  const destination = await new Destination(moody).listen();
  const receivers = [new Receiver(url, destination.url), new Receiver(url, destination.url)];
  await Promise.all(receivers.map((receiver) => receiver.start()));
  const killing = async () => {
    for (let kills = 0; kills < KILLS; kills++) {
      await pause(1_000);
      const receiver = receivers[kills % 2]!;
      await receiver.kill();
      await receiver.start();
    }
  };

  const load = await sendLoad(receivers, killing);
  const store = await openPostgres(url);
  onTestFinished(() => store.close());
  await settleDown(store);

  expectAllInOrder(load, destination.arrivals);
  await Promise.all(receivers.map((receiver) => receiver.stop()));
});
