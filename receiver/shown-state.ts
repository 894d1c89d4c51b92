import type { DeliveryState, DeliveryView, Throttle } from './store/delivery.ts';
import { EXPIRED, rejectedBy } from './store/rules/reasons.ts';

/** A delivery's state in the words that people read. The API, `--json`, `--state` and the log have the stored values. */
export type ShownState =
  | 'waiting'
  | 'retrying'
  | 'throttled'
  | 'sending'
  | 'delivered'
  | 'failed'
  | 'awaiting approval'
  | 'superseded'
  | 'cancelled'
  | 'rejected'
  | 'expired';

const REJECTED = rejectedBy('');

/**
 * The state that the CLI, Slack and the pages show for a delivery.
 *
 * @param throttles the active throttles, where they are known: a delivery that met one carries its reason
 */
export function shownState(
  { state, attempts, reason }: Pick<DeliveryView, 'state' | 'attempts' | 'reason'>,
  throttles: readonly Pick<Throttle, 'reason'>[] = [],
): ShownState {
  switch (state) {
    case 'pending':
      if (attempts === 0) return 'waiting';
      return throttles.some((throttle) => throttle.reason === reason) ? 'throttled' : 'retrying';
    case 'in_flight':
      return 'sending';
    case 'dead':
      return 'failed';
    case 'held':
      return 'awaiting approval';
    case 'cancelled':
      if (reason === EXPIRED) return 'expired';
      return reason?.startsWith(REJECTED) ? 'rejected' : 'cancelled';
    case 'delivered':
    case 'superseded':
      return state;
  }
}

/** The words for a count of deliveries of one stored state. */
export const SHOWN_COUNTS: Readonly<Record<DeliveryState, string>> = {
  pending: 'waiting or retrying',
  in_flight: 'sending',
  delivered: 'delivered',
  dead: 'failed',
  superseded: 'superseded',
  held: 'awaiting approval',
  cancelled: 'cancelled',
};

/** Whether a delivery's target starts a workflow. */
export function isDispatchTarget(target: string): boolean {
  return target.startsWith('repository_dispatch:') || target.startsWith('workflow_dispatch:');
}
