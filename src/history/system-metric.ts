import type { RunSnapshot } from '../engine/run.ts';

/**
 * W&B's names of system metrics (client, "System metrics"). Automations name them without `system.`; `/l:` is the label that
 * runs on several machines append.
 */
const SYSTEM = /^system[./]|^(?:cpu|memory_percent)(?:\/l:|$)|^(?:proc\.(?:memory|cpu)|disk\.|network\.|gpu\.)/;

/** Whether a name means a system metric of this run: what the run itself logged under that name goes first. */
export function isSystemMetric(metric: string, { loggedMetrics }: Pick<RunSnapshot, 'loggedMetrics'>): boolean {
  return SYSTEM.test(metric) && !loggedMetrics.has(metric);
}
