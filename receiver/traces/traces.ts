import type { Attempt, ClaimedDelivery } from '../store/delivery.ts';
import type { RunView } from '../store/run.ts';

/**
 * What parts of the receiver report for traces, once it is over. Costs next to nothing, and never fails.
 *
 * An event is a trace: `TraceIds` computes its ids from the ids of the event and its deliveries, so that attempts after a restart,
 * in another process or days later belong to the same trace, and nothing about traces has to be stored.
 */
export interface Traces {
  /** A webhook of W&B was answered. */
  webhook(request: TracedWebhook): void;
  /** An attempt has ended. */
  attempt(delivery: TracedDelivery, attempt: Omit<Attempt, 'detail'>): void;
  /** A workflow run has ended. */
  run(run: TracedRun): void;
  /** What the workflow continues: W3C Trace Context's `traceparent`, with the span of the run that the dispatch starts. */
  traceparent(dispatch: DispatchNumber): string;
  /** Sends what is left, for a few seconds at most. */
  stop(): Promise<void>;
}

export interface TracedWebhook {
  readonly method: string;
  readonly status: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly source: string | undefined;
  readonly type: string | undefined;
  /** What became of it: `accepted`, `duplicate`. */
  readonly result: string | undefined;
  /** The event that was stored; of a duplicate the one that was stored before. */
  readonly eventId: string | undefined;
}

export type TracedDelivery = Pick<ClaimedDelivery, 'id' | 'eventId' | 'route' | 'target' | 'attempts'> & {
  readonly request: Pick<ClaimedDelivery['request'], 'kind'>;
};

/** Which of a delivery's dispatches: 0, and one more each time that it was sent again after its run. */
export interface DispatchNumber {
  readonly eventId: string;
  readonly deliveryId: string;
  readonly n: number;
}

export interface TracedRun extends DispatchNumber {
  readonly run: RunView;
  readonly repository: string;
  readonly route: string;
  /** The workflow's name, where the report has it. */
  readonly workflow: string | undefined;
}
