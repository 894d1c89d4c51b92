import { describe, expect, it } from 'vitest';
import { compileRunFilter } from '../../../src/engine/run-filter.ts';
import type { RunReader } from '../../../src/engine/run-reader.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { okValue, PROJECT, pointsQuery, type ReaderInTest, readerInTest } from './reader-in-test.ts';

const START = Date.parse('2026-03-01T12:00:00Z');

/** Runs that sent their last heartbeat one second after the other, the last one latest. */
function addRuns({ addRun, clock }: ReaderInTest, count: number): void {
  for (let i = 0; i < count; i++) {
    clock.now += 1_000;
    addRun(`r${i}`).log({ loss: i });
  }
}

const namesOf = (runs: readonly { readonly name: string }[]) => runs.map(({ name }) => name);
const numbered = (from: number, to: number) => Array.from({ length: Math.abs(from - to) + 1 }, (_none, i) => `r${from - i}`);

describe('runs with a heartbeat since a time', () => {
  it('are those, the latest first, and no page is read beyond', async () => {
    const test = await readerInTest();
    addRuns(test, 250);
    const since = START + 151 * 1_000;
    const runs = okValue(await test.reader.runsSince(PROJECT, { since, signal: test.signal }));
    expect(namesOf(runs)).toEqual(numbered(249, 150));
    expect(test.server.requests).toHaveLength(1 + 1 + 1);
    const few = okValue(await test.reader.runsSince(PROJECT, { since: START + 248_500, signal: test.signal }));
    expect(namesOf(few)).toEqual(['r249', 'r248']);
    expect(test.server.requests).toHaveLength(4);
  });

  it('are at most as many as asked for', async () => {
    const test = await readerInTest();
    addRuns(test, 120);
    const runs = okValue(await test.reader.runsSince(PROJECT, { since: 0, limit: 3, signal: test.signal }));
    expect(namesOf(runs)).toEqual(['r119', 'r118', 'r117']);
    expect(test.server.requests).toHaveLength(1);
  });

  it.each(['empty-pages', 'repeated-runs'] as const)('are all of them, each once, in spite of %s', async (kind) => {
    const test = await readerInTest();
    addRuns(test, 250);
    test.server.misbehave(kind, { times: 5 });
    const runs = okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    expect(namesOf(runs)).toEqual(numbered(249, 0));
  });

  it('are read again from the front when one moved there meanwhile', async () => {
    const test = await readerInTest();
    addRuns(test, 150);
    test.server.fail({ on: { document: 'query Runs(' }, delayMs: 0 }, { on: { document: 'query Runs(' }, delayMs: 100 });
    const read = test.reader.runsSince(PROJECT, { since: 0, signal: test.signal });
    while (test.server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    test.clock.now += 1_000;
    const moved = test.server.world.runs.find(({ name }) => name === 'r10');
    if (moved !== undefined) moved.heartbeatAt = new Date(test.clock.now).toISOString();
    const runs = okValue(await read);
    expect(runs).toHaveLength(150);
    expect(namesOf(runs)[0]).toBe('r10');
  });

  it('end with what was read when the cursor does not move', async () => {
    const test = await readerInTest();
    addRuns(test, 350);
    test.server.misbehave('stuck-cursor', { times: Number.POSITIVE_INFINITY });
    const read = await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal });
    expect(read).toMatchObject({ ok: true });
    expect(test.server.requests.length).toBeLessThan(10);
  });

  it('are an error after many empty pages', async () => {
    const test = await readerInTest();
    addRuns(test, 3);
    test.server.misbehave('empty-pages', { times: Number.POSITIVE_INFINITY });
    const read = await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal });
    expect(read).toMatchObject({ ok: false, error: { kind: 'unavailable', message: expect.stringContaining('without end') as string } });
  });
});

