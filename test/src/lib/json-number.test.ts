import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capObject } from '../../../src/event/cap-json.ts';
import { canonicalJson } from '../../../src/lib/canonical.ts';
import { isJsonObject, type JsonObject, type JsonValue, mapStrings, parseExactJson, readExactJson } from '../../../src/lib/json.ts';
import { JsonNumber, numberOf } from '../../../src/lib/json-number.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { theError, theValue } from '../event/samples.ts';

/** Any number that JSON can write. */
const written = fc.stringMatching(/^-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?$/);
/** JSON text of lists and objects around such numbers. */
const { text: document } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    written,
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,9}$/), tie('text')), { maxLength: 4, selector: ([key]) => key })
      .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
  ),
}));

const parse = (text: string): JsonValue => theValue(parseExactJson(text));

describe('parseExactJson', () => {
  it('keeps every number as it was written, at any depth', () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(JSON.stringify(parse(text))).toBe(text);
        expect(JSON.stringify(readExactJson(text))).toBe(text);
      }),
    );
  });

  it.each([
    '9007199254740993',
    '-9223372036854775807',
    '[18446744073709551615]',
    '{"a":{"b":[{"c":123456789012345678901234567890}]}}',
    '{"long":3.14159265358979323846}',
    '{"n":1.0,"m":1E5,"o":-0,"p":1e400,"q":-1e-400}',
    '{"__proto__":{"n":9007199254740993}}',
  ])('keeps %s', (text) => {
    expect(JSON.stringify(parse(text))).toBe(text);
    expect(JSON.stringify(parse(` ${text.replaceAll(/([:,[])/g, '$1 \n')} `))).toBe(text);
  });

  it('leaves a number that a double keeps a number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), (n) => {
        expect(numberOf(String(n))).toBe(n === 0 ? 0 : n);
      }),
    );
    expect(parse('[1,0.5,-12,9007199254740992]')).toEqual([1, 0.5, -12, 9007199254740992]);
  });

  it('uses the last value of a duplicate key, like JSON.parse', () => {
    expect(JSON.stringify(parse('{"a":9007199254740993,"b":1,"a":2.0}'))).toBe('{"a":2.0,"b":1}');
  });

  it('refuses what parseJson refuses', () => {
    expect(theError(parseExactJson('{"n": 01}'))).toMatch(/line 1, column \d/);
    expect(theError(parseExactJson(`${'['.repeat(5_000)}1.0${']'.repeat(5_000)}`))).toMatch(/nested more than/);
  });
});

describe('an exact number', () => {
  it('is no object to walk through', () => {
    expect(isJsonObject(parse('1.0'))).toBe(false);
    const value = parse('{"n":9007199254740993}');
    expect(mapStrings(value, (text) => text)).toBe(value);
  });

  it('is redacted like any number', () => {
    expect(JSON.stringify(redactorOf(['00719925474']).json(parse('{"n":[9007199254740993]}')))).toBe('{"n":["9[redacted]0993"]}');
  });

  it('compares with its neighbours exactly', () => {
    const n = new JsonNumber('9007199254740993');
    expect([
      n.gt(9007199254740992),
      n.lt(9007199254740994),
      n.equals(9007199254740992),
      n.equals(new JsonNumber('9007199254740993.0')),
    ]).toEqual([true, true, false, true]);
    const below = new JsonNumber('-1.50');
    expect([below.equals(-1.5), below.geq(-1.5), below.leq(-1.5), below.lt(-1), below.gt(-2), below.lt(0), below.gt(-0)]).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect([new JsonNumber('1e400').gt(1e300), new JsonNumber('1e400').lt(Infinity), new JsonNumber('-0').equals(0)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([n.equals('9007199254740993'), n.gt(null), n.equals(Number.NaN)]).toEqual([false, false, false]);
  });

  it('compares like the number that it is', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const [one, other] = [new JsonNumber(String(a)), new JsonNumber(String(b))];
        expect([one.lt(other), one.equals(other), one.gt(other)]).toEqual([a < b, a === b, a > b]);
        expect([one.leq(other), one.geq(other)]).toEqual([a <= b, a >= b]);
      }),
    );
  });
});

describe('the canonical form', () => {
  it('is one for all ways to write a number, and another for any other number', () => {
    const form = (text: string): string => canonicalJson(parse(text));
    for (const same of ['1.0', '1e0', '10E-1', '0.1e+1']) expect(form(same)).toBe(form('1'));
    expect(form('-0.0')).toBe(form('0'));
    expect(form('100000000000000000000000')).toBe(form('1e23'));
    expect(form('9007199254740993.0')).toBe(form('9007199254740993'));
    expect(form('9007199254740993')).not.toBe(form('9007199254740992'));
    expect(form('{"b":1e400,"a":1}')).not.toBe(form('{"b":1e401,"a":1}'));
  });
});

describe('the limit in bytes', () => {
  it('counts every digit', () => {
    const object = parse(`{"n":1,"long":${'9'.repeat(100)}}`) as JsonObject;
    expect(JSON.stringify(capObject(object, 120).value)).toBe(`{"n":1,"long":${'9'.repeat(100)}}`);
    expect(capObject(object, 100)).toEqual({ value: { n: 1 }, truncated: true });
  });
});
