import { expect, it } from 'vitest';
import { EngineSimulation } from './engine-simulation.ts';

/** `SIM_SEED` and `SIM_SEEDS` as in simulation.test.ts. */
const ONE = process.env.SIM_SEED;
const COUNT = Number(process.env.SIM_SEEDS ?? 5);
const SEEDS = ONE === undefined ? Array.from({ length: COUNT }, (_, i) => i + 1) : [Number(ONE)];

it.each(SEEDS)('watchers that die and stand still anywhere: every firing once (seed %i)', async (seed) => {
  const { expected, fired, deaths, freezes } = await new EngineSimulation(seed, 3).run(8, 8);
  expect(fired).toEqual(expected);
  expect(expected.length).toBeGreaterThan(20);
  expect(deaths + freezes).toBeGreaterThan(5);
});
