import { describe, expect, test, vi } from 'vitest';
import { wakeUp } from '../../../receiver/worker/wake-up.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;

/** An alarm whose storage may fail, and what was logged about it. */
function alarm(initial: number | null = null) {
  const state = { now: NOW, at: initial, writes: 0, broken: false, failures: [] as unknown[] };
  const storage = {
    getAlarm: async () => state.at,
    setAlarm: async (at: number) => {
      if (state.broken) throw new Error('no storage');
      state.writes += 1;
      state.at = at;
    },
    deleteAlarm: async () => {
      state.at = null;
    },
  };
  return {
    state,
    wake: wakeUp(
      storage,
      () => state.now,
      (error) => state.failures.push(error),
    ),
  };
}

describe('the alarm of an object', () => {
  test('comes within ten seconds of a change, and is written once for many', () => {
    const { state, wake } = alarm();
    for (let change = 0; change < 100; change++) wake.soon();

    expect(state).toMatchObject({ at: NOW + 10 * SECOND, writes: 1 });
  });

  test('is brought forward, never put back, and never further ahead than a minute', () => {
    const { state, wake } = alarm();
    wake.by(NOW + 3_600 * SECOND);
    expect(state.at).toBe(NOW + 60 * SECOND);
    wake.by(NOW + 20 * SECOND);
    wake.by(NOW + 30 * SECOND);
    expect(state.at).toBe(NOW + 20 * SECOND);
  });

  test('that was set by an earlier life of the object is kept', async () => {
    const { state, wake } = alarm(NOW + 5 * SECOND);
    await wake.load();
    wake.soon();
    expect(state).toMatchObject({ at: NOW + 5 * SECOND, writes: 0 });
  });

  test('that a clock that was ahead has set comes within a minute', async () => {
    const { state, wake } = alarm(NOW + 3_600 * SECOND);
    await wake.load();
    expect(state.at).toBe(NOW + 60 * SECOND);
    const { state: kept, wake: near } = alarm(NOW + 70 * SECOND);
    await near.load();
    expect(kept).toMatchObject({ at: NOW + 70 * SECOND, writes: 0 });
  });

  test('is brought forward while the object lives, when its clock is put back', async () => {
    const { state, wake } = alarm();
    wake.soon();
    state.now = NOW - 3_600 * SECOND;
    wake.soon();
    expect(state.at).toBe(NOW - 3_590 * SECOND);
  });

  test('is set again as soon as it comes, before anything is tried', async () => {
    const { state, wake } = alarm();
    await wake.rung();
    expect(state.at).toBe(NOW + 60 * SECOND);
  });

  test.each([
    ['in an hour', 3_600, 60],
    ['in half a minute', 30, 30],
    ['within seconds, which is a timer’s', 2, 10],
    ['overdue, and nobody did it', -5, 60],
  ])('is set for what is due %s', async (_when, dueIn, alarmIn) => {
    const { state, wake } = alarm();
    await wake.settle(NOW + dueIn * SECOND);
    expect(state.at).toBe(NOW + alarmIn * SECOND);
  });

  test('is taken away when nothing waits, and set by the next change', async () => {
    const { state, wake } = alarm();
    await wake.rung();
    await wake.settle(undefined);
    expect(state.at).toBeNull();
    wake.soon();
    expect(state.at).toBe(NOW + 10 * SECOND);
  });

  test('that could not be set when it came is for the runtime to repeat, or set by the next change', async () => {
    const { state, wake } = alarm();
    state.broken = true;
    await expect(wake.rung()).rejects.toThrow('no storage');
    await expect(wake.settle(NOW + 20 * SECOND)).rejects.toThrow('no storage');
    state.broken = false;
    state.now = NOW + 30 * SECOND;
    wake.soon();
    expect(state.at).toBe(NOW + 40 * SECOND);
  });

  test('that the runtime has given up is set by the next change', async () => {
    const { state, wake } = alarm();
    wake.soon();
    state.now = NOW + 71 * SECOND;
    wake.soon();
    expect(state.at).toBe(NOW + 81 * SECOND);
  });

  test('that could not be set is set by the next change', async () => {
    const { state, wake } = alarm();
    state.broken = true;
    wake.soon();
    await vi.waitFor(() => expect(state.failures).toHaveLength(1), 20_000);
    state.broken = false;
    wake.soon();
    expect(state.at).toBe(NOW + 10 * SECOND);
  });
});
