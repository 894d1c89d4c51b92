import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { githubAnswering, workflowRuns } from './workflow-run.ts';

const definition = (name: string) =>
  `  - { name: ${name}, scope: { project: train }, event: { add_artifact_alias: { alias: production } }, action: { no_op: {} } }\n`;
const checkout = (...names: string[]) => ({
  'wandb-relay.yaml': `version: 1\nentity: acme\nautomations:\n${names.map(definition).join('')}`,
});

/** An example workflow in a repository whose pull request 7 was planned by run 101 and squashed to the commit `squashed`. */
async function repository(workflow = 'automations.yml') {
  const wandb = await wandbServer();
  let artifacts = '';
  const apiUrl = await githubAnswering((path, search) => {
    const at = path.replace('/repos/acme/models', '');
    if (at === '/commits/squashed/pulls') return [{ number: 7, merged_at: '2026-11-27T00:00:00Z', base: { ref: 'main' } }];
    if (at.startsWith('/commits/')) return [];
    if (at === '/pulls/7') return { number: 7, head: { sha: 'head7' } };
    if (at === `/actions/workflows/${workflow}/runs`) {
      const run = { id: 101, run_number: 1, head_sha: 'head7', head_repository: { full_name: 'acme/models' } };
      return { total_count: 1, workflow_runs: search.get('head_sha') === 'head7' ? [run] : [] };
    }
    if (at === '/actions/runs/101/artifacts') {
      const names = readdirSync(join(artifacts, '101'));
      return { total_count: names.length, artifacts: names.map((name) => ({ name, expired: false })) };
    }
    return undefined;
  });
  const expressions: Record<string, string> = {
    'secrets.WANDB_API_KEY': wandb.apiKey,
    'github.token': 'ghs_for_tests_only',
    'github.repository': 'acme/models',
    baseUrl: wandb.url,
  };
  const runs = workflowRuns(workflow, { expressions, apiUrl });
  artifacts = runs.artifacts;
  const names = () => wandb.world.triggers.map(({ name }) => name).sort();
  return { wandb, names, expressions, ...runs };
}

const PULL_REQUEST = {
  id: 101,
  event: 'pull_request',
  sha: 'merge7',
  ref: 'refs/pull/7/merge',
  payload: { pull_request: { number: 7, head: { sha: 'head7' } } },
};
const push = (sha: string) => ({ id: 102, event: 'push', sha, ref: 'refs/heads/main' });

describe('the example workflow', () => {
  it('applies the plan of the squashed pull request, finishes it when run again, and refuses by name what is not in it', async () => {
    const { wandb, names, runJob } = await repository();
    wandb.forbidMutations();
    expect((await runJob('plan', PULL_REQUEST, checkout('one', 'two')))?.code).toBe(0);
    wandb.allowMutations();
    // Somebody pushed a definition that nobody reviewed; and the first mutation is refused.
    const merged = checkout('one', 'two', 'three');
    wandb.fail({ on: 'mutation', status: 403 });
    expect((await runJob('apply', push('squashed'), merged))?.code).toBe(1);
    expect(names()).toEqual(['two']);
    const again = await runJob('apply', push('squashed'), merged);
    expect(names()).toEqual(['one', 'two']);
    expect([again?.code, again?.annotations.map(({ message }) => message).join('\n')]).toEqual([
      1,
      expect.stringMatching(/three \(project train\): refused: it is not in the approved plan/),
    ]);
  });

  it('refuses everything of a commit that came without a pull request, and applies it after the approval by hand', async () => {
    const { wandb, names, runJob } = await repository();
    const pushed = await runJob('apply', push('direct'), checkout('one', 'two'));
    expect([pushed?.code, wandb.mutations]).toEqual([1, 0]);
    expect(pushed?.log).toContain('! 2 refused: it is not in the approved plan');
    const byHand = { ...push('direct'), id: 103, event: 'workflow_dispatch' };
    expect((await runJob('plan', byHand, checkout('one', 'two')))?.code).toBe(0);
    expect((await runJob('apply-by-hand', byHand, checkout('one', 'two')))?.code).toBe(0);
    expect(names()).toEqual(['one', 'two']);
  });
});

describe('the example workflow of a monorepo', () => {
  it('plans each config by itself, and applies to each what was approved for it', async () => {
    const { wandb, names, expressions, runJob } = await repository('monorepo.yml');
    const runFor = (
      team: string,
      job: string,
      run: typeof PULL_REQUEST | ReturnType<typeof push>,
      files: Readonly<Record<string, string>>,
    ) => {
      expressions['matrix.team'] = team;
      return runJob(job, run, files);
    };
    const config = (...all: string[]) => checkout(...all)['wandb-relay.yaml'];
    const reviewed = { 'automations/vision.yaml': config('one'), 'automations/language.yaml': config('two') };
    for (const team of ['vision', 'language']) expect((await runFor(team, 'plan', PULL_REQUEST, reviewed))?.code).toBe(0);
    expect(names()).toEqual([]);
    expect((await runFor('language', 'apply', push('squashed'), reviewed))?.code).toBe(0);
    expect(names()).toEqual(['two']);
    const merged = { ...reviewed, 'automations/vision.yaml': config('one', 'three') };
    const applied = await runFor('vision', 'apply', push('squashed'), merged);
    expect(applied?.annotations.map(({ message }) => message).join('\n')).toContain('three (project train): refused');
    expect(names()).toEqual(['one', 'two']);
    expect(wandb.world.trigger('one').description).toContain('automations/vision.yaml');
  });
});
