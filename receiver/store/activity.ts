import type { RelayEvent } from '../../src/event/event.ts';

/** What of an event says whose it is. */
export type ActivityFacts = Pick<RelayEvent, 'automation' | 'entity' | 'project' | 'registry'>;

/** An event as it is counted. */
export interface CountedEvent {
  /** The order in which events were stored. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly isDuplicate: boolean;
  readonly facts: ActivityFacts;
  /** Routes that fired for it, each once. */
  readonly routes: readonly string[];
}

/** A delivery that has failed, and was not sent again since. */
export interface FailedDelivery {
  readonly seq: number;
  readonly eventId: string;
  readonly route: string;
  /** When its event came. Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly facts: ActivityFacts;
}

/**
 * Where pages count what happened. There is no index for it, which every event would pay for: whoever counts reads all events
 * once, a few at a time, and remembers the sums.
 */
export interface ActivityLog {
  /** Newest first; `before`: the `seq` of the last one of another page. Fewer than `limit`: there are no more. */
  countedEvents(options: { readonly limit: number; readonly before?: number }): Promise<CountedEvent[]>;
  /** The same for deliveries that have failed. */
  failedDeliveries(options: { readonly limit: number; readonly before?: number }): Promise<FailedDelivery[]>;
}
