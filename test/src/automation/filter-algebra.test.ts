import { describe, expect, it } from 'vitest';
import { mutationFilter, runFilter } from '../../../src/automation/filter-algebra.ts';

/** That simple and compound filters come out as the W&B client's is tested with the fixtures of trigger-input.test.ts. */

const A = { alias: { $eq: 'a' } };
const B = { alias: { $eq: 'b' } };

describe('the client would turn round the meaning of a $nor; here it stays:', () => {
  it.each([
    [{ $nor: [A] }, { $nor: [A] }],
    [{ $not: { $or: [A] } }, { $nor: [A] }],
    [{ $nor: [{ $nor: [A, B] }, B] }, { $nor: [{ $nor: [A, B] }, B] }],
    [{ $not: { $nor: [A] } }, A],
  ])('%j', (raw, kept) => {
    expect(runFilter(raw)).toEqual({ $and: [kept] });
    expect(mutationFilter(raw)).toEqual({ $or: [{ $and: [kept] }] });
  });
});

describe('an operator that the client does not know', () => {
  // The client makes a $and of the $or around it.
  it('leaves what is around it alone', () => {
    expect(runFilter({ $or: [A, { $where: 'x' }] })).toEqual({ $and: [{ $or: [A, { $where: 'x' }] }] });
  });
});

describe('each comparison that is negated becomes its opposite', () => {
  it.each([
    ['$eq', '$ne'],
    ['$lt', '$gte'],
    ['$gt', '$lte'],
  ])('%s and %s', (one, other) => {
    expect(runFilter({ $not: { [one]: 1 } })).toEqual({ $and: [{ [other]: 1 }] });
    expect(runFilter({ $not: { [other]: 1 } })).toEqual({ $and: [{ [one]: 1 }] });
  });

  it('in, not in, exists', () => {
    expect(runFilter({ $not: { $in: ['a'] } })).toEqual({ $and: [{ $nin: ['a'] }] });
    expect(runFilter({ $not: { $nin: ['a'] } })).toEqual({ $and: [{ $in: ['a'] }] });
    expect(runFilter({ $not: { $exists: true } })).toEqual({ $and: [{ $exists: false }] });
  });
});
