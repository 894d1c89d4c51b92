import { describe, expect, it } from 'vitest';
import type { ReadFailure, RunReader } from '../../../src/engine/run-reader.ts';
import type { Result } from '../../../src/lib/result.ts';
import { createRunReader } from '../../../src/wandb/run-reader.ts';
import { testClient } from '../../stand-ins/wandb-in-test.ts';
import { madeRows } from '../../stand-ins/wandb-rows.ts';
import type { WandbStandInOptions } from '../../stand-ins/wandb-server.ts';
import { okValue, PROJECT, pointsQuery, readerInTest, valuesOf } from './reader-in-test.ts';

type Ask = (reader: RunReader, signal: AbortSignal) => Promise<Result<unknown, ReadFailure>>;

const METHODS: [string, Ask][] = [
  ['projects', (reader, signal) => reader.projects('acme', signal)],
  ['runsSince', (reader, signal) => reader.runsSince(PROJECT, { since: 0, signal })],
  ['runsNamed', (reader, signal) => reader.runsNamed(PROJECT, ['r1'], { signal })],
  ['points', (reader, signal) => reader.points(PROJECT, [pointsQuery('r1')], signal)],
  ['points of a system metric', (reader, signal) => reader.points(PROJECT, [pointsQuery('r1', { metrics: ['cpu'] })], signal)],
  ['metricNames', (reader, signal) => reader.metricNames(PROJECT, signal)],
  ['stop', (reader, signal) => reader.stop({ id: 'x' }, signal)],
];

async function withRun(options: WandbStandInOptions & { patience?: 'report' | 'wait' } = {}) {
  const test = await readerInTest(options);
  test.addRun('r1').log({ loss: 1 });
  return test;
}

describe.each(METHODS)('%s', (_name, ask) => {
  it('ends at once when it is aborted while W&B does not answer', async () => {
    const test = await withRun();
    test.server.misbehave('hang', { times: Number.POSITIVE_INFINITY });
    const controller = new AbortController();
    const read = ask(test.reader, controller.signal);
    while (test.server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    expect(await read).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    expect(test.server.requests).toHaveLength(1);
  });

  it('sends nothing when it is aborted before', async () => {
    const test = await withRun();
    expect(await ask(test.reader, AbortSignal.abort())).toMatchObject({ ok: false });
    expect(test.reader.requests).toBe(0);
  });

  it('is a failure with a sentence when the key is wrong', async () => {
    const test = await withRun();
    const { client } = testClient({ url: test.server.url, apiKey: 'wrong' });
    const reader = createRunReader({ client, now: Date.now });
    const failure = { kind: 'refused', message: expect.stringContaining('WANDB_API_KEY') as string };
    expect(await ask(reader, test.signal)).toMatchObject({ ok: false, error: failure });
  });

  it('is a failure, not an exception, when W&B is a sign-in page, or gone', async () => {
    const test = await withRun();
    test.server.misbehave('html');
    expect(await ask(test.reader, test.signal)).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    const { client } = testClient({ url: 'http://127.0.0.1:1' });
    const reader = createRunReader({ client, now: Date.now });
    expect(await ask(reader, test.signal)).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
  });
});

describe.each(METHODS.filter(([name]) => name !== 'stop'))('%s', (_name, ask) => {
  it.each(['reset', '502', 'cut', 'cut-connection'] as const)('is asked for again after: %s', async (kind) => {
    const test = await withRun();
    test.server.misbehave(kind, { times: 2 });
    expect(await ask(test.reader, test.signal)).toMatchObject({ ok: true });
    test.server.misbehave(kind, { times: 3 });
    expect(await ask(test.reader, test.signal)).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
  });

  it('honours Retry-After: briefly at once, else it says when', async () => {
    const test = await withRun();
    test.server.misbehave('429');
    const before = test.clock.now;
    expect(await ask(test.reader, test.signal)).toMatchObject({ ok: true });
    expect(test.clock.now - before).toBeGreaterThanOrEqual(2_000);
    test.server.fail({ status: 429, headers: { 'retry-after': '60' }, body: { error: 'slow down' } });
    const sent = test.reader.requests;
    const retryAt = test.clock.now + 60_000;
    expect(await ask(test.reader, test.signal)).toMatchObject({ ok: false, error: { kind: 'limited', retryAt } });
    expect(test.reader.requests).toBe(sent + 1);
  });
});

describe('the rate limit', () => {
  it('is what is left of it, for each project, until it is full again', async () => {
    const test = await withRun({ rateLimit: { requests: 10, windowSeconds: 60 } });
    test.server.world.addProject(test.server.world.entity('acme'), 'other');
    const other = { entity: 'acme', project: 'other' };
    expect(test.reader.quota()).toBeUndefined();
    for (let i = 0; i < 4; i++) await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal });
    await test.reader.runsSince(other, { since: 0, signal: test.signal });
    const resetAt = test.clock.now + 60_000;
    expect(test.reader.quota(PROJECT)).toEqual({ remaining: 0.6, resetAt });
    expect(test.reader.quota(other)).toEqual({ remaining: 0.9, resetAt });
    expect(test.reader.quota()).toEqual({ remaining: 0.6, resetAt });
    test.clock.now += 60_000;
    expect(test.reader.quota(PROJECT)).toEqual({ remaining: 1, resetAt });
  });

  it('that is used up stops requests about that project only', async () => {
    const test = await withRun({ rateLimit: { requests: 2, windowSeconds: 60 } });
    test.server.world.addProject(test.server.world.entity('acme'), 'other');
    const ask = (project: string) => test.reader.runsSince({ entity: 'acme', project }, { since: 0, signal: test.signal });
    await ask('train');
    await ask('train');
    expect(test.reader.quota(PROJECT)?.remaining).toBe(0);
    expect(await ask('train')).toMatchObject({ ok: false, error: { kind: 'limited', retryAt: test.clock.now + 60_000 } });
    expect(test.reader.requests).toBe(2);
    expect(await ask('other')).toMatchObject({ ok: true });
    test.clock.now += 60_000;
    expect(await ask('train')).toMatchObject({ ok: true });
  });

  it('is waited for by a reader that waits', async () => {
    const test = await withRun({ rateLimit: { requests: 2, windowSeconds: 60 }, patience: 'wait' });
    for (let i = 0; i < 3; i++) okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    expect(test.sleeps).toEqual([60_000]);
  });
});

