import { NeverSentError } from '../../src/lib/never-sent.ts';

type Fetch = typeof globalThis.fetch;

/** Connections that some services share. */
export interface ConnectionPool<Service extends string> {
  /** How many are open at once, whoever has them. */
  readonly size: number;
  /** How many of them one service has at most; what it leaves is always there for the others. */
  readonly most: { readonly [Name in Service]?: number };
}

interface Waiting<Service> {
  readonly service: Service;
  readonly go: () => void;
}

/**
 * A `fetch` with a limited number of connections for each service, so that none waits for another: who comes when all are
 * taken waits in line. A Durable Object has six at once, those whose response headers have not come; Cloudflare lets the
 * seventh wait behind them, whoever it is for (Cloudflare documentation, "Workers: limits": simultaneous open connections).
 *
 * @throws NeverSentError when the signal ends the wait
 */
export function limitConnections<Service extends string>(
  fetch: Fetch,
  serviceOf: (url: string) => Service,
  pools: readonly ConnectionPool<Service>[],
): Fetch {
  const open = new Map<Service, number>();
  const waiting: Waiting<Service>[] = [];

  const countOf = (service: Service): number => open.get(service) ?? 0;
  const isFree = (service: Service): boolean =>
    pools.every(({ size, most }) => {
      const own = most[service];
      if (own === undefined) return true;
      const all = (Object.keys(most) as Service[]).reduce((sum, name) => sum + countOf(name), 0);
      return countOf(service) < own && all < size;
    });
  const take = (service: Service): void => void open.set(service, countOf(service) + 1);
  const release = (service: Service): void => {
    open.set(service, countOf(service) - 1);
    const next = waiting.findIndex((one) => isFree(one.service));
    if (next >= 0) waiting.splice(next, 1)[0]?.go();
  };

  const acquire = (service: Service, signal: AbortSignal | null | undefined): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted === true) return Promise.reject(new NeverSentError('it was ended before it was sent'));
    if (isFree(service)) {
      take(service);
      return Promise.resolve();
    }
    const giveUp = (): void => {
      waiting.splice(waiting.indexOf(entry), 1);
      reject(new NeverSentError('it was ended while it waited for a free connection'));
    };
    const entry: Waiting<Service> = {
      service,
      go: () => {
        signal?.removeEventListener('abort', giveUp);
        take(service);
        resolve();
      },
    };
    waiting.push(entry);
    signal?.addEventListener('abort', giveUp, { once: true });
    return promise;
  };

  return async (input, init) => {
    const service = serviceOf(input instanceof Request ? input.url : String(input));
    await acquire(service, init?.signal);
    try {
      return await fetch(input, init);
    } finally {
      release(service);
    }
  };
}
