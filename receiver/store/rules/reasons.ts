import type { ApprovalView } from '../approvals.ts';
import type { Mute } from '../conversations.ts';

/** The reasons that are stored with deliveries, for people. Each is written here only. */

/** A lease ended without a settlement: the attempt is ambiguous. */
export const LEASE_RAN_OUT = 'the worker that had this in flight did not come back';
/** The same, where the store can tell that the receiver is gone. */
export const RECEIVER_GONE = 'the receiver that had this in flight is gone';
/** The same, found when the only receiver starts again. */
export const RECEIVER_STOPPED = 'the receiver stopped while this was in flight';

/** What is noted of a delivery that was open in a backup which was restored. */
export const MAY_HAVE_LEFT = 'restored from a backup: it may have been sent since, so it is looked for before it is sent';

/** Held again after a replay. */
export const WAITS_AGAIN = 'waits for approval';
export const EXPIRED = 'nobody approved it in time';

export function rejectedBy(who: string, reason?: string): string {
  return `rejected by ${withReason(who, reason)}`;
}

/** Who, and why where that was said: `ada (U012ABC): the metrics are of another data set`. */
export function withReason(who: string, reason: string | undefined): string {
  return reason === undefined ? who : `${who}: ${reason}`;
}

export function cancelledBy(who: string): string {
  return `cancelled by ${who}`;
}

export function supersededBy(eventId: string): string {
  return `a newer event of the same subject took its place (${eventId})`;
}

/** Of a message that was never sent: another one, of the same promotion or for many of its kind, shows its event. */
export const SHOWN_ELSEWHERE = 'another message shows it';

/** What changes about a message whose route is muted for its subject; nothing without a mute. */
export function mutedBy(mute: Pick<Mute, 'by'> | undefined): { state: 'cancelled'; reason: string } | undefined {
  return mute && { state: 'cancelled', reason: `muted by ${mute.by}` };
}

/** How an approval ended, for a person who decides too late. */
export function describeDecision({ decision, decidedBy }: ApprovalView): string {
  if (decision === 'expired') return 'it has expired';
  return decidedBy === null ? 'a newer event took its place' : `it was ${decision} by ${decidedBy}`;
}
