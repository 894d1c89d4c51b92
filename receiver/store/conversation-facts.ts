import type { DeliveryState } from './delivery.ts';
import type { RunView } from './run.ts';

/** What the ledger knows about an event that gave a version an alias. Times are milliseconds since 1970. */
export interface PromotionFacts {
  /** Which version had the alias before, and since when. */
  readonly replaced: { readonly version: string; readonly since: number } | null;
  /** The version had been given the alias before the one that it replaces. */
  readonly isRollback: boolean;
  /** Which version was given the alias next. */
  readonly replacedBy: { readonly version: string; readonly at: number } | null;
}

/** How many dispatches of a conversation's events are in one state. */
export interface StateCount {
  readonly state: DeliveryState;
  readonly run: Pick<RunView, 'status' | 'conclusion'> | null;
  readonly count: number;
}
