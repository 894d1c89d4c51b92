import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/duration.ts';

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
