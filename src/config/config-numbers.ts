import { type Document, isScalar, visit } from 'yaml';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber, numberOf } from '../lib/json-number.ts';

/** Numbers below these keys are sent as written. Every other number of a config is a double. */
const SENT_AS_WRITTEN: ReadonlySet<string> = new Set(['client_payload', 'inputs', 'payload']);

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** YAML 1.2's other ways to write a whole number. */
const YAML_INTEGER = /^(?:0o[0-7]+|0x[\da-fA-F]+|\+?\d+)$/;

/** Replaces the numbers of a parsed document that a double would change with a `JsonNumber`. Keys stay as they are. */
export function keepNumbers(document: Document): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'number' || node.source === undefined) return;
      const text = jsonTextOf(node.source);
      if (text !== undefined) node.value = numberOf(text);
    },
  });
}

function jsonTextOf(source: string): string | undefined {
  if (JSON_NUMBER.test(source)) return source;
  return YAML_INTEGER.test(source) ? String(BigInt(source.replace('+', ''))) : undefined;
}

/** The document with exact numbers only where they are sent, and doubles elsewhere. */
export function exactWhereSent(value: JsonValue, isSent = false): JsonValue {
  if (value instanceof JsonNumber) return isSent ? value : value.valueOf();
  if (Array.isArray(value)) return value.map((item) => exactWhereSent(item, isSent));
  if (!isJsonObject(value)) return value;
  return mapValues(value, (item, key) => exactWhereSent(item, isSent || SENT_AS_WRITTEN.has(key)));
}

/** The document for zod: all numbers are finite doubles. */
export function withDoubles(value: JsonValue): JsonValue {
  if (value instanceof JsonNumber) return Math.min(Math.max(value.valueOf(), -Number.MAX_VALUE), Number.MAX_VALUE);
  if (Array.isArray(value)) return value.map(withDoubles);
  return isJsonObject(value) ? mapValues(value, withDoubles) : value;
}

/** The parsed `withDoubles(exact)` with its exact numbers restored. */
export function withExactNumbers<T>(checked: T, exact: JsonValue | undefined): T {
  if (exact instanceof JsonNumber) return exact as T;
  if (Array.isArray(checked) && Array.isArray(exact)) return checked.map((item, i) => withExactNumbers(item, exact[i])) as T;
  if (!isJsonObject(checked as JsonValue) || !isJsonObject(exact)) return checked;
  return mapValues(checked as JsonObject, (item, key) => withExactNumbers(item, Object.hasOwn(exact, key) ? exact[key] : undefined)) as T;
}

function mapValues(object: JsonObject, change: (value: JsonValue, key: string) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
