import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPercent, parsePercent } from '../../../src/lib/percent.ts';

describe('a percentage', () => {
  it.each([
    ['25%', 0.25],
    ['7%', 0.07],
    ['33.3%', 0.333],
    ['0.5%', 0.005],
    ['150%', 1.5],
    ['100%', 1],
    ['0.00001%', 1e-7],
    ['12345600%', 123456],
    ['99.99%', 0.9999],
  ])('%s is the fraction %d, and back', (text, fraction) => {
    expect(parsePercent(text)).toBe(fraction);
    expect(formatPercent(fraction)).toBe(text);
  });

  it('gives every positive fraction back exactly, in a form that the config takes', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (fraction) => {
        const text = formatPercent(fraction);
        expect(text).toMatch(/^\d+(\.\d+)?%$/);
        expect(parsePercent(text)).toBe(fraction);
      }),
    );
  });
});