describe('system metrics', () => {
  const names = ['cpu', 'system.gpu.0.gpu', 'memory_percent/l:node-1', 'disk./data.usagePercent'];

  it('are read with and without `system.`, with labels, exactly, in one request for several runs', async () => {
    const test = await readerInTest();
    for (const name of ['r1', 'r2']) {
      const run = test.addRun(name);
      for (let i = 0; i < 100; i++) {
        const values = { cpu: i, 'gpu.0.gpu': i === 3 ? Number.NaN : -i, 'memory_percent/l:node-1': i / 2, 'disk./data.usagePercent': 1 };
        run.logSystem({ ...values, note: 'NaN' }, { runtime: i * 15, timestamp: 1_000 + i * 15 });
      }
    }
    const ask = (systemAfter: number) => ['r1', 'r2'].map((name) => pointsQuery(name, { metrics: names, systemAfter, upToStep: -1 }));
    const [first, second] = okValue(await test.reader.points(PROJECT, ask(0), test.signal));
    expect(test.server.requests).toHaveLength(1);
    expect(first).toMatchObject({ readUpTo: -1, systemReadUpTo: (1_000 + 99 * 15) * 1000 });
    expect(second?.points).toHaveLength(400);
    expect(first?.points.slice(0, 2)).toEqual([
      { metric: 'cpu', x: 0, at: 1_000_000, value: 0 },
      { metric: 'cpu', x: 15, at: 1_015_000, value: 1 },
    ]);
    expect(valuesOf(first ?? { points: [] }, 'system.gpu.0.gpu').slice(2, 4)).toEqual([
      [30, -2],
      [45, Number.NaN],
    ]);
    const [rest] = okValue(await test.reader.points(PROJECT, ask((1_000 + 98 * 15) * 1000), test.signal));
    expect(rest?.points.map(({ x }) => x)).toEqual([1485, 1485, 1485, 1485]);
  });

  it('of a time that has not come wait, and so does a time that is no date', async () => {
    const test = await readerInTest();
    const run = test.addRun('r1');
    run.logSystem({ cpu: 1 }, { runtime: 0, timestamp: 1_000 });
    run.logSystem({ cpu: 2 }, { runtime: 15, timestamp: 5_000 });
    run.logSystem({ cpu: 3 }, { runtime: 30, timestamp: 1_030 });
    const ask = (systemUpTo: number) => [pointsQuery('r1', { metrics: ['cpu'], systemUpTo, upToStep: -1 })];
    const [now] = okValue(await test.reader.points(PROJECT, ask(2_000_000), test.signal));
    expect(now?.points.map(({ value }) => value)).toEqual([1, 3]);
    expect(now).toMatchObject({ systemReadUpTo: 1_030_000, systemWaits: true });
    const [later] = okValue(await test.reader.points(PROJECT, ask(Number.POSITIVE_INFINITY), test.signal));
    expect(later?.points).toHaveLength(3);
    expect(later).not.toHaveProperty('systemWaits');
    run.logSystem({ cpu: 4 }, { runtime: 45, timestamp: 1e20 });
    okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    const [odd] = okValue(await test.reader.points(PROJECT, ask(Number.POSITIVE_INFINITY), test.signal));
    expect(odd?.points.at(-1)).toMatchObject({ value: 4, at: test.clock.now + 45_000 });
  });

  it('come once each, and without a time by the age of the run', async () => {
    const test = await readerInTest();
    const run = test.addRun('r1');
    run.logSystem({ cpu: 1 }, { runtime: 15, timestamp: null });
    run.logSystem({ cpu: 2 }, { runtime: 30, timestamp: null });
    okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    test.server.misbehave('repeated-rows');
    const [answer] = okValue(await test.reader.points(PROJECT, [pointsQuery('r1', { metrics: ['cpu'], upToStep: -1 })], test.signal));
    expect(answer?.points).toEqual([15, 30].map((x, i) => ({ metric: 'cpu', x, at: test.clock.now + x * 1000, value: i + 1 })));
  });

  it('are those of the history for a metric that the run logs itself', async () => {
    const test = await readerInTest();
    const run = test.addRun('r1');
    run.log({ cpu: 7, 'gpu.mine': 8 }).logSystem({ cpu: 1 });
    okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    const query = pointsQuery('r1', { metrics: ['cpu', 'gpu.mine'] });
    const [answer] = okValue(await test.reader.points(PROJECT, [query], test.signal));
    expect(answer?.points.map(({ metric, value }) => [metric, value])).toEqual([
      ['cpu', 7],
      ['gpu.mine', 8],
    ]);
  });

  it('are read beside others, and a failure keeps what was read of these', async () => {
    const test = await readerInTest();
    test.addRun('r1').log({ loss: 1 }).logSystem({ cpu: 2 });
    const query = pointsQuery('r1', { metrics: ['cpu', 'loss'] });
    const [both] = okValue(await test.reader.points(PROJECT, [query], test.signal));
    expect(both?.points.map(({ metric, value }) => [metric, value])).toEqual([
      ['loss', 1],
      ['cpu', 2],
    ]);
    test.server.misbehave('502', { times: 3, on: 'SystemRows' });
    const [one] = okValue(await test.reader.points(PROJECT, [query], test.signal));
    expect(one).toMatchObject({ readUpTo: 0, systemReadUpTo: 0, points: [{ metric: 'loss' }], systemFailure: { kind: 'unavailable' } });
    expect(both).not.toHaveProperty('systemFailure');
  });
});

