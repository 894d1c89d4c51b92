import { describe, expect, it } from 'vitest';
import { durationWords, parseDuration } from '../../../src/lib/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['3d', 259_200_000],
    ['0s', 0],
  ])('reads %s as %i milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 'm', '1.5h', '-1s', '10 m', ' 10m', '10M', '1w', '1h30m', '1234567s', '10m\n'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

it.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [185_000, '3 min 5 s'],
  [754_000, '12 min'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
  [48 * 3_600_000, '2 d'],
  [51 * 3_600_000, '2 d 3 h'],
  [-5, '0 s'],
])('writes %d ms as %s', (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});
