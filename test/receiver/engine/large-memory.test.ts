import { expect, it } from 'vitest';
import { EngineMemoryTooLargeError, MOST_RUN_STATE_BYTES } from '../../../receiver/store/engine.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { automation, MINUTE, SECOND, Watched } from './watched.ts';

const HIGH = automation('loss-high', 'run_metric: { metric: loss, above: 5 }');
const WINDOW = 100;
/** Together they remember more of a run than can be stored. */
const MANY = Array.from({ length: 520 }, (_, i) => averageOf(`average-${i}`, WINDOW));

function averageOf(name: string, window: number): string {
  return automation(name, `run_metric: { metric: loss, above: 1e9, aggregate: average, window: ${window} }`);
}

it('a run of which too much would have to be remembered keeps nothing else from being stored', async () => {
  const watched = new Watched([HIGH, ...MANY]);
  await watched.round();
  const [large, small] = [watched.wandb.run('large'), watched.wandb.run('small').log('loss', 1)];
  for (let i = 0; i < WINDOW; i++) large.log('loss', i / 7e3);
  await watched.pass(MINUTE);
  for (const run of [large, small]) run.log('loss', 7);
  await watched.pass(30 * SECOND);
  expect(await watched.fired()).toEqual([`loss-high large ${WINDOW}`, 'loss-high small 1']);
  const [kept] = await watched.store.engineRuns('acme/train', ['large']);
  const size = JSON.stringify(kept?.state).length;
  expect(size).toBeLessThan(MOST_RUN_STATE_BYTES);
  // No more is left out than has to be.
  expect(size).toBeGreaterThan(MOST_RUN_STATE_BYTES * 0.9);
  const problem =
    /^the automation "average-\d+" is not evaluated on the run large \(and \d+ more\): it would have to remember more than 1 MB of it; give it /;
  expect((await watched.store.engineProject('acme/train', watched.now))?.problem).toMatch(problem);
  expect(watched.watcher.report()).toMatchObject([{ problem: expect.stringMatching(problem) }]);
  // After they were changed, they all are evaluated again.
  watched.watcher = watched.watch([HIGH, ...MANY.map((each) => each.replace(`window: ${WINDOW}`, 'window: 2').replace('1e9', '100'))]);
  await watched.pass(MINUTE);
  large.log('loss', 1e6);
  await watched.pass(30 * SECOND);
  const fired = await watched.fired();
  expect(fired.filter((line) => /^average-\d+ large/.test(line))).toHaveLength(MANY.length);
  expect((await watched.store.engineProject('acme/train', watched.now))?.problem).toBeNull();
});

it('a round that cannot be stored is said to be behind', async () => {
  const store = sqliteStore(openMigrated());
  const refusing: typeof store = { ...store, advanceEngine: () => Promise.reject(new EngineMemoryTooLargeError('too large')) };
  const watched = new Watched([HIGH], { store: refusing });
  watched.wandb.run('r1').log('loss', 7);
  await watched.round();
  await watched.pass(5 * MINUTE);
  expect(watched.watcher.details().join()).toMatch(/1 of 1 projects is up to [45] min.* behind: what was found out cannot be stored/);
  await store.close();
});
