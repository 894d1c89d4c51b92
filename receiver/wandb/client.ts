import type { WandbClient } from '../../src/wandb/client.ts';
import type { Environment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';

/** A client of W&B's API; its module is loaded only with the first one. */
export async function wandbClientFor(
  { fetch, now, random, redactor }: Pick<Runtime, 'fetch' | 'now' | 'random' | 'redactor'>,
  { wandbApiKey: apiKey, wandbBaseUrl: baseUrl }: Pick<Environment, 'wandbBaseUrl'> & { readonly wandbApiKey: string },
): Promise<WandbClient> {
  const { createWandbClient } = await import('../../src/wandb/client.ts');
  // The form in which it is in the header of every request to W&B.
  redactor.add(Buffer.from(`api:${apiKey}`).toString('base64'));
  return createWandbClient({ baseUrl, apiKey, fetch, now, random, sleep });
}

/** Ends early with the signal, and leaves no timer behind. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted === true) end();
  });
}
