import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { oneLine } from './one-line.ts';

/** Nested deeper than this, a value is left out. */
const MAX_DEPTH = 8;

export interface Capped {
  readonly value: JsonObject;
  /** True if a value was left out or cut. */
  readonly truncated: boolean;
}

/**
 * Limits a document from outside so that it can be stored and sent: every text is one line of limited length, numbers are
 * finite, the key `__proto__` is removed, and the JSON has at most `maxBytes` bytes. Values that are too deep are removed
 * first, then the largest entries. Large objects are kept in part.
 */
export function capObject(object: JsonObject, maxBytes: number): Capped {
  const clean = cleanedObject(object, 1);
  if (bytesOf(clean.value) <= maxBytes) return clean;
  return { value: fitted(clean.value, maxBytes), truncated: true };
}

function cleanedObject(object: JsonObject, depth: number): Capped {
  const entries: [string, JsonValue][] = [];
  let truncated = false;
  for (const [name, item] of Object.entries(object)) {
    const key = oneLine(name);
    const clean = cleaned(item, depth + 1);
    const kept = key === '__proto__' ? undefined : clean.value;
    truncated ||= clean.truncated || kept === undefined || key.length < name.trim().length;
    if (kept !== undefined) entries.push([key, kept]);
  }
  return { value: Object.fromEntries(entries), truncated };
}

function cleaned(value: JsonValue, depth: number): { readonly value: JsonValue | undefined; readonly truncated: boolean } {
  if (typeof value === 'string') {
    const line = oneLine(value);
    return { value: line, truncated: line.length < value.trim().length };
  }
  // JSON readers of workflows use doubles. A number outside of their range would become infinite.
  if (value instanceof JsonNumber) return { value: Number.isFinite(value.valueOf()) ? value : undefined, truncated: false };
  // JSON.stringify writes -0 as 0.
  if (typeof value === 'number') return { value: Number.isFinite(value) ? value + 0 : undefined, truncated: false };
  if (typeof value !== 'object' || value === null) return { value, truncated: false };
  if (depth > MAX_DEPTH) return { value: undefined, truncated: true };
  if (!Array.isArray(value)) return cleanedObject(value, depth);
  const items = value.map((item) => cleaned(item, depth + 1));
  // The index in a list has a meaning, so a removed item becomes null.
  return { value: items.map((item) => item.value ?? null), truncated: items.some((item) => item.truncated) };
}

/** Keeps small entries whole and large objects in part. A list is kept whole or not at all. */
function fitted(object: JsonObject, maxBytes: number): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => ({ key, value, bytes: bytesOf(value), overhead: bytesOf(key) + 2 }));
  let left = maxBytes - 2;
  const kept = new Map<string, JsonValue>();
  for (const { key, value, bytes, overhead } of entries.toSorted((a, b) => a.overhead + a.bytes - b.overhead - b.bytes)) {
    const part = overhead + bytes <= left ? value : isJsonObject(value) ? partOf(value, left - overhead) : undefined;
    if (part === undefined) continue;
    kept.set(key, part);
    left -= overhead + bytesOf(part);
  }
  return Object.fromEntries(entries.flatMap(({ key }) => (kept.has(key) ? [[key, kept.get(key) as JsonValue]] : [])));
}

function partOf(object: JsonObject, maxBytes: number): JsonObject | undefined {
  const part = fitted(object, maxBytes);
  return Object.keys(part).length === 0 ? undefined : part;
}

function bytesOf(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value));
}
