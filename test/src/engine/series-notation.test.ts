import { describe, expect, it } from 'vitest';
import { MAX_STEPS, parseSeries, parseStates } from '../../../src/engine/series-notation.ts';
import { theError, theValue } from '../event/samples.ts';

const STATES = ['running', 'finished', 'failed', 'crashed', 'killed', 'preempted', 'pending', 'preempting'];
const NONE = undefined;

describe('a series', () => {
  it.each([
    ['3', [3]],
    [' 3  2.9\n2.8 ', [3, 2.9, 2.8]],
    ['-1 +2 .5 1. 1e-3 -2E+2', [-1, 2, 0.5, 1, 0.001, -200]],
    ['NaN nan', [Number.NaN, Number.NaN]],
    ['Inf -Inf +inf Infinity -Infinity', [1, -1, 1, 1, -1].map((sign) => sign / 0)],
    ['2.8x3', [2.8, 2.8, 2.8, 2.8]],
    ['2.8 x3', [2.8, 2.8, 2.8, 2.8]],
    ['1x0', [1]],
    ['9+1x3', [9, 10, 11, 12]],
    ['9-1x3', [9, 8, 7, 6]],
    ['-3+2x2', [-3, -1, 1]],
    ['0.1+0.1x3', [0.1, 0.2, 0.3, 0.4]],
    ['1+1e2x2', [1, 101, 201]],
    ['NaNx1 Infx1', [Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]],
    ['1 _ 2', [1, NONE, 2]],
    ['1 _x3 2', [1, NONE, NONE, NONE, 2]],
    ['_ x2', [NONE, NONE, NONE]],
  ])('%s', (text, values) => {
    expect(theValue(parseSeries(text))).toEqual(values);
  });

  it('is the one of the config format: a loss that explodes at step 14', () => {
    const values = theValue(parseSeries('3 2.9 2.8x10 NaN 9+1x3'));
    expect(values).toHaveLength(18);
    expect([values[13], values[14], values[17]]).toEqual([Number.NaN, 9, 12]);
  });

  it.each([
    ['', 0, 'has no value: write at least one, or _ for none'],
    ['3 2.8y10 4', 2, '"2.8y10" is no value: write a number, NaN, Inf, _ (none), 3x10 (3, then 10 times again) or 3+1x10 (each 1 more)'],
    ['3, 4', 0, '"3,": separate the values by spaces, without commas'],
    ['3 4,5', 2, '"4,5" has a comma: write 4.5, or two values with a space between them'],
    ['[3 4]', 0, '"[3": write the values without brackets'],
    ['3 null', 2, '"null" is no value: write _ for a step without a value'],
    ['3 stale', 2, '"stale" is Prometheus\' end of a series: write _ for a step without a value'],
    ['3*10', 0, '"3*10": write x for a repetition: 3x10'],
    ['x3', 0, '"x3" repeats nothing: write a value before it'],
    ['_+1x3', 0, '"_+1x3" adds to no value'],
    ['1 2x20000', 2, `more than ${MAX_STEPS} steps: a test has at most so many`],
    ['1x19999 1', 8, `more than ${MAX_STEPS} steps: a test has at most so many`],
    ['1 x999999999999', 2, `more than ${MAX_STEPS} steps: a test has at most so many`],
    ['_x999999999999', 0, `more than ${MAX_STEPS} steps: a test has at most so many`],
  ])('%s is refused, with its place', (text, offset, message) => {
    expect(theError(parseSeries(text))).toEqual({ offset, message });
  });
});

describe('states', () => {
  it.each([
    ['running', ['running']],
    ['running x2 crashed x1 running', ['running', 'running', 'running', 'crashed', 'crashed', 'running']],
    ['runningx2 Failed', ['running', 'running', 'running', 'failed']],
  ])('%s', (text, states) => {
    expect(theValue(parseStates(text, STATES))).toEqual(states);
  });

  it.each([
    ['', 0, 'has no state: write at least one'],
    ['running x2 crash', 11, `"crash" is no state: there are ${STATES.join(', ')}`],
    ['running 10', 8, `"10" is no state: there are ${STATES.join(', ')}`],
    ['x3', 0, '"x3" repeats nothing: write a state before it'],
    ['running x20000', 8, `more than ${MAX_STEPS} steps: a test has at most so many`],
  ])('%s is refused, with its place', (text, offset, message) => {
    expect(theError(parseStates(text, STATES))).toEqual({ offset, message });
  });
});
