import process from 'node:process';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { BUILD_INFO, COUNTERS, HISTOGRAMS } from './definitions.ts';
import type { ReadableMetrics } from './metrics.ts';
import { type CounterName, type HistogramName, recordedBy } from './recorded.ts';

/** Metrics of one process, by prom-client, with a registry of its own. */
export function prometheusMetrics(build: { readonly version: string; readonly store: string }): ReadableMetrics {
  const registry = new Registry();
  const registers = [registry];
  // Under their usual names, which dashboards know.
  collectDefaultMetrics({ register: registry });
  const { name, help, labels } = BUILD_INFO;
  new Gauge({ name, help, labelNames: labels, registers }).set({ ...build, node: process.version }, 1);
  const counters = mapped(COUNTERS, ({ labels: labelNames, ...rest }) => new Counter<string>({ ...rest, labelNames, registers }));
  const histograms = mapped(
    HISTOGRAMS,
    ({ labels: labelNames, buckets, ...rest }) => new Histogram<string>({ ...rest, labelNames, buckets: [...buckets], registers }),
  );
  return {
    ...recordedBy({
      add: (counter: CounterName, given, by) => counters[counter].inc(given, by),
      observe: (histogram: HistogramName, given, seconds) => histograms[histogram].observe(given, seconds),
    }),
    families: () => [],
    text: () => registry.metrics(),
  };
}

function mapped<K extends string, A, B>(record: Readonly<Record<K, A>>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, map(value)])) as Record<K, B>;
}
