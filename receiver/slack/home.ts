import type { Store } from '../store/store.ts';
import type { HomeView } from './blocks.ts';
import type { HomeContent } from './home-view.ts';

/** Renders App Home as of `now` (milliseconds since 1970). */
export type RenderHome = (content: HomeContent, now: number) => HomeView;

/** Rows of each list that are read: more than are shown, so that the rest can be counted. */
const READ = 50;

/** Reads the content of App Home from the store. */
export async function readHome(store: Store, now: number): Promise<HomeContent> {
  const [counts, recent, approvals, failed, throttles] = await Promise.all([
    store.counts(),
    store.events({ limit: READ }),
    store.openApprovals(READ),
    store.deliveries({ states: ['dead'], limit: READ }),
    store.throttles(now),
  ]);
  const waiting = await Promise.all(approvals.map(async (approval) => ({ approval, event: await store.event(approval.eventId) })));
  return { counts, recent, waiting, failed, throttles };
}
