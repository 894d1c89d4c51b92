import type { EngineMetrics } from './metrics.ts';

/** The same `fetch`, which reports what became of each request. */
export function countedFetch(fetch: typeof globalThis.fetch, metrics: Pick<EngineMetrics, 'askedWandb'>): typeof globalThis.fetch {
  return async (input, init) => {
    try {
      const response = await fetch(input, init);
      metrics.askedWandb(response.status === 429 ? 'limited' : response.ok ? 'answered' : 'failed');
      return response;
    } catch (error) {
      metrics.askedWandb('failed');
      throw error;
    }
  };
}
