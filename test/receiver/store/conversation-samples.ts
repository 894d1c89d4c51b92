import type { ConversationView } from '../../../receiver/store/conversations.ts';
import type { ClaimedDelivery, NewConversation, NewDelivery, NewEvent, PostedMessage } from '../../../receiver/store/delivery.ts';
import type { OpenRun, RunReport } from '../../../receiver/store/run.ts';
import type { RunFollowUps } from '../../../receiver/store/run-change.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { Approval } from '../../../src/route/route.ts';
import { accept, attemptAt, bury, claim, deliveryOf, type EventChanges, eventOf, MINUTE, SECOND, T0 } from './samples.ts';

/** Samples of what is told in a conversation, asked of people and reported about runs. */

export const HOUR = 60 * MINUTE;
export const TALK: NewConversation = { key: 'talk', channel: '#ml', canMute: true };

/** A message of the conversation `talk`. */
export function messageOf(id: string, changes: Partial<NewDelivery> = {}, conversation: Partial<NewConversation> = {}): NewDelivery {
  const told = { ...TALK, ...conversation };
  return deliveryOf(id, {
    target: `slack:${told.channel}`,
    credential: 'slack',
    orderKey: told.key,
    request: { kind: 'slack', channel: told.channel, text: `text of ${id}`, thread: true },
    conversation: told,
    ...changes,
  });
}

/** An event with a dispatch, `d-` before the event's id, and a message about it, `m-` before the event's id. */
export function toldEvent(id: string, changes: EventChanges = {}, conversation: Partial<NewConversation> = {}): NewEvent {
  const subject = changes.subject ?? 'model';
  const dispatch = deliveryOf(`d-${id}`, { orderKey: subject, ...changes.delivery });
  return eventOf(id, { ...changes, deliveries: [dispatch, messageOf(`m-${id}`, { route: dispatch.route }, conversation)] });
}

export const APPROVAL: Approval = { channel: '#ml', by: ['U012ABC', 'S012ABC'], allowSelf: false, expiresMs: HOUR };

export interface HeldChanges {
  readonly at?: number;
  readonly subject?: string;
  readonly approval?: Partial<Approval>;
  readonly deliveries?: readonly NewDelivery[];
}

/** An event whose dispatches wait for an approval: `d-` before its id by default, of the route `deploy`. */
export function heldEvent(id: string, { at, subject = 'model', approval, deliveries }: HeldChanges = {}): NewEvent {
  const held = deliveries ?? [heldOf(`d-${id}`, { orderKey: subject })];
  const firing = { route: 'deploy', cooldownKey: null, cooldownMs: 0, deliveries: held, approval: { ...APPROVAL, ...approval } };
  return eventOf(id, { subject, firings: [firing], ...(at === undefined ? {} : { at }) });
}

export function heldOf(id: string, changes: Partial<NewDelivery> = {}): NewDelivery {
  return deliveryOf(id, { state: 'held', reason: 'waits for approval', ...changes });
}

const toSlack = (credential: string) => credential === 'slack';

/** Claims what goes to Slack. */
export function claimMessages(store: Pick<Store, 'claim'>, now: number): Promise<ClaimedDelivery[]> {
  return claim(store, now, { serves: toSlack });
}

/** Claims what goes to GitHub. */
export function claimDispatches(store: Pick<Store, 'claim'>, now: number): Promise<ClaimedDelivery[]> {
  return claim(store, now, { serves: (credential) => !toSlack(credential) });
}

/** The one delivery of a claim. */
export function only<Item>(items: readonly Item[]): Item {
  if (items.length !== 1) throw new Error(`expected one, got ${JSON.stringify(items)}`);
  return items[0]!;
}

/** An attempt that takes no time: what follows from it is due at once. */
const sentAt = (now: number) => ({ ...attemptAt(now, 'delivered'), durationMs: 0 });

export function post(store: Pick<Store, 'settle'>, claimed: ClaimedDelivery, now: number, message?: PostedMessage): Promise<boolean> {
  const settlement = { state: 'delivered', run: null, ...(message === undefined ? {} : { message }) } as const;
  return store.settle(claimed, sentAt(now), settlement);
}

/** Sends all that waits for Slack and tells what it was: ids of messages, and `update`. A message's `ts` is its id. */
export async function say(store: Store, now: number): Promise<string[]> {
  const said: string[] = [];
  for (;;) {
    const claimed = await claimMessages(store, now);
    if (claimed.length === 0) return said;
    for (const each of claimed) {
      const isUpdate = each.request.kind === 'slack_update';
      said.push(isUpdate ? 'update' : each.id);
      await post(store, each, now, isUpdate ? undefined : { channel: 'C012ML', ts: each.id });
    }
  }
}

/** Fails what is sent next to Slack, for good. */
export async function failForGood(store: Store, now: number): Promise<string> {
  const claimed = only(await claimMessages(store, now));
  await bury(store, claimed, now);
  return claimed.id;
}

/** Sends the one dispatch that can be sent. */
export async function dispatch(store: Store, now: number, run: { id: string; url: string } | null = null): Promise<void> {
  await store.settle(only(await claimDispatches(store, now)), sentAt(now), { state: 'delivered', run });
}

/** A conversation that has told of `e1`, with its dispatch still waiting. */
export async function acceptTold(store: Store): Promise<void> {
  await accept(store, toldEvent('e1'));
  await say(store, T0);
}

/** What `talk` tells; it is there. */
export async function conversationOf(store: Store, now: number = T0, key = 'talk'): Promise<ConversationView> {
  const conversation = await store.viewConversation(key, now);
  if (conversation === undefined) throw new Error(`there is no conversation ${key}`);
  return conversation;
}

export const RUN = { id: '7', url: 'https://github.com/acme/deploy/actions/runs/7' };

/** A report about the run of `d-e1`. */
export function reportOf(status: RunReport['status'], changes: Partial<RunReport> = {}): RunReport {
  const ended = status === 'completed';
  return {
    repository: 'acme/deploy',
    runId: RUN.id,
    url: RUN.url,
    title: 'Deploy (d-e1)',
    event: 'repository_dispatch',
    status,
    conclusion: ended ? 'success' : null,
    attempt: 1,
    createdAt: T0 + SECOND,
    startedAt: status === 'queued' ? null : T0 + 2 * SECOND,
    endedAt: ended ? T0 + MINUTE : null,
    ...changes,
  };
}

export const nothingFollows: RunFollowUps = () => [];

/** The dispatch `d-e1` has left. */
export async function acceptDispatched(store: Store, run: typeof RUN | null = null): Promise<void> {
  await accept(store, eventOf('e1'));
  await dispatch(store, T0, run);
}

export function lookAtRuns(
  store: Store,
  now: number,
  nextPollAt: (run: OpenRun) => number = () => now + MINUTE,
  limit = 9,
): Promise<OpenRun[]> {
  return store.runsToPoll({ now, limit, nextPollAt });
}

export const runOf = async (store: Store, id = 'd-e1') => (await store.delivery(id))?.delivery.run;
export const notesOf = async (store: Store, id = 'd-e1') => (await store.delivery(id))?.notes.map(({ text }) => text);
/** Of a run that was not seen yet. */
export const EXPECTED_RUN = { id: null, url: null, status: 'expected', conclusion: null, attempt: 1, startedAt: null, endedAt: null };
