import { messageOf } from '../../src/lib/error-message.ts';
import type { ClaimedDelivery } from '../store/delivery.ts';
import type { ClaimOffer, ClaimOptions, DeliveryQueue } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { LEASE_MS } from './attempt.ts';
import { type DeliverOptions, deliver } from './deliver.ts';

export interface OutboxOptions extends DeliverOptions {
  readonly queue: DeliveryQueue;
  /** Shortest time between two sends with one credential, in milliseconds; a function where it changes. */
  readonly paceMs: number | (() => number);
  readonly newToken: () => string;
  /** Which credentials this outbox serves; left out: all. Outboxes that share a queue serve different ones. */
  readonly serves?: (credential: string) => boolean;
  /** How many deliveries are under way at once. */
  readonly concurrency?: number;
  /** Also takes what is due as soon as it is stored, where the queue can give it (`DeliveryQueue.claimWhileAccepting`). */
  readonly claimsWhileAccepting?: boolean;
  /**
   * For a place where nobody else writes to the queue, and where timers end when nothing has happened for a while: the queue
   * is not polled, and this is to wake the outbox at times further ahead than `TIMERS_REACH_MS`.
   */
  readonly wakeLater?: (at: number) => void;
}

/** Takes deliveries from the queue and sends them. */
export interface Outbox {
  start(): void;
  /** There may be something new: look now instead of at the next tick. */
  wake(): void;
  /** Resolves when nothing is under way and nothing is due at this moment. Never rejects. */
  idle(): Promise<void>;
  /** Takes nothing more, waits for what is in flight, and after `graceMs` gives up waiting. */
  stop(graceMs: number): Promise<void>;
}

/** Below the 100 concurrent requests that the strictest target allows. */
const DEFAULT_CONCURRENCY = 50;
/** Another process (the CLI's replay) may have put something in the queue. */
const POLL_MS = 1_000;
/** With `wakeLater`, a wait up to so long is a timer's. Milliseconds. */
export const TIMERS_REACH_MS = 10_000;
/** The first wake is followed at once; those that come faster than this share one look at the queue. */
const SHORTEST_PAUSE_MS = 5;
/** So many places are kept for what is due as soon as it is stored. */
const OFFERED = 8;
/** When nothing could be claimed while events were stored, for example because of the pace, it is not tried again for so long. Milliseconds. */
const OFFER_PAUSE_MS = 50;

