import type { ConfigInUse } from '../config-in-use.ts';
import type { Environment } from '../environment.ts';
import type { EngineMetrics } from '../metrics/metrics.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { PlanOptions } from '../webhook/route-event.ts';

export interface EnginePartsOptions {
  readonly inUse: ConfigInUse;
  readonly sandbox: boolean;
  readonly runtime: Runtime;
  readonly environment: Pick<Environment, 'wandbApiKey' | 'wandbBaseUrl' | 'retentionMs'>;
  readonly store: Store;
  readonly plan: PlanOptions;
  readonly wake: () => void;
  readonly hasJumped: () => boolean;
  /** Left out: nothing is counted. */
  readonly metrics?: EngineMetrics;
}
