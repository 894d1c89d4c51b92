import { expect, test } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { createClockWatch, JUMP_MS } from '../../../receiver/outbox/clock-watch.ts';

const START = 1_800_000_000_000;
const HOUR = 3_600_000;

/** A watch whose clocks go on by hand; `pass` moves both, `jump` only the one that may be wrong. */
function watched(startsSteady = true) {
  const clock = { now: START, elapsed: 5 };
  const log: string[] = [];
  const watch = createClockWatch({
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    log: { ...silentLogger, warn: (_fields: object, text: string) => void log.push(text) },
    startsSteady,
  });
  const jump = (ms: number): void => {
    clock.now += ms;
  };
  const pass = (ms: number): void => {
    clock.now += ms;
    clock.elapsed += ms;
  };
  return { watch, log, jump, pass };
}

test('time that passes is no jump, however long nobody asks', () => {
  const { watch, log, pass } = watched();
  pass(48 * HOUR);
  expect([watch.isSteady(), watch.hasJumped(), log]).toEqual([true, false, []]);
});

test('after a jump forward of more than a minute nothing is steady for a minute, and the log says so once', () => {
  const { watch, log, jump, pass } = watched();
  jump(2 * HOUR);
  expect([watch.isSteady(), watch.hasJumped()]).toEqual([false, true]);
  pass(JUMP_MS - 1);
  expect([watch.isSteady(), watch.hasJumped()]).toEqual([false, true]);
  pass(1);
  expect([watch.isSteady(), watch.hasJumped()]).toEqual([true, false]);
  expect(log).toEqual([expect.stringMatching(/^the clock jumped forward by 2 hours: /)]);
});

test('a step of a minute, or a small one back, is none', () => {
  const { watch, log, jump } = watched();
  jump(JUMP_MS);
  expect(watch.isSteady()).toBe(true);
  jump(-9_000);
  expect([watch.isSteady(), log]).toEqual([true, []]);
});

test('the wait ends though nobody asks for a minute; a second jump has a wait of its own', () => {
  const { watch, log, jump } = watched();
  jump(HOUR);
  expect(watch.isSteady()).toBe(false);
  jump(JUMP_MS + 5_000);
  expect(watch.isSteady()).toBe(true);
  jump(HOUR);
  expect(watch.isSteady()).toBe(false);
  jump(HOUR);
  expect(watch.isSteady()).toBe(false);
  expect(log).toHaveLength(3);
});

test('a jump back ends the wait, and is logged once, whoever notices first', () => {
  const { watch, log, jump, pass } = watched();
  jump(HOUR);
  expect(watch.isSteady()).toBe(false);
  jump(-HOUR);
  pass(1_000);
  expect(watch.isSteady()).toBe(true);
  watch.storedAhead(HOUR);
  pass(1_000);
  watch.storedAhead(5_000);
  expect(watch.hasJumped()).toBe(false);
  expect(log.map((text) => text.slice(0, 30))).toEqual(['the clock jumped forward by 60', 'the clock went back by 60 minu']);
});

test('stored times that lie ahead at the start are logged once, and again only when they go on', () => {
  const { watch, log, pass } = watched();
  watch.storedAhead(3 * HOUR);
  pass(60_000);
  watch.storedAhead(3 * HOUR);
  expect(log).toEqual([expect.stringMatching(/^stored times lay 3 hours ahead: /)]);
  pass(600_000);
  watch.storedAhead(3 * HOUR);
  expect(log).toHaveLength(2);
});

test('the first minute is not steady, but where each piece of work is a start', () => {
  const { watch, pass } = watched(false);
  expect([watch.isSteady(), watch.hasJumped()]).toEqual([false, false]);
  pass(JUMP_MS);
  expect(watch.isSteady()).toBe(true);
  expect(watched(true).watch.isSteady()).toBe(true);
});
