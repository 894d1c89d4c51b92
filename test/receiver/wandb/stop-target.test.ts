import { describe, expect, it } from 'vitest';
import type { SearchContext } from '../../../receiver/outbox/target.ts';
import { stopTarget } from '../../../receiver/wandb/stop-target.ts';
import type { RunSnapshot } from '../../../src/engine/run.ts';
import { ok } from '../../../src/lib/result.ts';
import type { StopRequest } from '../../../src/route/target.ts';
import type { WandbClientOptions } from '../../../src/wandb/client.ts';
import { createRunReader } from '../../../src/wandb/run-reader.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { type LiveRunOptions, liveRun } from '../../stand-ins/wandb-runs.ts';
import { acmeWorld } from '../../stand-ins/wandb-world.ts';

const CONTEXT: SearchContext = {
  deliveryId: 'd1',
  eventId: 'e1',
  conversation: null,
  attempts: 0,
  signal: new AbortController().signal,
  runsSince: 0,
  sentWithin: [],
};

const requestFor = (run: string, is_id = true): StopRequest => ({ kind: 'wandb_stop', entity: 'acme', project: 'train', run, is_id });

/** The target against a W&B with project `train`; `runs` are in it, by id. */
async function between(runs: Record<string, LiveRunOptions> = {}, client: Partial<WandbClientOptions> = {}) {
  const world = acmeWorld();
  const server = await wandbServer({ world });
  const live = Object.fromEntries(
    Object.entries(runs).map(([name, options]) => [name, liveRun(world, world.project('train'), name, options)]),
  );
  const test = testClient(server, client);
  const reader = createRunReader({ client: test.client, now: () => test.clock.now });
  const target = stopTarget({ reader, now: () => test.clock.now });
  return {
    reader,
    server,
    live,
    clock: test.clock,
    client: test.client,
    send: (run: string, is_id?: boolean, context = CONTEXT) => target.send(requestFor(run, is_id), context),
    sendTo: (more: Partial<StopRequest>) => target.send({ ...requestFor('abc'), ...more }, CONTEXT),
    findPrior: (run: string, is_id?: boolean) => target.findPrior(requestFor(run, is_id), CONTEXT),
  };
}

describe('a run that is running', () => {
  it('is stopped, found by its id', async () => {
    const { live, send } = await between({ abc: { displayName: 'nightly-1' }, other: {} });

    expect(await send('abc')).toEqual({
      outcome: 'delivered',
      status: 200,
      run: null,
      detail: 'asked W&B to stop acme/train/abc (nightly-1)',
    });
    expect([live.abc?.stopRequested, live.other?.stopRequested]).toEqual([true, false]);
  });

  it.each(['abc', 'nightly-1'])("is stopped, found by what W&B's webhook calls it: %s", async (called) => {
    const { live, send } = await between({ abc: { displayName: 'nightly-1' }, other: { displayName: 'nightly-10' } });

    expect(await send(called, false)).toMatchObject({ outcome: 'delivered', detail: 'asked W&B to stop acme/train/abc (nightly-1)' });
    expect([live.abc?.stopRequested, live.other?.stopRequested]).toEqual([true, false]);
  });

  it('is found also where W&B does not filter by display name', async () => {
    const { server, live, send } = await between({ abc: { displayName: 'nightly-1' }, other: { displayName: 'nightly-2' } });
    server.misbehave('refused-filters', { times: Number.POSITIVE_INFINITY });

    expect(await send('nightly-1', false)).toMatchObject({ outcome: 'delivered' });
    expect([live.abc?.stopRequested, live.other?.stopRequested]).toEqual([true, false]);
  });

  it('is found among more runs than a page has, and so is another one of its name', async () => {
    const runs: Record<string, LiveRunOptions> = { old: { displayName: 'nightly' } };
    for (let i = 0; i < 250; i++) runs[`other-${i}`] = { displayName: `other ${i}` };
    const { server, live, send } = await between(runs);
    server.misbehave('refused-filters', { times: Number.POSITIVE_INFINITY });
    expect(await send('nightly', false)).toMatchObject({ outcome: 'delivered' });
    expect(live.old?.stopRequested).toBe(true);
    const two = await between({ ...runs, latest: { displayName: 'nightly' } });
    two.server.misbehave('refused-filters', { times: Number.POSITIVE_INFINITY });
    expect(await two.send('nightly', false)).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/^2 runs in acme\/train/) });
  });

  it('is not stopped where there are more runs than are looked through', async () => {
    const runs = Array.from(
      { length: 2_000 },
      (_, i) => ({ id: `id-${i}`, name: `r${i}`, displayName: i === 0 ? 'nightly' : 'x' }) as RunSnapshot,
    );
    const stopped: string[] = [];
    const reader: Parameters<typeof stopTarget>[0]['reader'] = {
      runsNamed: async () => ok([]),
      runsSince: async (_project, { limit = 0 }) => ok(runs.slice(0, limit)),
      stop: async ({ id }) => {
        stopped.push(id);
        return ok(undefined);
      },
    };
    const sent = await stopTarget({ reader, now: () => 0 }).send(requestFor('nightly', false), CONTEXT);
    expect(sent).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(
        /acme\/train has more than are looked through \(2000\), so it is not certain which run is called nightly/,
      ),
    });
    expect(stopped).toEqual([]);
  });

  it('is not looked for by its display name when its id is known', async () => {
    const { live, send } = await between({ abc: { displayName: 'nightly-1' } });

    expect(await send('nightly-1')).toEqual({
      outcome: 'refused',
      status: null,
      detail: 'there is no run nightly-1 in acme/train, or the key may not see it: nothing was stopped',
    });
    expect(live.abc?.stopRequested).toBe(false);
  });
});

