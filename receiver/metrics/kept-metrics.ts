import { COUNTERS, type Definition, HISTOGRAMS } from './definitions.ts';
import type { Family, Sample } from './families.ts';
import type { ReadableMetrics } from './metrics.ts';
import { type CounterName, type HistogramName, type Labels, recordedBy } from './recorded.ts';

/** Counts as plain data, to be kept while nothing runs. Values by the values of the labels, as JSON. */
export interface KeptCounts {
  readonly counters: { readonly [name in CounterName]?: Readonly<Record<string, number>> };
  readonly histograms: { readonly [name in HistogramName]?: Readonly<Record<string, KeptHistogram>> };
}

interface KeptHistogram {
  /** How many were in each bucket and in none before it; the last one has no upper end. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export interface KeptMetrics extends ReadableMetrics {
  families(): Family[];
  counts(): KeptCounts;
}

/**
 * Counts that outlive the process, for platforms where one lives for seconds. What is in `kept` and was not counted by this version
 * is left out.
 *
 * @param changed called after each change
 */
export function keptMetrics(kept: KeptCounts | undefined, changed: () => void): KeptMetrics {
  const counters = new Map<CounterName, Map<string, number>>();
  const histograms = new Map<HistogramName, Map<string, { readonly counts: number[]; sum: number }>>();
  for (const name of Object.keys(COUNTERS) as CounterName[]) counters.set(name, new Map(Object.entries(kept?.counters[name] ?? {})));
  for (const name of Object.keys(HISTOGRAMS) as HistogramName[]) {
    const size = HISTOGRAMS[name].buckets.length + 1;
    const fitting = Object.entries(kept?.histograms[name] ?? {}).filter(([, { counts }]) => counts.length === size);
    histograms.set(name, new Map(fitting.map(([key, { counts, sum }]) => [key, { counts: [...counts], sum }])));
  }
  return {
    ...recordedBy({
      add: (name, labels, by) => {
        const [values, key] = [counters.get(name), keyOf(COUNTERS[name], labels)];
        if (values === undefined || by === 0) return;
        values.set(key, (values.get(key) ?? 0) + by);
        changed();
      },
      observe: (name, labels, seconds) => {
        const [values, key] = [histograms.get(name), keyOf(HISTOGRAMS[name], labels)];
        const { buckets } = HISTOGRAMS[name];
        const known = values?.get(key) ?? { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
        const bucket = buckets.findIndex((end) => seconds <= end);
        const index = bucket < 0 ? buckets.length : bucket;
        known.counts[index] = (known.counts[index] ?? 0) + 1;
        known.sum += seconds;
        values?.set(key, known);
        changed();
      },
    }),
    families: () => [
      ...[...counters].map(([name, values]) => counterFamily(COUNTERS[name], values)),
      ...[...histograms].map(([name, values]) => histogramFamily(name, values)),
    ],
    counts: () => ({
      counters: Object.fromEntries([...counters].map(([name, values]) => [name, Object.fromEntries(values)])),
      histograms: Object.fromEntries([...histograms].map(([name, values]) => [name, Object.fromEntries(values)])),
    }),
  };
}

function keyOf({ labels }: Definition, given: Labels): string {
  return JSON.stringify(labels.map((label) => given[label] ?? ''));
}

function labelsOf({ labels }: Definition, key: string): Labels {
  const values = JSON.parse(key) as readonly string[];
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
}

function counterFamily(definition: Definition, values: ReadonlyMap<string, number>): Family {
  const { name, help, labels } = definition;
  // As prom-client has it: what has no labels is there from the beginning.
  const entries = labels.length === 0 && values.size === 0 ? [['[]', 0] as const] : [...values];
  return { name, help, type: 'counter', samples: entries.map(([key, value]) => ({ labels: labelsOf(definition, key), value })) };
}

function histogramFamily(histogram: HistogramName, values: ReadonlyMap<string, KeptHistogram>): Family {
  const { name, help, labels: own, buckets } = HISTOGRAMS[histogram];
  const none: KeptHistogram = { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
  const entries = own.length === 0 && values.size === 0 ? [['[]', none] as const] : [...values];
  const samples = entries.flatMap(([key, { counts, sum }]): Sample[] => {
    const labels = labelsOf(HISTOGRAMS[histogram], key);
    let total = 0;
    const cumulative = counts.map((count) => (total += count));
    const ends = [...buckets.map(String), '+Inf'];
    return [
      ...cumulative.map((value, index) => ({ suffix: '_bucket', labels: { ...labels, le: ends[index] ?? '' }, value })),
      { suffix: '_sum', labels, value: sum },
      { suffix: '_count', labels, value: total },
    ];
  });
  return { name, help, type: 'histogram', samples };
}
