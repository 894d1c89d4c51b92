import type { Automation } from '../src/automation/automation.ts';
import type { Settings } from '../src/config/config.ts';
import type { Digest } from '../src/digest/definition.ts';
import { type AlertPolicyOf, alertPolicies } from '../src/route/alert-policy.ts';
import type { Route } from '../src/route/route.ts';
import { indexRoutes, type MatchRoutes } from '../src/route/route-index.ts';

export interface WatchOptions {
  /** Of the config; those that W&B evaluates do not matter. */
  readonly automations: readonly Automation[];
  /** The team of projects without one of their own. */
  readonly entity: string | undefined;
  /** See `WatcherOptions`. */
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

export interface DigestOptions {
  /** Of the config. */
  readonly definitions: readonly Digest[];
  /** The team of projects without one of their own. */
  readonly entity: string | undefined;
}

/** What a receiver takes from its config. */
export interface ReceiverConfig {
  readonly routes: readonly Route[];
  readonly settings: Settings;
  /** For links to registries; left out: not known. */
  readonly organization?: string | undefined;
  /** Automations that the relay may have to evaluate; left out: none. */
  readonly watch?: WatchOptions | undefined;
  /** Digests to send; left out: none. */
  readonly digests?: DigestOptions | undefined;
}

/** Gets ready for another config before it is in use, and returns what is to happen once it is. To reject refuses it. */
export type PrepareConfig = (next: ReceiverConfig, before: ReceiverConfig) => Promise<() => void>;

/**
 * The config that a receiver works by. It can be replaced while the receiver runs, so nobody keeps what is read here: it is
 * read for each event, request or round. What was accepted before keeps the requests that were built then.
 */
export interface ConfigInUse {
  current(): ReceiverConfig;
  /** By the routes that are in use when it is called. */
  readonly matchRoutes: MatchRoutes;
  readonly alerts: AlertPolicyOf;
  /** For parts that are built from a config: they are asked before each replacement. */
  beforeReplacing(prepare: PrepareConfig): void;
  /** All of the next config or nothing of it: rejects, and everything stays, when a part cannot work by it. */
  replace(next: ReceiverConfig): Promise<void>;
}

interface InUse {
  readonly config: ReceiverConfig;
  readonly matchRoutes: MatchRoutes;
  readonly alerts: AlertPolicyOf;
}

export function configInUse(first: ReceiverConfig): ConfigInUse {
  const parts: PrepareConfig[] = [];
  let inUse = indexed(first);
  let replacing: Promise<unknown> = Promise.resolve();

  const replaceNow = async (config: ReceiverConfig): Promise<void> => {
    const next = indexed(config);
    const ready = await Promise.all(parts.map((prepare) => prepare(config, inUse.config)));
    inUse = next;
    for (const done of ready) done();
  };

  return {
    current: () => inUse.config,
    matchRoutes: (event, payload) => inUse.matchRoutes(event, payload),
    alerts: (route) => inUse.alerts(route),
    beforeReplacing: (prepare) => {
      parts.push(prepare);
    },
    replace: (config) => {
      // One after the other: parts compare the next config with the one before.
      const work = replacing.then(() => replaceNow(config));
      replacing = work.catch(() => undefined);
      return work;
    },
  };
}

function indexed(config: ReceiverConfig): InUse {
  const { routes, settings } = config;
  return { config, matchRoutes: indexRoutes(routes), alerts: alertPolicies(routes, settings.alertChannel) };
}
