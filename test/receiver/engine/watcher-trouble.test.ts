import { describe, expect, it } from 'vitest';
import { eventually } from '../../stand-ins/receiver-process.ts';
import { automation, HOUR, MINUTE, SECOND, START, Watched } from './watched.ts';

const HIGH = automation('loss-high', 'run_metric: { metric: loss, above: 5 }');
const SLOW_TEAM = automation('any', 'run_metric: { metric: loss, above: 5 }', '', '{ team: slow }');
const FAILED = automation('failed', 'run_state: { states: [failed] }');

describe('when W&B cannot be read', () => {
  it('loses nothing, comes back later each time, and shows since when', async () => {
    const watched = new Watched([HIGH, FAILED]);
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(15 * SECOND);
    watched.wandb.trouble = () => ({ kind: 'unavailable', message: 'W&B: no response in time' });
    run.log('loss', 7, 1).become('failed');
    const before = watched.wandb.count('runsSince');
    await watched.pass(HOUR);
    // 15 s, 30 s, 1 min, 2 min, 4 min, and then every 5 minutes.
    expect(watched.wandb.count('runsSince') - before).toBeLessThan(20);
    expect(await watched.fired()).toEqual([]);
    expect(watched.watcher.details()).toEqual([expect.stringMatching(/1 of 1 projects is up to .* behind: W&B does not answer/)]);
    // Anybody may read that.
    expect(watched.watcher.details().join()).not.toContain('train');
    expect((await watched.store.engineProjects())[0]?.problem).toBe('W&B: no response in time');
    watched.wandb.trouble = () => undefined;
    await watched.pass(6 * MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 1', 'failed r1 failed']);
    expect(watched.watcher.details()).toEqual([]);
    expect((await watched.store.engineProjects())[0]?.problem).toBeNull();
  });

  it('does not ask before W&B wants to be asked again', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const retryAt = watched.now + 4 * MINUTE;
    watched.wandb.trouble = () => ({ kind: 'limited', message: 'rate limit', retryAt });
    await watched.pass(15 * SECOND);
    const asked = watched.wandb.calls.length;
    await watched.pass(3 * MINUTE);
    expect(watched.wandb.calls).toHaveLength(asked);
    watched.wandb.trouble = () => undefined;
    await watched.pass(2 * MINUTE);
    expect(watched.wandb.calls.length).toBeGreaterThan(asked);
  });

  it('leaves the rest of the rate limit to others when less than 30 % is left, until it is full again', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    watched.wandb.run('r1').log('loss', 7);
    watched.wandb.limit = { remaining: 0.29, resetAt: watched.now + 3 * MINUTE };
    await watched.pass(15 * SECOND);
    const asked = watched.wandb.calls.length;
    await watched.pass(2 * MINUTE);
    expect(watched.wandb.calls).toHaveLength(asked);
    expect(await watched.fired()).toEqual([]);
    watched.wandb.limit = { remaining: 1, resetAt: watched.now };
    await watched.pass(2 * MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
  });

  it('says what a run is in although its rows cannot be read, and reads the other runs', async () => {
    const watched = new Watched([HIGH, FAILED]);
    await watched.round();
    const bad = watched.wandb.run('bad').log('loss', 7).become('failed');
    const good = watched.wandb.run('good').log('loss', 1);
    watched.wandb.trouble = ({ kind, asked }) =>
      kind === 'points' && JSON.stringify(asked).includes('"bad"') ? { kind: 'unavailable', message: 'W&B: 502' } : undefined;
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['failed bad failed']);
    await watched.pass(5 * MINUTE);
    good.log('loss', 8);
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['failed bad failed', 'loss-high good 1']);
    watched.wandb.trouble = () => undefined;
    await watched.pass(MINUTE);
    expect(await watched.fired()).toEqual(['failed bad failed', 'loss-high good 1', 'loss-high bad 0']);
    expect(bad.snapshot.state).toBe('failed');
  });

  it('reads the other runs although reading one of them takes longer than a round may', async () => {
    const watched = new Watched([HIGH], { leaseMs: HOUR });
    await watched.round();
    watched.wandb.run('bad').log('loss', 7);
    const runs = Array.from({ length: 5 }, (_, i) => watched.wandb.run(`good${i}`).log('loss', 1));
    watched.wandb.trouble = ({ kind, asked }) => {
      if (kind !== 'points' || !JSON.stringify(asked).includes('"bad"')) return undefined;
      watched.now += MINUTE;
      return { kind: 'unavailable', message: 'W&B: no response within 20 s' };
    };
    for (const run of runs) run.log('loss', 8);
    for (let i = 0; i < 20; i++) {
      watched.now += 5 * MINUTE;
      await watched.round();
    }
    expect((await watched.fired()).toSorted()).toEqual(runs.map(({ snapshot: { name } }) => `loss-high ${name} 1`));
    watched.wandb.trouble = () => undefined;
    await watched.pass(6 * MINUTE);
    expect(await watched.fired()).toContain('loss-high bad 0');
    expect(await watched.fired()).toHaveLength(6);
  });

  it('does not lose sight of a run whose rows could not be read yet', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const other = watched.wandb.run('other');
    watched.wandb.run('r1').log('loss', 7);
    watched.wandb.trouble = ({ kind }) => (kind === 'points' ? { kind: 'unavailable', message: 'W&B: 502' } : undefined);
    await watched.pass(15 * SECOND);
    // It sends no further heartbeat, and others do: no list has it any more.
    for (let i = 0; i < 10; i++) {
      other.set({});
      await watched.pass(MINUTE);
    }
    watched.wandb.trouble = () => undefined;
    await watched.pass(6 * MINUTE);
    expect(await watched.fired()).toEqual(['loss-high r1 0']);
  });

  it('stores no failure of its own stop', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    watched.wandb.run('r1').log('loss', 1);
    watched.now += 15 * SECOND;
    watched.wandb.trouble = (_call, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'unavailable', message: 'aborted' })));
    void watched.watcher.runOnce();
    await expect.poll(() => watched.wandb.count('runsSince')).toBe(2);
    await watched.watcher.stop();
    expect((await watched.store.engineProjects())[0]?.problem).toBeNull();
  });

  it('goes on where an answer was cut off', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    watched.wandb.run('r1').log('loss', ...Array.from({ length: 100 }, (_, i) => (i === 77 ? 9 : 1)));
    watched.wandb.mostSteps = 7;
    await watched.pass(15 * SECOND);
    expect(await watched.fired()).toEqual(['loss-high r1 77']);
  });

  it('evaluates nothing while the clock has just jumped', async () => {
    let hasJumped = false;
    const watched = new Watched([automation('silent', 'run_silent: { for: 30m }')], { hasJumped: () => hasJumped });
    await watched.round();
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(MINUTE);
    hasJumped = true;
    watched.now += 5 * HOUR;
    await watched.round();
    expect(await watched.fired()).toEqual([]);
    hasJumped = false;
    run.log('loss', 1);
    await watched.round();
    expect(await watched.fired()).toEqual([]);
  });
});

