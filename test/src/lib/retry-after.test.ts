import { describe, expect, it } from 'vitest';
import { LONGEST_WAIT_MS, retryAfter, waitEnd } from '../../../src/lib/retry-after.ts';

const NOW = Date.UTC(2026, 10, 27, 12);

describe('Retry-After', () => {
  it.each<[string | number, number]>([
    ['0', 0],
    ['30', 30_000],
    [' 30 ', 30_000],
    [30, 30_000],
    ['0.12345', 124],
    ['Fri, 27 Nov 2026 12:01:30 GMT', 90_000],
    ['Friday, 27-Nov-26 12:01:30 GMT', 90_000],
    ['Fri, 27 Nov 2026 11:00:00 GMT', 0],
  ])('%j is %i ms', (value, ms) => {
    expect(retryAfter(value, NOW)).toBe(NOW + ms);
  });

  it.each(['1e300', 'Infinity', '1e15', '99999999999999999999', '86400', 'Fri, 31 Dec 9999 23:59:59 GMT', Number.MAX_VALUE])(
    '%j is no longer than the longest wait',
    (value) => {
      expect(retryAfter(value, NOW)).toBe(NOW + LONGEST_WAIT_MS);
    },
  );

  it.each(['', ' ', '-1', '-1e300', 'NaN', 'soon', 'x 5', '2 minutes', '{}', null, undefined])('%j names no time', (value) => {
    expect(retryAfter(value, NOW)).toBeUndefined();
  });
});

describe('the end of a wait', () => {
  it.each([
    [0, 0],
    [1.5, 1_500],
    [Number.POSITIVE_INFINITY, LONGEST_WAIT_MS],
  ])('of %d s', (seconds, ms) => {
    expect(waitEnd(seconds, NOW)).toBe(NOW + ms);
  });

  it.each([Number.NaN, -1, Number.NEGATIVE_INFINITY])('is none for %d', (seconds) => {
    expect(waitEnd(seconds, NOW)).toBeUndefined();
  });
});
