import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BARE_ENVIRONMENT, COMPILED_ONCE, MAIN, PROJECT } from '../../stand-ins/receiver-process.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { commandLine } from './command-io.ts';

const PATH = process.env.PATH ?? '';
const WORKFLOWS = ['automations.yml', 'drift.yml', 'deploy.yml'].map((name) => `.github/workflows/${name}`);
const FILES = ['wandb-relay.yaml', ...WORKFLOWS];

const exampleOf = (workflow: string) => readFileSync(join(PROJECT, 'examples/workflows', workflow.split('/').at(-1) ?? ''), 'utf8');
const textsIn = (folder: string) => FILES.map((file) => readFileSync(join(folder, file), 'utf8'));

function checkout(folder: string, ...more: string[][]): void {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, stdio: 'pipe' });
  git('init', '-q', '-b', 'trunk');
  git('remote', 'add', 'origin', 'git@github.com:acme/models.git');
  for (const words of more) git(...words);
}

describe('init in an empty folder, without keys, git and terminal,', () => {
  it('asks nothing, and writes what is valid; a second run changes nothing', async () => {
    const { cwd, run } = commandLine({}, { PATH: '' });
    const first = await run('init');
    expect(first).toMatchObject({ code: 0, complaints: '' });
    expect(first.out).toContain('is no terminal, so nothing is asked');
    for (const file of FILES) expect(first.out).toContain(`written: ${file}\n`);
    expect(first.out).toContain('wandb-relay.yaml: my-team, the team at W&B');
    expect(first.out).toContain('Team secrets: add RELAY_SECRET');
    expect(first.out).toContain('Name: relay. URL: https://YOUR-HOST/webhooks/wandb. Secret: RELAY_SECRET.');
    expect(await run('validate')).toMatchObject({ code: 0, out: expect.stringContaining('ok (1 route, 1 automation)') });
    for (const workflow of WORKFLOWS) expect(readFileSync(join(cwd, workflow), 'utf8')).toBe(exampleOf(workflow));

    const before = textsIn(cwd);
    const second = await run('init', '--yes');
    expect(second.code).toBe(0);
    expect(second.out).not.toMatch(/written|no terminal/);
    for (const file of FILES) expect(second.out).toContain(`unchanged: ${file}\n`);
    expect(textsIn(cwd)).toEqual(before);
  });

  it('leaves what exists, names it, and exits with 4', async () => {
    const { cwd, run } = commandLine({ 'wandb-relay.yaml': 'version: 1\n', '.github/workflows/deploy.yml': 'mine' }, { PATH });
    symlinkSync(join(cwd, 'nowhere'), join(cwd, '.github/workflows/drift.yml'));
    const { code, out, complaints } = await run('init', '--yes');
    expect(code).toBe(4);
    for (const file of ['wandb-relay.yaml', WORKFLOWS[1], WORKFLOWS[2]]) expect(complaints).toContain(`left as it is: ${file} exists`);
    expect(out).toContain(`written: ${WORKFLOWS[0]}`);
    expect(out).not.toContain('my-team, the team at W&B');
    expect(readFileSync(join(cwd, 'wandb-relay.yaml'), 'utf8')).toBe('version: 1\n');
    expect(readFileSync(join(cwd, '.github/workflows/deploy.yml'), 'utf8')).toBe('mine');
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  it.each(['.github', '.github/workflows'])('says what cannot be written: %s is a file', async (file) => {
    const { run } = commandLine({ [file]: 'a file' }, { PATH });
    const { code, complaints } = await run('init', '--yes');
    expect(code).toBe(1);
    expect(complaints).toContain('.github/workflows/automations.yml: cannot be written: ');
  });

  it.each([
    ['--team', ' x', 'must not begin or end with a space'],
    ['--repository', 'acme', 'must be owner/name'],
    ['--url', 'https://u:p@host', 'must have no user'],
    ['--action', 'acme/relay', 'must be owner/name@ref'],
    ['--config', 'relay.config.ts', 'init writes YAML'],
    ['--config', '../relay.yaml', 'must be a path inside'],
  ])('refuses %s %j before anything is written', async (flag, value, why) => {
    const { cwd, run } = commandLine({}, { PATH });
    expect(await run('init', '--yes', flag, value)).toMatchObject({ code: 1, complaints: expect.stringContaining(why) });
    expect(existsSync(join(cwd, '.github'))).toBe(false);
  });

  it('writes names with invisible characters as escapes', async () => {
    const { cwd, run } = commandLine({}, { PATH });
    expect((await run('init', '--yes', '--team', 'te\u202eam')).out).not.toContain('\u202e');
    const text = readFileSync(join(cwd, 'wandb-relay.yaml'), 'utf8');
    expect(text).not.toContain('\u202e');
    expect(parse(text)).toMatchObject({ entity: 'te\u202eam' });
    expect((await run('validate')).code).toBe(0);
  });
});

describe('init in a checkout', () => {
  it('takes repository and branch from git, and puts the workflows at its top', async () => {
    const { cwd, run } = commandLine({ 'ml/.keep': '' }, { PATH });
    checkout(cwd);
    const { code } = await run('init', '--yes', '--config', 'ml/relay automations.yaml', '--action', 'acme/relay@v1', '--team', 'vision');
    expect(code).toBe(0);
    const config = 'ml/relay automations.yaml';
    expect(readFileSync(join(cwd, config), 'utf8')).toContain('{ repository: acme/models, event_type: model-production }');
    // Also checks that deploy.yml listens to this dispatch.
    expect(await run('validate', '--config', config)).toMatchObject({ code: 0, out: expect.not.stringContaining('not checked') });
    const [automations, drift] = WORKFLOWS.map((file) => parse(readFileSync(join(cwd, file), 'utf8')));
    expect(automations.on).toMatchObject({ push: { branches: ['trunk'], paths: [config] } });
    for (const job of [automations.jobs.plan, automations.jobs.apply, drift.jobs.drift]) {
      const ours = job.steps.filter((step: { uses?: string }) => step.uses === 'acme/relay@v1').at(-1);
      expect(ours.with).toMatchObject({ config });
    }
  });

  it('asks GitHub for the default branch when it has a token, and goes on without an answer', async () => {
    const github = await scriptedServer(
      { status: 200, body: { default_branch: 'release' } },
      { status: 404, body: { message: 'Not Found' } },
    );
    const variables = { PATH, GITHUB_TOKEN: 'ghp_for_tests_only', GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'acme/models' };
    const one = commandLine({}, variables);
    expect((await one.run('init', '--yes')).code).toBe(0);
    expect(github.requests[0]).toMatchObject({ url: '/repos/acme/models', headers: { authorization: 'token ghp_for_tests_only' } });
    const text = readFileSync(join(one.cwd, WORKFLOWS[0] ?? ''), 'utf8');
    expect(text).toContain('branches: [release]');
    // Another server than github.com is an Enterprise Server, which does not know it.
    expect(text).not.toContain('queue: max');
    expect(parse(text).jobs.apply.concurrency).toEqual({ group: 'wandb-automations' });
    expect(parse(readFileSync(join(one.cwd, WORKFLOWS[2] ?? ''), 'utf8')).concurrency).not.toHaveProperty('queue');

    const other = commandLine({}, variables);
    const second = await other.run('init', '--yes');
    expect(second).toMatchObject({ code: 0, complaints: expect.stringContaining('GitHub does not say what the default branch') });
  });
});

describe('init with a key of W&B', () => {
  it('writes what exists as definitions, which plan to no difference', async () => {
    const server = await wandbServer();
    // Of several teams, the one that the user's runs go to.
    server.world.addEntity('vision');
    server.world.addTrigger({ name: 'watch', scope: server.world.project('train') });
    const variables = { PATH, WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url, GITHUB_REPOSITORY: 'acme/models' };
    const { cwd, run } = commandLine({}, variables);
    server.forbidMutations();
    const first = await run('init', '--yes', '--url', 'https://relay.example.com/');
    expect(first).toMatchObject({ code: 0, complaints: '' });
    expect(first.out).not.toContain('one of yours');
    const text = readFileSync(join(cwd, 'wandb-relay.yaml'), 'utf8');
    expect(parse(text)).toMatchObject({
      entity: 'acme',
      automations: [{ name: 'watch', adopt: true }],
      integrations: { webhooks: [{ name: 'relay', url: 'https://relay.example.com/webhooks/wandb', secret: 'RELAY_SECRET' }] },
    });
    expect(text).toContain('#   - name: deploy-production');
    expect((await run('validate')).code).toBe(0);
    expect((await run('plan')).out).toContain('~ watch (project train)');
    expect(readFileSync(join(cwd, WORKFLOWS[1] ?? ''), 'utf8')).toContain(`          wandb-base-url: ${server.url}\n`);
    expect((await run('init', '--yes', '--url', 'https://relay.example.com/')).code).toBe(0);
  });

  it('writes an example for a team without automations', async () => {
    const server = await wandbServer();
    const { cwd, run } = commandLine({}, { PATH, WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url });
    expect((await run('init', '--yes')).code).toBe(0);
    expect(parse(readFileSync(join(cwd, 'wandb-relay.yaml'), 'utf8'))).toMatchObject({
      entity: 'acme',
      automations: [{ name: 'deploy-production' }],
    });
  });

  it('writes nothing when W&B refuses the key', async () => {
    const server = await wandbServer();
    const { cwd, run } = commandLine({}, { PATH, WANDB_API_KEY: 'another-key-for-tests', WANDB_BASE_URL: server.url });
    const { code, complaints } = await run('init', '--yes');
    expect(code).toBe(1);
    expect(complaints).toMatch(/^W&B was not read: .* unset WANDB_API_KEY/m);
    expect(existsSync(join(cwd, 'wandb-relay.yaml'))).toBe(false);
  });
});

/** `init` on a terminal of its own. Each question is waited for, and answered; a function sees the rest. */
async function onTerminal(answers: readonly (readonly [question: string, answer: string])[], ...flags: string[]) {
  const cwd = temporaryFolder();
  const command = [process.execPath, MAIN, 'init', ...flags];
  const words = process.platform === 'darwin' ? ['-q', '/dev/null', ...command] : ['-qec', command.join(' '), '/dev/null'];
  const child = spawn('script', words, { cwd, env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE, TERM: 'xterm' } });
  let shown = '';
  let seen = 0;
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, answer] = left[0] ?? [];
    const at = question === undefined ? -1 : shown.indexOf(question, seen);
    if (answer === undefined || at < 0) return;
    left.shift();
    seen = at + 1;
    child.stdin.write(answer);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { cwd, code, shown, unanswered: left };
}

