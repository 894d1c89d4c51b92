import { describe, expect, it } from 'vitest';
import type { RunAnswer } from '../../../receiver/watch/run-source.ts';
import type { DispatchRequest } from '../../../src/route/target.ts';
import { BY_HAND, FollowedRuns, HOUR, LISTENS, MINUTE, SECOND } from './followed-runs.ts';

const byHand: DispatchRequest = {
  kind: 'workflow_dispatch',
  repository: 'acme/deploy',
  workflow: 'train.yml',
  ref: 'main',
  inputs: { delivery_id: 'd-e1' },
};

describe('following runs without webhooks', () => {
  it('finds the run by the id in its title and follows it to its end', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1');
    expect(await followed.runOf(id)).toMatchObject({ status: 'expected', id: null });
    await followed.pass(10 * SECOND);
    const [run] = followed.github.runs;
    expect(await followed.runOf(id)).toMatchObject({ status: 'queued', id: String(run!.id), url: run!.html_url });
    await followed.github.advance(run!.id, 'in_progress');
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'in_progress', conclusion: null, endedAt: null });
    await followed.github.advance(run!.id, { conclusion: 'success' });
    const ended = followed.now;
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'completed', conclusion: 'success', endedAt: ended });
    expect(await followed.notesOf(id)).toHaveLength(3);
    expect(await followed.alerts()).toEqual([]);
    // Nothing is open any more: nobody asks again.
    const reads = followed.github.reads.length;
    await followed.pass(HOUR);
    expect(followed.github.reads).toHaveLength(reads);
  });

  it('follows a run by the id that GitHub gave when it was started, whatever its title', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1', byHand);
    const [run] = followed.github.runs;
    await followed.github.advance(run!.id, { conclusion: 'success' });
    await followed.pass(10 * SECOND);
    expect(await followed.runOf(id)).toMatchObject({ status: 'completed', id: String(run!.id) });
    expect(followed.github.reads).toEqual([{ path: `/repos/acme/deploy/actions/runs/${run!.id}`, status: 200 }]);
  });

  it('pays for what is new only: the rest is 304', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    await followed.pass(10 * SECOND);
    const [run] = followed.github.runs;
    await followed.github.advance(run!.id, 'in_progress');
    await followed.pass(2 * HOUR);
    // One list, the run when it was first asked for by id; nothing else was new in two hours.
    expect(followed.counted().paid).toBe(2);
    expect(followed.counted().free).toBeGreaterThan(60);
    expect(followed.counted().free).toBeLessThan(150);
  });

  it('asks once for all that is looked for in one repository', async () => {
    const followed = await FollowedRuns.start();
    const ids = ['e1', 'e2', 'e3', 'e4', 'e5'];
    for (const id of ids) {
      await followed.dispatch(id);
      followed.now -= SECOND;
    }
    followed.now += 6 * SECOND;
    await followed.watch.runOnce();
    expect(followed.github.reads).toHaveLength(1);
    for (const id of ids) expect(await followed.runOf(`d-${id}`)).toMatchObject({ status: 'queued' });
  });

  it('finds a run that the list held before its dispatch was written down', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    const late = await followed.sendOnly(await followed.acceptAndClaim('e2'));
    await followed.pass(10 * SECOND);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'queued' });
    await late();
    await followed.pass(10 * SECOND);
    // The list is as it was, and is not sent again.
    expect(followed.github.reads.filter(({ path }) => path.includes('event='))).toMatchObject([{ status: 200 }, { status: 304 }]);
    expect(await followed.runOf('d-e2')).toMatchObject({ status: 'queued' });
  });

  it('says a failure once in the thread, however often it is seen', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    const [run] = followed.github.runs;
    await followed.github.advance(run!.id, { conclusion: 'timed_out' });
    await followed.pass(HOUR);
    expect(await followed.alerts()).toMatchObject([{ problem: 'run_failed', run: { conclusion: 'timed_out' } }]);
    expect(followed.changes).toBeGreaterThan(0);
    await followed.record([{ ...REPORT, runId: String(run!.id), conclusion: 'timed_out' }]);
    expect(await followed.alerts()).toHaveLength(1);
  });

  it('looks once when two receivers watch', async () => {
    const followed = await FollowedRuns.start();
    const second = followed.secondWatch();
    for (const id of ['e1', 'e2', 'e3']) await followed.dispatch(id, { ...byHand, inputs: { delivery_id: `d-${id}` } });
    followed.now += 10 * SECOND;
    await Promise.all([followed.watch.runOnce(), second.runOnce(), followed.watch.runOnce(), second.runOnce()]);
    expect(followed.github.reads.map(({ path }) => path).sort()).toEqual(
      followed.github.runs.map(({ id }) => `/repos/acme/deploy/actions/runs/${id}`),
    );
    await followed.github.advance(followed.github.runs[0]!.id, { conclusion: 'failure' });
    followed.now += MINUTE;
    await Promise.all([second.runOnce(), followed.watch.runOnce()]);
    expect(await followed.alerts()).toHaveLength(1);
  });

  it('asks again for what could not be written down', async () => {
    let broken = true;
    const followed = await FollowedRuns.start({
      wrap: (store) => ({
        ...store,
        recordRuns: (...args) => (broken ? Promise.reject(new Error('disk full')) : store.recordRuns(...args)),
      }),
    });
    const id = await followed.dispatch('e1');
    await followed.pass(10 * SECOND);
    expect(await followed.runOf(id)).toMatchObject({ status: 'expected' });
    expect(followed.log).toContainEqual({ level: 'error', message: expect.stringContaining('polling runs failed') });
    broken = false;
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'queued' });
  });
});

