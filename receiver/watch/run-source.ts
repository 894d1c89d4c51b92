import type { FailedJob } from '../../src/route/alert.ts';
import type { SendResult } from '../outbox/target.ts';
import type { RunReport } from '../store/run.ts';

/** Which runs are looked for: those that dispatches of one kind started in a repository. */
export interface RunSearch {
  readonly repository: string;
  readonly event: 'repository_dispatch' | 'workflow_dispatch';
  /** Only runs of this workflow's file; `null`: of all. */
  readonly workflow: string | null;
  /** Runs that were created then or later, in milliseconds since 1970. */
  readonly since: number;
  /** Whether what was found so far will do: the rest is not asked for then. */
  readonly enough: (reports: readonly RunReport[]) => boolean;
}

/** What came of asking. Expected failures are values; only a bug rejects. */
export type RunAnswer =
  /** As it was when the ETag was given; with GitHub this costs nothing of the allowance. */
  | { readonly outcome: 'not_modified' }
  | {
      readonly outcome: 'found';
      /** Newest first. */
      readonly reports: readonly RunReport[];
      /** False when there are more runs than can be listed. */
      readonly complete: boolean;
      readonly etag: string | undefined;
      /** The allowance is used up until then (milliseconds since 1970). */
      readonly throttledUntil?: number;
    }
  /** `refused`: nobody may look, or there is no such run; `detail` says what to do. */
  | Exclude<SendResult, { outcome: 'delivered' }>;

/** Who knows about runs. Asks once and never retries by itself. */
export interface RunSource {
  /** Whose rate limit a repository's requests count against. */
  credentialFor(repository: string): string;
  get(repository: string, runId: string, etag: string | undefined, signal: AbortSignal): Promise<RunAnswer>;
  /** Where a run that failed went wrong; `undefined` when its jobs do not tell. Rejects when nobody answers. */
  failedJob(repository: string, runId: string, signal: AbortSignal): Promise<FailedJob | undefined>;
  listSince(query: RunSearch, etag: string | undefined, signal: AbortSignal): Promise<RunAnswer>;
}
