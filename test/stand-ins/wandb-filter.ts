import { GraphQLError } from 'graphql';

/** W&B's `filters` argument, as far as the stand-in supports it: Mongo's operators on the fields of one object. */

type Fields = Readonly<Record<string, unknown>>;

/** Whether a thing passes a filter; a word or field that is not known is an error. */
export function passes(filter: unknown, fields: Fields): boolean {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) throw new GraphQLError('a filter is an object');
  return Object.entries(filter).every(([key, value]) => {
    if (key === '$and') return list(value).every((part) => passes(part, fields));
    if (key === '$or') return list(value).some((part) => passes(part, fields));
    if (key === '$nor') return !list(value).some((part) => passes(part, fields));
    if (key === '$not') return !passes(value, fields);
    if (!(key in fields)) throw new GraphQLError(`cannot filter by ${key}`);
    return holds(value, fields[key]);
  });
}

/** A list has a value when one of its elements is it, as with Mongo. */
function holds(condition: unknown, value: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return is(value, condition);
  return Object.entries(condition).every(([word, operand]) => {
    switch (word) {
      case '$eq':
        return is(value, operand);
      case '$ne':
        return !is(value, operand);
      case '$in':
        return list(operand).some((one) => is(value, one));
      case '$nin':
        return !list(operand).some((one) => is(value, one));
      case '$contains':
        return each(value).some((one) => String(one).includes(String(operand)));
      case '$regex':
        return each(value).some((one) => typeof one === 'string' && new RegExp(String(operand)).test(one));
      case '$gt':
        return each(value).some((one) => comparable(one, operand) && (one as number) > (operand as number));
      case '$gte':
        return each(value).some((one) => comparable(one, operand) && (one as number) >= (operand as number));
      case '$lt':
        return each(value).some((one) => comparable(one, operand) && (one as number) < (operand as number));
      case '$lte':
        return each(value).some((one) => comparable(one, operand) && (one as number) <= (operand as number));
      case '$exists':
        return (value !== undefined) === operand;
      case '$not':
        return !holds(operand, value);
      default:
        throw new GraphQLError(`unknown operator ${word}`);
    }
  });
}

function is(value: unknown, wanted: unknown): boolean {
  return value === wanted || (wanted === null && value === undefined) || (Array.isArray(value) && value.includes(wanted));
}

function each(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function comparable(value: unknown, operand: unknown): boolean {
  return typeof value === typeof operand && (typeof value === 'number' || typeof value === 'string');
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new GraphQLError('expected a list');
  return value;
}
