import { describe, expect, it } from 'vitest';
import { failedJobIn, jobListSchema } from '../../../receiver/github/failed-job.ts';
import { githubRunSource } from '../../../receiver/github/run-source.ts';
import { tokenCredentials } from '../../../receiver/github/token-credentials.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';

const job = (name: string, conclusion: string | null, steps: readonly (readonly [string, string | null])[] = []) => ({
  name,
  conclusion,
  html_url: `https://github.com/acme/deploy/actions/runs/1/job/${name}`,
  steps: steps.map(([step, end]) => ({ name: step, conclusion: end })),
});

describe('the failed job of a run', () => {
  it('is the first that failed, with its first step that did', () => {
    const jobs = [
      job('check', 'success', [['test', 'success']]),
      job('stopped', 'cancelled', [['wait', 'cancelled']]),
      job('deploy', 'failure', [
        ['checkout', 'success'],
        ['push image', 'failure'],
        ['clean up', 'failure'],
      ]),
      job('later', 'failure'),
    ];
    expect(failedJobIn(jobs)).toEqual({
      job: 'deploy',
      step: 'push image',
      url: 'https://github.com/acme/deploy/actions/runs/1/job/deploy',
    });
  });

  it('is the first that was stopped, of a run that was cancelled', () => {
    expect(failedJobIn([job('check', 'success'), job('deploy', 'cancelled')])).toMatchObject({ job: 'deploy', step: null });
  });

  it('is none where every job went well, or there are no jobs', () => {
    expect(failedJobIn([job('check', 'success'), job('docs', 'skipped'), job('odd', null)])).toBeUndefined();
    expect(failedJobIn([])).toBeUndefined();
  });

  it('needs neither steps nor a link', () => {
    expect(failedJobIn(jobListSchema.parse([{ name: 'deploy', conclusion: 'failure' }]))).toEqual({ job: 'deploy', step: null, url: null });
  });
});

describe('asking for the failed job', () => {
  const ask = async (...answers: Parameters<typeof scriptedServer>) => {
    const server = await scriptedServer(...answers);
    const runs = githubRunSource({ credentials: tokenCredentials('ghp_x'), apiUrl: server.url, fetch, now: () => 0 });
    return { asked: runs.failedJob('acme/deploy', '42', AbortSignal.timeout(5_000)), requests: server.requests };
  };

  it('is one request for the latest attempt, as GitHub documents it', async () => {
    const { asked, requests } = await ask({
      status: 200,
      body: { total_count: 1, jobs: [job('deploy', 'failure', [['push', 'failure']])] },
    });
    expect(await asked).toMatchObject({ job: 'deploy', step: 'push' });
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /repos/acme/deploy/actions/runs/42/jobs?filter=latest&per_page=100',
    ]);
  });

  it.each([
    ['it is refused', { status: 403, body: { message: 'Resource not accessible by personal access token' } }],
    ['the answer is not GitHub’s', { status: 200, body: { jobs: [{ id: 1 }] } }],
    ['the answer has no jobs', { status: 200, body: {} }],
    ['the connection breaks', 'reset'],
  ] as const)('rejects when %s', async (_how, answer) => {
    const { asked } = await ask(answer);
    await expect(asked).rejects.toThrow();
  });
});
