import { getOctokit } from '@actions/github';
import { describe, expect, it } from 'vitest';
import { approvedRuns, workflowFile } from '../../../src/action/approved-plans.ts';

const [ONE, TWO] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string];
const ACME = { owner: 'acme', repo: 'models' };

interface Run {
  readonly id: number;
  readonly repository?: string;
  readonly artifacts: readonly { readonly name: string; readonly expired?: boolean }[];
}

/** GitHub with pull requests that were merged with the commit `m`, and the runs on their heads. */
function github(pulls: Readonly<Record<number, readonly Run[]>>) {
  const asked: string[] = [];
  const answer = (path: string, search: URLSearchParams): unknown => {
    const runs = Object.values(pulls).flat();
    if (/^\/repos\/acme\/models\/commits\/\w+\/pulls$/.test(path)) {
      return Object.keys(pulls).map((number) => ({ number: Number(number), merged_at: '2026-11-27T00:00:00Z', base: { ref: 'main' } }));
    }
    const pull = /^\/repos\/acme\/models\/pulls\/(\d+)$/.exec(path)?.[1];
    if (pull !== undefined) return { number: Number(pull), head: { sha: `head${pull}` } };
    if (path === '/repos/acme/models/actions/workflows/automations.yml/runs') {
      expect(search.get('event')).toBe('pull_request');
      const sha = search.get('head_sha') ?? '';
      const found = pulls[Number(sha.replace('head', ''))] ?? [];
      const listed = found.map(({ id, repository = 'acme/models' }) => ({
        id,
        run_number: id,
        head_sha: sha,
        head_repository: { full_name: repository },
      }));
      return { total_count: listed.length, workflow_runs: listed };
    }
    const run = /^\/repos\/acme\/models\/actions\/runs\/(\d+)\/artifacts$/.exec(path)?.[1];
    const artifacts = runs.find(({ id }) => String(id) === run)?.artifacts ?? [];
    return { total_count: artifacts.length, artifacts: artifacts.map(({ name, expired = false }) => ({ name, expired })) };
  };
  const fetch = async (url: string | URL | Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(String(url));
    asked.push(pathname);
    return Response.json(answer(pathname, searchParams));
  };
  return { octokit: getOctokit('token', { request: { fetch } }), asked };
}

const find = (pulls: Parameters<typeof github>[0], payload: object = {}, ref = 'refs/heads/main') =>
  approvedRuns(github(pulls).octokit, ACME, { sha: 'm', ref, payload }, 'automations.yml');
const plan = (fingerprint: string) => ({ name: `wandb-relay-plan-${fingerprint}` });

describe('the approved plans of a commit', () => {
  it('are those of the newest run on the head of its pull request that has uploaded some', async () => {
    const runs = [
      { id: 1, artifacts: [plan(ONE)] },
      { id: 3, artifacts: [{ name: 'logs' }] },
      { id: 2, artifacts: [plan(TWO), { name: 'logs' }] },
    ];
    expect(await find({ 7: runs })).toEqual({ runs: [{ pullRequest: 7, runId: 2, fingerprints: [TWO] }], without: [] });
  });

  it('are those of every pull request that a merge queue merged', async () => {
    const found = await find({ 7: [{ id: 1, artifacts: [plan(ONE)] }], 8: [{ id: 2, artifacts: [plan(TWO)] }], 9: [] });
    expect(found.runs.map(({ pullRequest, runId }) => [pullRequest, runId])).toEqual([
      [7, 1],
      [8, 2],
    ]);
    expect(found.without).toEqual([9]);
  });

  it('are never those of a fork, nor expired ones', async () => {
    const runs = [
      { id: 2, repository: 'ada/models', artifacts: [plan(ONE)] },
      { id: 1, artifacts: [{ ...plan(TWO), expired: true }] },
    ];
    expect(await find({ 7: runs })).toEqual({ runs: [], without: [7] });
  });

  it('are none of a push without a pull request', async () => {
    expect(await find({})).toEqual({ runs: [], without: [] });
  });
});

it('the file of a workflow is in GITHUB_WORKFLOW_REF', () => {
  expect(workflowFile('acme/models/.github/workflows/automations.yml@refs/heads/a/b@c')).toBe('automations.yml');
  for (const ref of [undefined, '', 'acme/models']) expect(workflowFile(ref)).toBeUndefined();
});
