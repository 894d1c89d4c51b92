import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, nearestWord } from '../../../src/lib/nearest-word.ts';

const KNOWN = ['alias', 'tag', 'collection', 'automation'];

describe('nearestWord', () => {
  it.each([
    ['alais', 'alias'],
    ['Alias', 'alias'],
    ['tga', 'tag'],
    ['colection', 'collection'],
    ['automatoins', 'automation'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearestWord(typed, KNOWN)).toBe(meant);
  });

  it.each(['', 'x', 'zz', 'completely-different'])('finds nothing near %j', (typed) => {
    expect(nearestWord(typed, KNOWN)).toBeUndefined();
  });

  it('does not match a short word that shares no letter', () => {
    expect(nearestWord('x', ['a'])).toBeUndefined();
    expect(nearestWord('xy', ['ab'])).toBeUndefined();
  });

  it('finds nothing among no words', () => {
    expect(nearestWord('alias', [])).toBeUndefined();
  });

  it('answers only with words that are known', () => {
    fc.assert(
      fc.property(fc.string(), (typed) => {
        const near = nearestWord(typed, KNOWN);
        expect(near === undefined || KNOWN.includes(near)).toBe(true);
      }),
    );
  });
});

describe('didYouMean', () => {
  it('asks when a word is near', () => {
    expect(didYouMean('alais', KNOWN)).toBe(' (did you mean "alias"?)');
  });

  it('is blank when none is', () => {
    expect(didYouMean('zzzzzz', KNOWN)).toBe('');
  });
});
