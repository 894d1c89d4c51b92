import { isJsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';

/** `{{ each.project }}`: replaced when the config is read. Every other `{{ }}` is left alone. */
export const EACH = /\{\{-?\s*each\.([A-Za-z_]\w*)\s*-?\}\}/g;

/**
 * A value with every `{{ each.WORD }}` replaced, in keys too. A text that is one whole `{{ each.WORD }}` becomes the value
 * itself, so a number stays a number.
 */
export function replaceEach(value: JsonValue, values: Readonly<Record<string, JsonValue>>): JsonValue {
  if (typeof value === 'string') {
    const whole = new RegExp(`^${EACH.source}$`).exec(value)?.[1];
    if (whole !== undefined && Object.hasOwn(values, whole)) return values[whole] ?? null;
    return replaceInText(value, values);
  }
  if (value instanceof JsonNumber) return value;
  if (Array.isArray(value)) return value.map((item) => replaceEach(item, values));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [replaceInText(key, values), replaceEach(inner, values)]));
}

function replaceInText(text: string, values: Readonly<Record<string, JsonValue>>): string {
  return text.replace(EACH, (whole, word: string) => (Object.hasOwn(values, word) ? String(values[word]) : whole));
}
