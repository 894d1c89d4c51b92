import { expect } from 'vitest';
import { evaluateSeries } from '../../../../src/engine/series.ts';
import { startEvaluation } from '../../../../src/engine/start-evaluation.ts';
import { ruleOf, runOf } from '../rules.ts';
import { type Cases, stateSignals, statesFireAt, times } from './case-words.ts';

const state = (states: string[], words: object = {}) => ({ run_state: { states, ...words } });
const HOUR = 3_600_000;

/** States of runs. */
export const STATE_CASES: Cases = {
  state: () => {
    expect(statesFireAt(state(['finished']), ['running', 'running', 'finished', 'finished'])).toEqual([2]);
    expect(statesFireAt(state(['running']), ['pending', 'running'])).toEqual([1]);
    expect(statesFireAt(state(['finished']), ['running', 'failed'])).toEqual([]);
  },
  'state-failed': () => {
    expect(stateSignals(state(['failed']), ['running', 'crashed'])).toEqual([{ kind: 'firing', step: 1, status: 'crashed' }]);
    expect(stateSignals(state(['failed']), ['running', 'failed'])).toEqual([{ kind: 'firing', step: 1, status: 'failed' }]);
    expect(statesFireAt(state(['failed']), ['running', 'killed'])).toEqual([]);
    expect(statesFireAt(state(['failed']), ['running', 'preempted'])).toEqual([]);
    expect(statesFireAt(state(['failed']), ['running', 'crashed', 'failed'], { refire: '1m' })).toEqual([1]);
  },
  'state-crashed': () => {
    expect(statesFireAt(state(['crashed']), ['running', 'failed', 'crashed'])).toEqual([2]);
  },
  'state-killed': () => {
    for (const one of ['killed', 'preempted']) expect(statesFireAt(state([one]), ['running', one])).toEqual([1]);
  },
  'state-of-several': () => {
    const states = ['running', 'failed', 'running', 'finished'];
    expect(statesFireAt(state(['failed', 'finished']), states, { refire: '1m' })).toEqual([1, 3]);
    expect(statesFireAt(state(['running', 'finished']), ['running', 'finished'], { refire: '1m' })).toEqual([0, 1]);
    expect(statesFireAt(state(['failed', 'finished']), states)).toEqual([1]);
  },
  'state-comes-again': () => {
    const states = ['running', 'failed', 'pending', 'running', 'failed'];
    expect(statesFireAt(state(['failed']), states, { refire: '1m' })).toEqual([1, 4]);
    expect(statesFireAt(state(['failed']), states)).toEqual([1]);
  },
  'state-not-known': () => {
    expect(statesFireAt(state(['finished', 'failed']), ['running', 'hibernating', 'running'])).toEqual([]);
    expect(statesFireAt(state(['finished']), ['Running', 'FINISHED'])).toEqual([1]);
  },
  grace: () => {
    const event = state(['crashed'], { grace: '10m' });
    expect(statesFireAt(event, ['running', ...times(9, 'crashed'), 'running'])).toEqual([]);
    expect(statesFireAt(event, ['running', ...times(12, 'crashed')])).toEqual([11]);
    expect(statesFireAt(event, ['running', ...times(9, 'crashed'), 'running', ...times(9, 'crashed')])).toEqual([]);
  },
  'grace-of-other-states': () => {
    const event = state(['failed', 'finished', 'killed', 'preempted'], { grace: '10m' });
    for (const one of ['failed', 'finished', 'killed']) expect(statesFireAt(event, ['running', one])).toEqual([1]);
    for (const one of ['crashed', 'preempted']) expect(statesFireAt(event, ['running', ...times(12, one)])).toEqual([11]);
  },
  'grace-and-restart': () => {
    const rule = ruleOf(state(['crashed'], { grace: '10m' }));
    const first = startEvaluation(rule);
    first.observe(runOf({ state: 'crashed' }), { fill: false, now: 0, lastRowAt: undefined });
    const second = startEvaluation(rule, first.save());
    expect(second.observe(runOf({ state: 'crashed' }), { fill: false, now: 600_000, lastRowAt: undefined })).toHaveLength(1);
  },
  'longer-than': () => {
    const event = state(['finished'], { longer_than: '6h' });
    const fires = (hours: number) =>
      evaluateSeries(ruleOf(event), { series: {}, states: [...times(hours, 'running'), 'finished'], intervalMs: HOUR }).firings.length;
    expect([fires(5), fires(6), fires(7)]).toEqual([0, 1, 1]);
    const seenLate = { fill: false, now: 10 * HOUR, lastRowAt: undefined };
    expect(startEvaluation(ruleOf(event)).observe(runOf({ state: 'finished', heartbeatAt: 5 * HOUR }), seenLate)).toEqual([]);
  },
  'longer-than-running': () => {
    const rule = ruleOf(state(['running'], { longer_than: '6h' }));
    const { firings } = evaluateSeries(rule, { series: {}, states: times(10, 'running'), intervalMs: HOUR });
    expect(firings.map(({ step }) => step)).toEqual([6]);
    const now = { fill: false, now: 6 * HOUR, lastRowAt: undefined };
    expect(startEvaluation(rule).observe(runOf({ heartbeatAt: 5.9 * HOUR }), now)).toHaveLength(1);
  },
  'state-resolve': () => {
    expect(stateSignals(state(['crashed']), ['running', 'crashed', 'running'], { resolve: true })).toEqual([
      { kind: 'firing', step: 1, status: 'crashed' },
      { kind: 'resolved', step: 2, status: 'running' },
    ]);
  },
  'state-at-first-sight': () => {
    const look = (evaluation: ReturnType<typeof startEvaluation>, one: string, fill: boolean) =>
      evaluation.observe(runOf({ state: one }), { fill, now: 1000, lastRowAt: undefined }).length;
    const known = startEvaluation(ruleOf(state(['running', 'finished'])));
    expect([look(known, 'running', true), look(known, 'running', false), look(known, 'finished', false)]).toEqual([0, 0, 1]);
    const ended = startEvaluation(ruleOf(state(['crashed'], { grace: '10m' })));
    expect(look(ended, 'crashed', true)).toBe(0);
    expect(ended.observe(runOf({ state: 'crashed' }), { fill: false, now: HOUR, lastRowAt: undefined })).toEqual([]);
    expect(look(startEvaluation(ruleOf(state(['finished']))), 'finished', false)).toBe(1);
  },
};
