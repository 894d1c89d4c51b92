import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { commandLine } from './command-io.ts';

const CONFIG = `version: 1
entity: acme
automations:
  - name: loss-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 5 } }
    action: { relay: { to: [{ repository_dispatch: { repository: acme/train, event_type: loss-high } }] } }
`;

/** The command line in a folder with a config, with a W&B and a GitHub to talk to, and a clock that can be put forward. */
async function watching(stopped: () => Promise<string> = () => new Promise(() => undefined), config = CONFIG) {
  const clock = { ahead: 0 };
  const now = () => Date.now() + clock.ahead;
  const wandb = await wandbServer();
  /** How GitHub answers. */
  const sent: { status: number; headers?: Record<string, string> } = { status: 204 };
  const github = await scriptedServer(...Array.from({ length: 20 }, () => sent));
  const variables = {
    WANDB_API_KEY: wandb.apiKey,
    WANDB_BASE_URL: wandb.url,
    GITHUB_TOKEN: 'a-token-for-tests',
    GITHUB_API_URL: github.url,
  };
  const runOf = (name: string) => liveRun(wandb.world, wandb.world.project('train'), name, { now });
  const pass = (milliseconds: number) => {
    clock.ahead += milliseconds;
  };
  const dispatches = () => github.requests.filter(({ method }) => method === 'POST').map(({ url, body }) => ({ url, body }));
  return { wandb, sent, dispatches, runOf, pass, ...commandLine({ 'wandb-relay.yaml': config }, variables, { now, stopped }) };
}

const ONCE = ['watch', '--once', '--state', 'watch.db'];

describe('watch --once', () => {
  it('knows what is there after the first look, then fires once for what is new and sends it', async () => {
    const { run, runOf, pass, dispatches, cwd } = await watching();
    const nightly = runOf('nightly').log({ loss: 9 });
    const first = await run(...ONCE);
    expect(first).toEqual({
      code: 0,
      complaints: expect.stringMatching(/^wandb-relay.yaml:8:28: .* nobody is told when a dispatch of "loss-high" fails.*\n$/) as string,
      out: `acme/train: 1 run goes on
0 events, 0 sent
This was the first look: runs and automations are known from now on, and nothing fires for what was there before.
`,
    });
    // One file, that a cache can keep.
    expect([existsSync(join(cwd, 'watch.db')), existsSync(join(cwd, 'watch.db-wal'))]).toEqual([true, false]);
    pass(60_000);
    nightly.log({ loss: 1 }).log({ loss: 7 });
    expect(await run(...ONCE)).toMatchObject({ code: 0, out: 'acme/train: 1 run goes on\n1 event, 1 sent\n' });
    expect(dispatches()).toMatchObject([{ url: '/repos/acme/train/dispatches', body: { event_type: 'loss-high' } }]);
    pass(60_000);
    nightly.log({ loss: 8 });
    expect(await run(...ONCE)).toMatchObject({ code: 0, out: 'acme/train: 1 run goes on\n0 events, 0 sent\n' });
    expect(dispatches()).toHaveLength(1);
  });

  it('sends what could not be sent the last time', async () => {
    const { run, runOf, pass, sent, dispatches } = await watching();
    await run(...ONCE);
    pass(60_000);
    runOf('r1').log({ loss: 7 });
    Object.assign(sent, { status: 429, headers: { 'retry-after': '600' } });
    const failed = await run(...ONCE);
    expect(failed).toMatchObject({
      code: 0,
      out: 'acme/train: 1 run goes on\n1 event, 0 sent, 1 to be tried again the next time\n',
    });
    pass(15 * 60_000);
    Object.assign(sent, { status: 204, headers: {} });
    expect(await run(...ONCE)).toMatchObject({ code: 0, out: expect.stringMatching(/0 events, 1 sent/) as string });
    expect(dispatches()).toHaveLength(2);
  });

  it('ends with 1 when nothing could be read, and says why', async () => {
    const { run, wandb } = await watching();
    wandb.misbehave('502', { times: Number.POSITIVE_INFINITY });
    const { code, out } = await run(...ONCE);
    expect(code).toBe(1);
    expect(out).toMatch(/^acme\/train: not read whole: .*502/m);
    wandb.behave();
  });

  it('says which team could not be listed', async () => {
    const team = CONFIG.replace('{ project: train }', '{ team: acme }');
    const { run, runOf, pass, wandb } = await watching(undefined, team);
    wandb.misbehave('errors', { times: Number.POSITIVE_INFINITY, on: 'projects(' });
    const cannot = /^acme: its projects could not be listed: W&B refused: context deadline exceeded$/m;
    const none = await run(...ONCE);
    expect([none.code, none.out]).toEqual([1, expect.stringMatching(cannot)]);
    expect(none.out).not.toContain('first look');
    wandb.behave();
    pass(15 * 60_000);
    runOf('r1').log({ loss: 1 });
    const found = await run(...ONCE);
    expect([found.code, found.out]).toEqual([0, expect.stringMatching(/^acme\/train: 1 run goes on$/m)]);
  });

  it('refuses to run without a memory, a key or an automation, and says what to do', async () => {
    const { run } = await watching();
    const { code, complaints } = await run('watch', '--once');
    expect(code).toBe(1);
    expect(complaints).toMatch(/^watch --once: .*--state FILE.*actions\/cache.*DATABASE_URL/);
    const bare = commandLine({ 'wandb-relay.yaml': 'version: 1\nroutes: []\n' }, { DATABASE_URL: 'file:relay.db' });
    expect(await bare.run(...ONCE)).toEqual({
      code: 1,
      out: '',
      complaints: `--state: DATABASE_URL is set, too: leave one of them out
WANDB_API_KEY: is not set: set it to the key of a W&B user who can see the runs; View-Only is enough
wandb-relay.yaml: no automation has engine: relay and is enabled, so there is nothing to watch
`,
    });
  });
});

describe('watch', () => {
  it('watches until it is stopped, without listening to anybody', async () => {
    const { run } = await watching(() => Promise.resolve('SIGTERM'));
    const { code, out } = await run('watch', '--state', 'watch.db');
    expect(code).toBe(0);
    expect(out.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { msg: string }).msg]))).toEqual([
      expect.stringContaining('nobody is told') as string,
      'runs are watched for automations with engine: relay',
      'watching',
      'stopping: finishing attempts in flight',
      'stopped',
    ]);
  });
});
