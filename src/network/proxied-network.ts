import type { Dispatcher } from 'undici';
import type { ProxySettings } from '../lib/proxy-settings.ts';
import type { ProxiedNetwork } from './proxy-dispatcher.ts';

/** How this process reaches other servers. */
export interface Network {
  readonly fetch: typeof globalThis.fetch;
  /** For opening WebSockets; left out without a proxy. */
  readonly dispatcher?: () => Promise<Dispatcher>;
}

/** The network through the proxies of the settings; without settings, Node's own `fetch`. undici is loaded on the first request. */
export function networkThrough(settings: ProxySettings | undefined): Network {
  if (settings === undefined) return { fetch: globalThis.fetch };
  let loaded: Promise<ProxiedNetwork> | undefined;
  const load = (): Promise<ProxiedNetwork> => {
    loaded ??= import('./proxy-dispatcher.ts').then(({ proxiedNetwork }) => proxiedNetwork(settings));
    return loaded;
  };
  return {
    fetch: async (input, init) => (await load()).fetch(input, init),
    dispatcher: async () => (await load()).dispatcher,
  };
}
