import { shownState } from '../shown-state.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { mrkdwnName, slackDate } from './mrkdwn.ts';

/** Words about a delivery that stops the W&B run of its event. The run itself is named where the event is. */

export const STOP_THE_RUN = 'Stop the run';

const REASON_LIMIT = 300;

type Stop = Pick<DeliveryView, 'state' | 'attempts' | 'reason' | 'run' | 'dueAt' | 'id'>;

export function isStop({ target }: Pick<DeliveryView, 'target'>): boolean {
  return target === 'wandb_stop';
}

/** `stopped`, or `had ended already (finished)`. In mrkdwn. */
export function stopOutcome({ reason }: Pick<DeliveryView, 'reason'>): string {
  return reason === null ? 'stopped' : mrkdwnName(reason, REASON_LIMIT);
}

/** What a reader needs to know next, when nothing else follows from the event. In mrkdwn. */
export function stopDetail(delivery: Stop): string {
  const { reason, dueAt, id } = delivery;
  const why = reason === null ? '' : `: ${mrkdwnName(reason, REASON_LIMIT)}`;
  switch (shownState(delivery)) {
    case 'retrying':
    case 'throttled':
      return `Stopping the run is tried again${dueAt === null ? '' : ` ${slackDate(dueAt)}`}${why}`;
    case 'failed':
      return `The run was not stopped${why} (delivery ${mrkdwnName(id, 60)})`;
    case 'rejected':
    case 'cancelled':
    case 'superseded':
      return 'The run is not stopped';
    case 'expired':
      return 'Nobody approved it in time: the run is not stopped';
    case 'delivered':
      return reason === null ? 'W&amp;B was asked to stop the run' : `The run ${mrkdwnName(reason, REASON_LIMIT)}`;
    default:
      return STOP_THE_RUN;
  }
}

/** The same in a notification. Escaped. */
export function plainStop({ state, reason }: Stop): string {
  if (state === 'dead') return `The run was not stopped${reason === null ? '' : `: ${mrkdwnName(reason, 40)}`}`;
  return state === 'delivered' ? `The run ${reason === null ? 'was stopped' : mrkdwnName(reason, 40)}` : STOP_THE_RUN;
}

/** What deliveries would do, of several kinds: `starts 2 workflows and stops the run`. */
export function effectWords(deliveries: readonly DeliveryView[]): string {
  const workflows = deliveries.filter((delivery) => !isStop(delivery)).length;
  const starts = workflows === 0 ? [] : [workflows === 1 ? 'starts a workflow' : `starts ${workflows} workflows`];
  return [...starts, ...(workflows === deliveries.length ? [] : ['stops the run'])].join(' and ');
}
