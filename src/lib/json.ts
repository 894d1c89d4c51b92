import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { JsonNumber, numberOf } from './json-number.ts';
import { err, ok, type Result } from './result.ts';

/** Any value that JSON can hold. A number that a double would change is a `JsonNumber`, where it was parsed exactly. */
export type JsonValue = string | number | JsonNumber | boolean | null | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

/** A deeper document is an attack on recursive code. */
export const MAX_JSON_DEPTH = 64;

const TOO_DEEP = `nested more than ${MAX_JSON_DEPTH} levels deep`;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

/** Parses strict JSON like `parseJson`, and keeps the text of every number that a double would change. */
export function parseExactJson(text: string): Result<JsonValue, string> {
  return parseWith(text, readExactJson);
}

/**
 * Reads JSON that we wrote ourselves, and keeps the text of every number that a double would change.
 *
 * @throws SyntaxError for text that is not JSON
 */
export function readExactJson(text: string): JsonValue {
  return hasExactNumber(text) ? exactJson(text) : (JSON.parse(text) as JsonValue);
}

/** Every number that a double can change: it has a fraction, an exponent or sixteen digits, or is a negative zero. */
const CANDIDATE = /(?:^|[[:,\s])(-?(?:\d+[.eE][\d.eE+-]*|\d{16,})|-0)/g;

/**
 * Whether a double changes any number of the text. Part of a string may look like such a number. That costs time and does
 * not change the result. Without this check every body would be parsed with the reviver, which is many times slower.
 */
function hasExactNumber(text: string): boolean {
  CANDIDATE.lastIndex = 0;
  for (let found = CANDIDATE.exec(text); found !== null; found = CANDIDATE.exec(text)) {
    if (typeof numberOf(found[1] ?? '') !== 'number') return true;
  }
  return false;
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** The reviver's third argument holds the text of a number (ECMAScript, "JSON.parse source text access"; Node from 22, workerd). */
const keepNumbers: Reviver = (_key, value, { source }) => (typeof value === 'number' && source !== undefined ? numberOf(source) : value);

function exactJson(text: string): JsonValue {
  return JSON.parse(text, keepNumbers as Parameters<typeof JSON.parse>[1]) as JsonValue;
}

/**
 * Parses strict JSON. Numbers become doubles, for documents whose large numbers are not used.
 *
 * The error is `line L, column C: reason` (both from 1). V8's own message has no position for short texts, so a second
 * parser finds it, only after the first has failed.
 */
export function parseJson(text: string): Result<JsonValue, string> {
  return parseWith(text, (json) => JSON.parse(json) as JsonValue);
}

function parseWith(text: string, parse: (text: string) => JsonValue): Result<JsonValue, string> {
  let value: JsonValue;
  try {
    value = parse(text);
  } catch (error) {
    // A reviver recurses, so very deep nesting overflows the stack.
    return err(error instanceof RangeError ? TOO_DEEP : describeJsonError(text));
  }
  return depthOf(value, MAX_JSON_DEPTH) > MAX_JSON_DEPTH ? err(TOO_DEEP) : ok(value);
}

function describeJsonError(text: string): string {
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  } catch {
    // The tolerant parser recurses, so very deep nesting overflows its stack.
    return TOO_DEEP;
  }
  const first = errors[0];
  // V8 refuses some text that the tolerant parser accepts, such as a raw tab inside a string.
  if (first === undefined) return 'not valid JSON (a control character inside a string?)';
  const { line, column } = lineAndColumn(text, first.offset);
  const what = printParseErrorCode(first.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return `line ${line}, column ${column}: ${what}`;
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

/** The nesting depth of a value, counted no further than one past `limit`. */
function depthOf(value: JsonValue, limit: number): number {
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    deepest = Math.max(deepest, depthOf(child, limit - 1));
    if (deepest >= limit) break;
  }
  return deepest + 1;
}

/**
 * Rebuilds a value with every string, keys included, passed through `change`; the same object if nothing changed.
 *
 * @param changeNumber is shown each number as it is written; what it changes becomes that text
 */
export function mapStrings(value: JsonValue, change: (text: string) => string, changeNumber?: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (typeof value === 'number' || value instanceof JsonNumber) {
    const text = changeNumber?.(String(value)) ?? String(value);
    return text === String(value) ? value : text;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => mapStrings(item, change, changeNumber));
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  let changed = false;
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => {
    const newKey = change(key);
    const newItem = mapStrings(item, change, changeNumber);
    changed ||= newKey !== key || newItem !== item;
    return [newKey, newItem];
  });
  return changed ? Object.fromEntries(entries) : value;
}
