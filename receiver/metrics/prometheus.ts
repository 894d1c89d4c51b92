import { atFirstUse } from '../first-use.ts';
import { expositionText } from './families.ts';
import { keptMetrics } from './kept-metrics.ts';
import type { ReadableMetrics } from './metrics.ts';
import type { Build } from './process-metrics.ts';

/**
 * Metrics of one process. Ours are counted from the start; prom-client, which measures the process itself, is loaded when somebody
 * reads for the first time: 20 ms and 3 MB that a receiver nobody scrapes does not spend.
 */
export function prometheusMetrics(build: Build): ReadableMetrics {
  const counted = keptMetrics(undefined, () => undefined);
  const ofProcess = atFirstUse('the metrics of the process', async () => (await import('./process-metrics.ts')).processMetrics(build));
  return {
    ...counted,
    families: () => [],
    text: async () => `${await (await ofProcess())()}${expositionText(counted.families())}`,
  };
}
