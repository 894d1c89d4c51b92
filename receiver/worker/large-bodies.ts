import { setTimeout as pause } from 'node:timers/promises';

/** A large body's place among those that are held. */
export interface LargeBody {
  /** More of it has arrived. */
  add(bytes: number): void;
  /** All of it is here: from now on it is not dropped. */
  arrived(): void;
  /** It is not held any more. */
  release(): void;
}

export interface LargeBodiesLimits {
  /** All large bodies together, each counted as long as it may become. Bytes. */
  readonly large: number;
  /** A body waits so long for its place. Milliseconds. */
  readonly waitMs: number;
  /** A body that arrives for longer than this may have to give its place to one that waits. Milliseconds. */
  readonly slowAfterMs: number;
  /** No body is held for longer: its request has ended without a word. Milliseconds. */
  readonly longestMs: number;
}

export interface LargeBodies {
  /**
   * Takes a place. `undefined`: there was none in time, or nobody waits for it any more.
   *
   * @param bytes how long the body may become
   * @param drop called, once, when this body has to give its place to others; it is released then
   * @param isGivenUp true once it waits in vain; left out: never
   */
  enter(bytes: number, drop: () => void, isGivenUp?: () => boolean): Promise<LargeBody | undefined>;
}

interface Held {
  readonly bytes: number;
  readonly since: number;
  readonly drop: () => void;
  received: number;
  hasArrived: boolean;
}

/** How often one that waits looks for room. Milliseconds. */
const LOOK_MS = 25;

/**
 * Limits the large bodies that are held at once, from the first of them until they were handed on. One that finds no room
 * waits: what is held is being handed on. While one waits, the slowest of those that still arrive is dropped, so that senders
 * who stall cannot keep the others out.
 *
 * Each request looks by itself, with its own timer, and a place ends by itself after a while: in a Worker a request whose
 * sender hangs up ends in the middle of its code, and nothing that another one waits for may depend on it.
 *
 * @param now milliseconds that only go forward
 */
export function largeBodies(now: () => number, limits: LargeBodiesLimits): LargeBodies {
  const held = new Set<Held>();
  let taken = 0;

  const leave = (entry: Held): void => {
    if (held.delete(entry)) taken -= entry.bytes;
  };
  const take = (bytes: number, drop: () => void): LargeBody | undefined => {
    for (const entry of held) if (now() - entry.since >= limits.longestMs) leave(entry);
    // One alone is never too much: its own limit is enough.
    if (held.size > 0 && taken + bytes > limits.large) return undefined;
    const entry: Held = { bytes, since: now(), drop, received: 0, hasArrived: false };
    held.add(entry);
    taken += bytes;
    return {
      add: (more) => {
        entry.received += more;
      },
      arrived: () => {
        entry.hasArrived = true;
      },
      release: () => leave(entry),
    };
  };
  const dropSlowest = (): void => {
    const slowest = slowestOf(held, now(), limits.slowAfterMs);
    if (slowest === undefined) return;
    leave(slowest);
    slowest.drop();
  };

  return {
    enter: async (bytes, drop, isGivenUp = () => false) => {
      const until = now() + limits.waitMs;
      for (;;) {
        if (isGivenUp()) return undefined;
        const place = take(bytes, drop);
        if (place !== undefined || now() >= until) return place;
        dropSlowest();
        await pause(LOOK_MS);
      }
    },
  };
}

function slowestOf(held: ReadonlySet<Held>, at: number, slowAfterMs: number): Held | undefined {
  let slowest: Held | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const entry of held) {
    const age = at - entry.since;
    const rate = entry.received / Math.max(1, age);
    if (entry.hasArrived || age < slowAfterMs || rate >= lowest) continue;
    slowest = entry;
    lowest = rate;
  }
  return slowest;
}
