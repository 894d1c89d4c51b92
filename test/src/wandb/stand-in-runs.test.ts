import { describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { forkOf, type LiveRun, liveRun } from '../../stand-ins/wandb-runs.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { post } from './raw-request.ts';

/** One field of run `r1`, as it is sent. */
async function ask(server: WandbStandIn, field: string): Promise<unknown> {
  const { body } = await post(server, `{ project(name: "train", entityName: "acme") { run(name: "r1") { f: ${field} } } }`);
  return (body.data as { project: { run: { f: unknown } } }).project.run.f;
}

async function started(options: Parameters<typeof liveRun>[3] = {}) {
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const server = await wandbServer({ now: () => new Date(clock.now) });
  const run = liveRun(server.world, server.world.project('train'), 'r1', { now: () => clock.now, ...options });
  return { server, run, clock };
}

const stepsOf = (run: LiveRun) => Array.from({ length: run.history.length }, (_none, i) => run.history.at(i)?._step);

describe('the forms in which a run is sent', () => {
  it('are rows as text, with nested values and bare NaN, the last step not in the range', async () => {
    const { server, run } = await started();
    run.log({ loss: Number.NaN, val: { acc: Number.POSITIVE_INFINITY }, note: 'NaN' }).log({ loss: 1 });
    const rows = await ask(server, 'history(minStep: 0, maxStep: 1, samples: 10)');
    expect(rows).toEqual(['{"loss":NaN,"val":{"acc":Infinity},"note":"NaN","_step":0,"_timestamp":1772366400,"_runtime":0}']);
  });

  it('are sampled rows with dotted names and NaN as text, both steps in the range', async () => {
    const { server, run } = await started();
    run
      .log({ loss: Number.NaN, val: { acc: 1 } })
      .log({ loss: 2 })
      .log({ loss: 3 });
    const specs = [
      { keys: ['_step', 'loss'], samples: 10, minStep: 0, maxStep: 1 },
      { keys: ['_step', 'val.acc', 'loss'], samples: 10 },
      { keys: ['_step', 'loss'], samples: 2 },
    ];
    const query = `query Q($specs: [JSONString!]!) { project(name: "train", entityName: "acme") { run(name: "r1") { sampledHistory(specs: $specs) } } }`;
    const { body } = await post(server, query, { specs: specs.map((spec) => JSON.stringify(spec)) });
    expect(body.data).toEqual({
      project: {
        run: {
          sampledHistory: [
            [
              { _step: 0, loss: 'NaN' },
              { _step: 1, loss: 2 },
            ],
            [{ _step: 0, 'val.acc': 1, loss: 'NaN' }],
            [
              { _step: 0, loss: 'NaN' },
              { _step: 1, loss: 2 },
            ],
          ],
        },
      },
    });
  });

  it('are its keys with their counts and the last step, its summary, its config', async () => {
    const { server, run } = await started({ config: { lr: 0.1, other: 1 } });
    expect(await ask(server, 'historyKeys')).toBeNull();
    run.log({ loss: 1 }).log({ loss: Number.NaN, val: { acc: 1 } });
    expect(await ask(server, 'historyKeys')).toMatchObject({
      lastStep: 1,
      keys: { loss: { typeCounts: [{ type: 'number', count: 2 }], previousValue: 'NaN' }, 'val.acc': { typeCounts: [{ count: 1 }] } },
    });
    expect(JSON.parse(String(await ask(server, 'summaryMetrics')))).toMatchObject({ loss: 'NaN', val: { acc: 1 }, _step: 1 });
    expect(await ask(server, 'summaryMetrics(keys: ["val.acc", "none"])')).toBe('{"val.acc":1}');
    expect(await ask(server, 'config(keys: ["lr"])')).toBe('{"lr":{"value":0.1}}');
  });

  it('are system metrics as text, without steps', async () => {
    const { server, run } = await started();
    run.logSystem({ cpu: Number.NaN, 'gpu.0.gpu/l:node-1': 3 });
    expect(await ask(server, 'events(samples: 10)')).toEqual([
      '{"system.cpu":NaN,"system.gpu.0.gpu/l:node-1":3,"_wandb":true,"_runtime":0,"_timestamp":1772366400}',
    ]);
  });
});

describe('a run that goes on', () => {
  it('holds its newest row back as the real client does with step=, until a later step or its end', async () => {
    const { run } = await started({ holdsBack: true });
    run.log({ a: 1 }, { step: 0 });
    expect(stepsOf(run)).toEqual([]);
    run.log({ b: 2 }, { step: 0 }).log({ a: 2 }, { step: 1 }).log({ late: 1 }, { step: 0 });
    expect(run.history.at(0)).toMatchObject({ a: 1, b: 2, _step: 0 });
    expect(stepsOf(run)).toEqual([0]);
    run.setState('finished');
    expect(stepsOf(run)).toEqual([0, 1]);
    run.resume().log({ a: 3 }, { step: 2 }).setState('killed').resume().log({ a: 3 });
    expect(stepsOf(run)).toEqual([0, 1, 2]);
    expect(run.history.at(2)?.a).toBe(3);
  });

  it('is shown as crashed after five minutes without a heartbeat, and running again with the next', async () => {
    const { run, clock } = await started();
    run.log({ a: 1 });
    const { heartbeatAt } = run;
    clock.now += 300_001;
    expect([run.state, run.heartbeatAt]).toEqual(['crashed', heartbeatAt]);
    run.log({ a: 1 });
    expect(run.state).toBe('running');
  });

  it('keeps its heartbeat when it is killed, and moves it when it finishes', async () => {
    const { run, clock } = await started();
    const { heartbeatAt } = run;
    clock.now += 1_000;
    expect(run.setState('killed').heartbeatAt).toBe(heartbeatAt);
    expect(run.setState('finished').heartbeatAt).not.toBe(heartbeatAt);
  });

  it('is rewound: the id stays, rows are dropped, the next step follows; a fork names its parent', async () => {
    const { run, server } = await started();
    const { id } = run;
    for (let i = 0; i < 5; i++) run.log({ loss: i });
    run.rewind(2).log({ loss: 33 });
    expect([run.id, stepsOf(run), run.state]).toEqual([id, [0, 1, 2, 3], 'running']);
    const fork = forkOf(server.world, run, 'r2', 1);
    fork.log({ loss: 1 });
    expect(stepsOf(fork)).toEqual([2]);
    expect(JSON.parse(fork.config)).toEqual({ _wandb: { value: { branch_point: { run_id: 'r1', step: 1 } } } });
    const repeating = forkOf(server.world, run, 'r3', 1, { repeats: 2 });
    repeating.log({ loss: 1 });
    expect(stepsOf(repeating)).toEqual([0, 1, 2]);
  });
});
