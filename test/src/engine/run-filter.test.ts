import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { RunSnapshot } from '../../../src/engine/run.ts';
import { compileRunFilter, runFilterProblems } from '../../../src/engine/run-filter.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { passes as passesAtServer } from '../../stand-ins/wandb-filter.ts';

const RUN: RunSnapshot = {
  id: 'UnVuOjE=',
  name: 'abc123',
  displayName: 'nightly-1',
  state: 'running',
  createdAt: Date.parse('2026-03-01T12:00:00Z'),
  heartbeatAt: Date.parse('2026-03-01T13:00:00Z'),
  username: 'ada',
  userName: 'Ada',
  tags: ['prod', 'eu-west'],
  group: undefined,
  jobType: 'train',
  sweep: undefined,
  lastStep: 3,
  loggedMetrics: new Set(),
  summary: {},
  fields: { 'config.lr': 0.1, 'config.model.name': 'resnet50', 'config.layers': [1, 2], 'summary_metrics.loss': 0.5, host: 'gpu-7' },
};

const passes = (filter: JsonObject, changes: Partial<RunSnapshot> = {}): boolean =>
  compileRunFilter({ filter }).matches({ ...RUN, ...changes });

describe('a filter on runs', () => {
  it.each<[JsonObject, boolean]>([
    [{}, true],
    [{ $and: [] }, true],
    [{ $or: [{ $and: [] }] }, true],
    [{ $nor: [] }, true],
    [{ $nor: [{ $and: [] }] }, false],
    [{ displayName: 'nightly-1' }, true],
    [{ display_name: { $eq: 'nightly-2' } }, false],
    [{ displayName: { $regex: '^night' } }, true],
    [{ displayName: { $regex: '(?i)NIGHT' } }, true],
    [{ displayName: { $contains: 'ightly' } }, true],
    [{ displayName: { $ne: 'nightly-1' } }, false],
    [{ name: { $in: ['abc123', 'x'] } }, true],
    [{ name: { $nin: ['abc123'] } }, false],
    [{ state: 'running', jobType: 'train' }, true],
    [{ state: 'running', jobType: 'eval' }, false],
    [{ $or: [{ state: 'finished' }, { username: 'ada' }] }, true],
    [{ $nor: [{ state: 'finished' }, { username: 'ada' }] }, false],
    [{ $not: { state: 'finished' } }, true],
    [{ state: { $not: { $eq: 'running' } } }, false],
    [{ state: { $not: { $in: ['finished'] } } }, true],
    [{ tags: 'prod' }, true],
    [{ tags: { $in: ['dev', 'eu-west'] } }, true],
    [{ tags: { $nin: ['prod'] } }, false],
    [{ tags: { $ne: 'dev' } }, true],
    [{ tags: { $regex: '^eu-' } }, true],
    [{ tags: { $contains: 'west' } }, true],
    [{ group: { $exists: false } }, true],
    [{ group: null }, true],
    [{ group: { $ne: 'a' } }, true],
    [{ group: { $not: { $eq: 'a' } } }, true],
    [{ group: { $not: { $exists: true } } }, true],
    [{ group: 'a' }, false],
    [{ jobType: { $exists: true } }, true],
    [{ createdAt: { $gt: '2026-03-01' } }, true],
    [{ createdAt: { $gte: '2026-03-01T12:00:00Z', $lt: '2026-03-01T12:00:01' } }, true],
    [{ createdAt: { $lt: '2026-03-01T13:00:00+02:00' } }, false],
    [{ duration: { $gte: 3600 } }, true],
    [{ duration: { $gt: 3600 } }, false],
    [{ host: { $regex: '^gpu-\\d+$' } }, true],
    [{ 'config.lr': 0.1 }, true],
    [{ 'config.lr': { $gt: 0.05, $lte: 0.1 } }, true],
    [{ 'config.lr': { $gt: 'text' } }, false],
    [{ 'config.model.name': { $in: ['resnet50'] } }, true],
    [{ 'config.layers': 2 }, true],
    [{ 'config.none': { $exists: false } }, true],
    [{ 'config.none': { $gt: 0 } }, false],
    [{ 'summary_metrics.loss': { $lt: 1 } }, true],
    [{ $and: [{ 'summary_metrics.loss': { $lt: 1 } }, { 'summary_metrics.loss': { $gt: 0.7 } }] }, false],
  ])('%j passes: %s', (filter, expected) => {
    expect(runFilterProblems(filter)).toEqual([]);
    expect(passes(filter)).toBe(expected);
  });

  it('is compiled and evaluated without making code from text, which Workers forbid', () => {
    const forbidden = Object.assign(
      () => {
        throw new Error('code from text');
      },
      { prototype: Function.prototype },
    );
    vi.stubGlobal('Function', forbidden);
    vi.stubGlobal('eval', forbidden);
    try {
      expect(passes({ $nor: [{ displayName: { $regex: 'x' } }, { 'config.lr': { $not: { $gt: 0 } } }] })).toBe(true);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('takes no time for an expression that stops other engines', () => {
    expect(passes({ displayName: { $regex: '^(a+)+$' } }, { displayName: `${'a'.repeat(40)}!` })).toBe(false);
  });

  it.each<[string, JsonObject, (string | number)[], string]>([
    ['$where', { $where: 'sleep(1)' }, ['$where'], '$where is not an operator that the relay evaluates'],
    ['$where inside a field', { state: { $where: '1' } }, ['state', '$where'], '$where is not an operator'],
    ['an operator of Mongo that W&B does not have', { tags: { $elemMatch: {} } }, ['tags', '$elemMatch'], '$elemMatch is not'],
    ['$options', { state: { $regex: 'a', $options: 'i' } }, ['state', '$options'], 'write (?i)'],
    ['a misspelt operator', { state: { $exist: true } }, ['state', '$exist'], 'did you mean "$exists"?'],
    ['a misspelt field', { $or: [{ jobtype: 'a' }] }, ['$or', 0, 'jobtype'], 'did you mean "jobType"?'],
    ['a field of another kind', { summaryMetrics: 1 }, ['summaryMetrics'], 'did you mean "summary_metrics"?'],
    ['config without a key', { config: 1 }, ['config'], 'config.KEY'],
    ['a prototype', { constructor: 'a' }, ['constructor'], 'constructor is not a field'],
    ['a look-around', { name: { $regex: '(?=a)' } }, ['name', '$regex'], 'not an RE2 regular expression'],
    ['a regular expression on a number', { duration: { $regex: '1' } }, ['duration', '$regex'], 'duration is no text'],
    ['a list without $in', { tags: ['a'] }, ['tags'], 'use $in'],
    ['$in without a list', { tags: { $in: 'a' } }, ['tags', '$in'], 'must be a list'],
    ['a number for text', { name: 5 }, ['name'], 'must be text: name is'],
    ['a time that is none', { createdAt: { $gt: 'yesterday' } }, ['createdAt', '$gt'], 'must be a time'],
    ['text for seconds', { duration: { $gt: '1h' } }, ['duration', '$gt'], 'must be a number of seconds'],
    ['a comparison with nothing', { 'config.lr': { $gt: null } }, ['config.lr', '$gt'], 'must be a number or text'],
    ['no operator', { state: {} }, ['state'], 'must have an operator'],
    ['an operand that is a mapping', { state: { a: 1 } }, ['state', 'a'], 'must be an operator'],
    ['a group that is no list', { $and: {} }, ['$and'], 'must be a list of filters'],
    ['a group inside a field', { state: { $or: [] } }, ['state', '$or'], 'It tests a field with $eq'],
    ['a test outside of a field', { $eq: 1 }, ['$eq'], 'It combines filters with $and'],
    ['an empty $or', { $or: [] }, ['$or'], 'at least one filter'],
    ['a member that is no filter', { $and: [1] }, ['$and', 0], 'must be a filter'],
    ['$exists with text', { group: { $exists: 'yes' } }, ['group', '$exists'], 'true or false'],
  ])('is refused with %s', (_what, filter, path, message) => {
    expect(runFilterProblems(filter)).toEqual([{ path, message: expect.stringContaining(message) as string }]);
    expect(() => compileRunFilter({ filter })).toThrow(/cannot be compiled/);
  });

  it('names the values that have to be asked for', () => {
    const filter = {
      $or: [{ 'config.lr': 1 }, { $nor: [{ 'summary_metrics.val/loss': { $gt: 1 } }] }, { host: 'a' }, { state: 'running' }],
    };
    expect(compileRunFilter({ filter }).fields).toEqual(['config.lr', 'summary_metrics.val/loss', 'host']);
  });
});

describe('the words of the config', () => {
  it.each<[Parameters<typeof compileRunFilter>[0], boolean]>([
    [undefined, true],
    [{}, true],
    [{ name: 'nightly-1' }, true],
    [{ name: { regex: '^nightly' }, user: 'ada' }, true],
    [{ name: { regex: '^nightly' }, user: { not: 'ada' } }, false],
    [{ tags: 'prod' }, true],
    [{ tags: { not_in: ['prod'] } }, false],
    [{ tags: { in: ['x', 'prod'] } }, true],
    [{ tags: { contains: 'west' } }, true],
    [{ tags: { not: 'dev' } }, true],
  ])('%j passes: %s', (runs, expected) => {
    expect(compileRunFilter(runs).matches(RUN)).toBe(expected);
  });
});

describe('what is sent to the server', () => {
  const server = (filter: JsonObject) => compileRunFilter({ filter }).server;

  it.each<[JsonObject, JsonObject | undefined]>([
    [{}, undefined],
    [{ display_name: 'a' }, { displayName: { $eq: 'a' } }],
    [{ displayName: { $contains: 'a.b' } }, { displayName: { $regex: 'a\\.b' } }],
    [{ displayName: { $ne: 'a' } }, { displayName: { $ne: 'a' } }],
    [{ state: 'running' }, undefined],
    [{ state: 'running', username: 'ada' }, { username: { $eq: 'ada' } }],
    [{ $or: [{ state: 'running' }, { username: 'ada' }] }, undefined],
    [{ $or: [{ group: 'a' }, { username: 'ada' }] }, { $or: [{ group: { $eq: 'a' } }, { username: { $eq: 'ada' } }] }],
    [{ group: { $ne: 'a' } }, undefined],
    [{ group: { $in: ['a', null] } }, undefined],
    [{ tags: { $in: ['a'] } }, { tags: { $in: ['a'] } }],
    [{ tags: { $regex: 'a' } }, undefined],
    [{ $nor: [{ displayName: 'a' }] }, { $nor: [{ displayName: { $eq: 'a' } }] }],
    [{ $nor: [{ displayName: 'a' }, { group: 'b' }] }, undefined],
    [{ $nor: [{ displayName: 'a', state: 'b' }] }, undefined],
    [{ 'config.lr': { $gt: 1, $exists: true } }, { 'config.lr': { $gt: 1 } }],
    [
      { createdAt: { $gte: '2026-01-01', $lt: '2026-02-01' } },
      { $and: [{ createdAt: { $gte: '2026-01-01' } }, { createdAt: { $lt: '2026-02-01' } }] },
    ],
  ])('of %j is %j', (filter, expected) => {
    expect(server(filter)).toEqual(expected);
  });

  it('passes at least the runs that pass', () => {
    const word = fc.constantFrom('a', 'b', 'ab');
    const operand = fc.oneof(
      fc.record({ $eq: fc.option(word) }),
      fc.record({ $ne: fc.option(word) }),
      fc.record({ $in: fc.array(fc.option(word)) }),
      fc.record({ $nin: fc.array(word) }),
      fc.record({ $regex: fc.constantFrom('^a', 'b$', 'z') }),
      fc.record({ $contains: word }),
      fc.record({ $exists: fc.boolean() }),
      fc.record({ $not: fc.record({ $eq: word }) }),
      fc.record({ $gte: word, $lt: word }),
    );
    const field = fc.constantFrom('displayName', 'name', 'group', 'jobType', 'state', 'username', 'tags', 'config.k');
    const { filter } = fc.letrec<{ filter: JsonObject; test: JsonObject; group: JsonObject }>((tie) => ({
      filter: fc.oneof({ depthSize: 'small' }, tie('test'), tie('group')),
      test: fc.tuple(field, operand).map(([name, value]) => ({ [name]: value }) as JsonObject),
      group: fc
        .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
        .map(([key, parts]) => ({ [key]: parts }) as JsonObject),
    }));
    const some = fc.option(word, { nil: undefined });
    const run = fc.record({
      displayName: word,
      name: word,
      group: some,
      jobType: some,
      state: word,
      username: some,
      tags: fc.array(word),
      k: some,
    });
    fc.assert(
      fc.property(filter, run, (given, { k, ...facts }) => {
        const compiled = compileRunFilter({ filter: given });
        const isPassed = compiled.matches({ ...RUN, ...facts, fields: k === undefined ? {} : { 'config.k': k } });
        expect(isPassed).toBe(passesAtServer(given, { ...facts, 'config.k': k }));
        if (isPassed && compiled.server !== undefined) expect(passesAtServer(compiled.server, { ...facts, 'config.k': k })).toBe(true);
      }),
      { numRuns: 3_000, seed: 13 },
    );
  });
});
