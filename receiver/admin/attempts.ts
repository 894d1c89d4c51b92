/** Failed attempts from one address, and from all together, in one window. */
const MOST_FROM_ONE = 10;
const MOST_FROM_ALL = 100;
const WINDOW_MS = 60_000;

/** Limits how often a token may be guessed. */
export interface Attempts {
  /**
   * When the next attempt may be made, milliseconds since 1970; `undefined`: now.
   *
   * @param by `itself`: what others did does not count
   */
  blockedUntil(address: string, by?: 'itself'): number | undefined;
  failed(address: string): void;
  /** To be kept, and given to another `limitAttempts`. */
  state(): AttemptState;
}

export interface AttemptState {
  readonly startedAt: number;
  readonly all: number;
  readonly byAddress: Readonly<Record<string, number>>;
}

export function limitAttempts(now: () => number, kept?: AttemptState): Attempts {
  let startedAt = kept?.startedAt ?? Number.NEGATIVE_INFINITY;
  let all = kept?.all ?? 0;
  const byAddress = new Map<string, number>(Object.entries(kept?.byAddress ?? {}));
  const renew = (): void => {
    const age = now() - startedAt;
    // A clock that was put back begins a new window, too.
    if (age >= 0 && age < WINDOW_MS) return;
    startedAt = now();
    all = 0;
    byAddress.clear();
  };
  return {
    blockedUntil: (address, by) => {
      renew();
      const isBlocked = (by === undefined && all >= MOST_FROM_ALL) || (byAddress.get(address) ?? 0) >= MOST_FROM_ONE;
      return isBlocked ? startedAt + WINDOW_MS : undefined;
    },
    failed: (address) => {
      renew();
      all++;
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    },
    state: () => ({ startedAt, all, byAddress: Object.fromEntries(byAddress) }),
  };
}
