import type { Gauges } from './metrics.ts';

/** A metric in words; names follow Prometheus' conventions (its documentation, "Metric and label naming"). */
export const GAUGES = {
  undelivered: [
    'wandb_relay_undelivered_deliveries',
    'Deliveries that are not delivered, by kind of target and state; of each state at most 100,000 are counted',
  ],
  oldest: [
    'wandb_relay_oldest_undelivered_seconds',
    'How long ago the oldest delivery was created that is still to be sent; 0: there is none',
  ],
  throttled: ['wandb_relay_throttled_credentials', 'Credentials that wait for a rate limit'],
  pauses: ['wandb_relay_pauses', 'What people have paused: everything, routes and credentials'],
  lag: ['wandb_relay_engine_lag_seconds', 'How late the automations are evaluated of the project that is furthest behind'],
} as const;

/** What the store says in Prometheus' text format: where nothing else is counted, as on Workers. */
export function gaugesText(gauges: Gauges, now: number): string {
  const { undelivered, oldestAt, throttled, pauses, engineLagMs } = gauges;
  return [
    ...gauge(
      GAUGES.undelivered,
      undelivered.map(({ target, state, count }) => [`{target=${quoted(target)},state=${quoted(state)}}`, count]),
    ),
    ...gauge(GAUGES.oldest, [['', oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1000]]),
    ...gauge(GAUGES.throttled, [['', throttled]]),
    ...gauge(GAUGES.pauses, [['', pauses]]),
    ...(engineLagMs === undefined ? [] : gauge(GAUGES.lag, [['', engineLagMs / 1000]])),
    '',
  ].join('\n');
}

function gauge([name, help]: readonly [string, string], values: readonly (readonly [labels: string, value: number])[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...values.map(([labels, value]) => `${name}${labels} ${value}`)];
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
