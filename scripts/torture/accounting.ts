import { decidedTwice, sentWithoutApproval } from './decisions.ts';
import type { Finding } from './finding.ts';
import type { Acknowledgement, Arrival, Crash, Disturbance, Ledger, StoredDelivery, StoredState } from './ledger.ts';
import { type Repeat, repeatsOf } from './repeats.ts';

/** Holds what the outside knows against what the store says. Pure: the same ledger gives the same account. */

/** What became of the deliveries of acknowledged events: each is in exactly one of these. */
export const FATES = ['delivered', 'failed', 'stopped', 'waiting', 'lost'] as const;
export type Fate = (typeof FATES)[number];

export interface Account {
  readonly acknowledgedEvents: number;
  /** Of these, so many were acknowledged before they were routed. */
  readonly acknowledgedUnrouted: number;
  readonly hasBursts: boolean;
  readonly acknowledgedDeliveries: number;
  readonly fates: Readonly<Record<Fate, number>>;
  readonly lost: readonly Finding[];
  readonly orderViolations: readonly Finding[];
  readonly decidedTwice: readonly Finding[];
  readonly sentWithoutApproval: readonly Finding[];
  /** One body that was stored as two events, although its sender only repeated it. */
  readonly storedTwice: readonly (Finding & { readonly cause: string | undefined })[];
  readonly repeats: readonly Repeat[];
  /** Waits for nothing that is going to happen: overdue, and first of its order key. */
  readonly stuck: readonly Finding[];
  readonly crashes: readonly (Finding & { readonly cause: string | undefined })[];
}

export interface AccountRules {
  /** How many deliveries an event of each kind has. */
  readonly deliveriesOf: Readonly<Record<Acknowledgement['kind'], number>>;
  /** What was due before this is stuck, in the receivers' time; left out: nothing is judged so, because nobody waited long enough. */
  readonly overdueBefore?: number;
  /** Bursts were sent, so events have to be acknowledged before they are routed. Left out: none were sent. */
  readonly hasBursts?: boolean;
}

export function accountFor(ledger: Ledger, stored: StoredState, rules: AccountRules): Account {
  const effects = ledger.arrivals.filter(({ tookEffect }) => tookEffect);
  const known = [...ledger.arrivals, ...ledger.arrivedMeanwhile].filter(({ tookEffect }) => tookEffect);
  const arrived = new Set(known.map(({ deliveryId }) => deliveryId));
  const { fates, lost } = fatesOf(ledger.acknowledged, stored, arrived, rules);
  return {
    acknowledgedEvents: ledger.acknowledged.length,
    hasBursts: rules.hasBursts ?? false,
    acknowledgedUnrouted: ledger.acknowledged.filter(({ unrouted }) => unrouted).length,
    acknowledgedDeliveries: Object.values(fates).reduce((sum, count) => sum + count, 0),
    fates,
    lost,
    orderViolations: [...orderOfArrival(stored, effects), ...orderOfAcceptance(ledger.acknowledged, stored)],
    decidedTwice: decidedTwice(ledger.decisions, stored.records),
    sentWithoutApproval: sentWithoutApproval(ledger, stored),
    storedTwice: storedTwice(stored, ledger.disturbances),
    repeats: repeatsOf(ledger, stored.records),
    stuck: rules.overdueBefore === undefined ? [] : stuckBefore(rules.overdueBefore, stored),
    crashes: ledger.crashes.map((crash) => ({ id: crash.receiver, what: describeCrash(crash), cause: causeOfCrash(crash, ledger) })),
  };
}

/** The invariants that a run has broken, a line each; none: it has passed. */
export function brokenInvariants(account: Account): string[] {
  const { fates, acknowledgedDeliveries } = account;
  const accounted = fates.delivered + fates.failed + fates.stopped + fates.waiting;
  const lines = [
    ...(account.acknowledgedEvents === 0 ? ['nothing was acknowledged: nothing was tested'] : []),
    ...(account.hasBursts && account.acknowledgedUnrouted === 0 ? ['no event of a burst was stored as it came: that was not tested'] : []),
    ...(accounted === acknowledgedDeliveries ? [] : [`${acknowledgedDeliveries} deliveries acknowledged, ${accounted} accounted for`]),
  ];
  const add = (name: string, findings: readonly Finding[]) => {
    for (const { id, what } of findings) lines.push(`${name}: ${id}: ${what}`);
  };
  add('lost', account.lost);
  add('out of order', account.orderViolations);
  add('decided twice', account.decidedTwice);
  add('sent without approval', account.sentWithoutApproval);
  add('stored twice', withoutCause(account.storedTwice));
  add('arrived again without a known cause', withoutCause(account.repeats.map((repeat) => ({ ...repeat, what: repeat.detail }))));
  add('stuck', account.stuck);
  add('ended by itself', withoutCause(account.crashes));
  return lines;
}

function withoutCause<Item extends { readonly cause: string | undefined }>(items: readonly Item[]): Item[] {
  return items.filter(({ cause }) => cause === undefined);
}