describe('several projects', () => {
  it('do not wait for one that hangs', async () => {
    const watched = new Watched([HIGH, automation('other', 'run_metric: { metric: loss, above: 5 }', '', '{ project: slow }')]);
    await watched.round();
    watched.wandb.run('r1').log('loss', 7);
    const hanging = Promise.withResolvers<undefined>();
    watched.wandb.trouble = ({ project }) => (project === 'acme/slow' ? hanging.promise : undefined);
    watched.now += 15 * SECOND;
    const round = watched.watcher.runOnce();
    await expect.poll(() => watched.fired()).toEqual(['loss-high r1 0']);
    hanging.resolve(undefined);
    await round;
  });

  it('are read while the list of a team does not come', async () => {
    const watched = new Watched([HIGH, SLOW_TEAM]);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    watched.wandb.trouble = ({ kind }) => (kind === 'projects' ? promise : undefined);
    watched.wandb.run('r1');
    const once = watched.round();
    await eventually('the project that is named was read', () => watched.wandb.count('runsSince') === 1);
    watched.wandb.projectsOf.set('slow', ['found']);
    resolve(undefined);
    await once;
    expect(watched.wandb.calls.flatMap(({ kind, project }) => (kind === 'runsSince' ? [project] : []))).toEqual([
      'acme/train',
      'slow/found',
    ]);
  });

  it('are said not to be known while a team cannot be listed', async () => {
    const watched = new Watched([HIGH, SLOW_TEAM]);
    watched.wandb.trouble = ({ kind }) => (kind === 'projects' ? { kind: 'unavailable', message: 'W&B: 502' } : undefined);
    await watched.pass(5 * MINUTE);
    expect(watched.watcher.details()).toEqual([
      'automations with engine: relay: the projects of a team cannot be listed, so new ones are not watched: W&B does not answer. The log names the team.',
    ]);
    expect(watched.watcher.unlisted()).toMatchObject([{ entity: 'slow', failure: { message: 'W&B: 502' } }]);
    watched.wandb.trouble = () => undefined;
    await watched.pass(2 * MINUTE);
    expect(watched.watcher.details()).toEqual([]);
  });

  it('are read on time by a watcher that runs, while the list of a team does not come', async () => {
    const watched = new Watched([HIGH, SLOW_TEAM]);
    watched.wandb.trouble = ({ kind }, signal) =>
      kind === 'projects'
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
        : undefined;
    watched.watcher = watched.watch([HIGH, SLOW_TEAM], { everyMs: 20 });
    watched.watcher.start();
    await eventually('the project that is named is read again and again', () => {
      watched.now += 1_000;
      return watched.wandb.count('runsSince') >= 3;
    });
    await watched.watcher.stop();
  });

  it('of a team are found, and read less often while nothing goes on in them', async () => {
    const watched = new Watched([automation('any', 'run_metric: { metric: loss, above: 5 }', '', '{ team: acme }')]);
    watched.wandb.projectsOf.set('acme', ['train', 'wandb-registry-model', 'idle']);
    await watched.round();
    expect(new Set(watched.wandb.calls.map(({ project }) => project))).toEqual(new Set(['acme', 'acme/train', 'acme/idle']));
    watched.wandb.projectsOf.set('acme', ['train', 'idle', 'new']);
    const run = watched.wandb.run('r1').log('loss', 1);
    await watched.pass(20 * MINUTE);
    run.set({});
    watched.wandb.run('r2', {}, 'acme/new').log('loss', 9);
    const since = watched.wandb.calls.length;
    await watched.pass(10 * MINUTE);
    const asked = (project: string) =>
      watched.wandb.calls.slice(since).filter((call) => call.project === project && call.kind === 'runsSince').length;
    expect(asked('acme/train')).toBeGreaterThanOrEqual(40);
    expect(asked('acme/idle')).toBeLessThanOrEqual(11);
    expect(await watched.fired()).toEqual(['any r2 0']);
  });
});

