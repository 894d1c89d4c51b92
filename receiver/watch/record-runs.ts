import type { CommitRef } from '../../src/event/commit-of.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { Runtime } from '../runtime.ts';
import type { EventView } from '../store/delivery.ts';
import { isAbout, type OpenRun, type RunReport } from '../store/run.ts';
import type { RunChange } from '../store/run-change.ts';
import type { Store } from '../store/store.ts';
import type { FailedJobs } from './failed-jobs.ts';
import { followUpsOf, saysSomethingAboutCommit } from './follow-ups.ts';
import { withinLimit } from './time-limit.ts';

/**
 * Writes down what was reported about runs, with all that follows from it, in one transaction; tells what was new. Reports
 * may come in any order and more than once. Rejects only when the store fails.
 *
 * @param asked the runs that were asked about, where somebody asked
 */
export type RecordRuns = (reports: readonly RunReport[], asked?: readonly OpenRun[]) => Promise<readonly RunChange[]>;

export interface RecordRunsOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<Store, 'recordRuns' | 'runsOf' | 'event'>;
  readonly newId: () => string;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  /** Who is mentioned for a failure, and where, by route. */
  readonly alerts: AlertPolicyOf;
  /** Where runs went wrong; left out: nobody can look. */
  readonly failedJobs?: FailedJobs;
  /** Hears of each change, once it is stored, with the reports that it may come from. */
  readonly changed?: (changes: readonly RunChange[], reports: readonly RunReport[]) => void;
  /** How runs end is written to the commit; left out: it is not. */
  readonly commitStatus?: () => CommitLookup | undefined;
}

export interface CommitLookup {
  /** The commit that the event's W&B run was trained from; may ask somebody, until `signal` says that it takes too long. */
  readonly commitOf: (event: EventView, signal: AbortSignal) => Promise<CommitRef | undefined> | CommitRef | undefined;
  /** Whose rate limit a repository's requests count against. */
  readonly credentialFor: (repository: string) => string;
  /** How long `commitOf` may take, in milliseconds; default five seconds: GitHub gives a webhook ten. */
  readonly limitMs?: number;
}

const COMMIT_LIMIT_MS = 5_000;

export function createRecordRuns(options: RecordRunsOptions): RecordRuns {
  const { store, now, newId, alerts, failedJobs } = options;
  return async (reports, asked = []) => {
    const commitStatus = options.commitStatus?.();
    // Both at once: GitHub waits for the answer to its webhook.
    const [commits, failedJob = () => undefined] = await Promise.all([
      commitStatus === undefined ? undefined : commitsFor(reports, asked, options, commitStatus),
      failedJobs?.(reports),
    ]);
    const followUps = followUpsOf({
      newId,
      ...(commits === undefined || commitStatus === undefined
        ? {}
        : { commitStatus: { credentialFor: commitStatus.credentialFor, commitOf: (change) => commitFor(change, commits) } }),
    });
    const changes = await store.recordRuns(reports, now(), followUps, { policyOf: alerts, failedJob });
    if (changes.length > 0) {
      options.wake();
      options.changed?.(changes, reports);
    }
    return changes;
  };
}

/**
 * The commit of the change's event, if it lies with the owner that the route dispatches to. The event may have been made
 * by anybody in the W&B team: it names no repository of another owner that our credentials happen to reach.
 */
function commitFor(change: RunChange, commits: ReadonlyMap<string, CommitRef>): CommitRef | undefined {
  const commit = commits.get(change.eventId);
  return commit !== undefined && ownerOf(commit.repository) === ownerOf(change.repository) ? commit : undefined;
}

function ownerOf(repository: string): string | undefined {
  return repository.split('/')[0]?.toLowerCase();
}

/** The commits of the events whose runs have ended by these reports, by event. */
async function commitsFor(
  reports: readonly RunReport[],
  asked: readonly OpenRun[],
  options: RecordRunsOptions,
  { commitOf, limitMs = COMMIT_LIMIT_MS }: CommitLookup,
): Promise<Map<string, CommitRef>> {
  const commits = new Map<string, CommitRef>();
  const ended = reports.filter((report) => report.status === 'completed' && saysSomethingAboutCommit(report.conclusion));
  for (const report of ended) {
    try {
      const eventId = (asked.find((run) => isAbout(run, report)) ?? (await options.store.runsOf(report))[0])?.eventId;
      if (eventId === undefined || commits.has(eventId)) continue;
      const event = await options.store.event(eventId);
      const commit = event === undefined ? undefined : await withinLimit(async (signal) => commitOf(event, signal), limitMs);
      if (commit !== undefined) commits.set(eventId, commit);
    } catch (error) {
      options.log.warn({ run: report.url, error: messageOf(error) }, 'the commit of an event could not be looked up: it gets no status');
    }
  }
  return commits;
}
