import { isJsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';

/**
 * The value at a dotted path of a body, as text: `client_payload.stage`, `runs.0.id`. A number is its own text. A key may
 * have dots: the shortest key that leads to a value is used. `undefined` for a missing value, null, a list or an object.
 */
export function payloadText(payload: JsonValue, path: string): string | undefined {
  const value = valueAt(payload, path);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof JsonNumber ? String(value) : undefined;
}

function valueAt(from: JsonValue, path: string): JsonValue | undefined {
  if (!isJsonObject(from) && !Array.isArray(from)) return undefined;
  const own = (key: string): JsonValue | undefined => {
    if (Array.isArray(from)) return /^\d+$/.test(key) ? from[Number(key)] : undefined;
    return Object.hasOwn(from, key) ? from[key] : undefined;
  };
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const inner = own(path.slice(0, dot));
    const found = inner === undefined ? undefined : valueAt(inner, path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return own(path);
}
