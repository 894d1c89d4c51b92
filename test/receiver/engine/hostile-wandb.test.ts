import { describe, expect, it } from 'vitest';
import { createRunReader } from '../../../src/wandb/run-reader.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { MisbehaviourKind } from '../../stand-ins/wandb-misbehaviour.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { automation, MINUTE, SECOND, Watched } from './watched.ts';

const HIGH = automation('high', 'run_metric: { metric: loss, above: 5 }');
const HOT = automation('hot', 'run_metric: { metric: gpu.0.temp, above: 80 }');
const FAILED = automation('failed', 'run_state: { states: [failed] }');

const FOR_GOOD = { times: Number.POSITIVE_INFINITY };
/** Real milliseconds: only what does not come is waited for so shortly. */
const PATIENCE_MS = 5;

/** A watcher that reads a W&B over real sockets, with a clock of the test's own. */
async function watchedForReal(...automations: string[]) {
  const watched = new Watched(automations, { leaseMs: 24 * 60 * MINUTE });
  const server = await wandbServer({ now: () => new Date(watched.now) });
  const now = () => watched.now;
  const hanging: { on: string | undefined } = { on: undefined };
  const impatient: typeof fetch = (url, init) => {
    const hangs = hanging.on !== undefined && typeof init?.body === 'string' && init.body.includes(hanging.on);
    const signals = [init?.signal ?? [], hangs ? AbortSignal.timeout(PATIENCE_MS) : []].flat();
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };
  const { client } = testClient(server, { now, sleep: () => Promise.resolve(), fetch: impatient });
  const restart = () => {
    watched.watcher = watched.watch(automations, { reader: createRunReader({ client, now }) });
  };
  restart();
  const runOf = (name: string) => liveRun(server.world, server.world.project('train'), name, { now });
  const misbehave = (kind: MisbehaviourKind, on: string) => {
    server.misbehave(kind, { ...FOR_GOOD, on });
    if (kind.endsWith('hang')) hanging.on = on;
  };
  const behave = () => {
    server.behave();
    hanging.on = undefined;
  };
  return { watched, misbehave, behave, runOf, restart };
}

/** What goes wrong with which requests, what `/readyz` says of it, and what fires meanwhile. */
const EVERYTHING = 'query ';
const ROWS = 'query RunRows';
const SYSTEM = 'query SystemRows';
const NO_ANSWER = /W&B does not answer/;
const TROUBLE: readonly (readonly [MisbehaviourKind, string, RegExp, readonly string[]])[] = [
  ['hang', EVERYTHING, NO_ANSWER, []],
  ['cut', EVERYTHING, NO_ANSWER, []],
  ['cut-connection', EVERYTHING, NO_ANSWER, []],
  ['cut-hang', EVERYTHING, NO_ANSWER, []],
  ['html', EVERYTHING, NO_ANSWER, []],
  ['errors', EVERYTHING, /W&B refuses the key, or what it is asked/, []],
  ['429-day', EVERYTHING, /rate limit is used up/, []],
  // What the run's state says does not wait for rows.
  ['cut-hang', ROWS, NO_ANSWER, ['failed r1 failed']],
  ['errors', ROWS, /W&B refuses/, ['failed r1 failed']],
  ['429-day', ROWS, /rate limit is used up/, []],
  ['cut-hang', SYSTEM, NO_ANSWER, ['high r1 1', 'failed r1 failed']],
  ['errors', SYSTEM, /W&B refuses/, ['high r1 1', 'failed r1 failed']],
  ['429-day', SYSTEM, /rate limit is used up/, ['high r1 1']],
];

describe('of a W&B that misbehaves every firing comes once, and /readyz says why it is late', () => {
  it.each(TROUBLE)('%s: %s', async (kind, on, why, early) => {
    const { watched, misbehave, behave, runOf } = await watchedForReal(HIGH, HOT, FAILED);
    await watched.round();
    const run = runOf('r1').log({ loss: 1 }).logSystem({ 'gpu.0.temp': 50 });
    await watched.pass(15 * SECOND);
    misbehave(kind, on);
    run.log({ loss: 7 }).logSystem({ 'gpu.0.temp': 90 }).log({ loss: 1 });
    await watched.pass(2 * MINUTE);
    run.setState('failed');
    await watched.pass(6 * MINUTE);
    expect(watched.watcher.details()).toEqual([expect.stringMatching(why)]);
    expect(await watched.fired()).toEqual(early);
    behave();
    await watched.pass(12 * MINUTE);
    expect((await watched.fired()).toSorted()).toEqual(['failed r1 failed', 'high r1 1', 'hot r1']);
    expect(watched.watcher.details()).toEqual([]);
  });
});

it('system metrics of a run that has ended wait until they can be read, also while rows of other runs arrive', async () => {
  const { watched, misbehave, behave, runOf, restart } = await watchedForReal(HIGH, HOT);
  await watched.round();
  const [ended, other] = [runOf('ended').log({ loss: 1 }), runOf('other').log({ loss: 1 })];
  await watched.pass(15 * SECOND);
  misbehave('errors', SYSTEM);
  ended.logSystem({ 'gpu.0.temp': 90 }).setState('finished');
  for (let i = 0; i < 12; i++) {
    other.log({ loss: 1 });
    await watched.pass(15 * SECOND);
    // Which runs had trouble is not remembered by the next process.
    await watched.watcher.stop();
    restart();
  }
  behave();
  await watched.pass(12 * MINUTE);
  expect(await watched.fired()).toEqual(['hot ended']);
});
