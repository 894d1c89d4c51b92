import process from 'node:process';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { BUILD_INFO } from './definitions.ts';

/** What this process is. */
export interface Build {
  readonly version: string;
  readonly store: string;
}

/** What prom-client measures of a process, in Prometheus' text format. Garbage collection and delays count from now on. */
export function processMetrics(build: Build): () => Promise<string> {
  const registry = new Registry();
  // Under their usual names, which dashboards know.
  collectDefaultMetrics({ register: registry });
  const { name, help, labels } = BUILD_INFO;
  new Gauge({ name, help, labelNames: labels, registers: [registry] }).set({ ...build, node: process.version }, 1);
  return () => registry.metrics();
}
