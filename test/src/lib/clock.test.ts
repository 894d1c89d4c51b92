import { expect, test } from 'vitest';
import { ageOf, CLOCK_TOLERANCE_MS, dueAfter } from '../../../src/lib/clock.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

test('the age of what happened ahead of now is zero within the tolerance, and outside of every window beyond it', () => {
  const ages = [0, -1, 5, CLOCK_TOLERANCE_MS, CLOCK_TOLERANCE_MS + 1].map((ahead) => ageOf(NOW + ahead, NOW));
  expect(ages).toEqual([0, 1, 0, 0, Number.POSITIVE_INFINITY]);
});

test('what was planned by a clock that was ahead waits from now on, for as long as it was to wait', () => {
  expect(dueAfter(NOW + HOUR + 5, NOW + HOUR, NOW)).toBe(NOW + 5);
  expect(dueAfter(NOW + HOUR, NOW + CLOCK_TOLERANCE_MS + 1, NOW)).toBe(NOW + HOUR - CLOCK_TOLERANCE_MS - 1);
});

test.each([-HOUR, 0, CLOCK_TOLERANCE_MS])('what was scheduled %i ms ahead of now keeps its due time', (ahead) => {
  expect(dueAfter(NOW + HOUR, NOW + ahead, NOW)).toBe(NOW + HOUR);
});
