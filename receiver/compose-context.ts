import type { Network } from '../src/network/proxied-network.ts';
import type { Access } from './admin/access.ts';
import type { Role } from './admin/identity.ts';
import type { PageOptions } from './admin/pages/page-options.ts';
import type { ConfigInUse, ReceiverConfig } from './config-in-use.ts';
import type { ConfigStatus } from './config-status.ts';
import type { Environment } from './environment.ts';
import type { PrometheusMetrics } from './metrics/prometheus.ts';
import type { ClockWatch } from './outbox/clock-watch.ts';
import type { ReceiverParts } from './receiver.ts';
import type { Runtime } from './runtime.ts';
import type { Installation } from './slack/installation.ts';
import type { Store } from './store/store.ts';
import type { TracedDispatches } from './traces/traced-dispatches.ts';
import type { Traces } from './traces/traces.ts';
import type { Wake } from './wake.ts';
import type { RollBack } from './webhook/roll-back.ts';

export interface ComposeOptions extends ReceiverConfig, Pick<ReceiverParts, 'concurrency' | 'githubWritesPerSecond'> {
  readonly runtime: Runtime;
  readonly environment: Environment;
  readonly store: Store;
  /** Record what would be sent; send nothing and make no API calls. */
  readonly sandbox: boolean;
  /** See `AccessOptions`; left out: nothing. */
  readonly onThisMachine?: Role;
  /** Counts for `/metrics`; left out: only what the store knows is there. */
  readonly metrics?: PrometheusMetrics;
  /** Left out: there are no traces. */
  readonly traces?: Traces;
  /** For the pages; left out: there are none. */
  readonly config?: PageOptions['config'];
  /** Whether the config's file says something else by now; left out: the config is never read again. */
  readonly configStatus?: () => ConfigStatus;
  /** See `CommandIo`; for Socket Mode. */
  readonly dispatcher?: Network['dispatcher'];
  /** The receiver restarts for each piece of work: see `ClockWatchOptions`. */
  readonly startsSteady?: boolean;
  /** See `OutboxOptions`. */
  readonly wakeLater?: (at: number) => void;
}

/** What the parts are built with. */
export interface PartContext extends Omit<ComposeOptions, keyof ReceiverConfig> {
  readonly inUse: ConfigInUse;
  readonly wake: Wake;
  readonly clock: ClockWatch;
  readonly githubUrl: string;
  readonly installation: Installation;
  readonly access: Access;
}

/** And what the extensions are built with. */
export interface ExtensionContext extends PartContext {
  readonly rollBack: RollBack;
  readonly traced: TracedDispatches | undefined;
  readonly engineLagMs: () => number | undefined;
}
