import { describe, expect, it } from 'vitest';
import { verdictWords } from '../../../src/backtest/result-words.ts';
import type { Subject } from '../../../src/backtest/subject.ts';
import type { Rule } from '../../../src/engine/rule.ts';
import { startEvaluation } from '../../../src/engine/start-evaluation.ts';
import { openHistoryCache } from '../../../src/history/history-cache.ts';
import { type BacktestOptions, runBacktest } from '../../../src/history/run-backtest.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { above, DAY_MS, ruleOf } from '../backtest/rules.ts';
import { FakeReader, type FakeRun, runOf } from './fake-reader.ts';

const NOW = 100 * DAY_MS;

/** Run `i` ended `i` days ago; it logged these values. */
function fakeRun(i: number, loss: readonly number[], changes: Parameters<typeof runOf>[1] = {}): FakeRun {
  const heartbeatAt = NOW - i * DAY_MS;
  return {
    run: runOf(`r${i}`, {
      displayName: `run ${i}`,
      createdAt: heartbeatAt - 3_600_000,
      heartbeatAt,
      lastStep: loss.length - 1,
      loggedMetrics: new Set(['loss']),
      ...changes,
    }),
    metrics: { loss: () => loss },
  };
}

function subject(rule: Rule, changes: Partial<Subject> = {}): Subject {
  const filter = { matches: () => true, server: undefined, fields: [] };
  return { rule, isEnabled: true, scope: 'project train', filter, skipped: undefined, ...changes };
}

async function backtest(reader: FakeReader, subjects: readonly Subject[], changes: Partial<BacktestOptions> = {}) {
  const slept: number[] = [];
  const tried = await runBacktest(subjects, reader, {
    startEvaluation,
    since: NOW - 30 * DAY_MS,
    maxRuns: 500,
    timeLimitMs: 300_000,
    signal: new AbortController().signal,
    isBrief: false,
    cache: undefined,
    appUrl: 'https://app.example',
    now: () => NOW,
    sleep: async (ms) => {
      slept.push(ms);
    },
    ...changes,
  });
  return { tried, slept, found: tried.ok ? tried.value : undefined, result: tried.ok ? tried.value.automations[0] : undefined };
}

const RULE = ruleOf(above(8));
const FIRES = [1, 9, 1];
const QUIET = [1, 7, 1];

