import { execFileSync } from 'node:child_process';
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

function checkout(files: Record<string, string>, origin = 'git@github.com:acme/deploy.git') {
  const line = commandLine(files);
  execFileSync('git', ['init', '-q'], { cwd: line.cwd });
  execFileSync('git', ['remote', 'add', 'origin', origin], { cwd: line.cwd });
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

  it.each(['git@github.com:ada_acme/deploy.git', 'https://github.com/ada_acme/deploy', 'ssh://git@github.com:22/ada_acme/deploy.git/'])(
    'knows a checkout of an owner with an underscore: %s',
    async (origin) => {
      const config = CONFIG.replaceAll(/acme\/deploy/gi, 'ada_acme/deploy');
      const { run } = checkout({ 'wandb-relay.yaml': config, '.github/workflows/deploy.yml': 'on: push\njobs: {}\n' }, origin);
      const { complaints } = await run('validate');
      expect(complaints).toMatch(/\.repository_dispatch: no workflow in .* listens to it/);
      expect(complaints).toContain('2 problems');
    },
  );

  it('accepts the example that is shipped', async () => {
    const { run } = commandLine();
    const example = new URL('../../../examples/wandb-relay.yaml', import.meta.url).pathname;
    expect(await run('validate', '--config', example)).toMatchObject({ code: 0 });
  });
});
