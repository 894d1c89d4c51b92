import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { liveRun } from '../../stand-ins/wandb-runs.ts';
import { commandLine } from './command-io.ts';

const config = (repository: string, states = 'failed') => `version: 1
entity: acme
automations:
  - name: one
    scope: { project: train }
    event: { run_state: { states: [${states}] } }
    action: { relay: { to: [{ repository_dispatch: { repository: ${repository}, event_type: e } }] } }
`;

/** A checkout with one commit on main. */
async function checkout(text: string) {
  const server = await wandbServer();
  const variables = {
    WANDB_API_KEY: server.apiKey,
    WANDB_BASE_URL: server.url,
    GITHUB_REPOSITORY: 'acme/models',
    PATH: process.env.PATH ?? '',
  };
  const line = commandLine({ 'conf/wandb-relay.yaml': text }, variables);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main', ...words], {
      cwd: line.cwd,
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  const write = (changed: string) => writeFileSync(join(line.cwd, 'conf/wandb-relay.yaml'), changed);
  const run = (...words: string[]) => line.run(...words, '--config', 'conf/*.yaml');
  return { server, git, write, run };
}

it('plan says what is allowed and probably not meant, with its line', async () => {
  const { run } = await checkout(`${config('acme/deploy')}  - name: two
    engine: relay
    refire: 1s
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { relay: { to: [{ slack: { channel: "#a" } }] } }
`);
  const { code, out } = await run('plan');
  expect(code).toBe(2);
  expect(out).toMatch(/^conf\/wandb-relay\.yaml:10:13: automations\[1\]\.refire: warning: 1s is shorter than 15s/m);
});

describe('plan compares routes', () => {
  it('with the config where this branch left the default branch, and exits 2 for routes only', async () => {
    const { write, run, git } = await checkout(config('acme/deploy-old'));
    expect((await run('apply')).code).toBe(0);
    expect((await run('plan')).code).toBe(0);
    git('checkout', '-qb', 'change');
    write(config('acme/deploy'));
    git('commit', '-qam', 'second');
    const found = await run('plan');
    expect(found.code).toBe(2);
    expect(found.out).toContain('action.relay.to[0].repository_dispatch.repository: acme/deploy-old → acme/deploy');
    expect(found.out).toContain('No changes in W&B, 1 as defined; 1 route changes in the receiver.');
    expect((await run('plan', '--base', 'HEAD')).code).toBe(0);
    expect(await run('plan', '--base', 'nowhere')).toMatchObject({ code: 1, complaints: expect.stringContaining('no commit nowhere') });
  });

  it('has the same fingerprint whatever the base is', async () => {
    const { write, run } = await checkout(config('acme/deploy-old'));
    write(config('acme/deploy'));
    const fingerprint = async (...words: string[]) => JSON.parse((await run('plan', '--json', ...words)).out).fingerprint;
    const first = await fingerprint();
    write(config('acme/other'));
    expect(await fingerprint()).not.toBe(first);
  });

  it('says in one line why not', async () => {
    const server = await wandbServer();
    const variables = { WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url, GITHUB_REPOSITORY: 'acme/models' };
    const { run } = commandLine({ 'wandb-relay.yaml': config('acme/deploy') }, variables);
    const { code, out } = await run('plan');
    expect(code).toBe(2);
    expect(out).toContain('* routes are not compared: this checkout has no default branch');
  });
});

describe('drift', () => {
  it('exits 0 before the first apply, and reads from what is defined to what W&B has', async () => {
    const { server, run } = await checkout(config('acme/deploy'));
    expect(await run('drift')).toMatchObject({ code: 0, out: expect.stringContaining('No drift; 1 not applied yet.') });
    await run('apply');
    server.world.trigger('one').enabled = false;
    const found = await run('drift');
    expect(found).toMatchObject({ code: 2, out: expect.stringContaining('enabled: true → false') });
    server.world.addTrigger({ name: 'stranger', scope: server.world.project('train') });
    expect((await run('drift', '--unmanaged')).out).toContain('? stranger (project train)');
    expect(JSON.parse((await run('drift', '--json', '--unmanaged')).out)).toMatchObject({
      summary: { changed: 1, missing: 0, not_applied: 0, unmanaged: 1 },
      unmanaged: [{ name: 'stranger', scope: 'project train' }],
    });
  });
});

describe('validate --json', () => {
  it('lists diagnostics with their place', async () => {
    const { write, run } = await checkout(config('acme/deploy', 'fialed'));
    const broken = await run('validate', '--json');
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.out)).toMatchObject({
      valid: false,
      diagnostics: [{ severity: 'error', file: 'conf/wandb-relay.yaml', line: 6, column: expect.any(Number), message: expect.any(String) }],
    });
    write(config('acme/deploy'));
    expect(JSON.parse((await run('validate', '--json')).out)).toMatchObject({ valid: true, automations: 1, routes: 1 });
  });
});

it('plan --backtest says on how many runs it would have fired, and --max-estimated-fires is exit code 1', async () => {
  const { run, server } = await checkout(config('acme/deploy'));
  const began = Date.now() - 86_400_000;
  for (const [name, state] of Object.entries({ aaa: 'failed', bbb: 'finished', ccc: 'crashed' })) {
    liveRun(server.world, server.world.project('train'), name, { state, createdAt: began, heartbeatAt: began + 60_000 });
  }
  const tried = await run('plan', '--backtest', '30d', '--max-estimated-fires', '2');
  expect([tried.code, tried.out]).toEqual([2, expect.stringContaining('    Would have fired on 2 of 3 runs in 30 days.')]);
  const many = await run('plan', '--backtest', '30d', '--max-estimated-fires', '1');
  expect([many.code, many.complaints]).toEqual([
    1,
    expect.stringMatching(
      /^conf\/wandb-relay\.yaml:4:5: one would have fired 2 times in 30 days, on 2 of 3 runs: more often than max-estimated-fires \(1\) allows/,
    ),
  ]);
  expect(await run('plan', '--max-estimated-fires', '1')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('needs --backtest'),
  });
});