describe('a back-test', () => {
  it('counts on which runs it would have fired, with the nearest misses and the variants', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, QUIET), fakeRun(3, [1, 7.5]), fakeRun(40, FIRES)] });
    const { result, found } = await backtest(reader, [subject(RULE)]);
    expect(result).toMatchObject({ runs: 3, runsWithMetric: 3, runsFired: 1, points: 8 });
    expect(result?.firings).toMatchObject([
      { run: { name: 'r1', url: 'https://app.example/acme/train/runs/r1' }, step: 1, value: 9, margin: 1 },
    ]);
    expect(result?.nearest.map(({ run, value, missing }) => [run.name, value, missing])).toEqual([
      ['r3', 7.5, 0.5],
      ['r2', 7, 1],
    ]);
    expect(result?.variants.map(({ words, firings, runsFired }) => [words, firings, runsFired])).toEqual([
      ['6.4', 3, 3],
      ['7.2', 2, 2],
      ['8', 1, 1],
      ['8.8', 1, 1],
      ['9.6', 0, 0],
    ]);
    expect(result?.charts.map(({ run, firedAt }) => [run.name, firedAt])).toEqual([
      ['r1', [1]],
      ['r3', []],
      ['r2', []],
    ]);
    expect(found).toMatchObject({ leftOut: [], runsRead: 3, runsCached: 0 });
  });

  it('asks for each run once, whatever the number of automations', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, QUIET)] });
    const two = [subject(RULE), subject(ruleOf(above(5), { key: 'other' }))];
    const { found } = await backtest(reader, two);
    expect(reader.queries.map(({ run, metrics }) => [run, metrics])).toEqual([
      ['r1', ['loss']],
      ['r2', ['loss']],
    ]);
    expect(found?.automations.map(({ runsFired }) => runsFired)).toEqual([1, 2]);
  });

  it('applies the run filter of each automation', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, FIRES)] });
    const only = subject(RULE, { filter: { matches: ({ name }) => name === 'r2', server: { name: 'r2' }, fields: [] } });
    const { result } = await backtest(reader, [only]);
    expect([result?.runs, result?.firings.map(({ run }) => run.name)]).toEqual([1, ['r2']]);
  });

  it('looks at all projects of a team', async () => {
    const reader = new FakeReader({ 'acme/a': [fakeRun(1, FIRES)], 'acme/b': [fakeRun(2, FIRES)], 'other/c': [fakeRun(3, FIRES)] });
    const { result } = await backtest(reader, [subject(ruleOf(above(8), { project: undefined }))]);
    expect(result?.firings.map(({ run }) => run.project)).toEqual(['acme/a', 'acme/b']);
  });

  it('names metrics that were probably meant when nothing has logged the one that is watched', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES)] });
    const { result } = await backtest(reader, [subject(ruleOf(above(8, { metric: 'train_loss' })))]);
    expect(result).toMatchObject({ runs: 1, runsWithMetric: 0, missing: [{ metric: 'train_loss', suggestions: ['loss'] }] });
    expect(reader.queries).toEqual([]);
  });

  it('skips what cannot be simulated, and says why', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES)] });
    const { result } = await backtest(reader, [subject(ruleOf({ kind: 'silent', forMs: 60_000 }))]);
    expect(result).toMatchObject({ skipped: expect.stringContaining('silent'), firings: [] });
    const long = await backtest(reader, [subject(ruleOf(above(8, { aggregate: 'max', window: 20_000 })))]);
    expect(long.result).toMatchObject({ skipped: 'not simulated: its window is longer than 10,000 values', firings: [] });
  });

  it('compares a z-score over runs with the runs that began before, whatever the filter and the period', async () => {
    const summary = (value: number) => ({ summary: { loss: value } });
    const earlier = [50, 40, 3, 2].map((day, i) => fakeRun(day, [1], summary(i % 2 === 0 ? 1 : 2)));
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, [1.5, 20], summary(20)), ...earlier] });
    const rule = ruleOf({ kind: 'zscore', metric: 'loss', window: 4, threshold: 3, direction: 'above', over: 'runs' });
    const only = { matches: ({ name }: { name: string }) => name === 'r1', server: { name: 'r1' }, fields: [] };
    const { result } = await backtest(reader, [subject(rule, { filter: only })]);
    expect(result?.firings.map(({ run, step }) => [run.name, step])).toEqual([['r1', 1]]);
    expect(result?.runs).toBe(1);
  });

  it('without charts and variants is brief', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, QUIET)] });
    const { result } = await backtest(reader, [subject(RULE)], { isBrief: true });
    expect(result).toMatchObject({ runsFired: 1, charts: [], variants: [], nearest: [] });
  });
});

describe('what is left out', () => {
  it('is said: more runs than --max-runs, the older ones', async () => {
    const reader = new FakeReader({ 'acme/train': [1, 2, 3, 4, 5].map((day) => fakeRun(day, FIRES)) });
    const { result, found } = await backtest(reader, [subject(RULE)], { maxRuns: 3 });
    expect([result?.runs, result?.firings.map(({ run }) => run.name)]).toEqual([3, ['r1', 'r2', 'r3']]);
    expect(found?.leftOut).toEqual([expect.stringContaining('acme/train has more than 3 runs')]);
    expect(result?.notes.at(-1)).toContain('only the latest 3');
  });

  it('is said: what the time limit did not allow, the older runs', async () => {
    const reader = new FakeReader({ 'acme/train': Array.from({ length: 100 }, (_, i) => fakeRun(i / 10, FIRES)) });
    const limit = new AbortController();
    reader.onPoints = () => {
      if (reader.queries.length >= 16) limit.abort();
    };
    const { result, found } = await backtest(reader, [subject(RULE)], { signal: limit.signal });
    const read = result?.runs ?? 0;
    expect(read).toBeGreaterThanOrEqual(16);
    expect(read).toBeLessThan(100);
    expect(found?.leftOut).toEqual([`The time limit of 5m was reached: ${100 - read} runs were left out, the older ones (--time-limit)`]);
    expect(result?.firings[0]?.run.name).toBe('r0');
    expect(result?.notRead).toBe(100 - read);
    expect(result === undefined || found === undefined ? '' : verdictWords(result, found)).toContain(
      `${100 - read} runs more could not be read.`,
    );
  });

  it('is said: runs that W&B did not return, and a history that is not whole', async () => {
    const short = fakeRun(2, FIRES, { lastStep: 500 });
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), short] });
    const points = reader.points.bind(reader);
    reader.points = async (...words) => {
      const answer = await points(...words);
      if (!answer.ok) return answer;
      return { ok: true, value: answer.value.map((one) => (one.run === 'r2' ? { ...one, readUpTo: 2 } : one)) };
    };
    const { found, result } = await backtest(reader, [subject(RULE)]);
    expect(result?.runs).toBe(2);
    expect(found?.leftOut).toEqual(['W&B returned less than the whole history of 1 run: run 2']);
    reader.failures.push({ kind: 'refused', message: 'W&B refused it' });
    const again = await backtest(reader, [subject(RULE)]);
    expect(again.found?.leftOut).toContain('2 runs could not be read: W&B refused it');
  });

  it('is everything when no run can be listed: then there is an error', async () => {
    const reader = new FakeReader({ 'acme/train': [] });
    reader.listFailure = { kind: 'missing', message: 'there is no project acme/train' };
    const { tried } = await backtest(reader, [subject(RULE)]);
    expect(tried).toEqual({ ok: false, error: 'there is no project acme/train' });
  });

  it('is nothing after a failure that passes, and the rate limit is waited for', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES)] });
    reader.failures.push({ kind: 'unavailable', message: '502' }, { kind: 'limited', message: '429', retryAt: NOW + 7_000 });
    const { found, slept, result } = await backtest(reader, [subject(RULE)]);
    expect([found?.leftOut, slept, result?.runsFired]).toEqual([[], [1_000, 7_000], 1]);
  });

  it('gives up after some attempts', async () => {
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES)] });
    for (let i = 0; i < 4; i++) reader.failures.push({ kind: 'unavailable', message: 'W&B: 502' });
    const { found, slept, result } = await backtest(reader, [subject(RULE)]);
    expect([found?.leftOut, slept]).toEqual([['1 run could not be read: W&B: 502'], [1_000, 2_000, 4_000]]);
    expect(result === undefined || found === undefined ? '' : verdictWords(result, found)).toBe('None of 1 run could be read.');
  });
});

