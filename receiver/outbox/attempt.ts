import { messageOf } from '../../src/lib/error-message.ts';
import type { RequestKind } from '../../src/route/target.ts';
import type { AttemptOutcome, ClaimedDelivery } from '../store/delivery.ts';
import type { PriorResult, SendContext, SendResult, Target } from './target.ts';

/** The whole of one attempt: enriching the request, `findPrior`, sending. Milliseconds. */
export const ATTEMPT_LIMIT_MS = 60_000;
/** How long a target has to end an aborted attempt with its own result. Milliseconds. */
const HEED_MS = 500;
/** How long writing down an outcome may take, also while the database restarts (see `SETTLE_TRIES` in `postgres-store.ts`). */
const STORING_MS = 60_000;
/** A lease outlasts its attempt: nobody reclaims a delivery that is still being sent or settled. Milliseconds. */
export const LEASE_MS = ATTEMPT_LIMIT_MS + HEED_MS + STORING_MS;

/** A result, and whether it came from `findPrior` instead of from sending. */
export type AttemptResult = SendResult & { readonly found?: boolean };

/**
 * An attempt that ends soon after its signal, even when the target does not heed it. `delivery` may come late, with a
 * complete request; after the signal nothing is sent.
 */
export async function limitedAttempt(
  target: Target,
  delivery: ClaimedDelivery | Promise<ClaimedDelivery>,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const { promise, resolve } = Promise.withResolvers<AttemptResult>();
  const giveUp = () =>
    setTimeout(() => {
      const detail = `no answer before the attempt was given up: ${messageOf(signal.reason)}`;
      resolve({ outcome: 'failed', status: null, detail, ambiguous: true });
    }, HEED_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([attempt(target, delivery, signal), promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function attempt(target: Target, coming: ClaimedDelivery | Promise<ClaimedDelivery>, signal: AbortSignal): Promise<AttemptResult> {
  try {
    const delivery = await coming;
    signal.throwIfAborted();
    const { id: deliveryId, eventId, conversation, attempts } = delivery;
    const context: SendContext = { deliveryId, eventId, conversation, attempts, signal };
    if (!delivery.ambiguous) return await target.send(delivery.request, context);
    const prior = await target.findPrior(delivery.request, { ...context, runsSince: delivery.runsSince });
    const known = knownFrom(prior);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const sent = await target.send(delivery.request, context);
    const why =
      prior.outcome === 'unknowable'
        ? `whether the earlier attempt had its effect cannot be known (${prior.detail})`
        : 'nothing of the earlier attempt was found';
    return { ...sent, detail: `${sent.detail} (sent again: ${why})` };
  } catch (error) {
    return { outcome: 'failed', status: null, detail: `unexpected: ${messageOf(error)}`, ambiguous: true };
  }
}

/** What the search settles by itself, or `undefined` when the request has to be sent. */
function knownFrom(prior: PriorResult): AttemptResult | undefined {
  switch (prior.outcome) {
    case 'found':
      return {
        outcome: 'delivered',
        status: null,
        run: prior.run,
        ...(prior.message === undefined ? {} : { message: prior.message }),
        found: true,
        detail: `an earlier attempt had ${prior.run === null ? 'posted the message' : `started ${prior.run.url}`}; not sent again`,
      };
    case 'limited':
      return prior;
    case 'failed':
      // Nothing was sent this time, but the earlier attempt is as unclear as before.
      return { ...prior, ambiguous: true, detail: `could not look for what the earlier attempt did: ${prior.detail}` };
    case 'not_found':
    case 'unknowable':
      return undefined;
  }
}

/** What comes of a delivery for which no target is configured. */
export function refusedFor({ request }: Pick<ClaimedDelivery, 'request'>, unconfigured = noTarget): SendResult {
  return { outcome: 'refused', status: null, detail: `${unconfigured(request.kind)}, restart and replay this delivery` };
}

function noTarget(kind: RequestKind): string {
  return `no target is configured for ${kind}: configure one`;
}

export function attemptOutcome(result: AttemptResult): AttemptOutcome {
  if (result.found === true) return 'found';
  return result.outcome === 'failed' && result.ambiguous ? 'ambiguous' : result.outcome;
}
