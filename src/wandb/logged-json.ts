import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';

/**
 * Reads what runs logged. W&B sends numbers that JSON does not have in two ways (seen with the client 0.30): bare in the rows
 * of `history` and `events` (`{"loss":NaN}`), as text in `sampledHistory` and in summaries (`"NaN"`).
 */

/** A row in which NaN and infinities are numbers. */
export type LoggedJson = { readonly [name: string]: unknown };

/** Stands for a bare NaN while the text is parsed: no name that W&B accepts begins with a NUL character. */
const NAN_MARK = '\u0000NaN';
/** What stands for each: a number that is too large for a double becomes infinite. */
const BARE_WORDS: readonly (readonly [string, string])[] = [
  ['NaN', JSON.stringify(NAN_MARK)],
  ['Infinity', '1e999'],
  ['-Infinity', '-1e999'],
];

/** Reads a JSON object that may have bare NaN and infinities; `undefined` for anything else. Text inside strings is left alone. */
export function readLoggedObject(text: string): LoggedJson | undefined {
  const hasBareWords = /NaN|Infinity/.test(text);
  try {
    const value: unknown = hasBareWords ? parseWithBareWords(text) : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as LoggedJson) : undefined;
  } catch {
    return undefined;
  }
}

function parseWithBareWords(text: string): unknown {
  return JSON.parse(withoutBareWords(text), (_name, value: unknown) => (value === NAN_MARK ? Number.NaN : value)) as unknown;
}

/** Each character is looked at once: an expression that skips strings takes forever when a string has no end. */
function withoutBareWords(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; ) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at + 1);
      continue;
    }
    const word =
      character === 'N' || character === 'I' || character === '-' ? BARE_WORDS.find(([bare]) => text.startsWith(bare, at)) : undefined;
    if (word === undefined) {
      at += 1;
      continue;
    }
    const [bare, json] = word;
    parts.push(text.slice(from, at), json);
    at += bare.length;
    from = at;
  }
  return parts.join('') + text.slice(from);
}

function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** The number that a value is, NaN and infinities among them, bare or as text; `undefined`: no number. */
export function loggedNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity' || value === '+Infinity') return Number.POSITIVE_INFINITY;
  return value === '-Infinity' ? Number.NEGATIVE_INFINITY : undefined;
}

/** The value at a dotted name: under the name itself, or nested. A name may have dots of its own. */
export function loggedValue(row: LoggedJson, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    const inner = Object.hasOwn(row, key) ? row[key] : undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) continue;
    const found = loggedValue(inner as LoggedJson, name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A JSON object inside a text, as W&B sends summaries and configs; empty when it is none. */
export function loggedObject(text: string | null | undefined): LoggedJson {
  return text === null || text === undefined ? {} : (readLoggedObject(text) ?? {});
}

/** The values of a config without W&B's wrapping, `{"lr": {"value": 0.1}}`. */
export function unwrapConfig(config: LoggedJson): JsonObject {
  const values = Object.entries(config).flatMap(([name, wrapped]): [string, JsonValue][] => {
    const inner = wrapped as JsonValue;
    return isJsonObject(inner) && inner.value !== undefined ? [[name, inner.value]] : [];
  });
  return Object.fromEntries(values);
}

/** A `Date` goes so far from 1970 (ECMAScript, "Time Values and Time Range"). Milliseconds. */
const LAST_DATE_MS = 8.64e15;

/** A `_timestamp`, which is in seconds, in milliseconds. A run may log anything under that name: what is no date is no time. */
export function loggedTime(seconds: unknown): number | undefined {
  const at = Math.round((loggedNumber(seconds) ?? Number.NaN) * 1000);
  return Math.abs(at) <= LAST_DATE_MS ? at : undefined;
}
