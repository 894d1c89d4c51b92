import { proxySecrets, readProxySettings } from '../lib/proxy-settings.ts';
import { ok, type Result } from '../lib/result.ts';
import { limitedFetch } from '../network/limited-fetch.ts';
import { networkThrough } from '../network/proxied-network.ts';

/** In bytes. A page has at most 100 comments or issues of 64 KB. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

export interface ActionNetwork {
  readonly fetch: typeof globalThis.fetch;
  /** The passwords of the proxies, in every form in which the log may show them: mask them all. */
  readonly secrets: readonly string[];
}

/**
 * How the Action reaches W&B and GitHub: through the proxies of the runner's environment, with a limit on response sizes.
 *
 * @returns an error for each proxy variable that is not usable
 */
export function actionNetwork(variables: Readonly<Record<string, string | undefined>>): Result<ActionNetwork, string[]> {
  const proxies = readProxySettings(variables);
  if (!proxies.ok) return proxies;
  const fetch = limitedFetch(networkThrough(proxies.value).fetch, { maxBytes: MAX_RESPONSE_BYTES });
  return ok({ fetch, secrets: proxySecrets(proxies.value) });
}
