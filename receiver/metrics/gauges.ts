import type { Pause } from '../store/pause.ts';
import type { Search } from '../store/search.ts';
import type { DeliveryAdmin } from '../store/store.ts';
import type { Gauges } from './metrics.ts';

export interface GaugeSources {
  readonly store: Pick<Search, 'undelivered'> & Pick<DeliveryAdmin, 'throttles'> & { pauses(): Promise<readonly Pause[]> };
  /** Left out: nothing is watched. */
  readonly engineLagMs?: () => number | undefined;
}

/** Asks the store. Every query of it is bounded. */
export async function readGauges({ store, engineLagMs }: GaugeSources, now: number): Promise<Gauges> {
  const [found, throttles, pauses] = await Promise.all([store.undelivered(), store.throttles(now), store.pauses()]);
  const open = found.filter(({ state }) => state === 'pending' || state === 'in_flight');
  return {
    undelivered: found.map(({ target, state, count }) => ({ target, state, count })),
    oldestAt: open.length === 0 ? undefined : Math.min(...open.map(({ oldestAt }) => oldestAt)),
    throttled: throttles.length,
    pauses: pauses.length,
    engineLagMs: engineLagMs?.(),
  };
}
