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

/** A git checkout of acme/deploy, or of another origin. */
function checkout(files: Record<string, string>, variables: Record<string, string> = {}, origin = 'git@github.com:acme/deploy.git') {
  const line = commandLine(files, variables);
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
      const { run } = checkout({ 'wandb-relay.yaml': config, '.github/workflows/deploy.yml': 'on: push\njobs: {}\n' }, {}, origin);
      const { complaints } = await run('validate');
      expect(complaints).toMatch(/\.repository_dispatch: no workflow in .* listens to it/);
      expect(complaints).toContain('2 problems');
    },
  );

  it("warns about W&B's variables in a route and typographic quotes in a condition, with their places", async () => {
    const config = `version: 1
entity: acme
automations:
  - name: promote
    scope: { project: train }
    event:
      add_artifact_alias: { alias: “production” }
    action:
      relay:
        to:
          - slack: { channel: "#ml", text: "\${run_name} is live" }
routes:
  - name: deploy
    on:
      alias: “production”
      collection: { regex: "^O’Brien$" }
      project: [train, ‘eval’]
      payload: { “a”: x }
      automation: "\${automation_name}"
    to:
      - repository_dispatch:
          repository: acme/deploy
          event_type: model
          client_payload:
            who: "\${event_author}"
            deep: [{ stage: "at \${artifact_metadata.stage}" }, "$HOME", "{{ event.alias }}"]
            loss: "\${artifact_metadata.val/loss}"
alerts: { slack: "#ml-ops" }
`;
    const { code, out } = await commandLine({ 'conf/relay.yaml': config }).run('validate', '--config', 'conf/relay.yaml');
    expect(code).toBe(0);
    const lines = out.split('\n').filter((line) => line.includes(': warning: '));
    const at = (place: string, field: string, message: string) =>
      expect(lines).toContainEqual(expect.stringContaining(`conf/relay.yaml:${place}: ${field}: warning: ${message}`));
    at('7:36', 'automations[0].event.add_artifact_alias.alias', '"“production”" has typographic quotes');
    at('11:44', 'automations[0].action.relay.to[0].slack.text', '${run_name} is not filled in here');
    at('15:14', 'routes[0].on.alias', '"“production”" has typographic quotes');
    at('17:24', 'routes[0].on.project[1]', '"‘eval’" has typographic quotes');
    at('18:18', 'routes[0].on.payload.“a”', '"“a”" has typographic quotes');
    at('19:19', 'routes[0].on.automation', '${automation_name} is not filled in here');
    at('25:18', 'routes[0].to[0].repository_dispatch.client_payload.who', '${event_author} is not filled in');
    at('26:29', 'routes[0].to[0].repository_dispatch.client_payload.deep[0].stage', '${artifact_metadata.stage} is not filled in');
    expect(lines.join('\n')).toContain('Write {{ event.author }}');
    expect(lines.join('\n')).toContain('Write {{ event.wandb.artifact.metadata.stage }}');
    expect(lines.join('\n')).toContain('Write {{ event.wandb.artifact.metadata["val/loss"] }}');
    expect(lines.map((line) => line.split(':')[1])).toEqual(['7', '11', '15', '17', '18', '19', '25', '26', '27']);
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

  describe('runs the tests of automations', () => {
    const tested = (step: number) => `version: 1
entity: acme
alerts: { slack: "#ops" }
automations:
  - name: loss-too-high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ slack: { channel: "#a" } }] } }
tests:
  - { name: explodes, automation: loss-too-high, series: { loss: 3 2.9 2.8x10 NaN 9+1x3 }, fires: [{ step: ${step} }] }
  - { name: stays, automation: loss-too-high, series: { loss: 3x20 }, fires: [] }
`;

    it('and counts them', async () => {
      const { run } = checkout({ 'wandb-relay.yaml': tested(14) });
      const { code, out } = await run('validate');
      expect([code, out.trim()]).toEqual([0, 'wandb-relay.yaml: ok (1 route, 1 automation, 2 tests passed)']);
      expect(JSON.parse((await run('validate', '--json')).out)).toMatchObject({
        valid: true,
        tests: [
          { name: 'explodes', automation: 'loss-too-high', passed: true, fired: [{ step: 14, metric: 'loss', value: 9 }] },
          { name: 'stays', passed: true, expected: [], fired: [] },
        ],
      });
    });

    it('and exits 1 for a failure, with the series, the step and what fired', async () => {
      const { run } = checkout({ 'wandb-relay.yaml': tested(15) });
      const { code, out, complaints } = await run('validate');
      expect([code, out]).toEqual([1, '']);
      expect(complaints.trimEnd().split('\n')).toEqual([
        'wandb-relay.yaml:11:5: tests[0]: the test "explodes" failed: "loss-too-high" fired at step 14, expected at step 15',
        '    event: { run_metric: { metric: loss, above: 8 } }',
        '    loss: 3 2.9 2.8x10 NaN 9+1x3',
        '    step 14 (14 min): the value is 9, which meets the condition; fired, not expected',
        '    step 15 (15 min): the value is 10, which meets the condition; did not fire: the condition is met since step 14, and only its beginning fires',
        '1 of 2 tests failed',
      ]);
      const json = JSON.parse((await run('validate', '--json')).out);
      expect(json).toMatchObject({ valid: false, diagnostics: [{ severity: 'error', line: 11, field: 'tests[0]' }] });
      expect(json.tests[0]).toMatchObject({
        passed: false,
        expected: [{ step: 15 }],
        details: expect.arrayContaining([expect.any(String)]),
      });
    });
  });

  it('accepts the example that is shipped', async () => {
    const { run } = commandLine();
    const example = new URL('../../../examples/wandb-relay.yaml', import.meta.url).pathname;
    expect(await run('validate', '--config', example)).toMatchObject({ code: 0 });
  });
});