describe('no run is stopped', () => {
  it('when several are called so, also when one of them has ended', async () => {
    const runs = { abc: { displayName: 'nightly' }, def: { displayName: 'nightly', state: 'finished' }, nightly: { displayName: 'x' } };
    const { live, send } = await between(runs);

    const result = await send('nightly', false);

    expect(result).toMatchObject({ outcome: 'refused' });
    expect(result.detail).toMatch(
      /^3 runs in acme\/train are called nightly \(nightly, (abc, def|def, abc)\): W&B's webhook does not say which one fired, so none was stopped$/,
    );
    expect(Object.values(live).some(({ stopRequested }) => stopRequested)).toBe(false);
    // Its id says which.
    expect(await send('nightly')).toMatchObject({ outcome: 'delivered' });
    expect(live.abc?.stopRequested).toBe(false);
  });

  it.each(['finished', 'failed', 'crashed', 'killed'])('when it has ended: %s', async (state) => {
    const { send, client } = await between({ abc: { state } });

    expect(await send('abc')).toEqual({
      outcome: 'delivered',
      status: null,
      run: null,
      note: `had ended already (${state})`,
      detail: `acme/train/abc had ended already (${state}): there was nothing to stop`,
    });
    expect(client.mutations).toBe(0);
  });

  it.each(['pending', 'preempting'])('while it is %s', async (state) => {
    const { send, client } = await between({ abc: { state } });

    expect(await send('abc')).toMatchObject({ outcome: 'refused', detail: `acme/train/abc is ${state}, not running: it was not stopped` });
    expect(client.mutations).toBe(0);
  });

  it('when the project is not there', async () => {
    const { sendTo } = await between();

    expect(await sendTo({ project: 'elsewhere' })).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('acme/elsewhere') });
  });

  it('when W&B refuses it: the answer says which role the key needs', async () => {
    const { server, live, send } = await between({ abc: {} });
    server.fail({ on: { document: 'StopRun' }, status: 200, body: { errors: [{ message: 'permission denied' }] } });

    expect(await send('abc')).toEqual({
      outcome: 'refused',
      status: null,
      detail:
        'the run was not stopped: W&B refused: permission denied. The user or service account of WANDB_API_KEY must be allowed to write to acme/train (role Member or Admin; View-Only is not enough)',
    });
    expect(live.abc?.stopRequested).toBe(false);
  });

  it('when the key is wrong', async () => {
    const { send } = await between({ abc: {} }, { apiKey: 'another-key-of-somebody-else' });

    expect(await send('abc')).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/^the run could not be looked up: .*Check WANDB_API_KEY/),
    });
  });

  it('when it ends between the look and the stop', async () => {
    const { server, live, reader, send } = await between({ abc: {} });
    server.fail({ on: { document: 'StopRun' }, status: 200, body: { data: { stopRun: { success: false } } } });
    const refused = await send('abc');
    expect(refused).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('W&B did not stop the run') });

    const ended = stopTarget({
      now: () => 0,
      reader: {
        ...reader,
        stop: (run, signal) => {
          live.abc?.setState('finished');
          return reader.stop(run, signal);
        },
      },
    });
    expect(await ended.send(requestFor('abc'), CONTEXT)).toMatchObject({ outcome: 'delivered', note: 'had ended already (finished)' });
  });
});

describe('a W&B that does not answer', () => {
  it('before the run is known leaves nothing unclear', async () => {
    const { server, live, send } = await between({ abc: {} });
    server.misbehave('502', { times: 9 });

    expect(await send('abc')).toMatchObject({ outcome: 'failed', ambiguous: false });
    expect(live.abc?.stopRequested).toBe(false);
  });

  it('to the stop leaves it unclear, and the run is looked at first the next time', async () => {
    const { server, live, send, findPrior } = await between({ abc: {} });
    server.misbehave('cut-connection', { on: 'StopRun' });

    expect(await send('abc')).toMatchObject({ outcome: 'failed', ambiguous: true });
    expect(live.abc?.stopRequested).toBe(true);
    expect(await findPrior('abc')).toEqual({
      outcome: 'found',
      run: null,
      detail: 'acme/train/abc has ended (killed); nothing more was sent',
    });
  });

  it('and did not stop it is asked again', async () => {
    const { findPrior } = await between({ abc: {} });

    expect(await findPrior('abc')).toEqual({ outcome: 'not_found' });
    expect(await findPrior('none')).toEqual({ outcome: 'not_found' });
  });

  it('to the look leaves it unclear still', async () => {
    const { server, findPrior } = await between({ abc: {} });
    server.misbehave('502', { times: 9 });

    expect(await findPrior('abc')).toMatchObject({ outcome: 'failed' });
  });

  it('because it is asked too often says until when nothing is asked', async () => {
    const { server, live, clock, send } = await between({ abc: {} });
    server.misbehave('429', { times: 9 });

    const result = await send('abc');

    expect(result).toMatchObject({ outcome: 'limited', status: 429 });
    expect(result.outcome === 'limited' ? result.until : 0).toBeGreaterThan(clock.now - 1);
    expect(live.abc?.stopRequested).toBe(false);
  });
});

it('what W&B calls a run is one line in what people read', async () => {
  const { send } = await between({ abc: { displayName: 'night\nly \u001b[31m', state: 'finished' } });

  expect((await send('abc')).detail).toBe('acme/train/abc (night ly  [31m) had ended already (finished): there was nothing to stop');
});