describe('several receivers on one store', () => {
  it('read each project once, and replace one that died when its lease has run out', async () => {
    const first = new Watched([HIGH]);
    const second = new Watched([HIGH], { store: first.store, wandb: first.wandb });
    const both = async (milliseconds: number) => {
      for (const until = first.now + milliseconds; first.now < until; first.now += SECOND) {
        second.now = first.now;
        await Promise.all([first.watcher.runOnce(), second.watcher.runOnce()]);
      }
    };
    await both(10 * SECOND);
    const asked = first.wandb.count('runsSince');
    const run = first.wandb.run('r1').log('loss', 1);
    await both(5 * MINUTE);
    expect(first.wandb.count('runsSince') - asked).toBeLessThanOrEqual(21);
    run.log('loss', 7);
    // The one that has the project dies.
    const [dead, alive] = first.watcher.report()[0]?.isElsewhere === true ? [second, first] : [first, second];
    run.log('loss', 8);
    let waited = 0;
    for (; (await first.fired()).length === 0 && waited < 120; waited++) {
      first.now += SECOND;
      second.now = first.now;
      await alive.watcher.runOnce();
    }
    expect(waited).toBeLessThanOrEqual(40);
    expect(dead).not.toBe(alive);
    await both(MINUTE);
    expect(await first.fired()).toEqual(['loss-high r1 1']);
  });

  it('hand a project over at once when one stops', async () => {
    const first = new Watched([HIGH]);
    await first.round();
    await first.watcher.stop();
    const second = new Watched([HIGH], { store: first.store, wandb: first.wandb });
    second.now = first.now + 15 * SECOND;
    await second.watcher.runOnce();
    expect(second.watcher.report()).toMatchObject([{ project: 'acme/train', isElsewhere: false }]);
  });

  it('store nothing of a round whose lease was lost meanwhile', async () => {
    const slow = new Watched([HIGH]);
    await slow.round();
    slow.wandb.run('r1').log('loss', 7);
    const fast = new Watched([HIGH], { store: slow.store, wandb: slow.wandb });
    slow.now += 15 * SECOND;
    // While the slow one waits for rows, its lease runs out, and the other one does all of it.
    slow.wandb.trouble = async ({ kind }) => {
      if (kind !== 'points') return undefined;
      slow.wandb.trouble = () => undefined;
      fast.now = slow.now + MINUTE;
      await fast.watcher.runOnce();
      return undefined;
    };
    await slow.watcher.runOnce();
    expect(await slow.fired()).toEqual(['loss-high r1 0']);
    expect(slow.watcher.report()).toMatchObject([{ isElsewhere: true }]);
  });
});

