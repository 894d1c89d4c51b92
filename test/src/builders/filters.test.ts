import { describe, expect, it } from 'vitest';
import { eventFilter } from '../../../src/automation/event-filter.ts';
import {
  abs,
  and,
  artifactEvent,
  automation,
  config,
  doNothing,
  not,
  onAddArtifactAlias,
  onRunMetric,
  onRunState,
  or,
  project,
  runEvent,
} from '../../../src/builders/builders.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { JsonValue } from '../../../src/lib/json.ts';
import { theValue } from '../event/samples.ts';

/** What is expected here was printed by W&B's Python client 0.30.0 for the same composition with `&`, `|` and `~`. */

const { alias: A, tag: T } = artifactEvent;
const { name: N, state: S, metric: M } = runEvent;
const train = project('train');

type Condition = Parameters<typeof onRunMetric>[1] | Parameters<typeof onRunState>[1];

function sent(event: ReturnType<typeof onAddArtifactAlias> | ReturnType<typeof onRunMetric>): JsonValue {
  const text = JSON.stringify(config({ entity: 'acme', automations: [automation({ name: 'x', event, action: doNothing() })] }));
  const [definition] = theValue(readConfig(text, 'wandb-relay.json')).automations;
  if (definition === undefined) throw new Error('the config has one automation');
  return JSON.parse(eventFilter(definition)) as JsonValue;
}

describe('a composition of conditions on artifacts', () => {
  const a = { alias: { $eq: 'a' } };
  const b = { alias: { $eq: 'b' } };

  it.each([
    ['a | b', or(A.eq('a'), A.eq('b')), [{ $or: [a, b] }]],
    ['(a | b) | c', or(or(A.eq('a'), A.eq('b')), A.eq('c')), [{ $or: [a, b, { alias: { $eq: 'c' } }] }]],
    [
      '(a & b) & t',
      and(and(A.ne('a'), A.ne('b')), T.in(['x', 'y'])),
      [{ alias: { $ne: 'a' } }, { alias: { $ne: 'b' } }, { tag: { $in: ['x', 'y'] } }],
    ],
    ['~a', not(A.eq('a')), [{ $not: a }]],
    ['~~a', not(not(A.eq('a'))), [a]],
    ['~(a | b)', not(or(A.eq('a'), A.eq('b'))), [{ $nor: [a, b] }]],
    ['~~(a | b)', not(not(or(A.eq('a'), A.eq('b')))), [{ $or: [a, b] }]],
    ['~(a & t)', not(and(A.eq('a'), T.eq('b'))), [{ $not: { $and: [a, { tag: { $eq: 'b' } }] } }]],
    [
      '(a | b) & ~t',
      and(or(A.eq('a'), A.matchesRegex('^b')), not(T.contains('x'))),
      [{ $or: [a, { alias: { $regex: '^b' } }] }, { $not: { tag: { $contains: 'x' } } }],
    ],
    [
      '(a & t) | (b & t)',
      or(and(A.eq('a'), T.eq('x')), and(A.eq('b'), T.ne('y'))),
      [{ $or: [{ $and: [a, { tag: { $eq: 'x' } }] }, { $and: [b, { tag: { $ne: 'y' } }] }] }],
    ],
    ['a & (b & c)', and(A.gt('a'), and(A.lt('z'), A.ne('m'))), [{ alias: { $gt: 'a' } }, { alias: { $lt: 'z' } }, { alias: { $ne: 'm' } }]],
    ['~(a | b) | t', or(not(or(A.eq('a'), A.eq('b'))), T.eq('x')), [{ $or: [{ $nor: [a, b] }, { tag: { $eq: 'x' } }] }]],
    ['~(~a & b)', not(and(not(A.eq('a')), A.eq('b'))), [{ $not: { $and: [{ $not: a }, b] } }]],
    ['exists', and(T.exists(), not(A.exists(false))), [{ tag: { $exists: true } }, { $not: { alias: { $exists: false } } }]],
    ['gte, lte', and(A.gte(1), A.lte(2.5)), [{ alias: { $gte: 1 } }, { alias: { $lte: 2.5 } }]],
    ['eq of a list', A.eq(['a', 'b']), [{ alias: { $eq: ['a', 'b'] } }]],
    ['in nothing', A.in([]), [{ alias: { $in: [] } }]],
    ['not in', A.notIn(['a']), [{ alias: { $nin: ['a'] } }]],
    ['the field of another event', T.eq('a'), [{ tag: { $eq: 'a' } }]],
    ['a raw filter', artifactEvent.filter({ alias: 'a', tag: { $ne: 'b' } }), [a, { tag: { $ne: 'b' } }]],
  ])('%s', (_what, condition, conjunction) => {
    expect(sent(onAddArtifactAlias(train, condition))).toEqual({ $or: [{ $and: conjunction }] });
  });
});

