import type {
  Accepted,
  Attempt,
  AttemptOutcome,
  ClaimedDelivery,
  NewDelivery,
  NewEvent,
  RouteFiring,
} from '../../../receiver/store/delivery.ts';
import type { ClaimOptions, Store } from '../../../receiver/store/store.ts';
import type { Incoming, Taken } from '../../../receiver/store/unrouted.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import type { TargetRequest } from '../../../src/route/target.ts';

/** When the samples begin, in milliseconds since 1970. */
export const T0 = Date.UTC(2026, 0, 1);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const LEASE_MS = 2 * MINUTE;
/** How long an attempt that nobody will settle any more is left alone. */
export const SETTLE_MS = 5 * SECOND;
export const DEDUPE_MS = 5 * MINUTE;

export function dispatchOf(id: string): TargetRequest {
  return { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'model', client_payload: { delivery_id: id } };
}

export function deliveryOf(id: string, changes: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id,
    route: 'deploy',
    target: 'repository_dispatch:acme/deploy',
    credential: 'github',
    orderKey: 'model',
    replacesOlder: false,
    state: 'pending',
    request: dispatchOf(id),
    ...changes,
  };
}

export interface EventChanges {
  readonly at?: number;
  readonly subject?: string;
  /** Events with the same body have the same hash. */
  readonly body?: string;
  readonly event?: RelayEvent;
  /** Changes to the one delivery that the event has by default, `d-` before the event's id. */
  readonly delivery?: Partial<NewDelivery>;
  /** Deliveries of one route without a cooldown. */
  readonly deliveries?: readonly NewDelivery[];
  readonly firings?: readonly RouteFiring[];
}

/** An event of its own body, with one pending delivery that is ordered by the event's subject. */
export function eventOf(id: string, changes: EventChanges = {}): NewEvent {
  const subject = changes.subject ?? 'model';
  const body = changes.body ?? `body of ${id}`;
  const deliveries = changes.deliveries ?? [deliveryOf(`d-${id}`, { orderKey: subject, ...changes.delivery })];
  return {
    id,
    receivedAt: changes.at ?? T0,
    subjectKey: subject,
    bodyHash: `hash of ${body}`,
    event: changes.event ?? { type: 'link_artifact', source: 'default', collection: subject },
    body,
    firings: changes.firings ?? [firingOf(deliveries)],
  };
}

export function firingOf(deliveries: readonly NewDelivery[], cooldownKey: string | null = null, cooldownMs = 0): RouteFiring {
  return { route: deliveries[0]?.route ?? 'deploy', cooldownKey, cooldownMs, deliveries };
}

export function accept(store: Pick<Store, 'accept'>, ...events: NewEvent[]): Promise<Accepted[]> {
  return store.accept(events, { dedupeWindowMs: DEDUPE_MS });
}

let tokens = 0;

export function claim(store: Pick<Store, 'claim'>, now: number, changes: Partial<ClaimOptions> = {}): Promise<ClaimedDelivery[]> {
  return store.claim({ now, leaseMs: LEASE_MS, limit: 100, paceMs: 0, newToken: () => `token ${++tokens}`, ...changes });
}

/** Claims at a time when exactly one delivery is to be had. */
export async function claimOne(store: Pick<Store, 'claim'>, now: number): Promise<ClaimedDelivery> {
  const claimed = await claim(store, now);
  if (claimed.length !== 1) throw new Error(`expected one delivery, got ${JSON.stringify(idsOf(claimed))}`);
  return claimed[0]!;
}

export function attemptAt(startedAt: number, outcome: AttemptOutcome, detail: string = outcome): Attempt {
  return { startedAt, durationMs: 10, outcome, status: outcome === 'delivered' ? 204 : null, detail };
}

export function succeed(store: Pick<Store, 'settle'>, delivery: ClaimedDelivery, now: number): Promise<boolean> {
  return store.settle(delivery, attemptAt(now, 'delivered'), { state: 'delivered', run: null });
}

export function retryAt(
  store: Pick<Store, 'settle'>,
  delivery: ClaimedDelivery,
  now: number,
  dueAt: number,
  ambiguous = false,
): Promise<boolean> {
  const outcome = ambiguous ? 'ambiguous' : 'failed';
  return store.settle(delivery, attemptAt(now, outcome), { state: 'pending', dueAt, ambiguous, reason: 'GitHub answered 502' });
}

export function bury(store: Pick<Store, 'settle'>, delivery: ClaimedDelivery, now: number): Promise<boolean> {
  return store.settle(delivery, attemptAt(now, 'refused'), { state: 'dead', reason: 'no such repository' });
}

/** Delivers whatever can be delivered, and tells in which order it was sent. */
export async function drain(store: Store, now: number): Promise<string[]> {
  const sent: string[] = [];
  for (;;) {
    const claimed = await claim(store, now);
    if (claimed.length === 0) return sent;
    for (const delivery of claimed) {
      sent.push(delivery.id);
      await succeed(store, delivery, now);
    }
  }
}

/** A webhook with the body of this event, before its routes are tried. */
export function asItCame({ id, receivedAt, bodyHash, body, event, subjectKey }: NewEvent): Incoming {
  return { unrouted: { id, receivedAt, source: 'default', bodyHash, body }, event, subjectKey };
}

/** Takes webhooks as a receiver does it in a burst. */
export async function take(store: Pick<Store, 'take'>, ...incoming: Incoming[]): Promise<Taken[]> {
  return store.take(incoming, { dedupeWindowMs: DEDUPE_MS });
}

export async function stateOf(store: Store, id: string): Promise<string | undefined> {
  return (await store.delivery(id))?.delivery.state;
}

/** The states of deliveries, in the order of the ids. */
export async function statesOf(store: Store, ...ids: string[]): Promise<(string | undefined)[]> {
  return Promise.all(ids.map((id) => stateOf(store, id)));
}

export function idsOf(items: readonly { readonly id: string }[]): string[] {
  return items.map(({ id }) => id);
}

export interface OpenedStore {
  readonly store: Store;
  /** Runs what uses the store where the store may be used. Default: right here. */
  readonly inside?: (work: () => Promise<void>) => Promise<void>;
  close(): Promise<void>;
}

/** Gives a fresh, empty store each time. */
export type OpenStore = () => Promise<OpenedStore>;

/** Runs a test on a store of its own. */
export async function withStore(open: OpenStore, work: (store: Store) => Promise<void>): Promise<void> {
  const { store, inside = (here) => here(), close } = await open();
  try {
    await inside(() => work(store));
  } finally {
    await close();
  }
}
