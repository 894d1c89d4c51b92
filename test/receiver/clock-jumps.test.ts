import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { composeParts } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import type { SendResult, Targets } from '../../receiver/outbox/target.ts';
import { createReceiver } from '../../receiver/receiver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import { readConfig } from '../../src/config/config.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { eventually, startReceiver } from '../stand-ins/receiver-process.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { aliasBody, post } from '../stand-ins/wandb-sender.ts';
import { APPROVAL, heldEvent } from './store/conversation-samples.ts';
import { accept, eventOf } from './store/samples.ts';

const SECRET = 'a-secret-for-tests-only';
const HOUR = 3_600_000;
const MINUTE = 60_000;
const DAY = 24 * HOUR;

describe('a receiver whose clock was ahead by hours and is corrected', () => {
  /** A folder whose receivers read how far their clock is ahead from a file. */
  function folderWithClock() {
    const folder = temporaryFolder();
    const file = join(folder, 'ahead');
    const preload = join(folder, 'clock.mjs');
    writeFileSync(
      preload,
      `import { readFileSync } from 'node:fs';
       const real = Date.now;
       Date.now = () => real() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'));`,
    );
    const set = (ahead: number) => writeFileSync(file, String(ahead));
    const start = async () => {
      const environment = { WANDB_WEBHOOK_SECRET: SECRET };
      const receiver = await startReceiver({ cwd: folder, environment, words: ['--sandbox'], nodeOptions: ['--import', preload] });
      onTestFinished(async () => void (await receiver.end('SIGKILL')));
      const send = (version: string, collection?: string) => post(`${receiver.url}/webhooks/wandb`, aliasBody(version, collection), SECRET);
      const sent = () => receiver.log.filter(({ msg }) => String(msg).startsWith('dispatch recorded')).length;
      const saidOfClock = () => receiver.log.map(({ msg }) => String(msg)).filter((text) => /clock/.test(text));
      return { ...receiver, send, sent, saidOfClock };
    };
    return { set, start };
  }

  test('goes on dispatching at once, and says so once', async () => {
    const { set, start } = folderWithClock();
    set(3 * HOUR);
    const receiver = await start();
    await receiver.send('v1');
    await eventually('the first is sent', () => receiver.sent() === 1);

    set(0);
    await receiver.send('v2');
    await receiver.send('v1', 'vgg16');

    await eventually('the others are sent', () => receiver.sent() === 3);
    expect(receiver.saidOfClock()).toEqual([expect.stringMatching(/^the clock went back by 3 hours/)]);
  });

  test('goes on after a restart, too', async () => {
    const { set, start } = folderWithClock();
    set(3 * HOUR);
    const before = await start();
    await before.send('v1');
    await eventually('the first is sent', () => before.sent() === 1);
    await before.end('SIGKILL');

    set(0);
    const receiver = await start();
    await receiver.send('v2');

    await eventually('the second is sent', () => receiver.sent() === 1);
    expect(receiver.saidOfClock()).toEqual([expect.stringMatching(/^stored times lay 3 hours ahead/)]);
  });
});

describe('a receiver whose clock jumps forward', () => {
  /** A receiver that works when it is told to, with a clock that is set by hand. */
  async function receiverWithClock({ startsSteady = true, targets }: { startsSteady?: boolean; targets?: Targets } = {}) {
    const clock = { now: Date.UTC(2026, 0, 1) };
    const log: string[] = [];
    const environment = readEnvironment({ WANDB_WEBHOOK_SECRET: SECRET });
    const config = readConfig('version: 1\nroutes: []\n', 'wandb-relay.yaml');
    if (!environment.ok || !config.ok) throw new Error(JSON.stringify([environment, config]));
    const store = sqliteStore(openMigrated());
    const runtime = {
      fetch,
      now: () => clock.now,
      random: () => 0.5,
      randomBytes: () => randomBytes(16),
      redactor: redactorOf([]),
      log: { ...silentLogger, warn: (_fields: object, text: string) => void log.push(text) },
    };
    const parts = await composeParts({
      runtime,
      store,
      routes: [],
      settings: config.value.settings,
      environment: environment.value,
      organization: undefined,
      sandbox: true,
      startsSteady,
      wakeLater: () => undefined,
    });
    const receiver = createReceiver(targets === undefined ? parts : { ...parts, targets });
    receiver.start();
    onTestFinished(async () => {
      await receiver.stop(0);
      await store.close();
    });
    return { store, receiver, clock, log };
  }

  test('lets no approval expire for a minute', async () => {
    const { store, receiver, clock, log } = await receiverWithClock();
    await accept(store, heldEvent('e1', { at: clock.now }));
    await receiver.runOnce();
    clock.now += APPROVAL.expiresMs + HOUR;
    await receiver.runOnce();
    expect((await store.approval('e1', 'deploy'))?.decision).toBeNull();

    clock.now += MINUTE;
    await receiver.runOnce();
    expect((await store.approval('e1', 'deploy'))?.decision).toBe('expired');
    expect(log.filter((text) => text.startsWith('the clock jumped forward'))).toHaveLength(1);
  });

  test('gives no delivery up for a minute', async () => {
    const failed: SendResult = { outcome: 'failed', status: 503, ambiguous: false, detail: 'GitHub answered 503' };
    const target = { send: async () => failed, findPrior: async () => ({ outcome: 'not_found' }) as const };
    const { store, receiver, clock } = await receiverWithClock({ targets: { repository_dispatch: target } });
    const stateOfDelivery = async () => (await store.delivery('d-e1'))?.delivery.state;
    await accept(store, eventOf('e1', { at: clock.now }));
    await receiver.runOnce();
    clock.now += 30 * DAY;
    await receiver.runOnce();
    expect([await stateOfDelivery(), (await store.delivery('d-e1'))?.attempts.length]).toEqual(['pending', 2]);

    clock.now += MINUTE;
    await receiver.runOnce();
    expect(await stateOfDelivery()).toBe('dead');
  });

  test('removes no event for a minute', async () => {
    const { store, receiver, clock } = await receiverWithClock();
    await accept(store, eventOf('e1', { at: clock.now, firings: [] }));
    clock.now += 400 * DAY;
    await receiver.runOnce();
    expect(await store.event('e1')).toBeDefined();

    clock.now += MINUTE;
    await receiver.runOnce();
    expect(await store.event('e1')).toBeUndefined();
  });

  test('removes nothing in the minute after its start either; an approval that nobody gave meanwhile expires', async () => {
    const { store, receiver, clock } = await receiverWithClock({ startsSteady: false });
    await accept(store, heldEvent('e1', { at: clock.now - 2 * HOUR }), eventOf('old', { at: clock.now - 400 * DAY, firings: [] }));
    await receiver.runOnce();
    expect([(await store.approval('e1', 'deploy'))?.decision, await store.event('old')]).toEqual(['expired', expect.anything()]);

    clock.now += MINUTE;
    await receiver.runOnce();
    expect(await store.event('old')).toBeUndefined();
  });
});