describe('answers that are longer than is read at once', () => {
  it('are lists: they are asked for in shorter pages', async () => {
    const test = await readerInTest();
    const long = 'x'.repeat(2_000);
    for (let i = 0; i < 100; i++) {
      test.clock.now += 1_000;
      const run = test.addRun(`r${i}`, { config: { long } });
      run.log({ [`m${i}`]: 1, text: long });
    }
    const older = await readerInTest({
      world: test.server.world,
      lacks: ['summaryMetrics(keys)', 'config(keys)'],
      maxResponseBytes: 256 * 1024,
    });
    const names = Array.from({ length: 100 }, (_none, i) => `r${i}`);
    const runs = okValue(
      await older.reader.runsSince(PROJECT, { since: 0, fields: ['config.long', 'summary_metrics.text'], signal: test.signal }),
    );
    expect(runs.map(({ name }) => name)).toEqual(names.toReversed());
    expect(runs[0]?.fields).toEqual({ 'config.long': long, 'summary_metrics.text': long });
  });

  it('are rows: they are asked for in shorter ranges', async () => {
    const test = await readerInTest({ maxResponseBytes: 256 * 1024 });
    const metrics = Array.from({ length: 8 }, (_none, i) => `${'long/'.repeat(60)}${i}`);
    const rows = madeRows(500, (i) => ({ _step: i, _timestamp: 1, ...Object.fromEntries(metrics.map((metric) => [metric, i])) }));
    for (const name of ['r1', 'r2']) test.addRun(name, { rows });
    const runs = okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    const queries = runs.map(({ name, lastStep = 0 }) => pointsQuery(name, { metrics, upToStep: lastStep }));
    for (const answer of okValue(await test.reader.points(PROJECT, queries, test.signal))) {
      expect(answer.readUpTo).toBe(499);
      for (const metric of metrics) expect(valuesOf(answer, metric)).toHaveLength(500);
    }
  });
});