function fatesOf(
  acknowledged: readonly Acknowledgement[],
  stored: StoredState,
  arrived: ReadonlySet<string>,
  { deliveriesOf }: AccountRules,
): { fates: Record<Fate, number>; lost: Finding[] } {
  const fates: Record<Fate, number> = { delivered: 0, failed: 0, stopped: 0, waiting: 0, lost: 0 };
  const lost: Finding[] = [];
  const byEvent = Map.groupBy(stored.deliveries, ({ eventId }) => eventId);
  const events = new Set(stored.events.map(({ id }) => id));
  for (const { eventId, kind, subject, sequence } of acknowledged) {
    const name = `${subject} number ${sequence}`;
    const deliveries = byEvent.get(eventId) ?? [];
    const missing = deliveriesOf[kind] - deliveries.length;
    if (!events.has(eventId)) lost.push({ id: eventId, what: `${name} was acknowledged, and the store does not know it` });
    else if (missing > 0) lost.push({ id: eventId, what: `${name} has ${deliveries.length} deliveries instead of ${deliveriesOf[kind]}` });
    fates.lost += Math.max(0, missing);
    for (const delivery of deliveries) {
      const fate = fateOf(delivery, arrived);
      fates[fate]++;
      if (fate === 'lost') lost.push({ id: delivery.id, what: `${name} is ${delivery.state}, and GitHub never got it` });
    }
  }
  return { fates, lost };
}

function fateOf({ id, state, reason }: StoredDelivery, arrived: ReadonlySet<string>): Fate {
  switch (state) {
    case 'delivered':
      return arrived.has(id) ? 'delivered' : 'lost';
    case 'dead':
      // A failure that nobody can see is a loss.
      return reason === null || reason === '' ? 'lost' : 'failed';
    case 'cancelled':
      return 'stopped';
    case 'pending':
    case 'in_flight':
    case 'held':
      return 'waiting';
    default:
      return 'lost';
  }
}

/** The deliveries of an order key arrive, each for the first time, in the order in which their events were accepted. */
function orderOfArrival(stored: StoredState, effects: readonly Arrival[]): Finding[] {
  const firstArrival = new Map<string, number>();
  for (const [place, { deliveryId }] of effects.entries()) if (!firstArrival.has(deliveryId)) firstArrival.set(deliveryId, place);
  return [...linesOf(stored)].flatMap(([key, line]) => {
    const findings: Finding[] = [];
    let latest = -1;
    let blockedBy: string | undefined;
    for (const { id, state } of line) {
      const place = firstArrival.get(id);
      if (place === undefined) {
        if (isUnfinished(state)) blockedBy ??= id;
        continue;
      }
      if (place < latest) findings.push({ id, what: `arrived before an older one of ${key}` });
      else if (blockedBy !== undefined) findings.push({ id, what: `arrived while the older ${blockedBy} of ${key} waited` });
      latest = Math.max(latest, place);
    }
    return findings;
  });
}

/** A sender that waited for each acknowledgement finds its events stored in that order. */
function orderOfAcceptance(acknowledged: readonly Acknowledgement[], stored: StoredState): Finding[] {
  const places = new Map(stored.events.map(({ id }, place) => [id, place]));
  return [...Map.groupBy(acknowledged, ({ subject }) => subject)].flatMap(([subject, events]) => {
    const inOrder = events.toSorted((a, b) => a.sequence - b.sequence);
    return inOrder.flatMap(({ eventId }, i) => {
      const before = inOrder[i - 1];
      const isLater = before === undefined || (places.get(before.eventId) ?? -1) < (places.get(eventId) ?? Number.POSITIVE_INFINITY);
      return isLater ? [] : [{ id: eventId, what: `stored before an event of ${subject} that was acknowledged earlier` }];
    });
  });
}

/** Deliveries by order key: one target, one subject. */
function linesOf({ events, deliveries }: StoredState): Map<string, StoredDelivery[]> {
  const subjects = new Map(events.map(({ id, subject }) => [id, subject]));
  return Map.groupBy(deliveries, ({ target, eventId }) => `${subjects.get(eventId)} at ${target}`);
}

function isUnfinished(state: string): boolean {
  return state === 'pending' || state === 'in_flight';
}

function storedTwice({ events }: StoredState, disturbances: readonly Disturbance[]): Account['storedTwice'] {
  // The age of an event that a corrected clock wrote down cannot be known.
  const cause = disturbances.some(({ kind }) => kind === 'clock') ? 'the clock was set between the two' : undefined;
  const accepted = events.filter(({ outcome }) => outcome !== 'duplicate');
  return [...Map.groupBy(accepted, ({ subject, sequence }) => `${subject} number ${sequence}`)].flatMap(([name, [, ...again]]) =>
    again.map(({ id }) => ({ id, what: `${name} was stored before`, cause })),
  );
}

function stuckBefore(time: number, stored: StoredState): Finding[] {
  return [...linesOf(stored)].flatMap(([key, line]) => {
    const first = line.find(({ state }) => isUnfinished(state));
    if (first === undefined || (first.dueAt ?? Number.POSITIVE_INFINITY) >= time) return [];
    return [{ id: first.id, what: `has been due for ${Math.round((time - (first.dueAt ?? 0)) / 1_000)} s and more, first of ${key}` }];
  });
}

/** After a disturbance ends, receivers may still fail for its sake for so long. Milliseconds. */
const AFTERMATH_MS = 5_000;

function causeOfCrash({ at, isStarting }: Crash, { disturbances }: Ledger): string | undefined {
  const during = disturbances.find(({ kind, from, until }) => kind !== 'clock' && from <= at && at <= until + AFTERMATH_MS);
  return isStarting ? during?.detail : undefined;
}

function describeCrash({ isStarting, detail }: Crash): string {
  return `${isStarting ? 'did not start' : 'ended while it was serving'}: ${detail}`;
}
