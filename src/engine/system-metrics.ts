/**
 * W&B's names of system metrics (client, "System metrics"). Automations name them without `system.`; `/l:` is the label that
 * runs on several machines append.
 */
const SYSTEM = /^system[./]|^(?:cpu|memory_percent)(?:\/l:|$)|^(?:proc\.(?:memory|cpu)|disk\.|network\.|gpu\.)/;

/** Whether a name is one of a system metric. A run may still log a metric of its own under such a name. */
export function isSystemMetric(metric: string): boolean {
  return SYSTEM.test(metric);
}

/** The name in rows of system metrics, of a name as in the config: with or without `system.`. */
export function systemKey(metric: string): string {
  return `system.${metric.replace(/^system[./]/, '')}`;
}
