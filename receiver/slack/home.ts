import type { types } from '@slack/bolt';
import type { DeliveryView, EventView, HoldBack } from '../outbox/delivery.ts';
import type { ApprovalView, Counts, Store } from '../outbox/store.ts';

/** What App Home tells. */
export interface HomeData {
  readonly now: number;
  readonly counts: Counts;
  readonly holdBacks: readonly HoldBack[];
  /** Newest first. */
  readonly events: readonly EventView[];
  /** What waits for a decision, with its event, oldest first. */
  readonly waiting: readonly { readonly approval: ApprovalView; readonly event: EventView }[];
  /** Newest first. */
  readonly dead: readonly DeliveryView[];
}

export type RenderHome = (data: HomeData) => types.HomeView;

/** More than this nobody reads on a page; Slack allows 100 blocks. */
const SHOWN = 10;

/** Reads from the store what App Home tells. */
export async function readHome(store: Store, now: number): Promise<HomeData> {
  const [counts, holdBacks, events, approvals, dead] = await Promise.all([
    store.counts(),
    store.holdBacks(now),
    store.events({ limit: SHOWN }),
    store.openApprovals(SHOWN),
    store.deliveries({ states: ['dead'], limit: SHOWN }),
  ]);
  const waiting = await Promise.all(approvals.map(async (approval) => ({ approval, event: await store.event(approval.eventId) })));
  return {
    now,
    counts,
    holdBacks,
    events,
    waiting: waiting.flatMap(({ approval, event }) => (event === undefined ? [] : [{ approval, event }])),
    dead,
  };
}
