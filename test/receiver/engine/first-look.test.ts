import { expect, it } from 'vitest';
import { automation, HOUR, MINUTE, SECOND, Watched } from './watched.ts';

const HIGH = automation('loss-high', 'run_metric: { metric: loss, above: 5 }');
const FAILED = automation('failed', 'run_state: { states: [failed] }');

it('loses nothing of runs that began and ended while the first look of a project failed, however long', async () => {
  const watched = new Watched([HIGH, FAILED]);
  watched.wandb.trouble = () => ({ kind: 'refused', message: 'W&B refuses the key' });
  await watched.round();
  await watched.pass(5 * MINUTE);
  watched.wandb.run('r1').log('loss', 1, 7).become('failed');
  await watched.pass(3 * HOUR);
  watched.wandb.run('r2').log('loss', 1);
  watched.wandb.trouble = () => undefined;
  await watched.pass(6 * MINUTE);
  expect(await watched.fired()).toEqual(['loss-high r1 1', 'failed r1 failed']);
});

it('in a project whose runs are all old is followed by short lists, not by one of all runs', async () => {
  const watched = new Watched([HIGH, FAILED]);
  watched.wandb.run('old').log('loss', 7).become('failed');
  watched.now += 48 * HOUR;
  const begin = watched.now;
  await watched.round();
  await watched.pass(30 * SECOND);
  const since = watched.wandb.calls.flatMap(({ kind, asked }) => (kind === 'runsSince' ? [(asked as { since: number }).since] : []));
  expect(since.length).toBeGreaterThan(1);
  expect(Math.min(...since)).toBeGreaterThanOrEqual(begin - HOUR);
  watched.wandb.run('new').log('loss', 7);
  await watched.pass(15 * SECOND);
  expect(await watched.fired()).toEqual(['loss-high new 0']);
});

it('by a clock that was a day ahead loses nothing when the clock is corrected', async () => {
  const watched = new Watched([HIGH, FAILED]);
  watched.now += 24 * HOUR;
  await watched.round();
  watched.now -= 24 * HOUR;
  watched.watcher = watched.watch([HIGH, FAILED]);
  // The lease that the other clock wrote has to run out.
  await watched.pass(MINUTE);
  watched.wandb.run('r1').log('loss', 7);
  await watched.pass(MINUTE);
  expect(await watched.fired()).toEqual(['loss-high r1 0']);
});
