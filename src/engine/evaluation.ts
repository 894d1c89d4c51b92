import type { JsonObject } from '../lib/json.ts';
import type { Rule } from './rule.ts';
import type { Point, RunSnapshot } from './run.ts';

/** What one rule concludes about one run. */
export interface Firing {
  /** `resolved`: the condition has ended; only of rules with `resolve`. */
  readonly kind: 'firing' | 'resolved';
  /** When the condition began or ended: milliseconds since 1970, see `Evaluation.add`. */
  readonly at: number;
  /** Of metrics: where. */
  readonly x?: number;
  readonly metric?: string;
  /** The number that was compared. */
  readonly value?: number;
  /** What that number was made from, as W&B sends it: the aggregate before and the one now; or the value. */
  readonly values?: readonly number[];
  /** Of states: the run's state. */
  readonly status?: string;
}

/** No firing: what nearly every point gives. */
export const NOTHING: readonly Firing[] = Object.freeze([]);

/** What an evaluation says about now, for people. */
export interface CurrentValue {
  /** The number that is compared; `undefined` while there is none: no value logged, or the window is not full. */
  readonly value: number | undefined;
  /** The latest point's time; `undefined`: the metric was never logged. */
  readonly at: number | undefined;
  /** Whether the condition is met, `for_points` included. */
  readonly isMet: boolean;
  readonly lastFiredAt: number | undefined;
}

/**
 * One rule on one run: O(1) for each point, and constant memory. Pure: nothing in it reads a clock.
 */
export interface Evaluation {
  /**
   * Takes a point. Points of one metric must come in the order of `x`; one that is not after the latest is ignored, so rows that
   * come twice count once.
   *
   * @param fill true: the point only fills the window; it neither fires nor resolves
   * @param now the receiver's clock: a point from the future counts as of now
   */
  add(point: Point, options: { readonly fill: boolean; readonly now: number }): readonly Firing[];
  /** Takes the run's state and the time that has passed. `lastRowAt`: when it logged its last row. */
  observe(
    run: RunSnapshot,
    options: { readonly fill: boolean; readonly now: number; readonly lastRowAt: number | undefined },
  ): readonly Firing[];
  /** The summary values of the project's last runs, for a z-score over runs; the run itself is not among them. */
  population(values: readonly number[]): void;
  /** The run was rewound: windows are dropped, what has fired is kept. */
  rewind(): void;
  current(): CurrentValue;
  /** All that is needed to go on after a restart, as JSON of constant size. */
  save(): JsonObject;
}

/** Begins an evaluation, or goes on with a saved one. Of one that another version of the rule saved, only what has fired is kept. */
export type StartEvaluation = (rule: Rule, saved?: JsonObject) => Evaluation;