describe('init on a terminal', () => {
  it('asks for what it cannot find out, again if an answer cannot be', { timeout: 30_000 }, async () => {
    const { cwd, code, shown, unanswered } = await onTerminal([
      ['The team at W&B: ', 'vision\r'],
      ['This repository on GitHub, owner/name: ', 'nonsense\r'],
      ['must be owner/name', 'acme/models\r'],
      ['(blank: later): ', '\r'],
      ['owner/name@ref [your-org/wandb-relay@v0]: ', '\r'],
    ]);
    expect({ code, unanswered }).toEqual({ code: 0, unanswered: [] });
    expect(shown).toContain('written: wandb-relay.yaml');
    const config = parse(readFileSync(join(cwd, 'wandb-relay.yaml'), 'utf8'));
    expect(config).toMatchObject({ entity: 'vision' });
    expect(config.automations[0].action.relay.to[0].repository_dispatch.repository).toBe('acme/models');
  });

  it('asks nothing with --yes', { timeout: 30_000 }, async () => {
    const { code, shown } = await onTerminal([], '--yes');
    expect(code).toBe(0);
    expect(shown).not.toMatch(/The team at W&B: |no terminal/);
  });

  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('%s ends it before anything is written', { timeout: 30_000 }, async (_key, character) => {
    const { cwd, code, shown } = await onTerminal([
      ['The team at W&B: ', 'vision\r'],
      ['This repository on GitHub, owner/name: ', character],
    ]);
    expect(code).toBe(1);
    expect(shown).toContain('Stopped: nothing was written.');
    expect(existsSync(join(cwd, 'wandb-relay.yaml'))).toBe(false);
  });
});
