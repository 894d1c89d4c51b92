import { GraphQLError } from 'graphql';

/** W&B's `filters` argument, as far as the stand-in supports it: Mongo's operators on the fields of one object. */

type Fields = Readonly<Record<string, unknown>>;

/** Whether a thing passes a filter; a word or field that is not known is an error. */
export function passes(filter: unknown, fields: Fields): boolean {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) throw new GraphQLError('a filter is an object');
  return Object.entries(filter).every(([key, value]) => {
    if (key === '$and') return list(value).every((part) => passes(part, fields));
    if (key === '$or') return list(value).some((part) => passes(part, fields));
    if (key === '$not') return !passes(value, fields);
    if (!(key in fields)) throw new GraphQLError(`cannot filter by ${key}`);
    return holds(value, fields[key]);
  });
}

function holds(condition: unknown, value: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return condition === value;
  return Object.entries(condition).every(([word, operand]) => {
    switch (word) {
      case '$eq':
        return value === operand;
      case '$ne':
        return value !== operand;
      case '$in':
        return list(operand).includes(value);
      case '$nin':
        return !list(operand).includes(value);
      case '$contains':
        return String(value).includes(String(operand));
      case '$regex':
        return new RegExp(String(operand)).test(String(value));
      default:
        throw new GraphQLError(`unknown operator ${word}`);
    }
  });
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new GraphQLError('expected a list');
  return value;
}
