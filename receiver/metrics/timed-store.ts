import type { Store } from '../store/store.ts';
import type { Metrics, StoreOperation } from './metrics.ts';

/** The same store, which reports how long it takes for what every event needs. */
export function timedStore(store: Store, metrics: Pick<Metrics, 'stored'>, elapsed: () => number): Store {
  const timed = async <T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> => {
    const start = elapsed();
    try {
      return await work();
    } finally {
      metrics.stored(operation, elapsed() - start);
    }
  };
  return {
    ...store,
    accept: (...given) => timed('accept', () => store.accept(...given)),
    take: (...given) => timed('accept', () => store.take(...given)),
    claim: (...given) => timed('claim', () => store.claim(...given)),
    settle: (...given) => timed('settle', () => store.settle(...given)),
  };
}
