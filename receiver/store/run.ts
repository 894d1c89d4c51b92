/**
 * The workflow run of a dispatch: `expected` (asked for, not seen yet), `queued`, `in_progress`, `completed`; `missing`:
 * it did not appear in time. `unknown`: the relay may not read it.
 */
export type RunStatus = 'expected' | 'queued' | 'in_progress' | 'completed' | 'missing' | 'unknown';

/** A run as people look at it. Times are milliseconds since 1970. */
export interface RunView {
  readonly id: string | null;
  readonly url: string | null;
  readonly status: RunStatus;
  /** The service's own term, such as `success` or `failure`; `null` until it is completed. */
  readonly conclusion: string | null;
  /** Counts from 1; a re-run has the next number. */
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** It has not ended as far as is known, and is not polled any more; left out: no. */
  readonly isGivenUp?: true;
}

/** Whether what started the run may be sent again: it has ended, it never appeared, or it is not followed any more. */
export function mayRunAgain(run: Pick<RunView, 'status' | 'isGivenUp'> | null): boolean {
  return run === null || run.isGivenUp === true || run.status === 'completed' || run.status === 'missing' || run.status === 'unknown';
}

/** What the service reports about a run, by webhook or when polled. */
export interface RunReport {
  readonly repository: string;
  /** The service's id of the repository, which stays when the name changes; left out where it is not known. */
  readonly repositoryId?: string;
  readonly runId: string;
  readonly url: string;
  readonly title: string;
  /** The workflow's name; left out where the report has none. */
  readonly workflow?: string;
  readonly event: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: string | null;
  readonly attempt: number;
  /** When the run came to be, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  /** When it ended, as far as the report knows. */
  readonly endedAt: number | null;
}

/** A run that is to be polled. */
export interface OpenRun {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly repository: string;
  readonly kind: 'repository_dispatch' | 'workflow_dispatch';
  /** The workflow's file, for `workflow_dispatch`. */
  readonly workflow: string | null;
  readonly runId: string | null;
  readonly status: RunStatus;
  /** When the dispatch left, in milliseconds since 1970. */
  readonly dispatchedAt: number;
  /** Runs from before this are not this delivery's. */
  readonly runsSince: number;
  /** How often it was polled. */
  readonly polls: number;
  /** Of a delivery that was sent again since: the number of this run, from 1. */
  readonly earlier?: number;
  /** Runs from then on are those of the delivery as it was sent again. */
  readonly runsUntil?: number;
}

/**
 * Whether a report is newer than what is known. Reports arrive in any order: a later attempt beats an
 * earlier one, and within an attempt a run only moves on.
 */
export function isNewer(known: Pick<RunView, 'status' | 'attempt'>, report: Pick<RunReport, 'status' | 'attempt'>): boolean {
  if (report.attempt !== known.attempt && RANK[known.status] > 0) return report.attempt > known.attempt;
  return RANK[report.status] > RANK[known.status];
}

const RANK: Readonly<Record<RunStatus, number>> = { expected: 0, missing: 0, unknown: 0, queued: 1, in_progress: 2, completed: 3 };

/** Whether a report can be about the run of a delivery: its id is the run's, or it stands in the title, and the run is young enough. */
export function isAbout(
  run: Pick<OpenRun, 'deliveryId' | 'repository' | 'kind' | 'runId' | 'runsSince' | 'runsUntil'>,
  report: RunReport,
): boolean {
  if (run.repository.toLowerCase() !== report.repository.toLowerCase()) return false;
  if (run.runId !== null) return run.runId === report.runId;
  // A push, say, whose commit message names the delivery is another run.
  if (report.event !== run.kind) return false;
  if (run.runsUntil !== undefined && report.createdAt >= wholeSeconds(run.runsUntil)) return false;
  return report.createdAt >= wholeSeconds(run.runsSince) && report.title.includes(run.deliveryId);
}

/** The service's times have no fractions. */
function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

/** `isAbout` for a repository that is known by several names. */
export function isAboutAny(run: Parameters<typeof isAbout>[0], report: RunReport, names: readonly string[]): boolean {
  return names.some((repository) => isAbout(run, { ...report, repository }));
}

/** What may be delivery ids in a run's title: words, and UUIDs that are joined to something. */
export function idsIn(title: string): string[] {
  const words = title.match(/[\w-]+/g) ?? [];
  const uuids = title.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  return [...new Set([...words, ...uuids])].slice(0, MOST_WORDS);
}

const MOST_WORDS = 100;

/** How soon a run is first polled after its dispatch. Milliseconds. */
export const FIRST_POLL_MS = 5_000;

/** What a change of a run is called in a delivery's notes. */
export function describeRun(run: RunView): string {
  const where = run.url === null ? '' : `: ${run.url}`;
  const which = run.attempt > 1 ? `run, attempt ${run.attempt},` : 'run';
  if (run.status !== 'completed') return `${which} is ${run.status === 'in_progress' ? 'in progress' : run.status}${where}`;
  const took =
    run.startedAt === null || run.endedAt === null ? '' : ` after ${Math.max(0, Math.round((run.endedAt - run.startedAt) / 1000))} s`;
  return `${which} ended: ${run.conclusion ?? 'without a conclusion'}${took}${where}`;
}
