import type { Store } from '../store/store.ts';
import type { HomeView } from './blocks.ts';
import type { HomeContent } from './home-view.ts';

/** Draws App Home, as things stand `now` (milliseconds since 1970). */
export type RenderHome = (content: HomeContent, now: number) => HomeView;

/** Rows of each list that are read: some more than are shown, to say that there are more. */
const READ = 50;

/** Reads from the store what App Home tells. */
export async function readHome(store: Store, now: number): Promise<HomeContent> {
  const [counts, recent, approvals, dead, throttles] = await Promise.all([
    store.counts(),
    store.events({ limit: READ }),
    store.openApprovals(READ),
    store.deliveries({ states: ['dead'], limit: READ }),
    store.throttles(now),
  ]);
  const waiting = await Promise.all(approvals.map(async (approval) => ({ approval, event: await store.event(approval.eventId) })));
  return { counts, recent, waiting, dead, throttles };
}
