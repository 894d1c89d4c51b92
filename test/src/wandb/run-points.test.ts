import { describe, expect, it } from 'vitest';
import { madeRows } from '../../stand-ins/wandb-rows.ts';
import { okValue, PROJECT, pointsQuery, readerInTest, valuesOf } from './reader-in-test.ts';

const START = Date.parse('2026-03-01T12:00:00Z');

/** Rows of a run that logs `loss` at each step. */
const regular = (count: number, every = 1) =>
  madeRows(count, (i) => ({ _step: i * every, _timestamp: START / 1000 + i, _runtime: i, loss: i / 2 }));

/** Without a comparison of whole lists, whose differences would take minutes to show. */
function expectRegular(values: readonly [number, number][], count: number): void {
  expect(values).toHaveLength(count);
  expect(values.find(([step, value], i) => step !== i || value !== i / 2)).toBeUndefined();
}

describe('points of a run', () => {
  it('are those after a step and up to another, with their time', async () => {
    const { reader, signal, addRun, clock } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 6; i++) {
      clock.now += 1_000;
      run.log({ loss: i / 10 });
    }
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { afterStep: 1, upToStep: 4 })], signal));
    expect(answer).toEqual({
      run: 'r1',
      readUpTo: 4,
      systemReadUpTo: 0,
      points: [2, 3, 4].map((step) => ({ metric: 'loss', x: step, at: START + (step + 1) * 1_000, value: step / 10 })),
    });
  });

  it.each([
    ['fewer than are returned at once', 9_999],
    ['as many as are returned at once', 10_000],
    ['more', 25_001],
  ])('are all of them: %s', async (_how, count) => {
    const { reader, signal, addRun, server } = await readerInTest();
    addRun('r1', { rows: regular(count) });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: count - 1 })], signal));
    expect(answer?.readUpTo).toBe(count - 1);
    expectRegular(valuesOf(answer ?? { points: [] }), count);
    expect(server.requests.length).toBeLessThan(12);
  });

  it('of a counted run are asked for in ranges that fit at once', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    addRun('r1', { rows: regular(30_000) });
    const [run] = okValue(await reader.runsSince(PROJECT, { since: 0, signal }));
    const before = server.requests.length;
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: run?.lastStep ?? 0 })], signal));
    expect(answer?.points).toHaveLength(30_000);
    expect(server.requests.length - before).toBe(4);
  });

  it('include those where all rows are far apart, or at one place', async () => {
    const { reader, signal, addRun } = await readerInTest();
    addRun('far', { rows: regular(12_000, 1_000_000) });
    addRun('one', { rows: madeRows(12_000, (i) => ({ _step: 5 + i / 20_000, _timestamp: 1, loss: i })) });
    const [far, one] = okValue(
      await reader.points(
        PROJECT,
        [pointsQuery('far', { upToStep: 11_999_000_000 }), pointsQuery('one', { upToStep: 5 + 11_999 / 20_000 })],
        signal,
      ),
    );
    expect(far?.points).toHaveLength(12_000);
    expect(one?.points).toHaveLength(12_000);
  });

  it('are those of several metrics and runs, in as few requests as eight specs allow', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    const names = Array.from({ length: 10 }, (_none, i) => `r${i}`);
    for (const [i, name] of names.entries()) {
      const run = addRun(name);
      for (let step = 0; step < 5; step++) run.log({ loss: step + i, 'val/acc': step % 2 === 0 ? step : Number.NaN, group: { deep: i } });
    }
    okValue(await reader.runsSince(PROJECT, { since: 0, signal }));
    const before = server.requests.length;
    const metrics = ['loss', 'val/acc'];
    const answers = okValue(
      await reader.points(
        PROJECT,
        names.map((name) => pointsQuery(name, { metrics, upToStep: 4 })),
        signal,
      ),
    );
    expect(server.requests.length - before).toBe(3);
    for (const [i, answer] of answers.entries()) {
      expect(answer).toMatchObject({ run: names[i], readUpTo: 4 });
      expect(valuesOf(answer)).toEqual([0, 1, 2, 3, 4].map((step) => [step, step + i]));
      expect(valuesOf(answer, 'val/acc')).toEqual([0, 1, 2, 3, 4].map((step) => [step, step % 2 === 0 ? step : Number.NaN]));
    }
  });

  it('of more metrics than fit in one request are exact', async () => {
    const { reader, signal, addRun } = await readerInTest();
    const metrics = Array.from({ length: 21 }, (_none, i) => `m${i}`);
    const run = addRun('r1');
    for (let step = 0; step < 4; step++) run.log(Object.fromEntries(metrics.map((name, i) => [name, step * i])));
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { metrics, upToStep: 3 })], signal));
    for (const [i, metric] of metrics.entries()) {
      expect(valuesOf(answer ?? { points: [] }, metric)).toEqual([0, 1, 2, 3].map((step) => [step, step * i]));
    }
  });

  it.each([
    ['whole rows', undefined, 1],
    ['a few metrics at a time, from a server that refuses whole rows', ['history'] as const, 30],
  ])('of very many metrics are read as %s', async (_how, lacks, requests) => {
    const { reader, signal, addRun, server } = await readerInTest(lacks === undefined ? {} : { lacks });
    const metrics = Array.from({ length: 200 }, (_none, i) => `layer.${i}/norm`);
    const run = addRun('r1');
    for (let step = 0; step < 4; step++)
      run.log(Object.fromEntries(metrics.map((name, i) => [name, i === 7 && step === 2 ? Number.NaN : step * i])));
    const before = server.requests.length;
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { metrics, upToStep: 3 })], signal));
    expect(answer?.readUpTo).toBe(3);
    for (const [i, metric] of metrics.entries())
      expect(valuesOf(answer ?? { points: [] }, metric)).toEqual(
        [0, 1, 2, 3].map((step) => [step, i === 7 && step === 2 ? Number.NaN : step * i]),
      );
    expect(server.requests.length - before).toBeLessThanOrEqual(requests);
  });

  it('of very many metrics keep what was read when a later page fails', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    const metrics = Array.from({ length: 200 }, (_none, i) => `m${i}`);
    const run = addRun('r1');
    for (let step = 0; step < 2_500; step += 5)
      run.log(step % 500 === 0 ? Object.fromEntries(metrics.map((name) => [name, step])) : { m0: step }, { step });
    server.fail({ on: { document: 'RunRowsAsText' }, delayMs: 1 });
    for (let i = 0; i < 10; i++) server.fail({ on: { document: 'RunRowsAsText' }, status: 502, body: 'bad gateway' });
    const [part] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { metrics, upToStep: 2_495 })], signal));
    expect(part?.readUpTo).toBe(999);
    expect(part?.points.filter(({ metric }) => metric === 'm7').map(({ x }) => x)).toEqual([0, 500]);
  });

  it('keep NaN and infinities, nested names, fractions, and leave out what is no number', async () => {
    const { reader, signal, addRun } = await readerInTest();
    const run = addRun('r1');
    run.log({ a: { b: 1 }, loss: Number.NaN }, { step: 0.5 });
    run.log({ a: { b: Number.POSITIVE_INFINITY }, 'x.y': 3, note: 'NaN' }, { step: 1.25 });
    run.log({ a: { b: Number.NEGATIVE_INFINITY }, loss: 'text', picture: { _type: 'image-file' } }, { step: 2 });
    const [answer] = okValue(
      await reader.points(PROJECT, [pointsQuery('r1', { metrics: ['a.b', 'loss', 'x.y', 'picture'], upToStep: 2 })], signal),
    );
    expect(valuesOf(answer ?? { points: [] }, 'a.b')).toEqual([
      [0.5, 1],
      [1.25, Number.POSITIVE_INFINITY],
      [2, Number.NEGATIVE_INFINITY],
    ]);
    expect(valuesOf(answer ?? { points: [] })).toEqual([[0.5, Number.NaN]]);
    expect(valuesOf(answer ?? { points: [] }, 'x.y')).toEqual([[1.25, 3]]);
    expect(valuesOf(answer ?? { points: [] }, 'picture')).toEqual([]);
    expect(answer?.readUpTo).toBe(2);
  });

  it.each([undefined, ['sampledHistory'] as const])(
    'begin right after the last step, also between it and the next whole one',
    async (lacks) => {
      const { reader, signal, addRun } = await readerInTest(lacks === undefined ? {} : { lacks });
      const run = addRun('r1');
      for (const step of [3, 3.25, 3.5, 4]) run.log({ loss: step }, { step });
      const [whole] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { afterStep: 3, upToStep: 3.5 })], signal));
      expect(valuesOf(whole ?? { points: [] }).map(([x]) => x)).toEqual([3.25, 3.5]);
      const [part] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { afterStep: 3.25, upToStep: 4 })], signal));
      expect(valuesOf(part ?? { points: [] }).map(([x]) => x)).toEqual([3.5, 4]);
    },
  );

  it('come once each, in order, when rows come twice, repeat steps or come in another order', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 5; i++) run.log({ loss: i });
    run.repeat(2);
    server.misbehave('repeated-rows', { times: Number.POSITIVE_INFINITY });
    server.misbehave('mixed-rows', { times: Number.POSITIVE_INFINITY });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 4 })], signal));
    expect(valuesOf(answer ?? { points: [] })).toEqual([0, 1, 2, 3, 4].map((i) => [i, i]));
  });

  it('with a time that is no date count as of the row before', async () => {
    const { reader, signal, addRun } = await readerInTest();
    const stamps = [START / 1000, 1e20, -1e20, START / 1000 + 3];
    addRun('r1', { rows: madeRows(4, (i) => ({ _step: i, _timestamp: stamps[i] ?? 0, _runtime: i, loss: i })) });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 3 })], signal));
    expect(answer?.points.map(({ at }) => at - START)).toEqual([0, 0, 0, 3_000]);
  });

  it('without a time of their own count as of the row before', async () => {
    const { reader, signal, addRun, clock } = await readerInTest();
    const run = addRun('r1');
    run.log({ loss: 0 });
    clock.now += 5_000;
    run.log({ loss: 1 }, { timestamp: null });
    run.log({ loss: 2 });
    for (const isListed of [false, true]) {
      if (isListed) okValue(await reader.runsSince(PROJECT, { since: 0, signal }));
      const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 2 })], signal));
      expect(answer?.points.map(({ x, at }) => [x, at - START])).toEqual([
        [0, 0],
        [1, 0],
        [2, 5_000],
      ]);
    }
  });
});

