import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { runAction } from './run-action.ts';

const TOKEN = 'ghs_a_token_for_tests_only';
const config = (collection = 'resnet50', name = 'one') => `version: 1
entity: acme
automations:
  - name: ${JSON.stringify(name)}
    scope: { registry: model, collection: ${JSON.stringify(collection)} }
    event: { add_artifact_alias: { alias: production } }
    action: { no_op: {} }
`;
const broken = config().replace('no_op', 'no_opp');
const access = (server: WandbStandIn) => ({ 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url, 'github-token': TOKEN });

describe('where the runner has no summary', () => {
  it.each(['', undefined])('apply does its work and skips it: GITHUB_STEP_SUMMARY=%s', async (GITHUB_STEP_SUMMARY) => {
    const server = await wandbServer();
    const run = await runAction({
      inputs: { command: 'apply', ...access(server) },
      files: { 'wandb-relay.yaml': config() },
      environment: { GITHUB_STEP_SUMMARY },
    });
    expect([run.code, run.outputs['failure-reason']]).toEqual([0, undefined]);
    expect(server.world.trigger('one').description).toContain('[wandb-relay/2 acme/models wandb-relay.yaml one');
    expect(run.log).toContain('No summary is written');
  });

  it('nor can write one, the step does not fail for that', async () => {
    const server = await wandbServer();
    const run = await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': config() },
      environment: { GITHUB_STEP_SUMMARY: join(temporaryFolder(), 'none', 'summary.md') },
    });
    expect([run.code, run.outputs['to-create']]).toEqual([0, '1']);
    expect(run.annotations).toMatchObject([{ kind: 'warning', message: expect.stringContaining('the step summary could not be written') }]);
  });
});

it.each(['plan', 'apply', 'drift', 'export'])('%s without a key writes the reason into the summary', async (command) => {
  const run = await runAction({ inputs: { command, 'github-token': TOKEN }, files: { 'wandb-relay.yaml': config() } });
  expect(run.code).toBe(1);
  expect(run.log).toContain('wandb-relay.yaml: ok (1 automation, 0 routes)');
  expect(run.summary).toContain(command === 'plan' ? 'There is no plan: 1 problem.' : `${command} failed: 1 problem.`);
  expect(run.summary).toContain('wandb-api-key: is blank: set it to a secret');
});

describe('annotations name files from the top of the workspace', () => {
  it.each([
    ['.', 'wandb-relay.yaml', 'wandb-relay.yaml'],
    ['.', './infra/wandb-relay.yaml', 'infra/wandb-relay.yaml'],
    ['./infra', 'wandb-relay.yaml', 'infra/wandb-relay.yaml'],
    ['infra/', './wandb-relay.yaml', 'infra/wandb-relay.yaml'],
    ['infra', '../shared/wandb-relay.yaml', 'shared/wandb-relay.yaml'],
    ['infra/../shared/.', 'wandb-relay.yaml', 'shared/wandb-relay.yaml'],
  ])('working-directory %s, config %s: %s', async (workingDirectory, path, named) => {
    const run = await runAction({
      inputs: { command: 'validate', config: path, 'working-directory': workingDirectory },
      files: { 'wandb-relay.yaml': broken, 'infra/wandb-relay.yaml': broken, 'shared/wandb-relay.yaml': broken },
    });
    expect(run.code).toBe(1);
    expect(run.annotations[0]?.properties.split(',')).toContain(`file=${named}`);
  });

  it('names it in the message when the file lies outside', async () => {
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'wandb-relay.yaml'), broken);
    const run = await runAction({ inputs: { command: 'validate', config: join(outside, 'wandb-relay.yaml') } });
    expect(run.annotations[0]?.properties).not.toContain('file=');
    expect(run.annotations[0]?.message).toContain('wandb-relay.yaml:7:');
  });

  it('finds the workspace where it is another folder than the one of the step', async () => {
    const cwd = temporaryFolder();
    const run = await runAction({
      inputs: { command: 'validate', 'working-directory': 'team/infra' },
      files: { 'team/infra/wandb-relay.yaml': broken },
      cwd,
      environment: { GITHUB_WORKSPACE: join(cwd, 'team') },
    });
    expect(run.annotations[0]?.properties.split(',')).toContain('file=infra/wandb-relay.yaml');
  });
});

it('plan outside of a pull request reports that it writes no comment', async () => {
  const server = await wandbServer();
  const run = await runAction({ inputs: { command: 'plan', ...access(server) }, files: { 'wandb-relay.yaml': config() } });
  expect(run.code).toBe(0);
  expect(run.log).toContain('No comment is written: this run is not for a pull request');
});

it.each(['https://api.wandb.ai/graphql', 'https://wandb.ai/acme'])('refuses the address %s', async (address) => {
  const run = await runAction({ inputs: { command: 'plan', 'wandb-base-url': address, 'wandb-api-key': 'x'.repeat(40) } });
  expect([run.code, run.outputs['failure-reason']]).toEqual([1, expect.stringMatching(/^wandb-base-url: /)]);
});