describe('a run', () => {
  it('has its facts, its last step, and the values that were asked for', async () => {
    const test = await readerInTest();
    const run = test.addRun('r1', {
      displayName: 'nightly',
      tags: ['a'],
      group: 'g',
      jobType: 'train',
      sweepName: 's1',
      config: { lr: 0.1, model: { name: 'resnet' }, _wandb: { e: { abc: { host: 'gpu-1' } } } },
    });
    test.clock.now += 2_000;
    run.log({ loss: Number.NaN, val: { acc: 0.5 }, best: 'yes' });
    run.setState('failed');
    const options = {
      summary: ['loss', 'val.acc', 'none', '_timestamp'],
      fields: ['config.lr', 'config.model.name', 'config.none', 'summary_metrics.best', 'summary_metrics.val.acc', 'host'],
      signal: test.signal,
    };
    const expected = {
      id: expect.any(String) as string,
      name: 'r1',
      displayName: 'nightly',
      state: 'failed',
      createdAt: START,
      heartbeatAt: START + 2_000,
      username: 'ada',
      userName: 'Ada Lovelace',
      tags: ['a'],
      group: 'g',
      jobType: 'train',
      sweep: 's1',
      lastStep: 0,
      loggedMetrics: new Set(['loss', 'val.acc', 'best', '_step', '_timestamp', '_runtime']),
      summary: { loss: Number.NaN, 'val.acc': 0.5, _timestamp: (START + 2_000) / 1000 },
      fields: {
        'config.lr': 0.1,
        'config.model.name': 'resnet',
        'summary_metrics.best': 'yes',
        'summary_metrics.val.acc': 0.5,
        host: 'gpu-1',
      },
    };
    expect(okValue(await test.reader.runsSince(PROJECT, { since: 0, ...options }))).toEqual([expected]);
    expect(okValue(await test.reader.runsNamed(PROJECT, ['r1'], options))).toEqual([expected]);
    const older = await readerInTest({ world: test.server.world, lacks: ['summaryMetrics(keys)', 'config(keys)'] });
    expect(okValue(await older.reader.runsSince(PROJECT, { since: 0, ...options }))).toEqual([expected]);
    expect(okValue(await older.reader.runsNamed(PROJECT, ['r1'], options))).toEqual([expected]);
    // The server's refusal is remembered.
    expect(older.server.requests).toHaveLength(3);
  });

  it('that has logged nothing has no last step', async () => {
    const test = await readerInTest();
    test.addRun('r1', { user: null });
    const [run] = okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal }));
    expect(run).toMatchObject({ lastStep: undefined, username: undefined, loggedMetrics: new Set() });
  });
});

describe('a filter', () => {
  const filterOf = (filter: JsonObject) => compileRunFilter({ filter }).server;

  it('is sent to the server', async () => {
    const test = await readerInTest();
    addRuns(test, 5);
    const filter = filterOf({ $or: [{ displayName: 'r1' }, { displayName: { $regex: '^r[34]$' } }] });
    const runs = okValue(await test.reader.runsSince(PROJECT, { since: 0, signal: test.signal, ...(filter && { filter }) }));
    expect(namesOf(runs)).toEqual(['r4', 'r3', 'r1']);
  });

  it('that the server refuses is left out, and not sent again', async () => {
    const test = await readerInTest();
    addRuns(test, 3);
    test.server.misbehave('refused-filters', { times: Number.POSITIVE_INFINITY });
    const options = { since: 0, signal: test.signal, filter: { username: 'ada' } };
    for (const requests of [2, 3]) {
      expect(namesOf(okValue(await test.reader.runsSince(PROJECT, options)))).toEqual(['r2', 'r1', 'r0']);
      expect(test.server.requests).toHaveLength(requests);
    }
  });

  it('is sent again after answers that were errors with it and without', async () => {
    const test = await readerInTest();
    addRuns(test, 3);
    const options = { since: 0, signal: test.signal, filter: { username: 'ada' } };
    test.server.misbehave('errors', { times: 2 });
    expect((await test.reader.runsSince(PROJECT, options)).ok).toBe(false);
    test.server.misbehave('errors', { times: 2 });
    expect((await test.reader.runsNamed(PROJECT, ['r1'], options)).ok).toBe(false);
    const before = test.server.requests.length;
    await test.reader.runsSince(PROJECT, options);
    await test.reader.runsNamed(PROJECT, ['r1'], options);
    const sent = test.server.requests.slice(before).map(({ variables }) => variables.filters);
    expect(sent).toEqual(['{"username":"ada"}', '{"name":{"$in":["r1"]}}']);
  });
});

