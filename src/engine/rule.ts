import type { Automation } from '../automation/automation.ts';
import type { EventType } from '../event/event.ts';
import type { Match } from '../route/match.ts';

/** What a rule compares. Windows are numbers of logged values; durations are milliseconds. */
export type Condition =
  | {
      readonly kind: 'threshold';
      readonly metric: string;
      readonly aggregate: Aggregate | undefined;
      readonly window: number;
      readonly comparison: 'above' | 'above_or_equal_to' | 'below' | 'below_or_equal_to' | 'equal_to' | 'not_equal_to';
      readonly threshold: number;
    }
  | {
      readonly kind: 'change';
      readonly metric: string;
      readonly aggregate: Aggregate | undefined;
      readonly window: number;
      readonly priorWindow: number;
      readonly comparison: 'increases_by' | 'decreases_by' | 'changes_by';
      readonly amount: Amount;
    }
  | {
      readonly kind: 'zscore';
      readonly metric: string;
      readonly window: number;
      readonly threshold: number;
      readonly direction: 'above' | 'below' | 'either';
      /** `values`: logged values of the run; `runs`: summary values of the project's last runs. */
      readonly over: 'values' | 'runs';
    }
  | { readonly kind: 'nonfinite'; readonly metrics: Match }
  | { readonly kind: 'stall'; readonly metric: string; readonly window: number; readonly lessThan: Amount }
  | { readonly kind: 'silent'; readonly forMs: number }
  | {
      readonly kind: 'state';
      /** With `failed` also `crashed`: to W&B a crashed run has failed. */
      readonly states: readonly string[];
      readonly graceMs: number;
      readonly longerThanMs: number;
    };

/** Conditions on the values of one metric. */
export type MetricCondition = Extract<Condition, { readonly kind: 'threshold' | 'change' | 'zscore' | 'stall' }>;

export type Aggregate = 'average' | 'min' | 'max';

/** An absolute amount, or a fraction of the value before: 0.25 for `25%`. */
export type Amount = { readonly kind: 'absolute'; readonly value: number } | { readonly kind: 'relative'; readonly fraction: number };

/** A run automation, compiled. Back-testing compiles those of `engine: wandb` as well. */
export interface Rule {
  /** Identifies the automation in the store, also when its condition changes: its key and scope. */
  readonly key: string;
  /** Changes when what is evaluated changes: then its windows are filled again. */
  readonly version: string;
  /** The automation's name, for people and for the route. */
  readonly name: string;
  readonly type: EventType;
  readonly entity: string;
  readonly engine: 'wandb' | 'relay';
  /** `undefined`: all projects of the entity. */
  readonly project: string | undefined;
  /** Which runs, as in the config; `undefined`: all. */
  readonly runs: Automation['runs'];
  readonly condition: Condition;
  /** The shortest time between two firings for one run, milliseconds; `never`: one firing for each run. */
  readonly refireMs: number | 'never';
  /** So many points in a row must meet the condition. */
  readonly forPoints: number;
  readonly resolve: boolean;
  readonly dryRun: boolean;
}
