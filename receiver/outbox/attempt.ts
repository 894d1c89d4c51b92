import { messageOf } from '../../src/lib/error-message.ts';
import type { RequestKind } from '../../src/route/target.ts';
import type { AttemptOutcome, ClaimedDelivery } from '../store/delivery.ts';
import type { PriorResult, SendContext, SendResult, Target, TimeWindow } from './target.ts';

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

export interface AttemptInput {
  readonly target: Target;
  /** May come late, with a complete request. */
  readonly delivery: ClaimedDelivery | Promise<ClaimedDelivery>;
  /** When earlier attempts may have sent it, see `SearchContext`. Asked only when it may have been sent. */
  readonly sentWithin: () => Promise<readonly TimeWindow[]>;
  /** Ends the attempt; after it nothing is sent. */
  readonly signal: AbortSignal;
}

/** How far an attempt has come: until it calls the target's `send`, nothing was sent by it. */
interface Progress {
  sending: boolean;
}

/**
 * An attempt that ends soon after its signal, even when the target does not heed it. What ends before anything was sent is
 * not ambiguous: the delivery stays as unclear as it was (`settlementOf`).
 */
export async function limitedAttempt(input: AttemptInput): Promise<AttemptResult> {
  const { signal } = input;
  const progress: Progress = { sending: false };
  const { promise, resolve } = Promise.withResolvers<AttemptResult>();
  const giveUp = () =>
    setTimeout(() => {
      const detail = progress.sending
        ? `no answer before the attempt was given up: ${messageOf(signal.reason)}`
        : `the attempt was given up before anything was sent: ${messageOf(signal.reason)}`;
      resolve({ outcome: 'failed', status: null, detail, ambiguous: progress.sending });
    }, HEED_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([attempt(input, progress), promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function attempt(input: AttemptInput, progress: Progress): Promise<AttemptResult> {
  const { target, signal } = input;
  try {
    const delivery = await input.delivery;
    signal.throwIfAborted();
    const { id: deliveryId, eventId, conversation, attempts, request } = delivery;
    const context: SendContext = { deliveryId, eventId, conversation, attempts, signal };
    const send = (): Promise<SendResult> => {
      signal.throwIfAborted();
      progress.sending = true;
      return target.send(request, context);
    };
    if (!delivery.ambiguous) return await send();
    const prior = await target.findPrior(request, { ...context, runsSince: delivery.runsSince, sentWithin: await input.sentWithin() });
    const known = knownFrom(prior);
    if (known !== undefined) return known;
    const sent = await send();
    const why =
      prior.outcome === 'unknowable'
        ? `whether the earlier attempt had its effect cannot be known (${prior.detail})`
        : 'nothing of the earlier attempt was found';
    return { ...sent, detail: `${sent.detail} (sent again: ${why})` };
  } catch (error) {
    return { outcome: 'failed', status: null, detail: `unexpected: ${messageOf(error)}`, ambiguous: progress.sending };
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
        detail:
          prior.detail ??
          `an earlier attempt had ${prior.run === null ? 'posted the message' : `started ${prior.run.url}`}; not sent again`,
      };
    case 'limited':
      return prior;
    case 'failed':
      // Nothing was sent this time. The earlier attempt is as unclear as before, see `settlementOf`.
      return { ...prior, ambiguous: false, detail: `could not look for what the earlier attempt did: ${prior.detail}` };
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
