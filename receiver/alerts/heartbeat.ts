import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';

export interface HeartbeatOptions extends Pick<Runtime, 'now' | 'fetch' | 'log'> {
  /** `alerts.heartbeat`; `undefined`: none is asked for. */
  readonly url: () => string | undefined;
  /** Rejects when the receiver cannot do its work. */
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal;
}

const EVERY_MS = 60_000;
const LIMIT_MS = 10_000;
/** A call may come a little early. Milliseconds. */
const EARLY_MS = 1_000;

/**
 * Calls an address once a minute for as long as the receiver works, so that somebody else notices when it does not (a "dead man's
 * switch"). To be called often. Never rejects.
 */
export function createHeartbeat({ now, fetch, log, url, check, signal }: HeartbeatOptions): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  return async () => {
    const address = url();
    const passed = now() - last;
    if (address === undefined || (passed >= 0 && passed < EVERY_MS - EARLY_MS)) return;
    last = now();
    try {
      await check();
      const response = await fetch(address, { redirect: 'manual', signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the answer was ${response.status}`);
      if (isFailing) log.info({}, 'alerts.heartbeat answers again');
      isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!isFailing)
        log.warn({ error: messageOf(error).replaceAll(address, '(the address)') }, 'alerts.heartbeat was not called, or does not answer');
      isFailing = true;
    }
  };
}
