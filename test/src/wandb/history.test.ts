import { describe, expect, it } from 'vitest';
import { fetchPoints, type HistoryQuery } from '../../../src/wandb/history.ts';
import { addRun } from '../../stand-ins/wandb-artifacts.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { acmeWorld, type WorldRun } from '../../stand-ins/wandb-world.ts';

type Row = Readonly<Record<string, number>>;

/** What W&B is asked about a run with these rows, and how often. */
async function pointsOf(fields: Partial<WorldRun>, changes: Partial<HistoryQuery> = {}) {
  const world = acmeWorld();
  addRun(world, world.project('train'), 'r1', fields);
  const server = await wandbServer({ world });
  const { client } = testClient(server);
  const query = {
    entity: 'acme',
    project: 'train',
    run: 'r1',
    metric: 'loss',
    isLogged: false,
    lastStep: undefined,
    durationSeconds: undefined,
    ...changes,
  };
  const points = await fetchPoints(client, query, AbortSignal.timeout(20_000));
  if (!points.ok) throw new Error(points.error.message);
  expect(client.requests).toBe(1);
  return points.value;
}

const rows = (count: number, every: number, valueAt: (i: number) => number = (i) => i): Row[] =>
  Array.from({ length: count }, (_none, i) => ({ _step: i * every, loss: valueAt(i) }));

describe('the last values of a metric', () => {
  it.each([
    ['every step of a long run', 30_000, 1],
    ['every 7 steps', 9_000, 7],
    ['every thousand steps', 3_000, 1_000],
    ['rarely', 25, 40_000],
    ['less often than a chart has room', 6, 10],
  ])('are exactly the last twenty, from one request, when it is logged %s', async (_how, count, every) => {
    const history = rows(count, every);
    const last = history.slice(-20);
    const points = await pointsOf({ history }, { lastStep: (count - 1) * every });
    expect(points).toEqual({
      metric: 'loss',
      axis: 'step',
      points: last.map((row) => ({ at: row._step, value: row.loss })),
      notFinite: 0,
    });
  });

  it('are those of the whole run where its last step is not known, and none where W&B thins them out', async () => {
    expect((await pointsOf({ history: rows(200, 3) }))?.points.at(-1)).toEqual({ at: 597, value: 199 });
    expect(await pointsOf({ history: rows(251, 3) })).toBeNull();
  });

  it('are found among rows that do not have it, up to a last step that is no whole number', async () => {
    const history = Array.from({ length: 5_000 }, (_none, i): Row => ({ _step: i + 0.5, other: 1, ...(i % 100 === 0 ? { loss: i } : {}) }));
    const points = await pointsOf({ history }, { lastStep: 4999.5 });
    expect(points?.points.map(({ at }) => at)).toEqual(
      history
        .filter((row) => 'loss' in row)
        .slice(-20)
        .map((row) => row._step),
    );
  });

  it('are one for each step, in order, without NaN and infinities, which are counted', async () => {
    const history = [
      { _step: 2, loss: 2 },
      { _step: 1, loss: 1 },
      { _step: 2, loss: 2.5 },
      { _step: 3, loss: Number.NaN },
      { _step: 4, loss: Number.POSITIVE_INFINITY },
      { _step: 5, loss: 5 },
    ];
    expect(await pointsOf({ history }, { lastStep: 5 })).toEqual({
      metric: 'loss',
      axis: 'step',
      points: [
        { at: 1, value: 1 },
        { at: 2, value: 2.5 },
        { at: 5, value: 5 },
      ],
      notFinite: 2,
    });
  });

  it('are none for a metric or a run that does not exist', async () => {
    expect(await pointsOf({ history: rows(3, 1) }, { metric: 'nothing' })).toBeNull();
    expect(await pointsOf({ history: rows(3, 1) }, { run: 'nobody' })).toBeNull();
  });
});

describe('the last values of a system metric', () => {
  const events = (count: number) =>
    Array.from({ length: count }, (_none, i) => `{"system.cpu": ${i === 3 ? 'NaN' : i}, "_runtime": ${i * 15}, "note": "is NaN"}`);

  it.each(['cpu', 'system.cpu'])('%s are read by the time of the run, of a run that is short', async (metric) => {
    expect(await pointsOf({ events: events(6) }, { metric, durationSeconds: 90 })).toEqual({
      metric,
      axis: 'seconds',
      points: [0, 1, 2, 4, 5].map((i) => ({ at: i * 15, value: i })),
      notFinite: 1,
    });
  });

  it('are those of the history for a metric of its own that is called like one', async () => {
    const history = [0, 1].map((i) => ({ _step: i, cpu: i + 0.5 }));
    const points = await pointsOf({ history, events: events(6) }, { metric: 'cpu', isLogged: true, durationSeconds: 90 });
    expect(points).toMatchObject({ axis: 'step', points: [{ value: 0.5 }, { value: 1.5 }] });
  });

  it('are none where W&B returns more than it can whole', async () => {
    expect(await pointsOf({ events: events(600) }, { metric: 'cpu', durationSeconds: 100 })).toBeNull();
  });
});
