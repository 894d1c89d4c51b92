const SYSTEM = 'system.';

/**
 * The other name of a metric. W&B's rows call a system metric `system.cpu`, its automations `cpu`; both are accepted.
 * Source: W&B's documentation of automations.
 */
export function otherMetricName(metric: string): string {
  return metric.startsWith(SYSTEM) ? metric.slice(SYSTEM.length) : `${SYSTEM}${metric}`;
}
