import type { Rule } from '../engine/rule.ts';
import type { Line } from './thin.ts';

/** What a back-test found out. Times are milliseconds since 1970, durations milliseconds. */

/** A run, for people. */
export interface TestedRun {
  /** The run's id. */
  readonly name: string;
  readonly displayName: string;
  readonly state: string;
  readonly username: string | undefined;
  /** `entity/project` */
  readonly project: string;
  /** Its page in W&B's app. */
  readonly url: string;
}

/** One time that the automation would have fired. */
export interface TestedFiring {
  readonly run: TestedRun;
  readonly at: number;
  /** Of metrics: where. Of a system metric `undefined`: it has no steps. */
  readonly step: number | undefined;
  /** Of system metrics: seconds since the run began. */
  readonly seconds?: number;
  readonly metric?: string;
  /** Of states: the run's state. */
  readonly status?: string;
  /** The number that was compared; `undefined` of states. */
  readonly value: number | undefined;
  /** How far that number is beyond the limit; never negative. `undefined` where there is no such number. */
  readonly margin: number | undefined;
  /** How long the condition stayed true. */
  readonly lastedMs: number;
  /** False: it was still true at the last point. */
  readonly hasEnded: boolean;
}

/** The moment at which a run that never fired came closest. */
export interface NearMiss {
  readonly run: TestedRun;
  readonly at: number;
  readonly step: number | undefined;
  readonly seconds?: number;
  readonly value: number;
  /** How much was missing; 0 when the value was reached, and not for enough points in a row. */
  readonly missing: number;
}

/** What another limit or window would have made of the same runs. */
export interface Variant {
  readonly kind: 'limit' | 'window';
  readonly factor: number;
  /** The limit or window that was tried, in words: `8.8`, `10 values`. */
  readonly words: string;
  readonly firings: number;
  readonly runsFired: number;
}

/** One run to draw. Lines are thinned for display: the extremes of each stretch are kept. */
export interface RunChart {
  readonly run: TestedRun;
  readonly axis: 'step' | 'seconds';
  readonly from: number;
  readonly to: number;
  /** How many values there are in truth. */
  readonly total: number;
  /** One below the other, with one x axis. */
  readonly panels: readonly ChartPanel[];
  /** Where it fired. */
  readonly firedAt: readonly number[];
  /** Where NaN or an infinity was logged; at most so many as can be drawn. */
  readonly notFiniteAt: readonly number[];
}

export interface ChartPanel {
  /** `loss`, `average of 5 values of loss` */
  readonly label: string;
  /** What was logged, where the panel is about that. */
  readonly logged: Line;
  /** What was compared, where that is not what was logged. */
  readonly compared: Line;
  readonly limits: readonly number[];
  /** Firings, `[x, y]`. */
  readonly fired: readonly (readonly [number, number])[];
  /** Where it came closest, `[x, y]`. */
  readonly nearest: readonly [number, number] | undefined;
}

/** A metric that no run has logged. */
export interface MissingMetric {
  readonly metric: string;
  /** Names that the project has and that may be meant. */
  readonly suggestions: readonly string[];
}

export interface AutomationResult {
  readonly name: string;
  /** Its key and scope: tells two of one name apart. */
  readonly key: string;
  readonly engine: 'wandb' | 'relay';
  /** `project train` */
  readonly scope: string;
  /** What it evaluates. */
  readonly rule: Rule;
  /** The same in words: `average of 5 values of loss above 8`. */
  readonly condition: string;
  readonly isEnabled: boolean;
  /** Why nothing was simulated; then there are no numbers. */
  readonly skipped: string | undefined;
  /** Runs that its filter lets through and that were read. */
  readonly runs: number;
  /** Runs that its filter lets through and that were not read, or not in time. */
  readonly notRead: number;
  /** Runs that were read and have logged its metric; of states all. */
  readonly runsWithMetric: number;
  readonly runsFired: number;
  /** The latest first. */
  readonly firings: readonly TestedFiring[];
  /** The closest first. */
  readonly nearest: readonly NearMiss[];
  readonly variants: readonly Variant[];
  /** How long the condition was true, over all runs. */
  readonly metMs: number;
  readonly points: number;
  readonly notFinite: { readonly values: number; readonly runs: number };
  readonly missing: readonly MissingMetric[];
  readonly charts: readonly RunChart[];
  /** What is to know about this one: what is not simulated, what was not read. */
  readonly notes: readonly string[];
}

export interface Backtest {
  readonly since: number;
  readonly until: number;
  readonly automations: readonly AutomationResult[];
  /** What was not read, and why; for people. Empty: everything was. */
  readonly leftOut: readonly string[];
  readonly runsRead: number;
  /** Runs whose history came from the cache. */
  readonly runsCached: number;
  readonly points: number;
  readonly requests: number;
  readonly tookMs: number;
}
