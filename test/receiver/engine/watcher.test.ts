import { describe, expect, it } from 'vitest';
import { readDetail } from '../../../receiver/engine/rule-detail.ts';
import { automation, HOUR, MINUTE, SECOND, START, Watched } from './watched.ts';

const HIGH = automation('loss-high', 'run_metric: { metric: loss, above: 5 }');
const HIGH_3 = automation('average-high', 'run_metric: { metric: loss, aggregate: average, window: 3, above: 5 }');
const FAILED = automation('failed', 'run_state: { states: [failed] }');
const ENDED = automation('ended', 'run_state: { states: [finished, killed] }');

describe('a firing', () => {
  it('becomes an event that routes, with what is known about it', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const run = watched.wandb.run('r1', { displayName: 'nightly' }).log('loss', 1, 2);
    await watched.pass(15 * SECOND);
    run.log('loss', 7);
    await watched.pass(15 * SECOND);
    const [event] = await watched.store.events({ limit: 10 });
    expect(event).toMatchObject({
      outcome: 'routed',
      event: {
        type: 'run_metric',
        source: 'default',
        engine: 'relay',
        automation: 'loss-high',
        run: 'r1',
        metric: 'loss',
        value: 7,
        step: 2,
      },
    });
    expect(event?.event).toMatchObject({
      entity: 'acme',
      project: 'train',
      author: 'ada',
      display_name: 'nightly',
      threshold: 5,
      comparison: 'above',
    });
    const [delivery] = await watched.store.deliveries({ limit: 10 });
    expect(delivery).toMatchObject({ state: 'pending', route: 'loss-high', target: 'repository_dispatch:acme/train' });
    expect(watched.wakes).toBe(1);
  });

  it('comes once for a condition that stays true, also after a restart', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 7);
    await watched.pass(15 * SECOND);
    run.log('loss', 8, 9);
    await watched.pass(15 * SECOND);
    await watched.watcher.stop();
    watched.watcher = watched.watch([HIGH]);
    run.log('loss', 9);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
  });

  it('has a second event for its end where resolve is set', async () => {
    const watched = new Watched([automation('loss-high', 'run_metric: { metric: loss, above: 5 }', 'resolve: true')]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 7);
    await watched.pass(15 * SECOND);
    run.log('loss', 1);
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['loss-high r1 0', 'loss-high r1 resolved 1']);
    const [latest] = await watched.store.events({ limit: 1 });
    expect(JSON.parse(latest?.body ?? '')).toMatchObject({ relay: 1, engine: 'relay', resolved: true });
    // What people see as the last firing is one, with the time that stands beside it.
    const [rule] = (await watched.store.engineProjects())[0]?.rules ?? [];
    expect(readDetail(rule?.detail).last).toEqual({ run: 'r1', display_name: 'r1', at: rule?.lastFiredAt, step: 0, value: 7 });
  });

  it('is only kept and logged where dry_run is set', async () => {
    const watched = new Watched([automation('loss-high', 'run_metric: { metric: loss, above: 5 }', 'dry_run: true')]);
    await watched.round();
    watched.wandb.run('r1').log('loss', 1, 7);
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual([]);
    const [rule] = (await watched.store.engineProjects())[0]?.rules ?? [];
    expect(readDetail(rule?.detail).dry).toEqual([{ run: 'r1', display_name: 'r1', at: START, step: 1, value: 7 }]);
    expect(rule?.lastFiredAt).toBeNull();
  });
});

describe('first sight', () => {
  it('fires for nothing that was there before, and fills windows with it', async () => {
    const watched = new Watched([HIGH_3, ENDED, FAILED]);
    const running = watched.wandb.run('old').log('loss', 9, 9, 9);
    watched.wandb.run('gone').log('loss', 9, 9, 9).become('failed');
    watched.now += MINUTE;
    await watched.round();
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual([]);
    // The window is full of what was there before.
    running.log('loss', 9);
    await watched.pass(15 * SECOND);
    running.become('finished');
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['average-high old 3', 'ended old finished']);
  });

  it('of a run that began later evaluates everything, however late it is seen', async () => {
    const watched = new Watched([HIGH, FAILED]);
    await watched.round();
    await watched.watcher.stop();
    watched.now += HOUR;
    watched.wandb.run('late').log('loss', 1, 7, 2).become('failed');
    watched.now += 5 * HOUR;
    watched.watcher = watched.watch([HIGH, FAILED]);
    await watched.round();
    expect(await watched.fired()).toEqual(['loss-high late 1', 'failed late failed']);
  });

  it('is repeated when the condition changes, and what has fired is kept', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 7, 1);
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
    await watched.watcher.stop();
    watched.watcher = watched.watch([automation('loss-high', 'run_metric: { metric: loss, above: 0.5 }')]);
    await watched.pass(MINUTE);
    run.log('loss', 7);
    await watched.pass(MINUTE);
    // It fired for this run within the last 24 hours.
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
    watched.wandb.run('r2').log('loss', 1);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 0', 'loss-high r2 0']);
  });

  it('is repeated for an automation that was switched off and on again', async () => {
    const watched = new Watched([HIGH, FAILED]);
    await watched.round();
    await watched.watcher.stop();
    watched.watcher = watched.watch([FAILED]);
    await watched.pass(HOUR);
    watched.wandb.run('meanwhile').log('loss', 9);
    await watched.pass(HOUR);
    await watched.watcher.stop();
    watched.watcher = watched.watch([HIGH, FAILED]);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual([]);
  });

  it('does not fire for a run that is resumed long after it was forgotten', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 7).become('finished');
    await watched.pass(MINUTE);
    watched.now += 200 * 24 * HOUR;
    expect(await watched.store.pruneEngineRuns(watched.now - 90 * 24 * HOUR, 10)).toBe(1);
    watched.watcher = watched.watch([HIGH]);
    run.become('running').log('loss', 1);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
  });
});