export function createOutbox(options: OutboxOptions): Outbox {
  const { queue, now, log, serves, wakeLater, concurrency = DEFAULT_CONCURRENCY } = options;
  const served = serves === undefined ? {} : { serves };
  const underWay = new Set<Promise<void>>();
  const aborter = new AbortController();
  let stopped = true;
  let looking: Promise<void> | undefined;
  /** When to look again is being asked for. */
  let planning: Promise<void> | undefined;
  /** Something was claimed or has ended since it was asked: the answer may be an old one. */
  let planAgain = false;
  /** Somebody asked for a look while one was under way, which may have missed what is new. */
  let again = false;
  /** A look is planned because of a wake. */
  let woken = false;
  /** When the last look began that followed a wake. */
  let lookedAt = Number.NEGATIVE_INFINITY;
  let wakeAt = Number.POSITIVE_INFINITY;
  let cancelTimer = (): void => undefined;
  const offers = options.claimsWhileAccepting === true && queue.claimWhileAccepting !== undefined;
  /** Transactions that may claim something at this moment. */
  const offered = new Set<Promise<void>>();
  /** Places that are taken by what is being claimed. */
  let reserved = 0;
  let offerAgainAt = Number.NEGATIVE_INFINITY;
  let hasOffered = false;

  const lookAt = (time: number): void => {
    if (stopped || time >= wakeAt) return;
    if (wakeLater !== undefined && time - now() > TIMERS_REACH_MS) {
      wakeLater(time);
      return;
    }
    cancelTimer();
    wakeAt = time;
    cancelTimer = callIn(time - now(), look);
  };

  /**
   * At once when the last wake was followed long enough ago; looks after a delivery do not count. A clock that was put back makes
   * nobody wait longer.
   */
  const lookSoon = (): void => {
    woken = true;
    lookAt(Math.min(now() + SHORTEST_PAUSE_MS, Math.max(now(), lookedAt + SHORTEST_PAUSE_MS)));
  };

  const look = (): void => {
    wakeAt = Number.POSITIVE_INFINITY;
    if (looking !== undefined) {
      again = true;
      return;
    }
    if (woken) lookedAt = now();
    woken = false;
    looking = orLater(takeDue).then(() => {
      looking = undefined;
      // The next look plans.
      if (again) lookSoon();
      else planNext();
      again = false;
    });
  };

  /** Starts what is due. */
  const takeDue = async (): Promise<void> => {
    const free = concurrency - underWay.size - reserved;
    const limit = offers ? Math.max(Math.min(free, 1), free - OFFERED) : free;
    if (limit <= 0) return;
    const claimed = await reserving(limit, () => queue.claim(claimOptions(limit)));
    for (const delivery of claimed) run(delivery);
  };

  /** Sees to it that there is a next look. Whoever wakes the outbox does not wait for this. */
  const planNext = (): void => {
    planAgain = planning !== undefined;
    if (stopped || planAgain) return;
    if (wakeLater === undefined) lookAt(now() + POLL_MS);
    planning = orLater(async () => {
      if (underWay.size >= concurrency) return;
      const due = await queue.nextDueAt(serves);
      if (due !== undefined && underWay.size < concurrency) lookAt(Math.max(due, now() + SHORTEST_PAUSE_MS));
    }).then(() => {
      planning = undefined;
      if (planAgain) planNext();
    });
  };

  /** Looks again after a while when the store fails. */
  const orLater = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // The store itself has said that it cannot be used, once.
      if (!(error instanceof StoreUnavailableError))
        log.error({ error: messageOf(error) }, 'the store did not answer: trying again in a second');
      lookAt(now() + POLL_MS);
    }
  };

  const reserving = async <T>(limit: number, work: () => Promise<T>): Promise<T> => {
    reserved += limit;
    try {
      return await work();
    } finally {
      reserved -= limit;
    }
  };

  const claimOptions = (limit: number): ClaimOptions => {
    const paceMs = typeof options.paceMs === 'number' ? options.paceMs : options.paceMs();
    const keepLeases = options.clock?.hasJumped() === true;
    return { now: now(), leaseMs: LEASE_MS, limit, paceMs, newToken: options.newToken, keepLeases, ...served };
  };

  const offer = (): ClaimOffer | undefined => {
    const limit = Math.min(OFFERED, concurrency - underWay.size - reserved);
    const pauseMs = offerAgainAt - now();
    if (stopped || limit <= 0 || (pauseMs > 0 && pauseMs <= OFFER_PAUSE_MS)) return undefined;
    const claiming = Promise.withResolvers<readonly ClaimedDelivery[]>();
    const taken = reserving(limit, () => claiming.promise).then((claimed) => {
      if (claimed.length === 0) offerAgainAt = now() + OFFER_PAUSE_MS;
      for (const delivery of claimed) run(delivery);
      offered.delete(taken);
    });
    offered.add(taken);
    return { options: claimOptions(limit), claimed: claiming.resolve };
  };

  const run = (delivery: ClaimedDelivery): void => {
    const done = deliver(delivery, options, aborter.signal).finally(() => {
      underWay.delete(done);
      lookAt(now());
    });
    underWay.add(done);
  };

  return {
    start: () => {
      stopped = false;
      if (offers && !hasOffered) queue.claimWhileAccepting?.(offer);
      hasOffered = true;
      lookAt(now());
    },
    wake: lookSoon,
    idle: async () => {
      while (
        !stopped &&
        (looking !== undefined || planning !== undefined || offered.size + underWay.size > 0 || wakeAt <= now() + SHORTEST_PAUSE_MS)
      ) {
        await Promise.all([looking, planning, ...offered, ...underWay]);
        await new Promise((resolve) => setTimeout(resolve, SHORTEST_PAUSE_MS));
      }
    },
    stop: async (graceMs) => {
      stopped = true;
      cancelTimer();
      const grace = setTimeout(() => aborter.abort(new Error('the receiver is stopping')), graceMs);
      // What is being claimed at this moment is waited for too.
      await Promise.all([looking, planning, ...offered]);
      await Promise.all(underWay);
      clearTimeout(grace);
    },
  };
}

/** Returns what cancels it. Not a timer where nothing is to be waited for: the shortest timer takes a millisecond. */
function callIn(ms: number, call: () => void): () => void {
  if (ms <= 0) {
    const immediate = setImmediate(call);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