const REPORT = {
  repository: 'acme/deploy',
  runId: '1',
  url: 'https://github.example/runs/1',
  title: 'Deploy d-e1',
  event: 'repository_dispatch',
  status: 'completed',
  conclusion: 'failure',
  attempt: 1,
  createdAt: Date.UTC(2026, 0, 1),
  startedAt: null,
  endedAt: null,
} as const;

describe('a run that does not appear', () => {
  it('is missing after ten minutes when no workflow listens', async () => {
    const followed = await FollowedRuns.start({ workflows: [] });
    const id = await followed.dispatch('e1');
    await followed.pass(9 * MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'expected' });
    await followed.pass(MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'missing' });
    await followed.pass(24 * HOUR);
    expect(await followed.notesOf(id)).toEqual([
      "no run with this delivery's id has appeared within 10 minutes: no workflow on the default branch of acme/deploy listens to this event_type (no other run started there either)",
    ]);
    expect(await followed.store.earliestPollAt()).toBeUndefined();
    expect(followed.counted().paid).toBeLessThan(20);
  });

  it('is missing with another reason when runs started whose titles name no delivery', async () => {
    const followed = await FollowedRuns.start({ workflows: [{ ...LISTENS, namesRuns: false }] });
    const id = await followed.dispatch('e1');
    await followed.pass(11 * MINUTE);
    expect(await followed.notesOf(id)).toEqual([
      expect.stringMatching(/one run has started there since without .*run-name does not contain the delivery id, or no workflow/),
    ]);
  });

  it('is found all the same when it comes late', async () => {
    const followed = await FollowedRuns.start();
    const claimed = await followed.acceptAndClaim('e1');
    const settled = { startedAt: followed.now, durationMs: 1, outcome: 'delivered', status: 204, detail: '' } as const;
    await followed.store.settle(claimed, settled, { state: 'delivered', run: null });
    await followed.pass(20 * MINUTE);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'missing' });
    await followed.sendOnly(claimed);
    await followed.pass(HOUR);
    expect(await followed.runOf('d-e1')).toMatchObject({ status: 'queued' });
  });

  it('is not called missing while nobody could look', async () => {
    const followed = await FollowedRuns.start({ workflows: [] });
    const id = await followed.dispatch('e1');
    const down = { status: 502, message: 'Bad Gateway' };
    followed.github.failReads(...Array.from({ length: 200 }, () => down));
    await followed.pass(5 * HOUR);
    expect(await followed.runOf(id)).toMatchObject({ status: 'expected' });
    await followed.pass(2 * HOUR);
    expect(await followed.runOf(id)).toMatchObject({ status: 'unknown' });
    expect(await followed.notesOf(id)).toEqual([
      expect.stringMatching(/could not be polled for the run within 6 hours: GitHub answered 502/),
    ]);
  });
});

