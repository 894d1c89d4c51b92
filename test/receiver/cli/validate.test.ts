import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandLine } from './command-io.ts';

const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
      - workflow_dispatch: { repository: Acme/Deploy, workflow: deploy.yml, ref: main, inputs: { version: "{{ event.version }}" } }
      - repository_dispatch: { repository: acme/elsewhere, event_type: unheard }
`;
const LISTENS = 'on:\n  repository_dispatch: { types: [model-production] }\n  workflow_dispatch: { inputs: { version: {} } }\njobs: {}\n';

/** A git checkout of acme/deploy. */
function checkout(files: Record<string, string>, variables: Record<string, string> = {}) {
  const line = commandLine(files, variables);
  execFileSync('git', ['init', '-q'], { cwd: line.cwd });
  execFileSync('git', ['remote', 'add', 'origin', 'git@github.com:acme/deploy.git'], { cwd: line.cwd });
  return line;
}

describe('validate', () => {
  it('is content with a good file', async () => {
    const { run } = commandLine({ 'wandb-relay.yaml': CONFIG });
    expect(await run('validate')).toMatchObject({ code: 0, out: expect.stringContaining('wandb-relay.yaml: ok (1 route, 0 automations)') });
  });

  it('begins every problem with its place and exits 1', async () => {
    const { run } = commandLine({ 'conf/relay.yaml': CONFIG.replace('event_type', 'event_typ') });
    const { code, complaints } = await run('validate', '--config', 'conf/relay.yaml');
    expect(code).toBe(1);
    expect(complaints).toMatch(/^conf\/relay\.yaml:6:\d+: routes\[0\]\.to\[0\]\.repository_dispatch\.\w+: /);
    expect(complaints).toContain('did you mean "event_type"');
  });

  it('says when there is no file', async () => {
    expect(await commandLine().run('validate')).toMatchObject({ code: 1, complaints: expect.stringContaining('there is no such file') });
  });

  it('is content when workflows of this checkout listen', async () => {
    const { run } = checkout({ 'wandb-relay.yaml': CONFIG, '.github/workflows/deploy.yml': LISTENS });
    expect(await run('validate')).toMatchObject({ code: 0 });
  });

  it('names the dispatch that no workflow of this checkout hears', async () => {
    const { run } = checkout({ 'wandb-relay.yaml': CONFIG, '.github/workflows/deploy.yml': 'on: push\njobs: {}\n' });
    const { code, complaints } = await run('validate');
    expect(code).toBe(1);
    const lines = complaints.split('\n');
    expect(lines[0]).toMatch(/^wandb-relay\.yaml:6:\d+: routes\[0\]\.to\[0\]\.repository_dispatch: .*"model-production"/);
    expect(lines[1]).toMatch(/^wandb-relay\.yaml:7:\d+: routes\[0\]\.to\[1\]\.workflow_dispatch: .*no "on: workflow_dispatch"/);
    expect(complaints).not.toContain('unheard');
  });

  // Git's own switch for its tests: as in a container, where the checkout belongs to another user.
  const FOREIGN = { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1', PATH: process.env.PATH ?? '' };

  it('says what to do when git does not trust the owner of the checkout', async () => {
    const { run, cwd } = checkout({ 'wandb-relay.yaml': CONFIG, '.github/workflows/deploy.yml': 'on: push\njobs: {}\n' }, FOREIGN);
    const { code, out } = await run('validate');
    expect(code).toBe(0);
    expect(out).toContain(`was not checked: git does not use the checkout, because another user owns it`);
    expect(out).toContain(`git config --global --add safe.directory ${realpathSync(cwd)}`);
    const planned = await checkout({}, { ...FOREIGN, WANDB_API_KEY: 'a-key-for-tests-only' }).run('plan');
    expect([planned.code, planned.complaints]).toEqual([
      1,
      expect.stringMatching(/^GITHUB_REPOSITORY: is not set, and git .*safe\.directory/),
    ]);
  });

  it('says that git is not there', async () => {
    const { run } = checkout({ 'wandb-relay.yaml': CONFIG }, { PATH: '/nowhere' });
    expect((await run('validate')).out).toContain('was not checked: git is not installed here.');
  });

  it('accepts the example that is shipped', async () => {
    const { run } = commandLine();
    const example = new URL('../../../examples/wandb-relay.yaml', import.meta.url).pathname;
    expect(await run('validate', '--config', example)).toMatchObject({ code: 0 });
  });
});
