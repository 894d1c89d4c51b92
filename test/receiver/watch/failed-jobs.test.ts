import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { RunChange } from '../../../receiver/store/run-change.ts';
import { createFailedJobs, type FailedJobsOptions } from '../../../receiver/watch/failed-jobs.ts';
import type { FailedJob } from '../../../src/route/alert.ts';
import { FollowedRuns, MINUTE, POLICY } from './followed-runs.ts';

const JOB: FailedJob = { job: 'deploy', step: 'push image', url: null };
const REPORT: RunReport = {
  repository: 'acme/deploy',
  runId: '7',
  url: 'https://github.com/acme/deploy/actions/runs/7',
  title: 'Deploy d-e1',
  event: 'repository_dispatch',
  status: 'completed',
  conclusion: 'failure',
  attempt: 1,
  createdAt: 0,
  startedAt: 0,
  endedAt: 1,
};

/** The failed job of the last report, and how often somebody asked. */
async function jobsOf(
  reports: readonly RunReport[],
  failedJob: (repository: string, runId: string, signal: AbortSignal) => Promise<FailedJob | undefined> = async () => JOB,
  changes: { readonly isKnown?: boolean; readonly throttled?: boolean; readonly times?: number } = {},
) {
  let asked = 0;
  const options: FailedJobsOptions = {
    store: {
      runsOf: async () => (changes.isKnown === true ? [] : [{} as never]),
      throttles: async () => (changes.throttled === true ? [{ credential: 'github', until: 9, reason: '' }] : []),
    },
    runs: {
      credentialFor: () => 'github',
      failedJob: (...args) => {
        asked++;
        return failedJob(...args);
      },
    },
    now: () => 0,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    limitMs: 20,
  };
  const jobs = createFailedJobs(options);
  for (let time = 1; time < (changes.times ?? 1); time++) await jobs(reports);
  const jobOf = await jobs(reports);
  const { runId, attempt } = reports.at(-1) ?? REPORT;
  return { job: jobOf({ after: { id: runId, attempt } } as RunChange), asked };
}

describe('which job of a run failed', () => {
  it('is asked for once for each attempt that failed, also when its report comes again', async () => {
    expect(await jobsOf([REPORT], undefined, { times: 3 })).toEqual({ job: JOB, asked: 1 });
    expect(await jobsOf([REPORT, { ...REPORT, attempt: 2 }], undefined, { times: 2 })).toEqual({ job: JOB, asked: 2 });
  });

  it('is not asked for of a run that goes on or went well, that is no news, or while the allowance is used up', async () => {
    const none = { job: undefined, asked: 0 };
    expect(await jobsOf([{ ...REPORT, status: 'in_progress', conclusion: null }])).toEqual(none);
    for (const conclusion of ['success', 'skipped', 'neutral']) expect(await jobsOf([{ ...REPORT, conclusion }])).toEqual(none);
    expect(await jobsOf([REPORT], undefined, { isKnown: true })).toEqual(none);
    expect(await jobsOf([REPORT], undefined, { throttled: true })).toEqual(none);
  });

  it('is left out when nobody answers in time, or the answer is no', async () => {
    let stopped = false;
    const silent = (_repository: string, _run: string, signal: AbortSignal) =>
      new Promise<undefined>(() => signal.addEventListener('abort', () => (stopped = true)));
    expect(await jobsOf([REPORT], silent)).toEqual({ job: undefined, asked: 1 });
    expect(stopped).toBe(true);
    expect(await jobsOf([REPORT], () => Promise.reject(new Error('403')))).toEqual({ job: undefined, asked: 1 });
  });
});

describe('a run that failed', () => {
  it('is reported with the job and step that GitHub names, which is one more request', async () => {
    const followed = await FollowedRuns.start();
    await followed.dispatch('e1');
    const [run] = followed.github.runs;
    await followed.github.advance(run!.id, { conclusion: 'failure' });
    await followed.pass(30 * MINUTE);

    const failed = { job: 'deploy', step: 'push image', url: `${run!.html_url}/job/2` };
    const { mention, broadcast } = POLICY;
    expect(await followed.alerts()).toMatchObject([{ problem: 'run_failed', mention, broadcast, run: { conclusion: 'failure', failed } }]);
    expect(followed.github.jobReads).toEqual([
      { path: `/repos/acme/deploy/actions/runs/${run!.id}/jobs?filter=latest&per_page=100`, status: 200 },
    ]);
  });

  it('is reported without them when nobody answers', async () => {
    const followed = await FollowedRuns.start();
    const { watch } = followed.watcher(followed.store, { failedJob: () => Promise.reject(new Error('403')) });
    await followed.dispatch('e1');
    await followed.github.advance(followed.github.runs[0]!.id, { conclusion: 'timed_out' });
    followed.now += MINUTE;
    await watch.runOnce();
    const [alert] = await followed.alerts();
    expect(alert).toMatchObject({ problem: 'run_failed', run: { conclusion: 'timed_out' } });
    expect(alert?.run).not.toHaveProperty('failed');
  });
});
