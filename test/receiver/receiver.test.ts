import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { composeParts } from '../../receiver/compose.ts';
import { readEnvironment } from '../../receiver/environment.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import type { SendContext, SendResult, Target, Targets } from '../../receiver/outbox/target.ts';
import { createReceiver, type ReceiverParts } from '../../receiver/receiver.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../receiver/store/store.ts';
import { readConfig } from '../../src/config/config.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';
import { accept, deliveryOf, eventOf } from './store/samples.ts';

/** A receiver where alarms replace timers, whose target never answers. */
async function receiverWith(changes: Partial<ReceiverParts>) {
  const environment = readEnvironment({ WANDB_WEBHOOK_SECRET: 'a-secret-for-tests-only' });
  const config = readConfig('version: 1\nroutes: []\n', 'wandb-relay.yaml');
  if (!environment.ok || !config.ok) throw new Error(JSON.stringify([environment, config]));
  const store = sqliteStore(openMigrated());
  const sent: string[] = [];
  const send = (_request: unknown, { deliveryId, signal }: SendContext): Promise<SendResult> => {
    sent.push(deliveryId);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const targets: Targets = { repository_dispatch: { send, findPrior: async () => ({ outcome: 'not_found' }) } };
  const parts = await composeParts({
    runtime: { fetch, now: Date.now, random: Math.random, randomBytes: () => randomBytes(16), redactor: redactorOf([]), log: silentLogger },
    store,
    routes: [],
    settings: { ...config.value.settings, githubWritesPerSecond: 100 },
    environment: environment.value,
    organization: undefined,
    sandbox: true,
    wakeLater: () => undefined,
  });
  const receiver = createReceiver({ ...parts, targets, ...changes });
  receiver.start();
  onTestFinished(async () => {
    await receiver.stop(0);
    await store.close();
  });
  return { receiver, store, sent };
}

test('what an alarm sends does not wait for what it asks about runs', async () => {
  const asked = vi.fn(() => new Promise<void>(() => undefined));
  const { receiver, store, sent } = await receiverWith({ extensions: [{ runOnce: asked }] });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await accept(store, eventOf('e1', { at: Date.now() }));
  void receiver.runOnce();

  await vi.waitFor(() => expect(sent).toEqual(['d-e1']), 20_000);
  expect(asked).toHaveBeenCalled();
});

test('where connections are few, so many deliveries are under way at once', async () => {
  const { receiver, store, sent } = await receiverWith({ concurrency: { github: 4, slack: 2 } });
  const slack = (at: number) => deliveryOf(`s${at}`, { credential: `slack:#${at}`, orderKey: `s${at}` });
  const deliveries = Array.from({ length: 10 }, (_, at) => [deliveryOf(`g${at}`, { orderKey: `g${at}` }), slack(at)]).flat();
  await accept(store, eventOf('e1', { at: Date.now(), deliveries }));
  void receiver.runOnce();

  await vi.waitFor(() => expect(sent).toHaveLength(6), 20_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent.filter((id) => id.startsWith('s'))).toHaveLength(2);
  expect(sent).toHaveLength(6);
});

test("GitHub's pace is asked for each time, where it changes", async () => {
  let writes = 100;
  const { receiver, sent, store } = await receiverWith({ githubWritesPerSecond: () => writes });
  await accept(store, eventOf('e1', { subject: 'a', at: Date.now() }), eventOf('e2', { subject: 'b', at: Date.now() }));
  void receiver.runOnce();
  await vi.waitFor(() => expect(sent).toHaveLength(2), 20_000);
  writes = 0.001;
  await accept(store, eventOf('e3', { subject: 'c', at: Date.now() }), eventOf('e4', { subject: 'd', at: Date.now() }));
  void receiver.runOnce();
  await vi.waitFor(() => expect(sent).toHaveLength(3), 20_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent).toHaveLength(3);
});

test('of receivers that share a store, each takes what it can send: dispatches, or stops of runs', async () => {
  const served = async (targets: Targets): Promise<string[]> => {
    const asked: ((credential: string) => boolean)[] = [];
    const store = sqliteStore(openMigrated());
    const shared: Store = {
      ...store,
      listen: () => () => undefined,
      claim: async (options) => {
        if (options.serves !== undefined) asked.push(options.serves);
        return [];
      },
    };
    const { receiver } = await receiverWith({ store: shared, targets });
    await receiver.runOnce();
    await store.close();
    return ['github', 'wandb', 'slack:#ml'].filter((credential) => asked.some((serves) => serves(credential)));
  };
  const target: Target = { send: () => Promise.reject(new Error('never')), findPrior: async () => ({ outcome: 'not_found' }) };

  expect(await served({ repository_dispatch: target })).toEqual(['github']);
  expect(await served({ wandb_stop: target })).toEqual(['wandb']);
  expect(await served({ slack: target, wandb_stop: target })).toEqual(['wandb', 'slack:#ml']);
});
