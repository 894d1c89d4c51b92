import type { DeliveryView } from '../store/delivery.ts';
import type { Stage } from './stage.ts';
import { stopOutcome } from './stop-words.ts';

/** How the stop stands, behind what happened: `loss of train-78 is 9.10 · run stopped`. `undefined`: as of any other delivery. */
export function stopSuffix(stage: Stage, delivery: Pick<DeliveryView, 'reason'>): string | undefined {
  switch (stage) {
    case 'failed':
      return 'the run was not stopped';
    case 'retrying':
      return 'stopping the run is being retried';
    case 'waiting':
      return 'the run is about to be stopped';
    case 'dispatched':
      return `run ${stopOutcome(delivery)}`;
    default:
      return undefined;
  }
}

/** The same, before what happened, in a notification. */
export function stopPrefix(stage: Stage, { reason }: Pick<DeliveryView, 'reason'>): string | undefined {
  if (stage === 'failed') return 'Run not stopped';
  if (stage !== 'dispatched') return undefined;
  return reason === null ? 'Run stopped' : 'Run had ended already';
}
