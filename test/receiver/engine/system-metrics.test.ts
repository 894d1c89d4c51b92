import { expect, it } from 'vitest';
import { automation, HOUR, MINUTE, SECOND, Watched } from './watched.ts';

const HOT = automation('hot', 'run_metric: { metric: gpu.0.temp, above: 80 }');
const ALL_HOT = automation('all-hot', 'run_metric: { metric: gpu.0.temp, above: 80, aggregate: average, window: 3 }');

async function started(...automations: string[]): Promise<Watched> {
  const watched = new Watched(automations);
  await watched.round();
  return watched;
}

it('one row of a clock that was ahead hides nothing that is logged after the clock was corrected', async () => {
  const watched = await started(HOT);
  const run = watched.wandb.run('r1').system('gpu.0.temp', 60, 2 * HOUR);
  await watched.pass(30 * SECOND);
  run.system('gpu.0.temp', 90);
  await watched.pass(30 * SECOND);
  expect(await watched.fired()).toEqual(['hot r1']);
});

it('a row of a clock that is ahead is evaluated when its time has come, once', async () => {
  const watched = await started(HOT);
  watched.wandb.run('r1').system('gpu.0.temp', 90, 10 * MINUTE);
  await watched.pass(5 * MINUTE);
  expect(await watched.fired()).toEqual([]);
  // The run logs nothing more, and sends no heartbeat.
  await watched.pass(6 * MINUTE);
  expect(await watched.fired()).toEqual(['hot r1']);
});

it('and at the latest when the run has ended', async () => {
  const watched = await started(HOT);
  const run = watched.wandb.run('r1');
  for (let i = 0; i < 4; i++) {
    run.system('gpu.0.temp', i < 3 ? 60 : 90, HOUR);
    await watched.pass(15 * SECOND);
  }
  run.set({}).become('finished');
  await watched.pass(2 * MINUTE);
  expect(await watched.fired()).toEqual(['hot r1']);
});

it('a machine whose clock is behind that of another one of the same run loses nothing', async () => {
  const watched = await started(HOT.replaceAll('gpu.0.temp', 'gpu.0.temp/l:slow'));
  const run = watched.wandb.run('r1');
  for (let i = 0; i < 5; i++) {
    run.system('gpu.0.temp/l:fast', 60);
    await watched.pass(15 * SECOND);
    run.system('gpu.0.temp/l:slow', i === 3 ? 90 : 60, -40 * SECOND);
    await watched.pass(15 * SECOND);
  }
  expect(await watched.fired()).toEqual(['hot r1']);
});

it('what is read again does not count again', async () => {
  const watched = await started(ALL_HOT);
  const run = watched.wandb.run('r1');
  for (const value of [60, 60, 100]) {
    run.system('gpu.0.temp', value);
    await watched.pass(15 * SECOND);
  }
  for (let i = 0; i < 4; i++) {
    run.set({});
    await watched.pass(15 * SECOND);
  }
  expect(await watched.fired()).toEqual([]);
});
