import type { COUNTERS, HISTOGRAMS } from './definitions.ts';
import type { Metrics } from './metrics.ts';

export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;
export type Labels = Readonly<Record<string, string>>;

/** Where counts are kept. */
export interface Recorder {
  add(counter: CounterName, labels: Labels, by: number): void;
  observe(histogram: HistogramName, labels: Labels, seconds: number): void;
}

/** What a label may be; anything else is `answered` or `other`, so that nobody outside can make more of them. */
const RESULTS = ['accepted', 'duplicate', 'queued', 'ping', 'refused', 'failed', 'answered'];

/** What parts of the receiver report, as counts with labels. */
export function recordedBy({ add, observe }: Recorder): Metrics {
  return {
    answered: (path, status, result, ms) => {
      const endpoint = endpointOf(path);
      add('requests', { endpoint, result: resultOf(status, result) }, 1);
      observe('requestTime', { endpoint }, ms / 1000);
    },
    accepted: (type) => add('events', { type }, 1),
    attempted: (target, outcome, ms) => {
      add('attempts', { target, outcome }, 1);
      observe('attemptTime', { target }, ms / 1000);
    },
    settled: (target, state, ms) => {
      add('deliveries', { target, state }, 1);
      if (state === 'delivered') observe('deliveryTime', { target }, Math.max(0, ms) / 1000);
    },
    stored: (operation, ms) => observe('storeTime', { operation }, ms / 1000),
    evaluated: (points) => add('enginePoints', {}, points),
    fired: (events) => {
      add('engineFirings', {}, events);
    },
    roundEnded: (result, ms) => {
      add('engineRounds', { result }, 1);
      observe('roundTime', {}, ms / 1000);
    },
    askedWandb: (result) => add('engineRequests', { result }, 1),
  };
}

const PAGES = /^(?:events|deliveries|models|routes|automations|simulate|pauses|assets|sign-in|sign-out|live)$/;

/** @param path with the base path or without */
export function endpointOf(path: string): string {
  if (path.includes('/webhooks/wandb')) return 'wandb';
  if (path.includes('/webhooks/github')) return 'github';
  if (path.includes('/slack/')) return 'slack';
  if (path.includes('/api/')) return 'api';
  if (/\/(healthz|readyz)\/?$/.test(path)) return 'health';
  if (/\/metrics\/?$/.test(path)) return 'metrics';
  return path === '/' || path.split('/').some((part) => PAGES.test(part)) ? 'pages' : 'other';
}

function resultOf(status: number, result: string | undefined): string {
  if (status >= 500) return 'failed';
  if (status >= 400) return 'refused';
  return result !== undefined && RESULTS.includes(result) ? result : 'answered';
}
