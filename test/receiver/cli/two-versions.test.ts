import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { SCHEMA_VERSION } from '../../../receiver/store/postgres/schema.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { eventually, PROJECT, type ReceiverProcess } from '../../stand-ins/receiver-process.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { realReceiver, receiverFolder, send, takingDispatches } from './real-receiver.ts';

/**
 * The program as it was before this one's latest step of the schema, in one file (`scripts/write-older-receiver.ts`). Its packages are those
 * that are installed here.
 */
const OLDER = join(PROJECT, 'node_modules', '.cache', 'older-receiver', 'main.mjs');

let databases: PostgresDatabases;
beforeAll(async () => {
  mkdirSync(join(OLDER, '..'), { recursive: true });
  writeFileSync(OLDER, gunzipSync(readFileSync(join(PROJECT, 'test', 'fixtures', 'older-receiver.mjs.gz'))));
  databases = await sharedPostgres();
});

const SUBJECTS = 6;
/** Between two events of a subject: less comes in than the pace lets out. Milliseconds. */
const PAUSE_MS = 150;
/** So many events are acknowledged by each receiver that takes some before the next change. */
const ENOUGH = 15;

/** Sends events of each subject one after another, each to one of the receivers that are in use at the moment. */
class Load {
  /** Versions that were acknowledged, by the receiver that did it. */
  readonly acknowledged = new Map<ReceiverProcess, string[]>();
  #inUse: readonly ReceiverProcess[] = [];
  #isOver = false;
  #sent = 0;
  readonly #senders = Array.from({ length: SUBJECTS }, (_, subject) => this.#sendSubject(subject));

  /** From now on events go to these, and to each as many as are enough. */
  async use(...receivers: readonly ReceiverProcess[]): Promise<void> {
    this.#inUse = receivers;
    const before = new Map(receivers.map((receiver) => [receiver, this.by(receiver).length]));
    await eventually('enough is acknowledged', () =>
      receivers.every((receiver) => this.by(receiver).length >= (before.get(receiver) ?? 0) + ENOUGH),
    );
  }

  by(receiver: ReceiverProcess): readonly string[] {
    return this.acknowledged.get(receiver) ?? [];
  }

  async end(): Promise<string[]> {
    this.#isOver = true;
    await Promise.all(this.#senders);
    return [...this.acknowledged.values()].flat();
  }

  async #sendSubject(subject: number): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const receiver = this.#inUse[this.#sent++ % Math.max(1, this.#inUse.length)];
      if (receiver === undefined) continue;
      const version = `v${subject}-${n}`;
      // A receiver that is stopped refuses it, or is gone: then it was not acknowledged.
      const status = await send(receiver.url, version, `model-${subject}`).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 202) this.acknowledged.set(receiver, [...this.by(receiver), version]);
    }
  }
}

/** How many events a receiver has dispatched. */
const sentBy = ({ log }: ReceiverProcess) => log.filter(({ outcome }) => outcome === 'delivered').length;

test('two versions share a PostgreSQL database while the new one is rolled out and back: nothing is lost, order is kept', async () => {
  const url = await databases.newDatabase();
  const github = await takingDispatches();
  const folder = receiverFolder();
  const start = (main?: string) =>
    realReceiver({ folder, github: github.url, environment: { DATABASE_URL: url }, ...(main === undefined ? {} : { main }) });
  const schema = async () => (await databases.run(url, 'SELECT taken FROM schema_steps'))[0];

  const load = new Load();
  const older = await start(OLDER);
  await load.use(older);
  const before = Number((await schema())?.taken);
  expect(before).toBeLessThan(SCHEMA_VERSION);

  // The new version starts, and changes the schema under the feet of the old one, which goes on taking and sending.
  const newer = await start();
  expect(Number((await schema())?.taken)).toBe(SCHEMA_VERSION);
  await load.use(older, newer);
  // The new one takes all there is, and the old one still sends.
  const olderHadSent = sentBy(older);
  await load.use(newer);
  await eventually('the old one sends what the new one took', () => sentBy(older) > olderHadSent);
  expect(await older.end('SIGTERM')).toBe(0);
  await load.use(newer);

  // It is rolled back: the old version starts on the schema of the new one, and the new one dies with what it is sending.
  const again = await start(OLDER);
  expect(again.log.map(({ msg }) => msg)).toContain(
    'a newer wandb-relay has used this database; this one can use it too, perhaps more slowly',
  );
  await load.use(newer, again);
  await newer.end('SIGKILL');
  await load.use(again);

  const acknowledged = await load.end();
  const arrived = () => new Set(github.versions);
  await eventually('all that was acknowledged is sent', () => acknowledged.every((version) => arrived().has(version)), 60_000);
  for (let subject = 0; subject < SUBJECTS; subject++) {
    // What was sent when its receiver died may come twice; the first time counts.
    const numbers = [...arrived()].flatMap((version) => (version.startsWith(`v${subject}-`) ? [Number(version.split('-')[1])] : []));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  expect([sentBy(older), sentBy(newer), sentBy(again)].map((count) => count > 0)).toEqual([true, true, true]);
  for (const { log } of [older, newer, again]) expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  expect(await again.end('SIGTERM')).toBe(0);
}, 180_000);
