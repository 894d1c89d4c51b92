/** The bytes of one body, while it arrives from somebody who has not proved anything yet. */
export interface BodyAccount {
  add(bytes: number): void;
  /** The body has arrived, or will not any more. */
  close(): void;
}

export interface BodyBudget {
  /** @param drop called, once, when this body has to give its room to others; its account is closed then */
  open(drop: () => void): BodyAccount;
}

export interface BodyBudgetLimits {
  /** Up to here a body is a small one. Bytes. */
  readonly smallBody: number;
  /** All small bodies together. Bytes. */
  readonly small: number;
  /** All larger bodies together. Bytes. */
  readonly large: number;
}

const MIB = 1024 * 1024;
/**
 * Together 60 MiB: with what the receiver takes itself that stays under the 256 MB of the Kubernetes example. The larger
 * part holds 200 bodies of W&B's usual limit (256 KiB) at once.
 */
export const BODY_BUDGET: BodyBudgetLimits = { smallBody: 64 * 1024, small: 8 * MIB, large: 52 * MIB };

interface Entry {
  bytes: number;
  /** When its first byte came; not later than now. */
  readonly since: number;
  pool: Pool;
  readonly drop: () => void;
}

interface Pool {
  readonly limit: number;
  readonly entries: Set<Entry>;
  bytes: number;
}

/**
 * Limits what strangers can make us hold: the bytes of all bodies that have not arrived completely, and so are not checked
 * yet. Where that would be exceeded, the slowest body is dropped, by its bytes per time since its first byte: one that stalls
 * gets slower and slower, one that is really being sent is fast.
 *
 * Small bodies are counted apart from the others and so have room of their own, which large ones cannot take. A body alone
 * is never dropped: its own limit is enough.
 *
 * @param now milliseconds that only go forward
 */
export function bodyBudget(now: () => number, limits: BodyBudgetLimits = BODY_BUDGET): BodyBudget {
  const small: Pool = { limit: limits.small, entries: new Set(), bytes: 0 };
  const large: Pool = { limit: limits.large, entries: new Set(), bytes: 0 };

  const leave = (entry: Entry): void => {
    if (entry.pool.entries.delete(entry)) entry.pool.bytes -= entry.bytes;
  };
  const enter = (entry: Entry, pool: Pool): void => {
    entry.pool = pool;
    pool.entries.add(entry);
    pool.bytes += entry.bytes;
  };
  const makeRoom = (pool: Pool): void => {
    while (pool.bytes > pool.limit && pool.entries.size > 1) {
      const slowest = slowestOf(pool.entries, now());
      if (slowest === undefined) return;
      leave(slowest);
      slowest.drop();
    }
  };

  return {
    open: (drop) => {
      let entry: Entry | undefined;
      return {
        add: (bytes) => {
          entry ??= { bytes: 0, since: now(), pool: small, drop };
          leave(entry);
          entry.bytes += bytes;
          enter(entry, entry.bytes > limits.smallBody ? large : small);
          makeRoom(entry.pool);
        },
        close: () => {
          if (entry !== undefined) leave(entry);
        },
      };
    },
  };
}

function slowestOf(entries: ReadonlySet<Entry>, at: number): Entry | undefined {
  let slowest: Entry | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const rate = entry.bytes / Math.max(1, at - entry.since);
    if (rate >= lowest) continue;
    slowest = entry;
    lowest = rate;
  }
  return slowest;
}