describe('many runs', () => {
  it('are seen for the first time in steps, and each is one row that is written when it changes', async () => {
    const watched = new Watched([HIGH, FAILED]);
    for (let i = 0; i < 1_200; i++) watched.wandb.run(`r${i}`).log('loss', 9);
    await watched.round();
    expect(await watched.store.liveEngineRuns('acme/train')).toHaveLength(1_200);
    expect(await watched.fired()).toEqual([]);
    const written: number[] = [];
    const { advanceEngine } = watched.store;
    const counting = watched.watch([HIGH, FAILED], {
      store: {
        ...watched.store,
        advanceEngine: (lease, progress) => {
          written.push(progress.runs.length);
          return advanceEngine(lease, progress);
        },
      },
    });
    await watched.watcher.stop();
    watched.watcher = counting;
    for (const run of watched.wandb.runs.get('acme/train') ?? []) run.set({});
    watched.wandb.runs.get('acme/train')?.[7]?.log('loss', 2);
    await watched.pass(15 * SECOND);
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('are asked for what is new only, many in one question', async () => {
    const watched = new Watched([HIGH]);
    await watched.round();
    const runs = Array.from({ length: 100 }, (_, i) => watched.wandb.run(`r${i}`).log('loss', 1));
    await watched.pass(15 * SECOND);
    const before = watched.wandb.calls.length;
    for (const run of runs) run.log('loss', 2);
    await watched.pass(15 * SECOND);
    const calls = watched.wandb.calls.slice(before);
    expect(calls.map(({ kind }) => kind)).toEqual(['runsSince', 'points', 'points', 'points', 'points']);
    expect(calls[1]?.asked).toContainEqual({
      run: 'r0',
      metrics: ['loss'],
      afterStep: 0,
      upToStep: 1,
      systemAfter: 0,
      systemUpTo: expect.any(Number),
    });
  });
});

describe('z-scores over runs', () => {
  it('compare a run with the summaries of the last runs, without its own', async () => {
    const watched = new Watched([
      automation('odd', 'run_metric_zscore: { metric: loss, over: runs, window: 10, threshold: 3, direction: above }'),
    ]);
    await watched.round();
    for (let i = 0; i < 10; i++)
      watched.wandb
        .run(`r${i}`)
        .log('loss', 1 + (i % 3) / 10)
        .become('finished');
    await watched.pass(2 * MINUTE);
    watched.wandb.run('odd').log('loss', 1.1);
    await watched.pass(2 * MINUTE);
    expect(await watched.fired()).toEqual([]);
    watched.wandb.run('odder').log('loss', 9);
    await watched.pass(2 * MINUTE);
    expect(await watched.fired()).toEqual(['odd odder 0']);
    expect(START).toBeLessThan(watched.now);
  });
});