describe('a rare metric of a long run', () => {
  it('is exact, without reading the times of all rows', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    const rows = madeRows(50_000, (i) => ({ _step: i, _timestamp: START / 1000 + i, other: 1, ...(i % 5_000 === 17 ? { loss: i } : {}) }));
    // Not a regular list: its names differ from row to row.
    addRun('r1', { rows: { length: rows.length, at: (i) => rows.at(i) } });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 49_999 })], signal));
    expect(answer?.points).toEqual(
      Array.from({ length: 10 }, (_none, i) => i * 5_000 + 17).map((step) => ({
        metric: 'loss',
        x: step,
        at: START + step * 1000,
        value: step,
      })),
    );
    expect(answer?.readUpTo).toBe(49_999);
    expect(server.requests.length).toBeLessThan(4);
  });
});

describe('rows that have not arrived', () => {
  it('are not skipped: the answer says how far it goes', async () => {
    const { reader, signal, addRun } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 4; i++) run.log({ loss: i });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 9 })], signal));
    expect(answer?.readUpTo).toBe(3);
    expect(answer?.points).toHaveLength(4);
  });

  it.each([true, false])('are read when they came during the read (the run was listed: %s)', async (isListed) => {
    const { reader, signal, addRun, server } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 4; i++) run.log({ loss: i });
    if (isListed) okValue(await reader.runsSince(PROJECT, { since: 0, signal }));
    server.misbehave('late-rows');
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 3 })], signal));
    expect(valuesOf(answer ?? { points: [] })).toEqual([0, 1, 2, 3].map((i) => [i, i]));
    expect(answer?.readUpTo).toBe(3);
  });

  it('stay unread when they do not come: a finished run whose history ends early', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 4; i++) run.log({ loss: i });
    run.setState('finished');
    server.misbehave('late-rows', { times: Number.POSITIVE_INFINITY });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 3 })], signal));
    expect(answer?.readUpTo).toBe(2);
    expect(valuesOf(answer ?? { points: [] })).toEqual([0, 1, 2].map((i) => [i, i]));
  });

  it('may lack the metric: the last row counts, whatever is in it', async () => {
    const { reader, signal, addRun } = await readerInTest();
    const run = addRun('r1');
    run.log({ loss: 1 });
    for (let i = 0; i < 5; i++) run.log({ other: i });
    run.log({ other: 1 }, { timestamp: null });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 6 })], signal));
    expect(answer).toMatchObject({ readUpTo: 6, points: [{ x: 0 }] });
  });
});