describe('the cache', () => {
  it('saves all reading of histories, until the last step changes', async () => {
    const folder = temporaryFolder();
    const cache = () => openHistoryCache(folder, 'https://api.wandb.ai');
    const first = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, QUIET)] });
    const before = await backtest(first, [subject(RULE)], { cache: cache() });
    const second = new FakeReader({ 'acme/train': [fakeRun(1, FIRES), fakeRun(2, [...QUIET, 9])] });
    const after = await backtest(second, [subject(RULE)], { cache: cache() });
    expect(second.queries.map(({ run }) => run)).toEqual(['r2']);
    expect([before.result?.runsFired, after.result?.runsFired]).toEqual([1, 2]);
    expect([before.found?.runsCached, after.found?.runsCached]).toEqual([0, 1]);
    expect(after.result?.firings.find(({ run }) => run.name === 'r1')).toEqual(before.result?.firings[0]);
  });

  it('keeps no history that is not whole', async () => {
    const folder = temporaryFolder();
    const cache = openHistoryCache(folder, 'https://api.wandb.ai');
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES, { lastStep: 500 })] });
    const points = reader.points.bind(reader);
    reader.points = async (...words) => {
      const answer = await points(...words);
      return answer.ok ? { ok: true, value: answer.value.map((one) => ({ ...one, readUpTo: 2 })) } : answer;
    };
    await backtest(reader, [subject(RULE)], { cache });
    const asked = reader.queries.length;
    await backtest(reader, [subject(RULE)], { cache });
    expect(reader.queries.length).toBe(2 * asked);
  });

  it('keeps nothing where system metrics could not be read, and that is said', async () => {
    const cache = openHistoryCache(temporaryFolder(), 'https://api.wandb.ai');
    const reader = new FakeReader({ 'acme/train': [fakeRun(1, FIRES)] });
    reader.systemFailure = { kind: 'unavailable', message: 'W&B: 502' };
    const { found, result } = await backtest(reader, [subject(RULE)], { cache });
    expect([result?.runsFired, found?.leftOut]).toEqual([1, ['W&B returned less than the whole history of 1 run: run 1']]);
    reader.systemFailure = undefined;
    const again = await backtest(reader, [subject(RULE)], { cache });
    expect([again.found?.runsCached, again.found?.leftOut]).toEqual([0, []]);
  });
});

it('a long history is read in parts, and is one series', async () => {
  const steps = 450_000;
  const reader = new FakeReader({
    'acme/train': [
      fakeRun(
        1,
        Array.from({ length: steps }, (_, i) => (i === 300_000 ? 9 : 1)),
      ),
    ],
  });
  const { result } = await backtest(reader, [subject(RULE)]);
  expect(reader.queries.map(({ afterStep, upToStep }) => [afterStep, upToStep])).toEqual([
    [-1, 199_999],
    [199_999, 399_999],
    [399_999, 449_999],
  ]);
  expect(result).toMatchObject({ points: steps, firings: [{ step: 300_000 }] });
});
