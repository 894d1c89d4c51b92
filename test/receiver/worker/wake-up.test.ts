import { describe, expect, test, vi } from 'vitest';
import type { NextWork } from '../../../receiver/store/sqlite/next-work.ts';
import { wakeUp } from '../../../receiver/worker/wake-up.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** An alarm whose storage may fail, and what was logged about it. */
function storedAlarm(initial: number | null = null) {
  const state = { now: NOW, at: initial, writes: 0, broken: false, failures: [] as unknown[] };
  const storage = {
    getAlarm: async () => state.at,
    setAlarm: async (at: number) => {
      if (state.broken) throw new Error('no storage');
      state.writes += 1;
      state.at = at;
    },
  };
  const wake = wakeUp(
    storage,
    () => state.now,
    (error) => state.failures.push(error),
  );
  return {
    state,
    wake,
    /** The alarm comes: the runtime takes it away. */
    ring: async (repeats = 0) => {
      state.at = null;
      await wake.rung(repeats);
    },
  };
}

/** The alarm of an object that a request has woken. */
function alarm(initial: number | null = null) {
  const all = storedAlarm(initial);
  all.wake.opened();
  return all;
}

const work = ({ sendIn, checkIn }: { sendIn?: number; checkIn?: number }, now = NOW): NextWork => ({
  sendAt: sendIn === undefined ? undefined : now + sendIn * SECOND,
  checkAt: checkIn === undefined ? undefined : now + checkIn * SECOND,
});

describe('the alarm of an object', () => {
  test('comes within ten seconds of a change, and is written once for many', () => {
    const { state, wake } = alarm();
    for (let change = 0; change < 100; change++) wake.soon();

    expect(state).toMatchObject({ at: NOW + 10 * SECOND, writes: 1 });
  });

  test('is brought forward, never put back, and never further ahead than an hour', () => {
    const { state, wake } = alarm();
    wake.by(NOW + 5 * HOUR);
    expect(state.at).toBe(NOW + HOUR);
    wake.by(NOW + 20 * SECOND);
    wake.by(NOW + 30 * SECOND);
    expect(state.at).toBe(NOW + 20 * SECOND);
  });

  test('comes at once when a new invocation is needed', () => {
    const { state, wake } = alarm();
    wake.soon();
    wake.atOnce();
    wake.atOnce();
    expect(state).toMatchObject({ at: NOW, writes: 2 });
  });

  test('that was set by an earlier life of the object is kept', async () => {
    const { state, wake } = alarm(NOW + 5 * SECOND);
    await wake.load();
    wake.soon();
    expect(state).toMatchObject({ at: NOW + 5 * SECOND, writes: 0 });
  });

  test('that a clock that was ahead has set comes within an hour', async () => {
    const { state, wake } = alarm(NOW + 24 * HOUR);
    await wake.load();
    expect(state.at).toBe(NOW + HOUR);
    const { state: kept, wake: near } = alarm(NOW + HOUR + 5 * SECOND);
    await near.load();
    expect(kept).toMatchObject({ at: NOW + HOUR + 5 * SECOND, writes: 0 });
  });

  test('is brought forward while the object lives, when its clock is put back', async () => {
    const { state, wake } = alarm();
    wake.soon();
    state.now = NOW - 24 * HOUR;
    wake.soon();
    expect(state.at).toBe(NOW - 24 * HOUR + 10 * SECOND);
  });

  test.each([
    ['to be sent in five hours', { sendIn: 5 * 3_600 }, 3_600],
    ['to be sent in half a minute', { sendIn: 30 }, 30],
    ['to be sent within seconds, which is a timer’s', { sendIn: 2 }, 10],
    ['to be sent now, and still under way', { sendIn: -5 }, 60],
    ['to be checked within seconds, which no timer does', { checkIn: 2 }, 2],
    ['to be checked in five hours', { checkIn: 5 * 3_600 }, 3_600],
    ['overdue, and nobody could check it', { checkIn: -5 }, 60],
    ['to be sent after it is to be checked', { sendIn: 50, checkIn: 40 }, 40],
  ])('is set for what is %s', async (_when, next, alarmIn) => {
    const { state, wake, ring } = alarm(NOW);
    await ring();
    await wake.settle(work(next));
    expect(state).toMatchObject({ at: NOW + alarmIn * SECOND, writes: 1 });
  });

  test('comes less and less often for what stays overdue, and at the time of what comes next', async () => {
    const { state, wake, ring } = alarm(NOW);
    const waits: number[] = [];
    for (let time = 0; time < 9; time++) {
      await ring();
      await wake.settle(work({ checkIn: -5 }, state.now));
      waits.push((Number(state.at) - state.now) / SECOND);
      state.now = Number(state.at);
    }
    expect(waits).toEqual([60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    await ring();
    await wake.settle(work({ checkIn: -5, sendIn: 30 }, state.now));
    expect(state.at).toBe(state.now + 30 * SECOND);
  });

  test('is not set any more when nothing waits, without a write, and set by the next change', async () => {
    const { state, wake, ring } = alarm(NOW);
    await ring();
    await wake.settle(work({}));
    expect(state).toMatchObject({ at: null, writes: 0 });
    wake.soon();
    expect(state.at).toBe(NOW + 10 * SECOND);
  });
});

describe('while it starts, and while the alarm rings', () => {
  test('no alarm is set by what the start stores, until it is known what woke it', async () => {
    const { state, wake, ring } = storedAlarm(NOW);
    wake.soon();
    await ring();
    wake.soon();
    wake.by(NOW + 20 * SECOND);
    expect(state.writes).toBe(0);
    await wake.settle(work({ checkIn: 3_000 }));
    expect(state).toMatchObject({ at: NOW + 3_000 * SECOND, writes: 1 });
  });

  test('what a start asked for that a request has caused is set', () => {
    const { state, wake } = storedAlarm();
    wake.soon();
    wake.by(NOW + 5 * SECOND);
    expect(state.writes).toBe(0);
    wake.opened();
    wake.opened();
    expect(state).toMatchObject({ at: NOW + 5 * SECOND, writes: 1 });
  });

  test('a request that comes meanwhile sets none', async () => {
    const { state, wake, ring } = storedAlarm(NOW);
    await ring();
    wake.opened();
    wake.soon();
    expect(state.writes).toBe(0);
  });

  test('a new invocation that is needed comes as soon as this one has ended', async () => {
    const { state, wake, ring } = alarm(NOW);
    await ring();
    wake.atOnce();
    expect(state.writes).toBe(0);
    await wake.settle(work({ sendIn: 600 }));
    expect(state).toMatchObject({ at: NOW, writes: 1 });
  });
});

describe('an alarm that fails', () => {
  test('comes again in a minute', async () => {
    const { state, wake, ring } = alarm(NOW);
    await ring();
    await wake.failed();
    expect(state.at).toBe(NOW + 60 * SECOND);
  });

  test.each([
    [0, null],
    [3, null],
    [4, NOW + 60 * SECOND],
    [6, NOW + 60 * SECOND],
  ])('and was repeated %i times is set again before anything is tried: the runtime gives up after six', async (repeats, at) => {
    const { state, ring } = alarm(NOW);
    await ring(repeats);
    expect(state.at).toBe(at);
  });

  test('because it cannot be set is for the runtime to repeat, or set by the next change', async () => {
    const { state, wake, ring } = alarm(NOW);
    state.broken = true;
    await expect(ring(5)).rejects.toThrow('no storage');
    await expect(wake.settle(work({ sendIn: 20 }))).rejects.toThrow('no storage');
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
