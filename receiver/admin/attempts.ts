/** Failed attempts from one address, and from all together, in one window. */
const MOST_FROM_ONE = 10;
const MOST_FROM_ALL = 100;
const WINDOW_MS = 60_000;

/** Limits how often a token may be guessed. In memory: each receiver counts by itself. */
export interface Attempts {
  /** When the next attempt may be made, milliseconds since 1970; `undefined`: now. */
  blockedUntil(address: string): number | undefined;
  failed(address: string): void;
}

export function limitAttempts(now: () => number): Attempts {
  let startedAt = Number.NEGATIVE_INFINITY;
  let all = 0;
  const byAddress = new Map<string, number>();
  const renew = (): void => {
    const age = now() - startedAt;
    // A clock that was put back begins a new window, too.
    if (age >= 0 && age < WINDOW_MS) return;
    startedAt = now();
    all = 0;
    byAddress.clear();
  };
  return {
    blockedUntil: (address) => {
      renew();
      const isBlocked = all >= MOST_FROM_ALL || (byAddress.get(address) ?? 0) >= MOST_FROM_ONE;
      return isBlocked ? startedAt + WINDOW_MS : undefined;
    },
    failed: (address) => {
      renew();
      all++;
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    },
  };
}
