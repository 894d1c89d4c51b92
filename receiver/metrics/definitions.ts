/**
 * Every metric of ours, in words. Names follow Prometheus' conventions (its documentation, "Metric and label naming"): base units,
 * `_total` for counters. No label has a value that somebody outside can choose.
 */

export interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface HistogramDefinition extends Definition {
  /** Seconds. */
  readonly buckets: readonly number[];
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5];
const REQUESTS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LONG = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400];

export const BUILD_INFO: Definition = {
  name: 'wandb_relay_build_info',
  help: 'Always 1',
  labels: ['version', 'store', 'node'],
};

export const COUNTERS = {
  requests: {
    name: 'wandb_relay_requests_total',
    help: 'Requests by endpoint and what became of them',
    labels: ['endpoint', 'result'],
  },
  events: { name: 'wandb_relay_events_total', help: 'Webhooks that were stored as events, by type', labels: ['type'] },
  attempts: {
    name: 'wandb_relay_attempts_total',
    help: 'Attempts to deliver, by kind of target and outcome',
    labels: ['target', 'outcome'],
  },
  deliveries: {
    name: 'wandb_relay_deliveries_total',
    help: 'Deliveries whose sending has ended, by kind of target and state',
    labels: ['target', 'state'],
  },
  engineRounds: {
    name: 'wandb_relay_engine_rounds_total',
    help: 'Rounds in which the engine read a project, by what came of them',
    labels: ['result'],
  },
  enginePoints: { name: 'wandb_relay_engine_points_total', help: 'Points of runs that the engine has read', labels: [] },
  engineFirings: {
    name: 'wandb_relay_engine_firings_total',
    help: 'Events that the engine has stored because an automation fired or resolved',
    labels: [],
  },
  engineRequests: {
    name: 'wandb_relay_engine_requests_total',
    help: "The engine's requests to W&B, by what came of them",
    labels: ['result'],
  },
} as const satisfies Record<string, Definition>;

export const HISTOGRAMS = {
  requestTime: {
    name: 'wandb_relay_request_duration_seconds',
    help: 'How long a request took until it was answered',
    labels: ['endpoint'],
    buckets: REQUESTS,
  },
  attemptTime: {
    name: 'wandb_relay_attempt_duration_seconds',
    help: 'How long an attempt took',
    labels: ['target'],
    buckets: REQUESTS,
  },
  deliveryTime: {
    name: 'wandb_relay_delivery_duration_seconds',
    help: 'From when a delivery was next in line until it was delivered, with all its attempts and waits',
    labels: ['target'],
    buckets: LONG,
  },
  storeTime: {
    name: 'wandb_relay_store_operation_duration_seconds',
    help: 'How long the store took',
    labels: ['operation'],
    buckets: FAST,
  },
  roundTime: {
    name: 'wandb_relay_engine_round_duration_seconds',
    help: 'How long a round of the engine took',
    labels: [],
    buckets: LONG.slice(0, 9),
  },
} as const satisfies Record<string, HistogramDefinition>;

export const GAUGES = {
  undelivered: {
    name: 'wandb_relay_undelivered_deliveries',
    help: 'Deliveries that are not delivered, by kind of target and state; of each state at most 100,000 are counted',
    labels: ['target', 'state'],
  },
  queue: {
    name: 'wandb_relay_queue_depth',
    help: 'Deliveries that are still to be sent, by kind of target',
    labels: ['target'],
  },
  oldest: {
    name: 'wandb_relay_oldest_undelivered_age_seconds',
    help: 'How long ago the oldest delivery was created that is still to be sent, or the oldest event came that is still to be routed; 0: there is none',
    labels: [],
  },
  unrouted: {
    name: 'wandb_relay_unrouted_events',
    help: 'Events that came in a burst and whose routes were not tried yet',
    labels: [],
  },
  throttled: { name: 'wandb_relay_throttled_credentials', help: 'Credentials that wait for a rate limit', labels: [] },
  pauses: { name: 'wandb_relay_pauses', help: 'What people have paused: everything, routes and credentials', labels: [] },
  lag: {
    name: 'wandb_relay_engine_lag_seconds',
    help: 'How late the automations are evaluated of the project that is furthest behind',
    labels: [],
  },
  configRefused: {
    name: 'wandb_relay_config_refused',
    help: '1: the config file has mistakes, and the config before it is in use',
    labels: [],
  },
} as const satisfies Record<string, Definition>;

/** Only on Workers, where each source has an object of its own. */
export const SOURCE_UP: Definition = {
  name: 'wandb_relay_source_up',
  help: '1: the object of the source has answered; 0: its metrics are missing here',
  labels: ['source'],
};
