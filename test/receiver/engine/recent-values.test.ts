import { describe, expect, it } from 'vitest';
import { type RecentRun, recentRuns, withRecentFiring, withRecentValue } from '../../../receiver/engine/recent-values.ts';
import { automation, SECOND, Watched } from './watched.ts';

const T0 = Date.UTC(2026, 10, 27);

function of(run: string, createdAt = T0) {
  return { run, display_name: `name of ${run}`, createdAt };
}

function logged(values: readonly (readonly [seconds: number, value: number | string])[], run = of('a')): readonly RecentRun[] {
  return values.reduce<readonly RecentRun[]>((recent, [at, value]) => withRecentValue(recent, run, T0 + at * SECOND, value), []);
}

describe('the values that are kept of a run', () => {
  it('are those that were compared, in order, each once', () => {
    const recent = logged([
      [0, 1],
      [15, 0.1234567891],
      [15, 7],
      [10, 8],
      [30, 'NaN'],
    ]);
    const [run] = recentRuns({ recent: [...recent] });
    expect(run).toMatchObject({ run: 'a', displayName: 'name of a', firings: [] });
    expect(run?.values.map(({ at, value }) => [(at - T0) / SECOND, value])).toEqual([
      [0, 1],
      [15, 0.123457],
      [30, Number.NaN],
    ]);
  });

  it('cover the whole run with a bounded number, evenly, and end with the newest', () => {
    for (const length of [61, 100, 1_000, 20_000]) {
      const [run] = recentRuns({ recent: [...logged(Array.from({ length }, (_, i) => [i * 15, i] as const))] });
      const seconds = run?.values.map(({ at }) => (at - T0) / SECOND) ?? [];
      expect(seconds.length).toBeGreaterThan(25);
      expect(seconds.length).toBeLessThanOrEqual(60);
      expect([seconds[0], seconds.at(-1), run?.values.at(-1)?.value]).toEqual([0, (length - 1) * 15, length - 1]);
      const gaps = seconds.slice(1).map((at, i) => at - (seconds[i] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual((length * 15) / 12);
    }
  });

  it('go on after a long silence', () => {
    const after = Array.from({ length: 100 }, (_, i) => [36_000 + i * 15, i] as const);
    const [run] = recentRuns({ recent: [...logged([[0, 1], ...after])] });
    expect(run?.values.length).toBeGreaterThan(2);
    expect(run?.values.at(-1)?.value).toBe(99);
  });
});

describe('the runs that are kept', () => {
  it('are the five that began last, whichever logs', () => {
    let recent: readonly RecentRun[] = [];
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 9; i++) recent = withRecentValue(recent, of(`r${i}`, T0 + i), T0 + (round * 9 + i) * SECOND, i);
    expect(recent.map(({ run }) => run)).toEqual(['r8', 'r7', 'r6', 'r5', 'r4']);
    expect(recent.every(({ values }) => values.length === 6)).toBe(true);
  });

  it('and those that fired since, with their firings, which are bounded', () => {
    let recent: readonly RecentRun[] = [];
    for (let i = 1; i < 9; i++) recent = withRecentValue(recent, of(`r${i}`, T0 + i), T0 + i * SECOND, i);
    for (let n = 0; n < 50; n++) recent = withRecentFiring(recent, of('r0'), { at: T0 + n * SECOND, value: n, isResolved: n % 2 === 1 });
    expect(recent.map(({ run }) => run)).toEqual(['r0', 'r8', 'r7', 'r6', 'r5']);
    const [first] = recentRuns({ recent: [...recent] });
    expect(first?.firings).toHaveLength(20);
    expect(first?.firings.at(-1)).toEqual({ at: T0 + 49 * SECOND, value: 49, isResolved: true });
  });

  it('take little room', () => {
    let recent: readonly RecentRun[] = [];
    for (let i = 0; i < 5; i++) {
      const run = { run: `r${i}`, display_name: 'ü'.repeat(200), createdAt: T0 + i };
      for (let n = 0; n < 500; n++) recent = withRecentValue(recent, run, T0 + n * 60_000, Math.PI * 1e-7 * (n + 1));
      for (let n = 0; n < 30; n++) recent = withRecentFiring(recent, run, { at: T0 + n * 60_000, value: Math.PI, isResolved: false });
    }
    expect(Buffer.byteLength(JSON.stringify(recent))).toBeLessThan(16 * 1024);
  });

  it('are none where the memory has another form', () => {
    expect(recentRuns({})).toEqual([]);
    expect(recentRuns({ recent: [{ run: 1 }] })).toEqual([]);
    expect(recentRuns({ recent: 'later' })).toEqual([]);
  });
});

describe('the watcher', () => {
  it('remembers what it compared and where it fired, until the automation compares something else', async () => {
    const above = (limit: number) => automation('loss-high', `run_metric: { metric: loss, above: ${limit} }`);
    const watched = new Watched([above(5)]);
    const shown = async () => {
      const [project] = await watched.store.engineProjects();
      return recentRuns(project?.rules[0]?.detail ?? {}).map(({ run, values, firings }) => ({
        run,
        values: values.map(({ value }) => value),
        firings: firings.map(({ value }) => value),
      }));
    };
    await watched.round();
    const run = watched.wandb.run('r1', { displayName: 'nightly' }).log('loss', 1, 2);
    await watched.pass(15 * SECOND);
    run.log('loss', 7);
    await watched.pass(15 * SECOND);
    run.log('loss', 3);
    await watched.pass(15 * SECOND);
    expect(await shown()).toEqual([{ run: 'r1', values: [2, 7, 3], firings: [7] }]);
    await watched.watcher.stop();
    watched.watcher = watched.watch([above(6)]);
    await watched.pass(15 * SECOND);
    const [again] = await shown();
    expect([again?.firings ?? [], (again?.values ?? []).includes(7)]).toEqual([[], false]);
  });
});
