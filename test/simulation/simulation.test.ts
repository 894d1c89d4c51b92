import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { T0 } from '../receiver/store/samples.ts';
import { type SimulationResult, simulate, type VirtualTime } from './simulation.ts';

/**
 * `SIM_SEED=7 npm run simulation` runs one seed again, `SIM_SEEDS=1000 npm run simulation` runs so many. Without either, the same
 * few seeds run as in every other run of the tests.
 */
const ONE = process.env.SIM_SEED;
const COUNT = Number(process.env.SIM_SEEDS ?? 8);
const SEEDS = ONE === undefined ? Array.from({ length: COUNT }, (_, i) => i + 1) : [Number(ONE)];
/** A seed takes well under a second. */
const LIMIT_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: T0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const time: VirtualTime = {
  next: () => void vi.advanceTimersToNextTimer(),
  // Not one of the timers that stand still: everything that awaits nothing else goes before it.
  settled: () => setImmediate(),
};

async function simulateSeed(seed: number): Promise<SimulationResult> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-simulation-'));
  try {
    return await simulate(seed, join(folder, 'relay.db'), time);
  } catch (error) {
    throw new Error(`seed ${seed} (run it again: SIM_SEED=${seed} npm run simulation): ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each(SEEDS)('the outbox keeps its rules with the seed %i', { timeout: LIMIT_MS }, async (seed) => {
  const { effects } = await simulateSeed(seed);
  expect(effects).toBeGreaterThan(0);
});

test('the same seed does the same', { timeout: LIMIT_MS }, async () => {
  const first = await simulateSeed(3);
  vi.useFakeTimers({ now: T0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  const second = await simulateSeed(3);
  expect(second.lines).toEqual(first.lines);
  expect(first.crashes).toBeGreaterThan(0);
});