describe('answers that are cut off', () => {
  it.each(['cut', 'cut-connection', 'reset', '502', 'fewer-specs', 'no-history'] as const)('%s: are asked for again', async (kind) => {
    const { reader, signal, addRun, server } = await readerInTest();
    const run = addRun('r1');
    for (let i = 0; i < 4; i++) run.log({ loss: i });
    server.misbehave(kind);
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 3 })], signal));
    expect(valuesOf(answer ?? { points: [] })).toEqual([0, 1, 2, 3].map((i) => [i, i]));
    expect(answer?.readUpTo).toBe(3);
  });

  it.each(['fewer-specs', 'no-history'] as const)('%s, again and again: nothing is skipped', async (kind) => {
    const { reader, signal, addRun, server } = await readerInTest();
    addRun('r1').log({ loss: 1 });
    addRun('r2').log({ loss: 2 });
    server.misbehave(kind, { times: Number.POSITIVE_INFINITY });
    const answers = okValue(await reader.points(PROJECT, [pointsQuery('r1'), pointsQuery('r2')], signal));
    expect(answers.map(({ readUpTo, points }) => [readUpTo, points])).toEqual([
      [-1, []],
      [-1, []],
    ]);
  });

  it('during a long read keep what was read before', async () => {
    const { reader, signal, addRun, server } = await readerInTest();
    addRun('r1', { rows: regular(30_000) });
    okValue(await reader.runsSince(PROJECT, { since: 0, signal }));
    const read = reader.points(PROJECT, [pointsQuery('r1', { upToStep: 29_999 })], signal);
    while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    server.misbehave('502', { times: Number.POSITIVE_INFINITY });
    const [first] = okValue(await read);
    expect(first?.readUpTo).toBeGreaterThan(-1);
    expect(first?.readUpTo).toBeLessThan(29_999);
    server.behave();
    const rest = okValue(await reader.points(PROJECT, [pointsQuery('r1', { afterStep: first?.readUpTo ?? 0, upToStep: 29_999 })], signal));
    const all = [...valuesOf(first ?? { points: [] }), ...valuesOf(rest[0] ?? { points: [] })];
    expectRegular(all, 30_000);
  });
});

