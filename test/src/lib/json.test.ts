import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonValue, MAX_JSON_DEPTH, mapStrings, parseJson } from '../../../src/lib/json.ts';
import { theError, theValue } from '../event/samples.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('parseJson', () => {
  it('reads back whatever JSON can hold', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(theValue(parseJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('answers any text with a value or a sentence', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const result = parseJson(text);
        expect(result.ok || result.error.length > 0).toBe(true);
      }),
    );
  });

  it.each([
    ['', 'line 1, column 1: value expected'],
    ['{"alias": "say "hi""}', 'line 1, column 17: invalid symbol'],
    ['{"a": 1,}', 'line 1, column 9: property name expected'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: comma expected'],
    ['{\r\n"a" 1}', 'line 2, column 5: colon expected'],
    ['{"a": NaN}', 'line 1, column 7: invalid symbol'],
    ['{"a":\t"x\ty"}', 'line 1, column 7: invalid character'],
    ['{"a": "x', 'line 1, column 7: unexpected end of string'],
    ['[1, 2', 'line 1, column 6: close bracket expected'],
    ['[1,]', 'line 1, column 4: value expected'],
    ['{"a": 1}\n}', 'line 2, column 1: end of file expected'],
    ['[1 /* one */]', 'line 1, column 4: invalid comment token'],
    ["{'a': 1}", 'line 1, column 2: invalid symbol'],
  ])('locates the error in %j', (text, message) => {
    expect(theError(parseJson(text))).toBe(message);
  });

  it('locates a wrong character anywhere in a document', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 20 }), fc.nat(), (numbers, pick) => {
        const at = pick % numbers.length;
        const lines = numbers.map((number, i) => `  ${i === at ? '?' : number}`);
        expect(theError(parseJson(`[\n${lines.join(',\n')}\n]`))).toBe(`line ${at + 2}, column 3: invalid symbol`);
      }),
    );
  });

  it('takes nesting up to the limit and none beyond', () => {
    expect(parseJson(nested(MAX_JSON_DEPTH)).ok).toBe(true);
    expect(theError(parseJson(nested(MAX_JSON_DEPTH + 1)))).toBe('nested more than 64 levels deep');
    expect(parseJson(`${'{"a":'.repeat(MAX_JSON_DEPTH + 1)}1${'}'.repeat(MAX_JSON_DEPTH + 1)}`).ok).toBe(false);
  });

  it('finds the deep branch behind shallow ones', () => {
    expect(parseJson(`[1, [], {"a": ${nested(MAX_JSON_DEPTH)}}]`).ok).toBe(false);
  });

  it.each([
    ['closed brackets', nested(250_000)],
    ['open brackets', '['.repeat(250_000)],
    ['open objects', '{"a":'.repeat(250_000)],
    ['brackets that close too often', `${nested(250_000)}]`],
  ])('answers 250,000 levels of %s with an error', (_name, text) => {
    expect(parseJson(text).ok).toBe(false);
  });
});

describe('isJsonObject', () => {
  it('distinguishes objects from lists, null and the rest', () => {
    const values: (JsonValue | undefined)[] = [{}, { a: 1 }, [], null, 'x', 1, true, undefined];
    expect(values.map(isJsonObject)).toEqual([true, true, false, false, false, false, false, false]);
  });
});

describe('mapStrings', () => {
  it('changes every string, keys included, and nothing else', () => {
    const value = { a: ['b', 1, null, { c: true }] };
    expect(mapStrings(value, (text) => text.toUpperCase())).toEqual({ A: ['B', 1, null, { C: true }] });
  });

  it('gives back the same object when no string changes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(mapStrings(value as JsonValue, (text) => text)).toBe(value);
      }),
    );
  });

  it('keeps a key called __proto__ a key', () => {
    const changed = mapStrings(JSON.parse('{"__proto__": "x"}') as JsonValue, (text) => `${text}!`);
    expect(JSON.stringify(changed)).toBe('{"__proto__!":"x!"}');
  });
});
