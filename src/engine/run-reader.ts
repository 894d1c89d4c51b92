import type { JsonObject } from '../lib/json.ts';
import type { Result } from '../lib/result.ts';
import type { Point, RunSnapshot } from './run.ts';

export interface ProjectRef {
  readonly entity: string;
  readonly project: string;
}

/** Why W&B could not be read: a sentence for people, and when to try again where that is known (milliseconds since 1970). */
export interface ReadFailure {
  readonly kind: 'unavailable' | 'refused' | 'missing' | 'limited';
  readonly message: string;
  readonly retryAt?: number;
}

/** Which points of one run are wanted. */
export interface PointsQuery {
  /** The run's id (`RunSnapshot.name`). */
  readonly run: string;
  /** Names as in the config: a system metric with or without `system.`. */
  readonly metrics: readonly string[];
  /** Steps after this one; -1 for all. */
  readonly afterStep: number;
  /** Up to and including this step: the run's `lastStep`. */
  readonly upToStep: number;
  /** System metrics logged after this time (`_timestamp`, milliseconds); 0 for all. */
  readonly systemAfter: number;
  /**
   * And up to this time. Of a run that goes on this is now: what a clock that is ahead wrote waits until its time has come, because
   * a clock that is corrected goes back, and what is logged then would be hidden behind it.
   */
  readonly systemUpTo: number;
}

/** Points of one run: for each metric in order, each place once. */
export interface PointsAnswer {
  readonly run: string;
  readonly points: readonly Point[];
  /** Everything up to this step was read: less than asked when the answer was cut off, or rows have not arrived yet. */
  readonly readUpTo: number;
  readonly systemReadUpTo: number;
  /** There are system metrics after `systemUpTo`; left out: there are none. */
  readonly systemWaits?: true;
  /** System metrics were asked for, and could not be read; rows may have been. Left out: they were read. */
  readonly systemFailure?: ReadFailure;
}

/** What is left of W&B's rate limit, as of its latest answer: 0 to 1. */
export interface Quota {
  readonly remaining: number;
  /** When it is full again, milliseconds since 1970. */
  readonly resetAt: number;
}

/** Reads runs and what they logged. Every method ends when its signal is aborted, and rejects never. */
export interface RunReader {
  /** The projects of an entity that the key can see. */
  projects(entity: string, signal: AbortSignal): Promise<Result<string[], ReadFailure>>;
  /**
   * Runs with a heartbeat at or after `since`, the latest heartbeat first. A run may be missing that only changed its state
   * without a heartbeat (crashed, killed): ask for those by name.
   *
   * @param options.filter in W&B's form, sent to the server; a server that refuses it gets none, the caller filters again
   * @param options.summary names of the metrics whose summary values are needed
   */
  runsSince(
    project: ProjectRef,
    options: {
      readonly since: number;
      readonly filter?: JsonObject;
      readonly summary?: readonly string[];
      /** Names of a run filter whose values are needed: `RunFilter.fields`. */
      readonly fields?: readonly string[];
      /** At most so many runs; the latest. */
      readonly limit?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<Result<RunSnapshot[], ReadFailure>>;
  /** Runs by their ids; those that do not exist are left out. */
  runsNamed(
    project: ProjectRef,
    names: readonly string[],
    options: { readonly summary?: readonly string[]; readonly fields?: readonly string[]; readonly signal: AbortSignal },
  ): Promise<Result<RunSnapshot[], ReadFailure>>;
  /** Exact points for several runs, in as few requests as is exact. */
  points(project: ProjectRef, queries: readonly PointsQuery[], signal: AbortSignal): Promise<Result<PointsAnswer[], ReadFailure>>;
  /** All metric names of a project; `null` when the server cannot list them. */
  metricNames(project: ProjectRef, signal: AbortSignal): Promise<Result<readonly string[] | null, ReadFailure>>;
  /** Stops a run gracefully (`stopRun`). */
  stop(run: Pick<RunSnapshot, 'id'>, signal: AbortSignal): Promise<Result<void, ReadFailure>>;
  /**
   * `undefined` before the first answer, and on servers that do not say. W&B's limits are per project; without a project it is
   * the one of which the least is left. After `resetAt` it is full.
   */
  quota(project?: ProjectRef): Quota | undefined;
  /** HTTP requests sent so far. */
  readonly requests: number;
}
