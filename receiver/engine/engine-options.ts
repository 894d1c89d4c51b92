import type { Automation } from '../../src/automation/automation.ts';
import type { Environment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { PlanOptions } from '../webhook/route-event.ts';

export interface WatchOptions {
  /** Of the config; those that W&B evaluates do not matter. */
  readonly automations: readonly Automation[];
  /** The team of projects without one of their own. */
  readonly entity: string | undefined;
  /** See `WatcherOptions`. */
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

export interface EnginePartsOptions {
  readonly watch?: WatchOptions;
  readonly sandbox: boolean;
  readonly runtime: Runtime;
  readonly environment: Pick<Environment, 'wandbApiKey' | 'wandbBaseUrl' | 'retentionMs'>;
  readonly store: Store;
  readonly plan: PlanOptions;
  readonly wake: () => void;
  readonly hasJumped: () => boolean;
}