describe('runs by their ids', () => {
  it.each([1, 100, 230])('are found, %d of them, and those that do not exist are left out', async (count) => {
    const test = await readerInTest();
    addRuns(test, 300);
    const names = numbered(count - 1, 0);
    const runs = okValue(await test.reader.runsNamed(PROJECT, ['nobody', ...names, ...names.slice(0, 2)], { signal: test.signal }));
    expect(namesOf(runs)).toEqual(names);
    expect(test.server.requests.length).toBeLessThan(5);
  });

  it('are found one by one where the server refuses to filter by name', async () => {
    const test = await readerInTest();
    addRuns(test, 60);
    test.server.fail({ on: { document: 'query Runs(' }, status: 400, body: { errors: [{ message: 'unknown filter name' }] } });
    const names = ['nobody', ...numbered(59, 0)];
    expect(namesOf(okValue(await test.reader.runsNamed(PROJECT, names, { signal: test.signal })))).toEqual(numbered(59, 0));
    expect(namesOf(okValue(await test.reader.runsNamed(PROJECT, ['r7'], { signal: test.signal })))).toEqual(['r7']);
    expect(test.server.requests).toHaveLength(1 + 2 + 1);
  });

  it('need no request when there are none', async () => {
    const test = await readerInTest();
    expect(okValue(await test.reader.runsNamed(PROJECT, [], { signal: test.signal }))).toEqual([]);
    expect(test.reader.requests).toBe(0);
  });
});

describe('what else is read', () => {
  it('is the list of projects', async () => {
    const test = await readerInTest({ pageSize: 2 });
    const acme = test.server.world.entity('acme');
    for (const name of ['a', 'b', 'c']) test.server.world.addProject(acme, name);
    expect(okValue(await test.reader.projects('acme', test.signal))).toEqual(['train', 'a', 'b', 'c']);
    expect(await test.reader.projects('nobody', test.signal)).toMatchObject({ ok: false, error: { kind: 'missing' } });
  });

  it('are the names of metrics, where the server lists them', async () => {
    const test = await readerInTest();
    test.addRun('r1', { config: { lr: 1 } }).log({ loss: 1, val: { acc: 2 } });
    test.addRun('r2').log({ other: 1 });
    const names = okValue(await test.reader.metricNames(PROJECT, test.signal));
    expect(names).toEqual(['_runtime', '_step', '_timestamp', 'loss', 'other', 'val.acc']);
    const older = await readerInTest({ lacks: ['project.fields'] });
    expect(okValue(await older.reader.metricNames(PROJECT, older.signal))).toBeNull();
  });

  it('is nothing of a project that does not exist, or may not be seen', async () => {
    const test = await readerInTest();
    const project = { entity: 'acme', project: 'none' };
    const asked: ((reader: RunReader) => Promise<unknown>)[] = [
      (reader) => reader.runsSince(project, { since: 0, signal: test.signal }),
      (reader) => reader.runsNamed(project, ['r1'], { signal: test.signal }),
      (reader) => reader.points(project, [pointsQuery('r1')], test.signal),
      (reader) => reader.points(project, [pointsQuery('r1', { metrics: ['cpu'] })], test.signal),
      (reader) => reader.metricNames(project, test.signal),
    ];
    for (const ask of asked) {
      expect(await ask(test.reader)).toMatchObject({
        ok: false,
        error: { kind: 'missing', message: expect.stringContaining('acme/none') as string },
      });
    }
  });
});

describe('stopping a run', () => {
  it('asks it to end, once', async () => {
    const test = await readerInTest();
    const run = test.addRun('r1');
    okValue(await test.reader.stop(run, test.signal));
    expect(run.stopRequested).toBe(true);
    expect(run.state).toBe('killed');
    expect(await test.reader.stop(run, test.signal)).toMatchObject({ ok: false, error: { kind: 'refused' } });
    expect(await test.reader.stop({ id: 'none' }, test.signal)).toMatchObject({ ok: false, error: { kind: 'refused' } });
  });

  it('is refused by an older server, and not known after a lost answer', async () => {
    const test = await readerInTest({ lacks: ['stopRun'] });
    expect(await test.reader.stop(test.addRun('r1'), test.signal)).toMatchObject({ ok: false, error: { kind: 'refused' } });
    const newer = await readerInTest();
    newer.server.misbehave('reset');
    expect(await newer.reader.stop(newer.addRun('r1'), newer.signal)).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
    expect(newer.server.requests).toHaveLength(1);
  });
});
