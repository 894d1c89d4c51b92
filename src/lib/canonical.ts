import { createHash } from 'node:crypto';
import type { JsonValue } from './json.ts';
import { canonicalNumber, JsonNumber } from './json-number.ts';

/** JSON with sorted keys: equal values give equal text, in every spelling of their numbers. */
export function canonicalJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return canonicalNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** A short name for a value: the first `length` hex digits of the SHA-256 of its canonical JSON. */
export function fingerprintOf(value: JsonValue, length = 64): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, length);
}
