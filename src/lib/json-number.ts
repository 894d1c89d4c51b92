/**
 * A number of a JSON document whose text a double would change: a 64-bit id, a long decimal, `1e400`, `1.0`. It keeps its
 * text, and is written with it.
 *
 * In arithmetic it is the nearest double. Comparisons are exact. LiquidJS calls `equals`, `gt`, `geq`, `lt` and `leq` in
 * conditions (its interface `Comparable`).
 */
export class JsonNumber {
  /** A number of JSON's grammar. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return rawJson(this.text);
  }

  toString(): string {
    return this.text;
  }

  valueOf(): number {
    return Number(this.text);
  }

  equals(other: unknown): boolean {
    return isNumeric(other) && compare(this, other) === 0;
  }

  gt(other: unknown): boolean {
    return isNumeric(other) && compare(this, other) > 0;
  }

  geq(other: unknown): boolean {
    return isNumeric(other) && compare(this, other) >= 0;
  }

  lt(other: unknown): boolean {
    return isNumeric(other) && compare(this, other) < 0;
  }

  leq(other: unknown): boolean {
    return isNumeric(other) && compare(this, other) <= 0;
  }
}

/** A number of JSON's grammar as a value: a double where that keeps the text. */
export function numberOf(text: string): number | JsonNumber {
  const double = Number(text);
  return String(double) === text ? double : new JsonNumber(text);
}

/** One text for all ways to write the same number: `1.0`, `1` and `10e-1` are equal, `9007199254740993` is itself. */
export function canonicalNumber({ text }: JsonNumber): string {
  const exact = decimalOf(text);
  const double = Number(text);
  if (Number.isFinite(double) && sameDecimal(exact, decimalOf(String(double)))) return JSON.stringify(double);
  return `${exact.negative ? '-' : ''}0.${exact.digits}e${exact.point}`;
}

/** ± 0.DIGITS × 10^point, without zeros at either end of the digits; zero has no digits and no sign. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: bigint;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  const start = all.search(/[1-9]/);
  if (start === -1) return { negative: false, digits: '', point: 0n };
  const point = BigInt(exponent.replace('+', '')) + BigInt(whole.length - start);
  let end = all.length;
  while (all[end - 1] === '0') end--;
  return { negative: sign === '-', digits: all.slice(start, end), point };
}

function sameDecimal(one: Decimal, other: Decimal): boolean {
  return one.negative === other.negative && one.digits === other.digits && one.point === other.point;
}

/** Only numbers are compared. Text and NaN are equal to no number, as with JavaScript's `===`. */
function isNumeric(value: unknown): value is number | JsonNumber {
  return value instanceof JsonNumber || (typeof value === 'number' && !Number.isNaN(value));
}

function compare(one: JsonNumber, other: number | JsonNumber): number {
  if (other === Infinity || other === -Infinity) return other > 0 ? -1 : 1;
  const [a, b] = [decimalOf(one.text), decimalOf(String(other))];
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  return a.negative ? -compareSize(a, b) : compareSize(a, b);
}

/** Digits without zeros at either end are compared as fractions. */
function compareSize(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return Math.sign(a.digits.length - b.digits.length);
  if (a.point !== b.point) return a.point < b.point ? -1 : 1;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

/** `JSON.rawJSON` is in Node from 22 and in workerd; TypeScript's libraries do not have it yet. */
function rawJson(text: string): unknown {
  return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(text);
}
