import fc from 'fast-check';

/** The halves of pairs are no characters. */
const HALVES_FROM = 0xd800;
const HALVES = 0x800;

/**
 * Any code point, as fast-check's unit `binary`. That one makes a table of all million characters before the first run, to know
 * whether its own dangerous words consist of them; here the number of a character is computed.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat({ max: 0x10ffff - HALVES }).map(
  (number) => String.fromCodePoint(number < HALVES_FROM ? number : number + HALVES),
  (text) => {
    const point = typeof text === 'string' ? text.codePointAt(0) : undefined;
    if (point === undefined || String.fromCodePoint(point) !== text) throw new Error('not one character');
    return point < HALVES_FROM ? point : point - HALVES;
  },
);
