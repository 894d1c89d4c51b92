import { messageOf } from '../../../src/lib/error-message.ts';
import type { Logger } from '../../log/log.ts';
import type { Extension } from '../../receiver.ts';

export interface ChangesOptions {
  /** See `Search.revision`. */
  readonly revision: () => Promise<string>;
  readonly log: Logger;
  /** Milliseconds. */
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
  readonly mostStreams?: number;
}

/** A page that listens. */
export interface Listener {
  changed(): void;
  /** Nothing happened for a while: shows proxies that somebody is still there. */
  beat(): void;
  /** False: whoever listens may not any more. */
  mayListen(): boolean;
  /** The last call. */
  end(): void;
}

/** Who listens for changes, and one look at the store for all of them. */
export interface Changes extends Required<Pick<Extension, 'stop'>> {
  /** `undefined`: too many listen, or the receiver stops. Returns how to stop listening. */
  listen(listener: Listener): (() => void) | undefined;
  /** Something was stored: looks at once. */
  look(): void;
}

const POLL_MS = 2_000;
const HEARTBEAT_MS = 20_000;
const MOST_STREAMS = 50;

/** Asks the store for its revision only while somebody listens. */
export function createChanges({
  revision,
  log,
  pollMs = POLL_MS,
  heartbeatMs = HEARTBEAT_MS,
  mostStreams = MOST_STREAMS,
}: ChangesOptions): Changes {
  const listeners = new Set<Listener>();
  let known: string | undefined;
  let isStopped = false;
  let isLooking = false;
  let again = false;
  let timers: readonly NodeJS.Timeout[] = [];

  const remove = (listener: Listener): void => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    for (const timer of timers) clearInterval(timer);
    timers = [];
    known = undefined;
  };
  const end = (listener: Listener): void => {
    remove(listener);
    listener.end();
  };
  const look = async (): Promise<void> => {
    if (listeners.size === 0) return;
    if (isLooking) {
      again = true;
      return;
    }
    isLooking = true;
    try {
      for (const listener of [...listeners]) if (!listener.mayListen()) end(listener);
      const now = await revision();
      const before = known;
      known = listeners.size === 0 ? undefined : now;
      if (before !== undefined && before !== now) for (const listener of listeners) listener.changed();
    } catch (error) {
      log.debug({ error: messageOf(error) }, 'the pages could not learn of changes');
    } finally {
      isLooking = false;
    }
    if (again) {
      again = false;
      await look();
    }
  };
  const begin = (): void => {
    const beat = (): void => {
      for (const listener of listeners) listener.beat();
    };
    timers = [setInterval(() => void look(), pollMs), setInterval(beat, heartbeatMs)];
    for (const timer of timers) timer.unref();
    void look();
  };
  return {
    listen: (listener) => {
      if (isStopped || listeners.size >= mostStreams) return undefined;
      listeners.add(listener);
      if (listeners.size === 1) begin();
      return () => remove(listener);
    },
    look: () => void look(),
    stop: async () => {
      isStopped = true;
      for (const listener of [...listeners]) end(listener);
    },
  };
}
