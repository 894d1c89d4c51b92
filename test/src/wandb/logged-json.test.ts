import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loggedNumber, loggedObject, loggedValue, readLoggedObject, unwrapConfig } from '../../../src/wandb/logged-json.ts';
import { bareJson, type LoggedValue } from '../../stand-ins/wandb-rows.ts';

describe('a row as text', () => {
  it.each<[string, unknown]>([
    ['{"loss":NaN}', { loss: Number.NaN }],
    [
      '{ "a" : -Infinity , "b": [NaN, Infinity], "c": {"d": NaN} }',
      { a: Number.NEGATIVE_INFINITY, b: [Number.NaN, Number.POSITIVE_INFINITY], c: { d: Number.NaN } },
    ],
    ['{"note":"it is NaN, or -Infinity: {\\"x\\": NaN}","NaN":1}', { note: 'it is NaN, or -Infinity: {"x": NaN}', NaN: 1 }],
    ['{"path":"C:\\\\","x":NaN}', { path: 'C:\\', x: Number.NaN }],
    ['{"quote":"\\"","x":Infinity}', { quote: '"', x: Number.POSITIVE_INFINITY }],
    ['{"t":1.79e+09,"one":1.0,"big":1e999}', { t: 1.79e9, one: 1, big: Number.POSITIVE_INFINITY }],
    ['{"loss":NaN', undefined],
    ['{"loss":', undefined],
    ['{"loss":NaNs}', undefined],
    ['[NaN]', undefined],
    ['NaN', undefined],
    ['null', undefined],
    ['"NaN"', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(readLoggedObject(text)).toEqual(expected);
  });

  it('that is nested deeper than the stack allows is none', () => {
    expect(readLoggedObject(`{"a":${'['.repeat(100_000)}NaN${']'.repeat(100_000)}}`)).toBeUndefined();
  });

  it('is read in linear time, whatever is in its strings', () => {
    const text = JSON.stringify({ long: `${'\\"'.repeat(200_000)}NaN` });
    expect(readLoggedObject(`${text.slice(0, -1)},"x":NaN}`)).toMatchObject({ x: Number.NaN });
    expect(readLoggedObject(`{"open":"${'\\"'.repeat(200_000)}NaN`)).toBeUndefined();
  });

  it('of any values comes back as it was', () => {
    const { value } = fc.letrec<{ value: LoggedValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.double(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('NaN', '"NaN"', '\\NaN', '\\"', ':NaN,', 'Infinity', '-Infinity'),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('NaN', ':NaN,')), tie('value')),
      ) as fc.Arbitrary<LoggedValue>,
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (row) => {
        // JSON has no negative zero in the form that JavaScript writes.
        const expected = JSON.parse(JSON.stringify(row), (_name, one: unknown) => one) as unknown;
        const read = readLoggedObject(bareJson(row as LoggedValue));
        expect(JSON.parse(JSON.stringify(read)) as unknown).toEqual(expected);
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});

it.each([
  [1.5, 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['1.5', undefined],
  ['nan', undefined],
  [true, undefined],
  [null, undefined],
  [undefined, undefined],
  [[1], undefined],
])('the number that %j is: %d', (value, expected) => {
  expect(loggedNumber(value)).toBe(expected);
});

describe('the value at a dotted name', () => {
  const row = { a: { b: { c: 1 }, 'b.d': 2 }, 'a.e': 3, 'x/y': { z: 4 }, 'p.q': { r: 5 }, list: [{ a: 1 }] };

  it.each([
    ['a.b.c', 1],
    ['a.b.d', 2],
    ['a.e', 3],
    ['x/y.z', 4],
    ['p.q.r', 5],
    ['a.none', undefined],
    ['list.0', undefined],
    ['constructor', undefined],
    ['a.constructor', undefined],
    ['__proto__.a', undefined],
  ])('%s is %j', (name, expected) => {
    expect(loggedValue(row, name)).toBe(expected);
  });
});

it('a config is read without its wrapping', () => {
  const config = loggedObject('{"lr":{"value":0.1,"desc":null},"plain":3,"_wandb":{"value":{"e":{}}},"none":null}');
  expect(unwrapConfig(config)).toEqual({ lr: 0.1, _wandb: { e: {} } });
  expect(loggedObject(null)).toEqual({});
  expect(loggedObject('no JSON')).toEqual({});
});
