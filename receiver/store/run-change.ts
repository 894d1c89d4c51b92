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
