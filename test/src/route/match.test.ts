import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMatch, matchSchema, regexProblem } from '../../../src/route/match.ts';

describe('MATCH', () => {
  it('of a string means equal, to the letter', () => {
    const { matches } = compileMatch('production');
    expect(['production', 'Production', 'production ', 'pre-production', ''].map(matches)).toEqual([true, false, false, false, false]);
  });

  it.each([
    [{ regex: 'eu' }, 'x-europe', true],
    [{ regex: '^eu' }, 'x-europe', false],
    [{ regex: '^v[0-9]+$' }, 'v12', true],
    [{ regex: '^v[0-9]+$' }, 'v12\n', false],
    [{ regex: '(?i)^PROD' }, 'production', true],
    [{ contains: 'a.c' }, 'abc', false],
    [{ contains: 'a.c' }, 'xa.cx', true],
    [{ in: ['a', 'b'] }, 'b', true],
    [{ in: ['a', 'b'] }, 'ab', false],
    [{ not_in: ['a', 'b'] }, 'b', false],
    [{ not_in: ['a', 'b'] }, 'c', true],
    [{ not: 'a' }, 'a', false],
    [{ not: 'a' }, 'b', true],
  ])('%j applied to %j is %j', (match, value, expected) => {
    expect(compileMatch(match).matches(value)).toBe(expected);
  });

  it('answers the same every time that it is asked', () => {
    const { matches } = compileMatch({ regex: 'a' });
    expect([matches('a'), matches('a'), matches('b'), matches('a')]).toEqual([true, true, false, true]);
  });

  it('has opposites that never agree', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.string(), (list, value) => {
        const [first = ''] = list;
        expect(compileMatch({ not: first }).matches(value)).toBe(!compileMatch(first).matches(value));
        expect(compileMatch({ not_in: list }).matches(value)).toBe(!compileMatch({ in: list }).matches(value));
        expect(compileMatch({ in: list }).matches(first)).toBe(true);
        expect(compileMatch({ contains: value }).matches(`${first}${value}`)).toBe(true);
      }),
    );
  });

  it.each([
    ['production', '"production"'],
    [{ regex: '^v' }, 'a match of /^v/'],
    [{ contains: 'x' }, 'something with "x" in it'],
    [{ in: ['a', 'b'] }, 'one of "a", "b"'],
    [{ not_in: ['a'] }, 'none of "a"'],
    [{ not: 'a' }, 'not "a"'],
  ])('%j wants %s', (match, wanted) => {
    expect(compileMatch(match).wanted).toBe(wanted);
  });

  it.each([[{}], [{ regex: 'a', contains: 'b' }], [{ in: [] }], [{ in: 'a' }], [{ regexp: 'a' }], [['a']], [5], [null]])(
    'cannot be %j',
    (match) => {
      expect(matchSchema.safeParse(match).success).toBe(false);
    },
  );
});

describe('regexProblem', () => {
  it.each(['^a+$', '(?P<name>x)', '(?i)a|b', '\\d{2,5}', '\\p{Greek}', ''])('accepts %j', (pattern) => {
    expect(regexProblem(pattern)).toBeUndefined();
  });

  it.each(['(?=a)', '(?!a)', '(?<=a)b', '(?<!a)b', '(a)\\1', '(', '[a', 'a**', '*'])('refuses %j, which RE2 does not have', (pattern) => {
    expect(regexProblem(pattern)).toMatch(/^not an RE2 regular expression: /);
  });

  it('accepts every pattern that only quotes text, which then finds that text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quoted = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
        expect(regexProblem(quoted)).toBeUndefined();
        expect(compileMatch({ regex: quoted }).matches(`x${text}x`)).toBe(true);
      }),
    );
  });
});
