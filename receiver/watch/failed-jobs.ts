import { messageOf } from '../../src/lib/error-message.ts';
import type { FailedJob } from '../../src/route/alert.ts';
import type { Runtime } from '../runtime.ts';
import type { RunReport } from '../store/run.ts';
import { isFailedEnd, type RunChange } from '../store/run-change.ts';
import type { Store } from '../store/store.ts';
import type { RunSource } from './run-source.ts';
import { withinLimit } from './time-limit.ts';

export interface FailedJobsOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<Store, 'runsOf' | 'throttles'>;
  readonly runs: Pick<RunSource, 'credentialFor' | 'failedJob'>;
  /** How long one look-up may take, in milliseconds; default five seconds: GitHub gives a webhook ten. */
  readonly limitMs?: number;
}

/** Where runs went wrong, by their reports: one request for each run that failed and that was not known to have failed. Never rejects. */
export type FailedJobs = (reports: readonly RunReport[]) => Promise<(change: RunChange) => FailedJob | undefined>;

const LIMIT_MS = 5_000;
/** What was learned is kept for so many runs: when it could not be stored, it is not asked for again. */
const MOST_KNOWN = 100;

export function createFailedJobs({ store, runs, now, log, limitMs = LIMIT_MS }: FailedJobsOptions): FailedJobs {
  const known = new Map<string, Promise<FailedJob | undefined>>();

  const lookUp = async (report: RunReport): Promise<FailedJob | undefined> => {
    const credential = runs.credentialFor(report.repository);
    try {
      return await withinLimit(async (signal) => {
        if ((await store.throttles(now())).some((throttle) => throttle.credential === credential)) return undefined;
        return runs.failedJob(report.repository, report.runId, signal);
      }, limitMs);
    } catch (error) {
      log.debug(
        { run: report.url, error: messageOf(error) },
        'which job of a run failed could not be looked up: people are told without it',
      );
      return undefined;
    }
  };

  const remembered = (report: RunReport): Promise<FailedJob | undefined> => {
    const key = keyOf(report.runId, report.attempt);
    const found = known.get(key) ?? lookUp(report);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    return found;
  };

  return async (reports) => {
    const failed = reports.filter(({ status, conclusion }) => status === 'completed' && isFailedEnd(conclusion));
    const jobs = new Map<string, FailedJob>();
    await Promise.all(
      failed.map(async (report) => {
        if (!(await isNews(store, report))) return;
        const job = await remembered(report);
        if (job !== undefined) jobs.set(keyOf(report.runId, report.attempt), job);
      }),
    );
    return ({ after }) => jobs.get(keyOf(after.id ?? '', after.attempt));
  };
}

function keyOf(runId: string, attempt: number): string {
  return `${runId} ${attempt}`;
}

/** Of ours, and not known yet. When the store cannot tell, it cannot store the report either. */
async function isNews(store: FailedJobsOptions['store'], report: RunReport): Promise<boolean> {
  try {
    return (await store.runsOf(report)).length > 0;
  } catch {
    return false;
  }
}
