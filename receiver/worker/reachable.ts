import { ageOf } from '../../src/lib/clock.ts';
import { NeverSentError } from '../../src/lib/never-sent.ts';

type Fetch = typeof globalThis.fetch;

/**
 * Statuses with which Cloudflare answers itself, because there was no connection to the server: refused, unreachable, no TLS,
 * a wrong certificate, no such host (Cloudflare documentation, "Cloudflare 5xx errors"). Not 520, 522 and 524: the request may
 * have arrived.
 */
const UNREACHED: ReadonlyMap<number, string> = new Map([
  [521, 'the connection was refused'],
  [523, 'it is unreachable'],
  [525, 'the TLS handshake failed'],
  [526, 'its certificate is not valid'],
  [530, 'its name has no address'],
]);

/**
 * What workerd throws for a closed port, but also for a connection that ends after the request; and for an unknown host or a
 * failed TLS handshake, but also for its own failures (seen with workerd 1.20261023).
 */
const NO_CONNECTION = /^(?:Network connection lost|internal error)/;

/** A server that has answered so recently may have died over the request. Milliseconds. */
const RECENT_MS = 60_000;

const CHANGES_NOTHING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A `fetch` that knows of a request that changes something whether it was sent, as far as that can be known on Workers: where
 * a connection failed and the server has not answered recently, it is asked for nothing but a sign of life. Without one there
 * is nobody who could have taken the request.
 *
 * @throws NeverSentError
 */
export function tellingNeverSent(fetch: Fetch, now: () => number): Fetch {
  const answeredAt = new Map<string, number>();

  const isAnswering = async (origin: string, signal: AbortSignal | null | undefined): Promise<boolean> => {
    try {
      const response = await fetch(`${origin}/`, { method: 'HEAD', redirect: 'manual', ...(signal ? { signal } : {}) });
      await response.body?.cancel();
      return true;
    } catch (error) {
      return !isConnectionFailure(error);
    }
  };

  return async (input, init) => {
    const { origin, host } = new URL(input instanceof Request ? input.url : input);
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      const changes = !CHANGES_NOTHING.has((init?.method ?? 'GET').toUpperCase());
      const isRecent = ageOf(answeredAt.get(origin) ?? Number.NEGATIVE_INFINITY, now()) < RECENT_MS;
      if (!changes || isRecent || !isConnectionFailure(error) || (await isAnswering(origin, init?.signal))) throw error;
      throw new NeverSentError(`there is no connection to ${host}: its port is closed, its name unknown or its certificate not valid`, {
        cause: error,
      });
    }
    const why = response.headers.get('server')?.toLowerCase() === 'cloudflare' ? UNREACHED.get(response.status) : undefined;
    if (why === undefined) {
      answeredAt.set(origin, now());
      return response;
    }
    await response.body?.cancel();
    throw new NeverSentError(`Cloudflare has no connection to ${host}: ${why} (${response.status})`);
  };
}

function isConnectionFailure(error: unknown): boolean {
  return error instanceof Error && NO_CONNECTION.test(error.message);
}
