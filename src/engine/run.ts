import type { JsonValue } from '../lib/json.ts';

/**
 * A run as W&B lists it. Times are milliseconds since 1970, of W&B's server.
 * Source: W&B's Python client (`apis/public/runs.py`, 0.30.0) and its MCP server.
 */
export interface RunSnapshot {
  /** The GraphQL id, for `stopRun`. */
  readonly id: string;
  /** The run's id, as in its address: stays when the run is renamed, resumed or rewound. */
  readonly name: string;
  readonly displayName: string;
  /** One of W&B's states; a state that is not known is kept as it is. */
  readonly state: string;
  readonly createdAt: number;
  readonly heartbeatAt: number;
  readonly username: string | undefined;
  /** The person's name, where W&B shows it. */
  readonly userName: string | undefined;
  readonly tags: readonly string[];
  readonly group: string | undefined;
  readonly jobType: string | undefined;
  readonly sweep: string | undefined;
  /** `historyKeys.lastStep`: the last step that W&B has; `undefined` when the run has logged nothing. */
  readonly lastStep: number | undefined;
  /** Names of the metrics that were logged (`historyKeys.keys`); empty when W&B does not list them. */
  readonly loggedMetrics: ReadonlySet<string>;
  /** Last values by dotted name, of those metrics that were asked for. NaN and infinities are numbers here. */
  readonly summary: Readonly<Record<string, number>>;
  /** Values by a run filter's names (`config.lr`, `summary_metrics.best`, `host`), of those that were asked for and exist. */
  readonly fields?: Readonly<Record<string, JsonValue>>;
}

/** One logged value. */
export interface Point {
  readonly metric: string;
  /** The step (may have a fraction); of a system metric, which has no steps, the run's age in seconds (`_runtime`). */
  readonly x: number;
  /** When it was logged (`_timestamp`): milliseconds since 1970, by the clock of the run's machine. */
  readonly at: number;
  /** May be NaN or infinite. */
  readonly value: number;
}

/** W&B's states of a run that goes on, or may go on by itself. Source: W&B's documentation of run states. */
export const LIVE_STATES: readonly string[] = ['running', 'pending', 'preempting'];

/** True while the run may still log by itself. A state that is not known counts as live. */
export function isLive({ state }: Pick<RunSnapshot, 'state'>): boolean {
  return !['finished', 'failed', 'crashed', 'killed', 'preempted'].includes(state);
}
