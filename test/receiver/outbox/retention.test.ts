import { expect, test, vi } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { createRetention, retentionFloor } from '../../../receiver/outbox/retention.ts';
import type { PruneOptions } from '../../../receiver/store/retention.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, eventOf, T0 } from '../store/samples.ts';

const DAY = 86_400_000;
const pruneEngineRuns = async () => 0;

test('what is older than the retention goes in small batches, and what becomes older goes in a later round', async () => {
  const store = sqliteStore(openMigrated());
  for (let n = 0; n < 120; n++) await accept(store, eventOf(`old ${n}`, { subject: `s ${n}`, firings: [] }));
  await accept(store, eventOf('young', { at: T0 + DAY, firings: [] }));
  let now = T0 + DAY + 1;
  const asked: PruneOptions[] = [];
  const prune = (options: PruneOptions) => {
    asked.push(options);
    return store.prune(options);
  };
  const retention = createRetention({
    store: { prune, pruneEngineRuns },
    keepMs: DAY,
    now: () => now,
    log: silentLogger,
    roundMs: 5,
    pauseMs: 1,
  });
  retention.start();

  await vi.waitFor(async () => expect((await store.counts()).events).toEqual({ unmatched: 1 }), { timeout: 20_000, interval: 2 });
  expect(asked.length).toBeGreaterThanOrEqual(3);
  expect(Math.max(...asked.map(({ limit }) => limit))).toBeLessThanOrEqual(100);
  now += DAY;
  await vi.waitFor(async () => expect(await store.event('young')).toBeUndefined(), { timeout: 20_000, interval: 2 });

  await retention.stop();
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(asked.length).toBe(before);
  await store.close();
});

test('a store that fails is asked again in a later round', async () => {
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (_fields: object, text: string) => void warned.push(text) };
  const prune = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(0);
  const retention = createRetention({ store: { prune, pruneEngineRuns }, keepMs: DAY, now: () => T0, log, roundMs: 1, pauseMs: 1 });
  retention.start();

  await vi.waitFor(() => expect(prune.mock.calls.length).toBeGreaterThan(1), { timeout: 20_000, interval: 2 });
  await retention.stop();

  expect(warned).toEqual(['old events could not be removed; trying again later']);
});

test('where there are no timers a round removes what is old, at most once a round', async () => {
  const store = sqliteStore(openMigrated());
  for (let n = 0; n < 70; n++) await accept(store, eventOf(`old ${n}`, { subject: `s ${n}`, firings: [] }));
  let now = T0 + DAY + 1;
  const prune = vi.fn(store.prune);
  const retention = createRetention({ store: { prune, pruneEngineRuns }, keepMs: DAY, now: () => now, log: silentLogger, roundMs: 1000 });

  await retention.runOnce();
  expect((await store.counts()).events).toEqual({});
  const asked = prune.mock.calls.length;
  await retention.runOnce();
  expect(prune.mock.calls.length).toBe(asked);
  now += 1000;
  await retention.runOnce();
  expect(prune.mock.calls.length).toBe(asked + 1);
  await store.close();
});

test('runs of the engine that are old go as well, batch by batch', async () => {
  const left = [50, 50, 7];
  const asked: [number, number][] = [];
  const store = {
    prune: async () => 0,
    pruneEngineRuns: async (before: number, limit: number) => {
      asked.push([before, limit]);
      return left.shift() ?? 0;
    },
  };
  const retention = createRetention({ store, keepMs: DAY, now: () => T0 + DAY, log: silentLogger, roundMs: 1000 });

  await retention.runOnce();

  expect(asked).toEqual([
    [T0, 50],
    [T0, 50],
    [T0, 50],
  ]);
});

test('while the clock may not be trusted nothing is removed, and a clock that is put back does not put it off', async () => {
  const prune = vi.fn(async () => 0);
  let [now, steady] = [T0, false];
  const options = { store: { prune, pruneEngineRuns }, keepMs: DAY, now: () => now, log: silentLogger, roundMs: 1000, pauseMs: 1 };
  const retention = createRetention({ ...options, isSteady: () => steady });

  await retention.runOnce();
  expect(prune).not.toHaveBeenCalled();
  steady = true;
  await retention.runOnce();
  expect(prune).toHaveBeenCalledTimes(1);
  now -= DAY;
  await retention.runOnce();
  expect(prune).toHaveBeenCalledTimes(2);
});

test('the retention is never shorter than what duplicates and cooldowns are decided by', () => {
  expect(retentionFloor(5, [])).toBe(5);
  expect(retentionFloor(5, [3, 9])).toBe(9);
});
