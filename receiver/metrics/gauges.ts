import type { Pause } from '../store/pause.ts';
import type { Search } from '../store/search.ts';
import type { DeliveryAdmin } from '../store/store.ts';
import type { UnroutedStore } from '../store/unrouted.ts';
import { type Definition, GAUGES } from './definitions.ts';
import type { Family, Sample } from './families.ts';
import type { Gauges } from './metrics.ts';

export interface GaugeSources {
  readonly store: Pick<Search, 'undelivered'> &
    Pick<DeliveryAdmin, 'throttles'> &
    Pick<UnroutedStore, 'backlog'> & { pauses(): Promise<readonly Pause[]> };
  /** Left out: nothing is watched. */
  readonly engineLagMs?: () => number | undefined;
  /** Left out: the config is never read again. */
  readonly configRefused?: () => boolean;
}

/** Asks the store. Every query of it is bounded. */
export async function readGauges({ store, engineLagMs, configRefused }: GaugeSources, now: number): Promise<Gauges> {
  const [found, throttles, pauses, backlog] = await Promise.all([
    store.undelivered(),
    store.throttles(now),
    store.pauses(),
    store.backlog(),
  ]);
  const open = found.filter(({ state }) => isOpen(state));
  return {
    undelivered: found.map(({ target, state, count }) => ({ target, state, count })),
    oldestAt: oldestOf([...open, backlog]),
    unrouted: backlog.events + backlog.skipped,
    throttled: throttles.length,
    pauses: pauses.length,
    engineLagMs: engineLagMs?.(),
    configRefused: configRefused?.(),
  };
}

function oldestOf(found: readonly { readonly oldestAt?: number }[]): number | undefined {
  const times = found.flatMap(({ oldestAt }) => oldestAt ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function isOpen(state: string): boolean {
  return state === 'pending' || state === 'in_flight';
}

/** The same as metrics. */
export function gaugeFamilies(gauges: Gauges, now: number): Family[] {
  const { undelivered, oldestAt, unrouted, throttled, pauses, engineLagMs, configRefused } = gauges;
  const queue = new Map<string, number>();
  for (const { target, state, count } of undelivered) queue.set(target, (queue.get(target) ?? 0) + (isOpen(state) ? count : 0));
  return [
    gauge(
      GAUGES.undelivered,
      undelivered.map(({ target, state, count }) => ({ labels: { target, state }, value: count })),
    ),
    gauge(
      GAUGES.queue,
      [...queue].map(([target, value]) => ({ labels: { target }, value })),
    ),
    single(GAUGES.oldest, oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1000),
    single(GAUGES.unrouted, unrouted),
    single(GAUGES.throttled, throttled),
    single(GAUGES.pauses, pauses),
    ...(engineLagMs === undefined ? [] : [single(GAUGES.lag, engineLagMs / 1000)]),
    ...(configRefused === undefined ? [] : [single(GAUGES.configRefused, configRefused ? 1 : 0)]),
  ];
}

function gauge({ name, help }: Definition, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples };
}

export function single(definition: Definition, value: number, labels: Sample['labels'] = {}): Family {
  return gauge(definition, [{ labels, value }]);
}