it('names a plan file that cannot be written', async () => {
  const server = await wandbServer();
  const run = await runAction({
    inputs: { command: 'plan', 'plan-file': 'none/plan.json', ...access(server) },
    files: { 'wandb-relay.yaml': config() },
  });
  expect([run.code, run.outputs['failure-reason']]).toEqual([1, expect.stringMatching(/^plan-file: .*none\/plan.json: cannot be written/)]);
});

describe('text from outside', () => {
  /** What .NET trims from the beginning of a line, or does not count when it compares, before the runner looks for "::". */
  const HIDDEN = ['\u0085', '\u000b', '\u000c', '\u2028', '\u2029', '\u00a0', '\u3000', '\u200b', '\ufeff', '\ufe0f', '\u0000', '\r', '\n'];

  it('is never a command to the runner, whatever comes before it', async () => {
    const server = await wandbServer();
    for (const [i, hidden] of HIDDEN.entries()) {
      for (const command of [`${hidden}::set-output name=fingerprint::x`, `#${hidden}#${hidden}[set-output name=fingerprint;]x`])
        server.world.addTrigger({ name: `${command}${i}`, description: `a${command}`, scope: server.world.project('train') });
    }
    for (const command of ['export', 'plan', 'drift']) {
      const run = await runAction({
        inputs: { command, ...access(server), 'github-token': '' },
        files: { 'wandb-relay.yaml': 'version: 1\nentity: acme\n' },
      });
      expect(run.log).toContain(command === 'export' ? 'set-output' : '');
      const heard = run.log
        .replaceAll(/^::stop-commands::(.+)\n[\s\S]*?^::\1::$/gm, '')
        .replaceAll(/^::(add-mask|error|warning|notice)\b.*$/gm, '');
      expect(heard).not.toMatch(/set-output/);
      expect(run.log.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u200b\ufeff]/u);
    }
  });

  it('reaches no annotation and no output raw', async () => {
    const collection = 'a\u001b[2J\u202e\u0085b';
    const server = await wandbServer();
    const run = await runAction({ inputs: { command: 'plan', ...access(server) }, files: { 'wandb-relay.yaml': config(collection) } });
    expect(run.code).toBe(1);
    expect(run.outputs['failure-reason']).toContain('a\\u001b[2J\\u202e\\u0085b');
    expect(run.log.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('Markdown on a pull request', () => {
  let github: Emulator;
  beforeAll(async () => {
    github = await createEmulator({
      service: 'github',
      port: 0,
      seed: {
        tokens: { [TOKEN]: { login: 'acme', scopes: ['repo'] } },
        github: { users: [{ login: 'acme' }], repos: [{ owner: 'acme', name: 'models', auto_init: true }] },
      },
    });
  });
  afterAll(() => github.close());

  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  async function planned(text: string): Promise<string> {
    const server = await wandbServer();
    const issues = `${github.url}/repos/acme/models/issues`;
    const made = await fetch(issues, { method: 'POST', headers, body: JSON.stringify({ title: 'a change' }) });
    const { number } = (await made.json()) as { number: number };
    await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': text },
      event: { pull_request: { number } },
      apiUrl: github.url,
    });
    const [comment] = (await (await fetch(`${issues}/${number}/comments`, { headers })).json()) as { body: string }[];
    return comment?.body ?? '';
  }

  const NASTY = 'x` @acme/all <img src=x> [a](https://evil.example) ``` #1';

  it('shows the problems as code, without mentions, links or HTML', async () => {
    const body = await planned(config(NASTY));
    expect(body).toContain('There is no plan');
    const [line = ''] = body.split('\n').filter((one) => one.startsWith('- '));
    const [, fence = ''] = /^- (`+) /.exec(line) ?? [];
    expect(fence.length).toBeGreaterThan(3);
    expect(line.endsWith(` ${fence}`)).toBe(true);
    expect(line.slice(2 + fence.length, -fence.length)).toContain(NASTY);
    expect(line.slice(2 + fence.length, -fence.length)).not.toContain(fence);
  });

  it('shows problems that are long and full of what cannot be seen within the limit of a comment', async () => {
    const unknown = Array.from({ length: 20 }, (_, i) => `"${i}${'\u200b'.repeat(900)}": 1\n`).join('');
    const body = await planned(`version: 1\nroutes: []\n${unknown}`);
    expect(body).toContain('There is no plan');
    expect(body).toContain('\\u200b\\u200b');
    expect(body.length).toBeLessThan(65_536);
  });

  it('shows a name as HTML code, and a definition in a block that nothing in it closes', async () => {
    const name = `${NASTY} ~~~ </summary></details>`;
    const body = await planned(`${config('resnet50', name)}    description: "\`\`\`\` </details> @acme/all"\n`);
    const [summary = ''] = /<summary>.*<\/summary>/.exec(body) ?? [];
    expect(summary).toContain(
      '<code>x` @acme/all &lt;img src=x&gt; [a](https://evil.example) ``` #1 ~~~ &lt;/summary&gt;&lt;/details&gt;</code>',
    );
    const [, fence = '', inside = '', after = ''] = /\n(`{3,})yaml\n([\s\S]*?)\n\1\n([\s\S]*)$/.exec(body) ?? [];
    expect(fence.length).toBe(5);
    expect(inside).toContain('````');
    expect(after).not.toContain('evil');
    expect(body.match(/<\/details>$/gm)).toHaveLength(1);
  });
});
