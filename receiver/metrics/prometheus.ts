import process from 'node:process';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { GAUGES } from './exposition.ts';
import type { Gauges, Metrics } from './metrics.ts';

/** Metrics of one process, for Prometheus. */
export interface PrometheusMetrics extends Metrics {
  /** All of it, as text. */
  text(gauges: Gauges, now: number): Promise<string>;
}

/** Seconds. */
const STORE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5];
const ATTEMPT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** What a label may be; anything else is `other`, so that nobody outside can make more of them. */
const RESULTS = ['accepted', 'duplicate', 'queued', 'ping', 'refused', 'failed', 'answered'];

/** prom-client, with a registry of its own. */
export function prometheusMetrics(build: { readonly version: string; readonly store: string }): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  // Under their usual names, which dashboards know.
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({ name: 'wandb_relay_build_info', help: 'Always 1', labelNames: ['version', 'store', 'node'], registers });
  info.set({ ...build, node: process.version }, 1);
  const requests = new Counter({
    name: 'wandb_relay_requests_total',
    help: 'Requests by endpoint and what became of them',
    labelNames: ['endpoint', 'result'],
    registers,
  });
  const events = new Counter({
    name: 'wandb_relay_events_total',
    help: 'Events that were stored, by type',
    labelNames: ['type'],
    registers,
  });
  const attempts = new Counter({
    name: 'wandb_relay_attempts_total',
    help: 'Attempts to deliver, by kind of target and outcome',
    labelNames: ['target', 'outcome'],
    registers,
  });
  const attemptTime = new Histogram({
    name: 'wandb_relay_attempt_seconds',
    help: 'How long an attempt took',
    labelNames: ['target'],
    buckets: ATTEMPT_BUCKETS,
    registers,
  });
  const storeTime = new Histogram({
    name: 'wandb_relay_store_seconds',
    help: 'How long the store took',
    labelNames: ['operation'],
    buckets: STORE_BUCKETS,
    registers,
  });
  const gauge = ([name, help]: readonly [string, string], labelNames: string[] = []) => new Gauge({ name, help, labelNames, registers });
  const undelivered = gauge(GAUGES.undelivered, ['target', 'state']);
  const oldest = gauge(GAUGES.oldest);
  const throttled = gauge(GAUGES.throttled);
  const pauses = gauge(GAUGES.pauses);
  const lag = gauge(GAUGES.lag);
  return {
    answered: (path, status, result) => requests.inc({ endpoint: endpointOf(path), result: resultOf(status, result) }),
    accepted: (type) => events.inc({ type }),
    attempted: (kind, outcome, ms) => {
      attempts.inc({ target: kind, outcome });
      attemptTime.observe({ target: kind }, ms / 1000);
    },
    stored: (operation, ms) => storeTime.observe({ operation }, ms / 1000),
    text: async (gauges, now) => {
      undelivered.reset();
      for (const { target, state, count } of gauges.undelivered) undelivered.set({ target, state }, count);
      oldest.set(gauges.oldestAt === undefined ? 0 : Math.max(0, now - gauges.oldestAt) / 1000);
      throttled.set(gauges.throttled);
      pauses.set(gauges.pauses);
      lag.set((gauges.engineLagMs ?? 0) / 1000);
      return registry.metrics();
    },
  };
}

function endpointOf(path: string): string {
  if (path.includes('/webhooks/wandb')) return 'wandb';
  if (path.includes('/webhooks/github')) return 'github';
  if (path.includes('/slack/')) return 'slack';
  if (path.includes('/api/')) return 'api';
  if (/\/(healthz|readyz|metrics)$/.test(path)) return 'health';
  return 'other';
}

function resultOf(status: number, result: string | undefined): string {
  if (status >= 500) return 'failed';
  if (status >= 400) return 'refused';
  return result !== undefined && RESULTS.includes(result) ? result : 'answered';
}
