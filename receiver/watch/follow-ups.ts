import type { CommitRef } from '../../src/event/commit-of.ts';
import { durationWords } from '../../src/lib/duration.ts';
import type { NewDelivery } from '../store/delivery.ts';
import { hasEnded, type RunChange, type RunFollowUps } from '../store/run-change.ts';

export interface FollowUpOptions {
  readonly newId: () => string;
  /** Left out: nothing is written to commits. */
  readonly commitStatus?: {
    /** The commit that the event's run was trained from, looked up before. */
    readonly commitOf: (change: RunChange) => CommitRef | undefined;
    /** Whose rate limit a repository's requests count against. */
    readonly credentialFor: (repository: string) => string;
  };
}

/** What a conclusion says about the commit; a cancelled run says nothing. */
const COMMIT_STATES: ReadonlyMap<string, 'success' | 'failure'> = new Map([
  ['success', 'success'],
  ['failure', 'failure'],
  ['timed_out', 'failure'],
  ['startup_failure', 'failure'],
]);

/** GitHub's limit for a status's description. */
const DESCRIPTION_LENGTH = 140;

/**
 * What follows when a run ends, beside what people are told of it: how it ended is written to the commit. The store calls this
 * only for what is new, so a report that comes twice has no second consequence; an attempt that a re-run added ends by itself.
 */
export function followUpsOf(options: FollowUpOptions): RunFollowUps {
  return (change) => (hasEnded(change) ? commitStatuses(change, options) : []);
}

/** Whether the end of the run is one that can be written to a commit. */
export function saysSomethingAboutCommit(conclusion: string | null): boolean {
  return COMMIT_STATES.has(conclusion ?? '');
}

function commitStatuses(change: RunChange, { newId, commitStatus }: FollowUpOptions): NewDelivery[] {
  const state = COMMIT_STATES.get(change.after.conclusion ?? '');
  const commit = state === undefined ? undefined : commitStatus?.commitOf(change);
  if (state === undefined || commit === undefined || commitStatus === undefined) return [];
  const context = `wandb-relay/${change.route}`;
  return [
    {
      id: newId(),
      route: change.route,
      target: `commit_status:${commit.repository}`,
      credential: commitStatus.credentialFor(commit.repository),
      // The latest status counts: they must arrive in the order in which the runs ended.
      orderKey: JSON.stringify(['commit_status', commit.repository.toLowerCase(), commit.sha, context]),
      replacesOlder: false,
      state: 'pending',
      request: {
        kind: 'commit_status',
        ...commit,
        state,
        context,
        description: descriptionOf(change),
        target_url: change.after.url,
      },
    },
  ];
}

function descriptionOf({ repository, after }: RunChange): string {
  const ended = after.conclusion === 'success' ? 'succeeded' : after.conclusion === 'timed_out' ? 'timed out' : 'failed';
  const took = after.startedAt === null || after.endedAt === null ? '' : ` after ${durationWords(after.endedAt - after.startedAt)}`;
  const attempt = after.attempt > 1 ? ` (attempt ${after.attempt})` : '';
  return `The workflow in ${repository} ${ended}${took}${attempt}`.slice(0, DESCRIPTION_LENGTH);
}