describe('lists that are not whole', () => {
  const found = (title: string, complete: boolean): RunAnswer => ({
    outcome: 'found',
    reports: [{ ...REPORT, title, status: 'queued', conclusion: null }],
    complete,
    etag: 'W/"1"',
  });

  it('do not make a run missing: it is unknown', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1');
    const { watch } = followed.watcher(followed.store, { listSince: async () => found('another', false) });
    followed.now += 10 * MINUTE;
    await watch.runOnce();
    expect(await followed.runOf(id)).toMatchObject({ status: 'unknown' });
    expect(await followed.notesOf(id)).toEqual([expect.stringContaining('not found among the latest 5,000 runs of acme/deploy')]);
  });

  it('are asked for whole the next time, without an ETag', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    const etags: (string | undefined)[] = [];
    const answers = [found('Deploy d-e1', false), found('Deploy d-e2', true), { outcome: 'not_modified' } as const];
    const { watch } = followed.watcher(followed.store, {
      listSince: async (_question, etag) => {
        etags.push(etag);
        return answers.shift() ?? found('', true);
      },
    });
    for (const id of ['e2', 'e3']) {
      followed.now += 6 * SECOND;
      await watch.runOnce();
      await followed.dispatch(id);
    }
    followed.now += 6 * SECOND;
    await watch.runOnce();
    expect(etags).toEqual([undefined, undefined, 'W/"1"']);
  });
});

describe('with webhooks', () => {
  it('asks far less often', async () => {
    const asked = async (webhook: boolean): Promise<number> => {
      const followed = await FollowedRuns.start({ webhook });
      await followed.dispatch('e1', byHand);
      await followed.pass(24 * HOUR);
      return followed.github.reads.length;
    };
    const [without, withThem] = [await asked(false), await asked(true)];
    expect(withThem * 5).toBeLessThan(without);
  });

  it('finds what no webhook reported', async () => {
    const followed = await FollowedRuns.start({ webhook: true, workflows: [LISTENS, BY_HAND] });
    const id = await followed.dispatch('e1');
    await followed.github.advance(followed.github.runs[0]!.id, { conclusion: 'failure' });
    await followed.pass(10 * MINUTE);
    expect(await followed.runOf(id)).toMatchObject({ status: 'completed', conclusion: 'failure' });
    expect(await followed.alerts()).toHaveLength(1);
  });
});

describe('starting and stopping', () => {
  it('looks by itself once started, and no more once stopped', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1', byHand);
    followed.now += 10 * SECOND;
    followed.watch.start();
    followed.watch.start();
    await expect.poll(() => followed.github.reads.length, { interval: 5 }).toBe(1);
    await followed.watch.stop();
    followed.now += HOUR;
    expect(await followed.store.earliestPollAt()).toBeLessThan(followed.now);
    expect(followed.github.reads).toHaveLength(1);
    expect(followed.warnings()).toEqual([]);
  });

  it('stops while GitHub is silent', async () => {
    const followed = await FollowedRuns.start();
    const id = await followed.dispatch('e1', byHand);
    followed.now += 10 * SECOND;
    let asked = 0;
    const silent = (_repository: string, _run: string, _etag: string | undefined, signal: AbortSignal) =>
      new Promise<RunAnswer>((resolve) => {
        asked++;
        signal.addEventListener('abort', () => resolve({ outcome: 'failed', status: null, ambiguous: false, detail: 'aborted' }));
      });
    const watch = followed.watcher(followed.store, { get: silent }).watch;
    watch.start();
    await expect.poll(() => asked, { interval: 5 }).toBe(1);
    await watch.stop();
    expect(await followed.runOf(id)).toMatchObject({ status: 'queued' });
    expect(followed.log).toEqual([]);
  });

  it('goes on after the store failed', async () => {
    let failures = 1;
    const followed = await FollowedRuns.start({
      wrap: (store) => ({
        ...store,
        runsToPoll: (options) => (failures-- > 0 ? Promise.reject(new Error('database is locked')) : store.runsToPoll(options)),
      }),
    });
    await followed.dispatch('e1', byHand);
    followed.now += 10 * SECOND;
    await followed.watch.runOnce();
    expect(followed.log).toEqual([{ level: 'error', message: expect.stringContaining('could not be polled') }]);
    await followed.watch.runOnce();
    expect(followed.github.reads).toHaveLength(1);
  });
});
