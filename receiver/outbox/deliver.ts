import { messageOf } from '../../src/lib/error-message.ts';
import type { RetryPolicy } from '../../src/lib/retry.ts';
import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { RequestKind, TargetRequest } from '../../src/route/target.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Runtime } from '../runtime.ts';
import type { Attempt, ClaimedDelivery } from '../store/delivery.ts';
import type { DeliveryQueue } from '../store/store.ts';
import { ATTEMPT_LIMIT_MS, attemptOutcome, limitedAttempt, refusedFor } from './attempt.ts';
import type { ClockWatch } from './clock-watch.ts';
import { sendingTimes } from './sending-times.ts';
import { settlementOf } from './settlement.ts';
import { type Target, type Targets, type TimeWindow, targetFor } from './target.ts';

/** What one attempt needs. */
export interface DeliverOptions extends Pick<Runtime, 'now' | 'random' | 'log'> {
  readonly queue: Pick<DeliveryQueue, 'settle' | 'holds'>;
  readonly targets: Targets;
  /** Why there is no target for a kind of request, and what to set; left out: only that there is none. */
  readonly unconfigured?: (kind: RequestKind) => string;
  readonly retry: RetryPolicy;
  readonly redact: (text: string) => string;
  /** Left out: the clock never jumps. */
  readonly clock?: Pick<ClockWatch, 'hasJumped'>;
  /** The attempts so far, of which the ambiguous ones say when to search. Left out: it is searched since `runsSince`. */
  readonly attemptsOf?: (id: string) => Promise<readonly Attempt[]>;
  /** See `SettlementRules`. */
  readonly alerts?: AlertPolicyOf;
  /** Counts attempts, and deliveries whose sending has ended; left out: nothing is counted. */
  readonly metrics?: Pick<Metrics, 'attempted' | 'settled'>;
  /** Hears of each attempt that ended, with whose attempt it was. */
  readonly traced?: (delivery: ClaimedDelivery, attempt: Omit<Attempt, 'detail'>) => void;
  /** Gives the request as it is to be sent, once more is known than when the event was accepted. Must not take long. */
  readonly complete?: (delivery: ClaimedDelivery) => Promise<TargetRequest>;
}

const DETAIL_LENGTH = 1_000;

/** The delivery as it is to be sent; as it was accepted, when no more can be found out. */
async function complete(delivery: ClaimedDelivery, options: DeliverOptions): Promise<ClaimedDelivery> {
  if (options.complete === undefined) return delivery;
  try {
    return { ...delivery, request: await options.complete(delivery) };
  } catch (error) {
    options.log.warn(
      { delivery: delivery.id, error: options.redact(messageOf(error)) },
      'sent as it was accepted: it could not be completed',
    );
    return delivery;
  }
}

async function sentWithin({ id, runsSince }: ClaimedDelivery, { attemptsOf }: DeliverOptions): Promise<TimeWindow[]> {
  return attemptsOf === undefined ? [] : sendingTimes(await attemptsOf(id), runsSince);
}

/** A target that sends only while the lease is this outbox's, where others may have reclaimed it. */
function whileLeased(target: Target | undefined, delivery: ClaimedDelivery, { holds }: Pick<DeliveryQueue, 'holds'>): Target | undefined {
  if (target === undefined || holds === undefined) return target;
  // Nothing was sent this time; whether an earlier attempt was stays as unclear as it is (`settlementOf`).
  const notSent = (detail: string) => ({ outcome: 'failed', status: null, detail, ambiguous: false }) as const;
  return {
    findPrior: (request, context) => target.findPrior(request, context),
    send: async (request, context) => {
      try {
        if (!(await holds(delivery))) return notSent('not sent: another receiver has reclaimed it');
      } catch (error) {
        return notSent(`not sent: it is not known whether another receiver has reclaimed it: ${messageOf(error)}`);
      }
      return target.send(request, context);
    },
  };
}

/** One attempt from lease to settlement. Never rejects: what it cannot write down is taken up when the lease ends. */
export async function deliver(delivery: ClaimedDelivery, options: DeliverOptions, stopping: AbortSignal): Promise<void> {
  const { now, log } = options;
  const beganAt = now();
  const fields = {
    delivery: delivery.id,
    event: delivery.eventId,
    route: delivery.route,
    target: delivery.target,
    attempt: delivery.attempts + 1,
  };
  // Not `AbortSignal.timeout`, whose timer goes on when the attempt has ended, and keeps a Durable Object in memory.
  const tooLong = new AbortController();
  const timer = setTimeout(
    () => tooLong.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    ATTEMPT_LIMIT_MS,
  );
  try {
    const target = whileLeased(targetFor(options.targets, delivery.request), delivery, options.queue);
    const result =
      target === undefined
        ? refusedFor(delivery, options.unconfigured)
        : await limitedAttempt({
            target,
            delivery: complete(delivery, options),
            sentWithin: () => sentWithin(delivery, options),
            signal: AbortSignal.any([stopping, tooLong.signal]),
          });
    const detail = options.redact(result.detail).slice(0, DETAIL_LENGTH);
    const { settlement, throttle } = settlementOf(
      delivery,
      { ...result, detail },
      { ...options, unsteady: options.clock?.hasJumped() === true },
    );
    const endedAt = now();
    // A clock that was put back meanwhile.
    const startedAt = Math.min(beganAt, endedAt);
    const durationMs = endedAt - startedAt;
    const outcome = attemptOutcome(result);
    options.metrics?.attempted(delivery.request.kind, outcome, durationMs);
    options.traced?.(delivery, { startedAt, durationMs, outcome, status: result.status });
    const mine = await options.queue.settle(
      delivery,
      { startedAt, durationMs, outcome, status: result.status, detail },
      settlement,
      throttle,
    );
    if (mine && (settlement.state === 'delivered' || settlement.state === 'dead'))
      options.metrics?.settled(delivery.request.kind, settlement.state, endedAt - delivery.retryingSince);
    const retryAt = settlement.state === 'pending' ? new Date(settlement.dueAt).toISOString() : undefined;
    const line = {
      ...fields,
      outcome,
      state: mine ? settlement.state : 'lease lost',
      status: result.status ?? undefined,
      ms: durationMs,
      retryAt,
    };
    if (settlement.state === 'delivered') log.info(line, detail);
    else log.warn(line, detail);
  } catch (error) {
    log.error(
      { ...fields, error: options.redact(messageOf(error)) },
      'the outcome of an attempt could not be stored: the run is looked for when the lease ends',
    );
  } finally {
    clearTimeout(timer);
  }
}
