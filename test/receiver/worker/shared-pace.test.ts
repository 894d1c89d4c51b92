import { expect, test } from 'vitest';
import { type SharedPace, sharedPace } from '../../../receiver/worker/shared-pace.ts';

/** The objects of some sources, of which only some are configured. */
function objects(configured: readonly string[], all: readonly string[]) {
  const state = { now: 1_800_000_000_000, told: 0 };
  const paces = new Map<string, SharedPace>();
  for (const source of all) {
    const tell = async (other: string, until: number) => {
      state.told += 1;
      return paces.get(other)?.heardOf(source, until) ?? 0;
    };
    paces.set(source, sharedPace({ source, sources: configured, now: () => state.now, tell }));
  }
  return { state, of: (source: string) => paces.get(source) as SharedPace };
}

test('sources that are configured share the pace, and tell nobody', async () => {
  const { of, state } = objects(['default', 'prod'], ['default', 'prod']);
  await of('prod').beforeSending();
  expect([of('default').sharing(), of('prod').sharing(), state.told]).toEqual([2, 2, 0]);
});

test('a source that was removed counts for all while it sends, and two minutes longer', async () => {
  const { of, state } = objects(['default', 'prod'], ['default', 'prod', 'old', 'older']);
  await of('old').beforeSending();
  expect(['default', 'prod', 'old'].map((source) => of(source).sharing())).toEqual([3, 3, 3]);
  await of('older').beforeSending();
  state.now += 61_000;
  await of('old').beforeSending();
  expect(['default', 'prod', 'old', 'older'].map((source) => of(source).sharing())).toEqual([4, 4, 4, 4]);
  state.now += 60_000;
  expect(of('default').sharing()).toBe(3);
  state.now += 61_000;
  expect(of('default').sharing()).toBe(2);
});

test('it tells the others once a minute, whatever it sends', async () => {
  const { of, state } = objects(['default'], ['default', 'old']);
  for (let sent = 0; sent < 10; sent++) await of('old').beforeSending();
  expect(state.told).toBe(1);
});

test('an object that does not answer keeps nothing from being sent', async () => {
  const tell = () => Promise.reject(new Error('overloaded'));
  const pace = sharedPace({ source: 'old', sources: ['default'], now: Date.now, tell });
  await pace.beforeSending();
  expect(pace.sharing()).toBe(2);
});
