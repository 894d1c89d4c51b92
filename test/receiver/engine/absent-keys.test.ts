import { expect, it } from 'vitest';
import { automation, MINUTE, SECOND, Watched } from './watched.ts';

it('an answer without the last step is no rewind: streaks go on, and the run is as silent as before', async () => {
  const watched = new Watched([
    automation('three', 'run_metric: { metric: loss, above: 5 }', 'for_points: 3'),
    automation('silent', 'run_silent: { for: 30m }'),
  ]);
  await watched.round();
  const run = watched.wandb.run('r1').log('loss', 7, 7);
  await watched.pass(30 * SECOND);
  const { lastStep, loggedMetrics } = run.snapshot;
  run.set({ lastStep: undefined, loggedMetrics: new Set() });
  await watched.pass(30 * SECOND);
  run.set({ lastStep, loggedMetrics });
  await watched.pass(30 * SECOND);
  run.log('loss', 7);
  await watched.pass(30 * SECOND);
  expect(await watched.fired()).toEqual(['three r1 2']);
  await watched.pass(28 * MINUTE);
  run.set({ lastStep: undefined, loggedMetrics: new Set() });
  await watched.pass(30 * SECOND);
  run.set({ lastStep: 2, loggedMetrics });
  await watched.pass(2 * MINUTE);
  expect(await watched.fired()).toEqual(['three r1 2', 'silent r1']);
});

it('a run that begins again under its id is a rewind, once it has logged something', async () => {
  const watched = new Watched([automation('high', 'run_metric: { metric: loss, above: 5 }', 'refire: 1m')]);
  await watched.round();
  const run = watched.wandb.run('r1').log('loss', 1, 1, 1);
  await watched.pass(30 * SECOND);
  run.rewind(-1).set({ lastStep: undefined });
  await watched.pass(30 * SECOND);
  run.log('loss', 1);
  await watched.pass(30 * SECOND);
  run.log('loss', 1, 1, 1, 7);
  await watched.pass(30 * SECOND);
  expect(await watched.fired()).toEqual(['high r1 4']);
});
