import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capObject } from '../../../src/event/cap-json.ts';
import { type JsonObject, mapStrings } from '../../../src/lib/json.ts';
import { anyCharacter } from '../../any-character.ts';

const anyObject = fc.dictionary(
  fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom('__proto__', 'constructor', 'toString')),
  fc.jsonValue({ maxDepth: 12, stringUnit: 'binary' }),
) as fc.Arbitrary<JsonObject>;
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe('capObject', () => {
  it('keeps to the limit, whatever it is given, in a form that JSON gives back unchanged', () => {
    fc.assert(
      fc.property(anyObject, fc.integer({ min: 2, max: 400 }), (object, maxBytes) => {
        const { value } = capObject(object, maxBytes);
        expect(bytesOf(value)).toBeLessThanOrEqual(maxBytes);
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
        expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
        expect(Object.keys(value)).not.toContain('__proto__');
        mapStrings(value, (text) => {
          expect(text).toMatch(/^[^\p{Cc}\p{Cs}\u2028\u2029]{0,1024}$/u);
          return text;
        });
      }),
    );
  });

  it('has no negative zero, which JSON would give back as another', () => {
    const { value } = capObject({ n: -0, deep: [{ n: -0 }] }, 100);
    expect(Object.is(value.n, 0)).toBe(true);
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });

  it('reports that it is complete only if nothing is missing', () => {
    const plain = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.oneof(fc.integer(), fc.stringMatching(/^[a-z]*$/), fc.boolean()));
    fc.assert(
      fc.property(plain, fc.integer({ min: 2, max: 200 }), (object, maxBytes) => {
        const { value, truncated } = capObject({ ...object }, maxBytes);
        expect(truncated).toBe(Object.keys(value).length < Object.keys(object).length);
        expect(truncated).toBe(bytesOf(object) > maxBytes);
      }),
    );
  });

  it('leaves out the largest entries and keeps the order of the others', () => {
    const object = { z: 'x'.repeat(50), b: 1, long: 'y'.repeat(60), a: 'two' };
    expect(capObject(object, 80)).toEqual({ value: { z: object.z, b: 1, a: 'two' }, truncated: true });
    expect(Object.keys(capObject(object, 80).value)).toEqual(['z', 'b', 'a']);
  });

  it('keeps a part of a large object, but no part of a list', () => {
    const object = { deep: { a: 1, b: 'x'.repeat(100) }, list: Array.from({ length: 50 }, () => 1) };
    expect(capObject(object, 60).value).toEqual({ deep: { a: 1 } });
  });

  it('leaves out what is nested beyond measure', () => {
    const nested = (levels: number): JsonObject => (levels === 0 ? { end: 1 } : { in: nested(levels - 1) });
    expect(capObject(nested(3), 4_096)).toEqual({ value: nested(3), truncated: false });
    expect(capObject(nested(40), 4_096)).toMatchObject({ truncated: true });
  });

  it('removes a number that JSON cannot hold, and writes null for it in a list', () => {
    const object = { a: Number.NaN, b: [1, Number.POSITIVE_INFINITY], c: 0 };
    expect(capObject(object, 4_096).value).toEqual({ b: [1, null], c: 0 });
  });
});
