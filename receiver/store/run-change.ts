import type { FailedJob } from '../../src/route/alert.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { NewDelivery } from './delivery.ts';
import type { RunView } from './run.ts';

/** Something became known about the run of a delivery. */
export interface RunChange {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly route: string;
  readonly repository: string;
  readonly before: RunView;
  readonly after: RunView;
  /** The conversations that show the event. */
  readonly conversations: readonly { readonly key: string; readonly channel: string }[];
  /** The delivery was sent again since: this is not its latest run. Left out: it is. */
  readonly isEarlier?: true;
}

/** What follows from a change of a run, to be stored with it: pure, because the store may ask again. */
export type RunFollowUps = (change: RunChange) => readonly NewDelivery[];

/** What is known about failures when they are stored. */
export interface RunAlerts {
  readonly policyOf: AlertPolicyOf;
  /** Where in the run it went wrong, as far as it was looked up. */
  readonly failedJob: (change: RunChange) => FailedJob | undefined;
}

/** Ends that people are told. A run that somebody cancelled is among them: the model is not where its message said it was going. */
const FAILURES: ReadonlySet<string> = new Set(['failure', 'timed_out', 'startup_failure', 'cancelled']);

export function isFailedEnd(conclusion: string | null): boolean {
  return FAILURES.has(conclusion ?? '');
}

/** Whether the change is the end of an attempt, not more news about one that had ended. */
export function hasEnded({ before, after }: Pick<RunChange, 'before' | 'after'>): boolean {
  return after.status === 'completed' && (before.status !== 'completed' || before.attempt !== after.attempt);
}
