import { wandbAppUrl } from '../../src/event/wandb-links.ts';
import type { ConfigInUse } from '../config-in-use.ts';
import type { Environment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import { wandbClientFor } from '../wandb/client.ts';
import type { Enricher } from './enricher.ts';
import type { MetricHistory } from './metric-history.ts';

export interface ConnectWandbOptions {
  readonly runtime: Runtime;
  readonly environment: Pick<Environment, 'wandbApiKey' | 'wandbBaseUrl'>;
  readonly inUse: ConfigInUse;
  readonly store: Store;
  readonly wake: () => void;
}

/** What is learned from W&B's API. */
export interface WandbKnowledge {
  readonly enrich: Enricher['enrich'];
  readonly history: MetricHistory;
}

/** What W&B's API can tell, when there is a key. All outboxes share it, so that W&B is asked once per event. */
export async function connectWandb({ runtime, environment, inUse, store, wake }: ConnectWandbOptions): Promise<WandbKnowledge | undefined> {
  const { wandbApiKey, wandbBaseUrl } = environment;
  if (wandbApiKey === undefined) return undefined;
  const [client, { createEnricher }, { createMetricHistory }] = await Promise.all([
    wandbClientFor(runtime, { wandbApiKey, wandbBaseUrl }),
    import('./enricher.ts'),
    import('./metric-history.ts'),
  ]);
  const compare = () => [...new Set(inUse.current().routes.flatMap(({ approval }) => approval?.compare ?? []))];
  return {
    enrich: createEnricher({ ...runtime, client, store, compare, appUrl: wandbAppUrl(wandbBaseUrl) }).enrich,
    history: createMetricHistory({ ...runtime, client, store, wake }),
  };
}
