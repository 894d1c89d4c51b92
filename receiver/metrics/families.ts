import type { Definition } from './definitions.ts';

/** A metric with its values, as plain data. */
export interface Family extends Pick<Definition, 'name' | 'help'> {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Of histograms: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format (its documentation, "Exposition formats"). */
export function expositionText(families: readonly Family[]): string {
  return families
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}`),
      '',
    ])
    .join('\n');
}

function labelText(labels: Sample['labels']): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** The families of several receivers as one: each family once, with a label that says whose a value is. */
export function mergeFamilies(label: string, receivers: ReadonlyMap<string, readonly Family[]>): Family[] {
  const merged = new Map<string, Family>();
  for (const [receiver, families] of receivers) {
    for (const family of families) {
      const samples = family.samples.map((sample) => ({ ...sample, labels: { [label]: receiver, ...sample.labels } }));
      merged.set(family.name, { ...family, samples: [...(merged.get(family.name)?.samples ?? []), ...samples] });
    }
  }
  return [...merged.values()];
}
