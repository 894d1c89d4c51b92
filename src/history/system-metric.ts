import type { RunSnapshot } from '../engine/run.ts';
import { isSystemMetric } from '../engine/system-metrics.ts';

/** Whether a name means a system metric of this run: what the run itself logged under that name goes first. */
export function isSystemMetricOf({ loggedMetrics }: Pick<RunSnapshot, 'loggedMetrics'>, metric: string): boolean {
  return isSystemMetric(metric) && !loggedMetrics.has(metric);
}
