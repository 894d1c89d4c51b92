import type { ApprovalView } from '../store/approvals.ts';
import type { DeliveryView, EventView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import type { HomeView } from './blocks.ts';
import { wentWrong } from './delivery-words.ts';
import type { Handling } from './handling.ts';
import type { HomeContent } from './home-view.ts';
import { type Actor, type GroupMembers, groupsToAsk, mayDecide, mayOperate } from './may-decide.ts';
import type { ListedDelivery, WaitingApproval } from './rows.ts';

/** Renders App Home as of `now` (milliseconds since 1970). */
export type RenderHome = (content: HomeContent, now: number) => HomeView;

/** Rows of each list that are read: more than are shown, so that the rest can be counted. */
const READ = 50;
/** Deliveries among which runs that failed are looked for, and how far back. */
const RECENT = 200;
const RECENT_MS = 7 * 86_400_000;
/** Events that are looked up for a list. */
const LOOKED_UP = 20;

/** Reads the content of App Home for one reader, who may read it. */
export async function readHome(handling: Handling, actor: Actor, now: number): Promise<HomeContent> {
  const { store, people, askGroups } = handling;
  const [counts, waiting, trouble, throttles, aliases] = await Promise.all([
    store.counts(),
    readWaiting(handling, actor, READ),
    readTrouble(store, now),
    store.throttles(now),
    store.aliases({ limit: READ }),
  ]);
  const operators = await askGroups(groupsToAsk(actor.id, people.operators));
  return { counts, waiting, trouble, throttles, aliases, mayOperate: mayOperate(actor, people.operators, null, operators).may };
}

/** Undecided approvals, oldest first, each with whether somebody may approve it. */
export async function readWaiting(
  { store, people, askGroups }: Pick<Handling, 'store' | 'people' | 'askGroups'>,
  actor: Actor,
  limit: number,
): Promise<WaitingApproval[]> {
  const approvals = await store.openApprovals(limit);
  const groups = await askGroups(approvals.flatMap(({ by }) => groupsToAsk(actor.id, by)));
  return Promise.all(
    approvals.map(async (approval) => {
      const [event, deliveries] = await Promise.all([
        store.event(approval.eventId),
        store.deliveries({ eventId: approval.eventId, route: approval.route, limit: READ }),
      ]);
      const held = deliveries.filter(({ state }) => state === 'held').toReversed();
      return { approval, event, held, mayApprove: mayApprove(approval, event, actor, people, groups) };
    }),
  );
}

/** One approval that is still open; `undefined` when there is none. */
export async function readQuestion(
  { store }: Pick<Handling, 'store'>,
  eventId: string,
  route: string,
): Promise<WaitingApproval | undefined> {
  const [approval, event, deliveries] = await Promise.all([
    store.approval(eventId, route),
    store.event(eventId),
    store.deliveries({ eventId, route, limit: READ }),
  ]);
  if (approval === undefined || approval.decision !== null) return undefined;
  return { approval, event, held: deliveries.filter(({ state }) => state === 'held').toReversed(), mayApprove: true };
}

function mayApprove(
  approval: ApprovalView,
  event: EventView | undefined,
  actor: Actor,
  people: Handling['people'],
  groups: GroupMembers,
): boolean {
  if (approval.votes?.some(({ persons }) => persons.includes(actor.id.toLowerCase())) === true) return false;
  return mayDecide({ approval, decision: 'approved', actor, author: event?.event.author, people, groups }).may;
}

/**
 * What went wrong and still needs somebody, newest first: dispatches that failed, and runs of the last week that did. What the
 * same route sent to the same target about the same subject later takes its place, however it ended.
 */
export async function readTrouble(store: Pick<Store, 'deliveries' | 'event'>, now: number): Promise<ListedDelivery[]> {
  const [failed, delivered] = await Promise.all([
    store.deliveries({ states: ['dead'], limit: READ }),
    store.deliveries({ states: ['delivered'], since: now - RECENT_MS, limit: RECENT }),
  ]);
  const found = [...failed, ...delivered.filter(wentWrong)].toSorted((a, b) => b.updatedAt - a.updatedAt);
  const newer = delivered.filter((one) => !wentWrong(one) && found.some((other) => isLater(one, other))).slice(0, LOOKED_UP);
  const listed = await withEvents(store, found);
  const all = [...listed, ...(await withEvents(store, newer))];
  return listed.filter((one) => !all.some((other) => isLater(other.delivery, one.delivery) && hasSameSubject(other, one)));
}

function isLater(one: DeliveryView, than: DeliveryView): boolean {
  return one.createdAt > than.createdAt && one.route === than.route && one.target === than.target;
}

function hasSameSubject(one: ListedDelivery, other: ListedDelivery): boolean {
  return one.event !== undefined && one.event.subjectKey === other.event?.subjectKey;
}

/** The events of the first deliveries; the others are only counted. */
export async function withEvents(store: Pick<Store, 'event'>, deliveries: readonly DeliveryView[]): Promise<ListedDelivery[]> {
  const ids = [...new Set(deliveries.slice(0, LOOKED_UP).map(({ eventId }) => eventId))];
  const events = new Map(await Promise.all(ids.map(async (id) => [id, await store.event(id)] as const)));
  return deliveries.map((delivery) => ({ delivery, event: events.get(delivery.eventId) }));
}
