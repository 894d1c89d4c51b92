import type { RelayEvent } from '../../src/event/event.ts';
import type { ApprovalView } from './approvals.ts';
import type { DeliveryState, EventOutcome, Note } from './delivery.ts';
import type { RunStatus } from './run.ts';

/** An event with all that was decided and done about it, as an audit reads it: no bodies, no requests. */
export interface AuditedEvent {
  readonly id: string;
  readonly receivedAt: number;
  readonly outcome: EventOutcome;
  readonly duplicateOf: string | null;
  readonly event: RelayEvent;
  /** In the order in which they were stored; updates of messages are left out. */
  readonly deliveries: readonly AuditedDelivery[];
  /** What was asked of people, decided or not. */
  readonly approvals: readonly ApprovalView[];
}

export interface AuditedDelivery {
  readonly id: string;
  readonly route: string;
  readonly target: string;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly runUrl: string | null;
  readonly runStatus: RunStatus | null;
  readonly conclusion: string | null;
  readonly runEndedAt: number | null;
  /** Oldest first. */
  readonly notes: readonly Note[];
}

export interface AuditRange {
  /** Milliseconds since 1970, inclusive. */
  readonly since: number;
  /** Exclusive. */
  readonly until: number;
}

/** Where audits read: in steps, oldest first, so that a million events take no more memory than a few. */
export interface AuditLog {
  /** Events that were received in a time. `after`: the `next` of the step before; the last step has none. */
  auditEvents(options: AuditRange & { readonly after: number; readonly limit: number }): Promise<AuditStep>;
}

export interface AuditStep {
  readonly items: readonly AuditedEvent[];
  readonly next: number | undefined;
}
