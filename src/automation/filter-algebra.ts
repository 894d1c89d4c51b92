import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';

/**
 * The form of filters that W&B expects, and the simplification that its Python client applies first.
 *
 * Source of the facts: `wandb/_filters/filterutils.py` and `wandb/automations/_validators.py` of the client, 0.30.0,
 * observed by running it. The client parses a filter several times before it sends it, so what it sends is simplified
 * repeatedly.
 *
 * One difference is intended. The client takes the only child out of a `$nor` and merges a `$nor` into one around it, as
 * it does with `$and` and `$or`. Both would invert the meaning (`$nor: [a]` would become `a`), so we keep such a `$nor`.
 */

const LISTS: ReadonlySet<string> = new Set(['$and', '$or', '$nor']);

/** The negation of each operator, as far as the client writes one instead of `$not`. */
const OPPOSITES: Readonly<Record<string, string>> = {
  $or: '$nor',
  $nor: '$or',
  $eq: '$ne',
  $ne: '$eq',
  $lt: '$gte',
  $gte: '$lt',
  $gt: '$lte',
  $lte: '$gt',
  $in: '$nin',
  $nin: '$in',
};

/** The event filter of an artifact or collection event: `{"$or":[{"$and":[…]}]}`. */
export function mutationFilter(raw: JsonObject | undefined): JsonObject {
  return { $or: [conjunction(raw)] };
}

/** The filter on runs of a run event: `{"$and":[…]}`. */
export function runFilter(raw: JsonObject | undefined): JsonObject {
  return conjunction(raw);
}

function conjunction(raw: JsonObject | undefined): JsonObject {
  if (raw === undefined) return { $and: [] };
  const simple = fullySimplified(normalised(raw));
  return onlyKey(simple) === '$and' ? simple : { $and: [simple] };
}

function onlyKey(filter: JsonObject): string | undefined {
  const keys = Object.keys(filter);
  return keys.length === 1 ? keys[0] : undefined;
}

/** Several keys become a `$and`, and a field with a plain value becomes `$eq`. Operands of fields stay as they are. */
function normalised(filter: JsonObject): JsonObject {
  const entries = Object.entries(filter);
  const [first] = entries;
  if (first === undefined) return filter;
  if (entries.length > 1) return { $and: entries.map(([key, value]) => normalised({ [key]: value })) };
  const [key, value] = first;
  if (LISTS.has(key) && Array.isArray(value)) return { [key]: value.map((child) => (isJsonObject(child) ? normalised(child) : child)) };
  if (key === '$not' && isJsonObject(value)) return { $not: normalised(value) };
  if (key.startsWith('$') || isJsonObject(value)) return filter;
  return { [key]: { $eq: value } };
}

function fullySimplified(filter: JsonObject): JsonObject {
  let before = filter;
  for (;;) {
    const after = simplified(before);
    if (JSON.stringify(after) === JSON.stringify(before)) return after;
    before = after;
  }
}

function simplified(filter: JsonObject): JsonObject {
  const key = onlyKey(filter);
  const value = key === undefined ? undefined : filter[key];
  if (key === '$not' && isJsonObject(value)) return simplifiedNegation(value);
  if (key === undefined || !LISTS.has(key) || !Array.isArray(value)) return filter;
  const children = (key === '$nor' ? value : value.flatMap((child) => flattened(child, key))).map((child) =>
    isJsonObject(child) ? simplified(child) : child,
  );
  const [only] = children;
  return children.length === 1 && isJsonObject(only) && key !== '$nor' ? only : { [key]: children };
}

function flattened(child: JsonValue, key: string): JsonValue[] {
  if (!isJsonObject(child) || onlyKey(child) !== key) return [child];
  const inner = child[key];
  return Array.isArray(inner) ? inner.flatMap((grandchild) => flattened(grandchild, key)) : [child];
}

function simplifiedNegation(child: JsonObject): JsonObject {
  const key = onlyKey(child);
  const value = key === undefined ? undefined : child[key];
  if (key === '$not' && isJsonObject(value)) return simplified(value);
  if (key === '$exists' && typeof value === 'boolean') return { $exists: !value };
  const opposite = key === undefined ? undefined : OPPOSITES[key];
  return opposite === undefined || value === undefined ? { $not: simplified(child) } : simplified({ [opposite]: value });
}
