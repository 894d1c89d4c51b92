import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import type { Match } from '../route/match.ts';

/**
 * A MATCH of the config, and the equal Mongo-like filter on one field.
 * Source of the operators: `wandb/_filters/operators.py` of the W&B client; `$contains` is W&B's own.
 */

/**
 * The server's names for the words of `runs`. `display_name` is the one that the client puts in place of a run's name
 * (`events.py`); it has no word for the user, and `username` is what the API's filters on runs call it.
 */
export const RUN_FIELDS = { name: 'display_name', user: 'username' } as const;

/** The filter of a MATCH on a field, named as the server names it. */
export function matchFilter(field: string, match: Match): JsonObject {
  return { [field]: operand(match) };
}

function operand(match: Match): JsonObject {
  if (typeof match === 'string') return { $eq: match };
  if (match.regex !== undefined) return { $regex: match.regex };
  if (match.contains !== undefined) return { $contains: match.contains };
  if (match.in !== undefined) return { $in: match.in };
  if (match.not_in !== undefined) return { $nin: match.not_in };
  return { $ne: match.not ?? '' };
}

/** The MATCH that is equal to a filter on one field, or `undefined`. */
export function matchOf(filter: JsonObject): { readonly field: string; readonly match: Match } | undefined {
  const [field, value] = onlyEntry(filter) ?? [];
  if (field === undefined || field.startsWith('$') || !isJsonObject(value)) return undefined;
  const [operator, wanted] = onlyEntry(value) ?? [];
  const match = operator === undefined ? undefined : matchOfOperand(operator, wanted);
  return match === undefined ? undefined : { field, match };
}

function matchOfOperand(operator: string, wanted: JsonValue | undefined): Match | undefined {
  if (typeof wanted === 'string') {
    switch (operator) {
      case '$eq':
        return wanted;
      case '$ne':
        return { not: wanted };
      case '$regex':
        return { regex: wanted };
      case '$contains':
        return { contains: wanted };
      default:
        return undefined;
    }
  }
  if (!Array.isArray(wanted) || wanted.length === 0) return undefined;
  const texts = wanted.filter((item) => typeof item === 'string');
  if (texts.length !== wanted.length) return undefined;
  if (operator === '$in') return { in: texts };
  return operator === '$nin' ? { not_in: texts } : undefined;
}

function onlyEntry(object: JsonObject): [string, JsonValue] | undefined {
  const entries = Object.entries(object);
  return entries.length === 1 ? entries[0] : undefined;
}
