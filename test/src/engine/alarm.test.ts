import { expect, test } from 'vitest';
import { Alarm } from '../../../src/engine/alarm.ts';

const DAILY = { refireMs: 24, forPoints: 1, resolve: true };

test('a condition that stays met is judged again without a word', () => {
  const alarm = new Alarm({ ...DAILY, refireMs: 0 });
  expect([alarm.judge(true, 1), alarm.judge(true, 2), alarm.judge(false, 3), alarm.judge(false, 4)]).toEqual([
    'firing',
    undefined,
    'resolved',
    undefined,
  ]);
});

test('a clock that goes back does not make time pass', () => {
  const alarm = new Alarm(DAILY);
  expect([alarm.judge(true, 100), alarm.judge(false, 101), alarm.judge(true, 50), alarm.judge(false, 51)]).toEqual([
    'firing',
    'resolved',
    undefined,
    undefined,
  ]);
});

test('is steady where judging would change nothing', () => {
  const alarm = new Alarm({ ...DAILY, forPoints: 2 });
  expect([alarm.isSteady(false), alarm.isSteady(true)]).toEqual([true, false]);
  alarm.judge(true, 1);
  expect([alarm.isSteady(false), alarm.isSteady(true)]).toEqual([false, false]);
  alarm.judge(true, 2);
  expect([alarm.isSteady(false), alarm.isSteady(true)]).toEqual([false, true]);
});