describe('the life of a run', () => {
  it('that is rewound: windows are dropped, what comes again only fills, and what fired is kept', async () => {
    const watched = new Watched([automation('loss-high', 'run_metric: { metric: loss, above: 5 }', 'refire: 1s')]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1, 2, 7);
    await watched.pass(15 * SECOND);
    run.rewind(1);
    await watched.pass(15 * SECOND);
    // Up to the old watermark: the same again.
    run.log('loss', 8);
    await watched.pass(15 * SECOND);
    run.log('loss', 2);
    await watched.pass(15 * SECOND);
    run.log('loss', 9);
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['loss-high r1 2', 'loss-high r1 4']);
  });

  it('that is resumed goes on where it was', async () => {
    const watched = new Watched([HIGH_3]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1, 6).become('finished');
    await watched.pass(HOUR);
    run.become('running').log('loss', 9);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['average-high r1 2']);
  });

  it('that is killed or crashes without a heartbeat is seen: it is asked for by its name', async () => {
    const watched = new Watched([ENDED, FAILED]);
    await watched.round();
    const runs = ['r1', 'r2'].map((name) => watched.wandb.run(name).log('loss', 1));
    await watched.pass(HOUR);
    runs[0]?.become('killed');
    runs[1]?.become('crashed');
    await watched.pass(MINUTE);
    expect((await watched.fired()).toSorted()).toEqual(['ended r1 killed', 'failed r2 crashed']);
  });

  it('that crashes and comes back within the grace has not crashed', async () => {
    const watched = new Watched([automation('crashed', 'run_state: { states: [crashed], grace: 10m }')]);
    await watched.round();
    const runs = ['back', 'gone'].map((name) => watched.wandb.run(name));
    await watched.pass(MINUTE);
    for (const run of runs) run.become('crashed');
    await watched.pass(5 * MINUTE);
    runs[0]?.set({ state: 'running' });
    await watched.pass(10 * MINUTE);
    expect(await watched.fired()).toEqual(['crashed gone crashed']);
    expect(await watched.store.liveEngineRuns('acme/train')).toEqual(['back']);
  });

  it('that goes on too long, or logs nothing, is noticed although nothing happens', async () => {
    const watched = new Watched([
      automation('long', 'run_state: { states: [running], longer_than: 2h }'),
      automation('silent', 'run_silent: { for: 30m }'),
    ]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(20 * MINUTE);
    run.log('loss', 1);
    await watched.pass(20 * MINUTE);
    expect(await watched.fired()).toEqual([]);
    await watched.pass(11 * MINUTE);
    expect(await watched.fired()).toEqual(['silent r1']);
    await watched.pass(2 * HOUR);
    expect(await watched.fired()).toEqual(['silent r1', 'long r1 running']);
  });

  it('whose last rows arrive with its end, or after it, is evaluated to the last row', async () => {
    const watched = new Watched([HIGH, ENDED]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(15 * SECOND);
    run.log('loss', 2, 7).become('finished').hidden = 2;
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['ended r1 finished']);
    run.hidden = 0;
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['ended r1 finished', 'loss-high r1 2']);
    expect(await watched.store.liveEngineRuns('acme/train')).toEqual([]);
  });

  it('whose last rows never arrive is reported and closed', async () => {
    const lines: { fields: object; message: string }[] = [];
    const warn = (fields: object, message: string) => lines.push({ fields, message });
    const watched = new Watched([HIGH], { log: { debug() {}, info() {}, error() {}, warn } });
    await watched.round();
    watched.wandb.run('r1').log('loss', 1, 2, 7).become('finished').hidden = 1;
    await watched.pass(HOUR);
    expect(await watched.store.liveEngineRuns('acme/train')).toEqual([]);
    expect(lines).toEqual([
      {
        fields: { project: 'acme/train', run: 'r1', step: 1, last_step: 2 },
        message: expect.stringContaining('stops before its last step') as string,
      },
    ]);
    const reads = watched.wandb.count('points');
    expect(reads).toBeLessThan(60);
    await watched.pass(HOUR);
    expect(watched.wandb.count('points')).toBe(reads);
  });

  it('that is deleted is not asked for any more after a while', async () => {
    const watched = new Watched([FAILED]);
    await watched.round();
    watched.wandb.run('r1');
    await watched.pass(5 * MINUTE);
    watched.wandb.remove('r1');
    await watched.pass(5 * MINUTE);
    expect(await watched.store.liveEngineRuns('acme/train')).toEqual(['r1']);
    await watched.pass(10 * MINUTE);
    expect(await watched.store.liveEngineRuns('acme/train')).toEqual([]);
  });

  it('is not evaluated by an answer from before', async () => {
    const watched = new Watched([automation('ended', 'run_state: { states: [failed] }', 'refire: 1s')]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(MINUTE);
    const stale = run.snapshot;
    run.log('loss', 2).set({ state: 'failed' });
    await watched.pass(15 * SECOND);
    const fresh = run.snapshot;
    run.snapshot = stale;
    await watched.pass(15 * SECOND);
    run.snapshot = fresh;
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['ended r1 failed']);
  });
});

describe('system metrics', () => {
  it('are evaluated with and without their prefix, once each', async () => {
    const watched = new Watched([automation('hot', 'run_metric: { metric: gpu.0.temp, above: 90 }', 'refire: 1s')]);
    await watched.round();
    const run = watched.wandb.run('r1').system('gpu.0.temp', 50);
    await watched.pass(15 * SECOND);
    run.system('gpu.0.temp', 95);
    await watched.pass(MINUTE);
    run.system('gpu.0.temp', 96);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toHaveLength(1);
  });
});
