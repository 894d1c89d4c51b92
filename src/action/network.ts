import { proxySecrets, readProxySettings } from '../lib/proxy-settings.ts';
import { ok, type Result } from '../lib/result.ts';
import { limitedFetch } from '../network/limited-fetch.ts';
import { networkThrough } from '../network/proxied-network.ts';

/** Comments and issues of a page are at most 100 times 64 KB. Bytes. */
const LONGEST_ANSWER = 16 * 1024 * 1024;

export interface ActionNetwork {
  readonly fetch: typeof globalThis.fetch;
  /** The passwords of the proxies, in every form in which they may turn up: to be masked in the log. */
  readonly secrets: readonly string[];
}

/**
 * How the Action reaches W&B and GitHub: through the proxies of the runner's environment, and without endless answers.
 *
 * @returns one line for each variable of a proxy that is not usable
 */
export function actionNetwork(variables: Readonly<Record<string, string | undefined>>): Result<ActionNetwork, string[]> {
  const proxies = readProxySettings(variables);
  if (!proxies.ok) return proxies;
  const fetch = limitedFetch(networkThrough(proxies.value).fetch, { maxBytes: LONGEST_ANSWER });
  return ok({ fetch, secrets: proxySecrets(proxies.value) });
}