describe('conditions on runs with one on a metric or a state', () => {
  const x = { display_name: { $contains: 'x' } };
  const a = { display_name: { $eq: 'a' } };
  const b = { display_name: { $eq: 'b' } };
  const threshold = { threshold_filter: { name: 'loss', agg_op: null, window_size: 1, cmp_op: '$gt', threshold: 1 } };
  const average = { threshold_filter: { name: 'loss', agg_op: 'AVERAGE', window_size: 3, cmp_op: '$lte', threshold: 1 } };
  const change = {
    name: 'loss',
    agg_op: 'MAX',
    current_window_size: 2,
    change_amount: 2,
    prior_window_size: 50,
    change_type: 'ABSOLUTE',
    change_dir: 'INCREASE',
  };

  const filterOf = (condition: Condition) =>
    sent(condition.kind === 'metric' ? onRunMetric(train, condition) : onRunState(train, condition)) as Record<string, string>;

  it.each<[string, Condition, object[], object]>([
    ['name & metric', and(N.contains('x'), M('loss').gt(1)), [x], { run_metric_filter: threshold }],
    ['metric & name', and(M('loss').avg(3).lte(1), N.contains('x')), [x], { run_metric_filter: average }],
    [
      'name & name & metric',
      and(N.ne('a'), N.matchesRegex('^b'), M('loss').max(2).increasesBy({ diff: 2 })),
      [{ display_name: { $ne: 'a' } }, { display_name: { $regex: '^b' } }],
      { run_metric_filter: { change_filter: change } },
    ],
    [
      '(name | name) & z-score',
      and(or(N.eq('a'), N.eq('b')), abs(M('loss').zscore(20)).gt(2.5)),
      [{ $or: [a, b] }],
      { run_metric_filter: { zscore_filter: { name: 'loss', window_size: 20, threshold: 2.5, change_dir: 'ANY' } } },
    ],
    [
      '~(name | name) & state',
      and(not(or(N.eq('a'), N.eq('b'))), S.in(['finished', 'failed', 'finished'])),
      [{ $nor: [a, b] }],
      { run_state_filter: { states: ['FAILED', 'FINISHED'] } },
    ],
    ['~name & state', and(not(N.eq('a')), S.eq('failed')), [{ $not: a }], { run_state_filter: { states: ['FAILED'] } }],
    ['state', S.eq('running'), [], { run_state_filter: { states: ['RUNNING'] } }],
    ['a raw filter & state', and(runEvent.filter({ group: 'g' }), S.eq('running')), [{ group: { $eq: 'g' } }], {}],
    ['user & state', and(runEvent.user.eq('ada'), S.eq('running')), [{ username: { $eq: 'ada' } }], {}],
    ['name & (name & state)', and(N.eq('b'), and(N.eq('a'), S.eq('running'))), [b, a], {}],
  ])('%s', (_what, condition, runs, rest) => {
    const filter = filterOf(condition);
    expect(JSON.parse(filter.run_filter ?? '')).toEqual({ $and: runs });
    expect(filter).toMatchObject(rest);
  });
});

describe('a condition on a metric', () => {
  const metricFilter = (condition: Parameters<typeof onRunMetric>[1]) => {
    const { run_metric_filter } = sent(onRunMetric(train, condition)) as { run_metric_filter: Record<string, unknown> };
    return Object.values(run_metric_filter)[0];
  };
  const changed = (agg: string | null, window: number, amount: number, type: string, direction: string) => ({
    name: 'l',
    agg_op: agg,
    current_window_size: window,
    change_amount: amount,
    prior_window_size: agg === null ? 1 : 50,
    change_type: type,
    change_dir: direction,
  });
  const compared = (agg: string | null, window: number, operator: string, threshold: number) => ({
    name: 'l',
    agg_op: agg,
    window_size: window,
    cmp_op: operator,
    threshold,
  });
  const strayed = (window: number, threshold: number, direction: string) => ({
    name: 'l',
    window_size: window,
    threshold,
    change_dir: direction,
  });

  it.each([
    [
      'avg(10).decreasesBy({ frac: 0.25 })',
      M('l').avg(10).decreasesBy({ frac: 0.25 }),
      changed('AVERAGE', 10, 0.25, 'RELATIVE', 'DECREASE'),
    ],
    ['changesBy({ frac: 0.333 })', M('l').changesBy({ frac: 0.333 }), changed(null, 1, 0.333, 'RELATIVE', 'ANY')],
    ['min(4).changesBy({ diff: 0.5 })', M('l').min(4).changesBy({ diff: 0.5 }), changed('MIN', 4, 0.5, 'ABSOLUTE', 'ANY')],
    ['mean(6).gte(-1)', M('l').mean(6).gte(-1), compared('AVERAGE', 6, '$gte', -1)],
    ['lt(0)', M('l').lt(0), compared(null, 1, '$lt', 0)],
    ['lte(0)', M('l').lte(0), compared(null, 1, '$lte', 0)],
    ['zscore(10).lt(-2)', M('l').zscore(10).lt(-2), strayed(10, 2, 'DECREASE')],
    ['zscore(10).lte(-2)', M('l').zscore(10).lte(-2), strayed(10, 2, 'DECREASE')],
    ['zscore(10).gte(2)', M('l').zscore(10).gte(2), strayed(10, 2, 'INCREASE')],
    ['zscore(5).abs().gt(3)', M('l').zscore(5).abs().gt(3), strayed(5, 3, 'ANY')],
    // The client has no word for these two; the config has.
    ['max(2).eq(0)', M('l').max(2).eq(0), compared('MAX', 2, '$eq', 0)],
    ['ne(0)', M('l').ne(0), compared(null, 1, '$ne', 0)],
  ])('%s', (_what, condition, filter) => {
    expect(metricFilter(condition)).toEqual(filter);
  });
});

describe('and() refuses', () => {
  it.each([
    ['two metrics', () => and(M('a').gt(1), M('b').gt(1)), 'one condition on a metric or a state'],
    ['an artifact with a run', () => and(A.eq('a'), N.eq('b') as never), 'cannot mix'],
    ['an artifact with a metric', () => and(A.eq('a') as never, M('b').gt(1)), 'can be combined with conditions on runs'],
    ['nothing', () => (and as () => unknown)(), 'at least one'],
  ])('%s', (_what, build, message) => {
    expect(build).toThrow(message);
  });
});