describe('a server that refuses sampled histories', () => {
  it('is read row by row, exactly: empty ranges, fractions, bare NaN, text that says NaN', async () => {
    const { reader, signal, addRun } = await readerInTest({ lacks: ['sampledHistory'] });
    const run = addRun('r1');
    const steps = [0, 0.5, 1, 7, 5_000, 5_001, 400_000, 2_000_000.5];
    for (const [i, step] of steps.entries()) {
      run.log(
        { note: 'it says {"loss": NaN}, -Infinity and "Infinity"', loss: i === 3 ? Number.NaN : i, deep: { er: { loss: i } } },
        { step },
      );
    }
    const query = pointsQuery('r1', { metrics: ['loss', 'deep.er.loss'], upToStep: 2_000_000.5 });
    const [answer] = okValue(await reader.points(PROJECT, [query], signal));
    expect(valuesOf(answer ?? { points: [] })).toEqual(steps.map((step, i) => [step, i === 3 ? Number.NaN : i]));
    expect(valuesOf(answer ?? { points: [] }, 'deep.er.loss')).toEqual(steps.map((step, i) => [step, i]));
    expect(answer?.readUpTo).toBe(2_000_000.5);
  });

  it('is read in narrower ranges where it leaves out rows', async () => {
    const { reader, signal, addRun } = await readerInTest({ lacks: ['sampledHistory'] });
    addRun('r1', { rows: madeRows(9_000, (i) => ({ _step: i / 4, _timestamp: 1, loss: i })) });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 8_999 / 4 })], signal));
    expect(answer?.points).toHaveLength(9_000);
  });

  it('says how far it was read when rows are missing at the end, or are no rows', async () => {
    const { reader, signal, addRun, server } = await readerInTest({ lacks: ['sampledHistory'] });
    const run = addRun('r1');
    for (let i = 0; i < 4; i++) run.log({ loss: i });
    const [answer] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 9 })], signal));
    expect(answer).toMatchObject({ readUpTo: 3 });
    server.misbehave('no-history', { times: 2 });
    const [none] = okValue(await reader.points(PROJECT, [pointsQuery('r1', { upToStep: 3 })], signal));
    expect(none).toMatchObject({ readUpTo: -1, points: [] });
  });
});
