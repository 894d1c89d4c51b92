import { messageOf } from '../../src/error-message.ts';
import type { AttemptOutcome, ClaimedDelivery } from './delivery.ts';
import type { LookResult, SendContext, SendResult, Target } from './target.ts';

/** How long a target has to end an attempt that was aborted, with an answer of its own. */
const HEED_MS = 500;

/** A result, and whether it was found out by looking instead of by sending. */
export type AttemptResult = SendResult & { readonly found?: boolean };

/** An attempt that ends soon after its signal, even when the target does not heed it. */
export async function limitedAttempt(target: Target, delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
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

async function attempt(target: Target, delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
  const context: SendContext = { deliveryId: delivery.id, attempts: delivery.attempts, signal };
  try {
    if (!delivery.ambiguous) return await target.send(delivery.request, context);
    const look = await target.look(delivery.request, { ...context, runsSince: delivery.runsSince });
    const known = knownFrom(look);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const sent = await target.send(delivery.request, context);
    const why =
      look.outcome === 'unknowable'
        ? `whether the earlier attempt started a run cannot be known (${look.detail})`
        : 'no run of the earlier attempt was found';
    return { ...sent, detail: `${sent.detail} (sent again: ${why})` };
  } catch (error) {
    return { outcome: 'failed', status: null, detail: `unexpected: ${messageOf(error)}`, ambiguous: true };
  }
}

/** What a look settles by itself, or `undefined` when the request has to be sent. */
function knownFrom(look: LookResult): AttemptResult | undefined {
  switch (look.outcome) {
    case 'found':
      return {
        outcome: 'delivered',
        status: null,
        run: look.run,
        found: true,
        detail: `an earlier attempt had started ${look.run.url}; not sent again`,
      };
    case 'limited':
      return look;
    case 'failed':
      // Nothing was sent this time, but the earlier attempt is as unclear as before.
      return { ...look, ambiguous: true, detail: `could not look for the run of the earlier attempt: ${look.detail}` };
    case 'not_found':
    case 'unknowable':
      return undefined;
  }
}

export function unconfigured(delivery: ClaimedDelivery): SendResult {
  const { kind } = delivery.request;
  const what = kind === 'slack' ? 'Slack is not connected in this version of wandb-relay' : 'no GitHub credentials are configured';
  return { outcome: 'refused', status: null, detail: `${what}: connect it and replay this delivery` };
}

export function attemptOutcome(result: AttemptResult): AttemptOutcome {
  if (result.found === true) return 'found';
  return result.outcome === 'failed' && result.ambiguous ? 'ambiguous' : result.outcome;
}
