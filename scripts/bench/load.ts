import autocannon from 'autocannon';
import { signBody } from '../../src/lib/signature.ts';
import { aliasBody } from '../../test/stand-ins/wandb-sender.ts';
import { BENCH_SECRET, SUBJECTS } from './setup.ts';

export interface SignedRequest {
  readonly method: 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Requests that are all different events, each signed when it is asked for. */
export function signedRequests(): () => SignedRequest {
  let i = 0;
  return () => {
    const body = JSON.stringify(aliasBody(`v${i}`, `model-${i % SUBJECTS}`));
    i++;
    const headers = { 'content-type': 'application/json', 'x-wandb-signature': signBody(body, BENCH_SECRET) };
    return { method: 'POST', path: '/webhooks/wandb', headers, body };
  };
}

export interface LoadResult {
  /** Requests answered with 202 in a second. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** The types of the package leave out that the promise is an emitter too. */
const startLoad = autocannon as unknown as (options: autocannon.Options) => autocannon.Instance & Promise<autocannon.Result>;

/**
 * Sends requests over `connections` keep-alive connections for so many seconds. With several addresses each gets an equal
 * share of the connections, at the same time. Throws unless every answer was 202.
 */
export async function runLoad(
  urls: string | readonly string[],
  next: () => SignedRequest,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const receivers = [urls].flat();
  const shares = await Promise.all(receivers.map((url) => loadOne(url, next, Math.ceil(connections / receivers.length), seconds)));
  const times = shares.flatMap((share) => share.times);
  return {
    perSecond: shares.reduce((sum, share) => sum + share.times.length / share.seconds, 0),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}

async function loadOne(url: string, next: () => SignedRequest, connections: number, duration: number) {
  const times: number[] = [];
  const run = startLoad({
    url,
    connections,
    duration,
    requests: [
      {
        method: 'POST',
        setupRequest: (request) => ({ ...request, ...next() }),
      },
    ],
  });
  run.on('response', (_client, status, _bytes, time) => {
    if (status === 202) times.push(time);
  });
  const result = await run;
  if (result.non2xx > 0 || result.errors > 0 || result['2xx'] !== times.length) {
    throw new Error(
      `${result.non2xx} refused, ${result.errors} failed, ${result['2xx'] - times.length} duplicates: the figures would mean nothing`,
    );
  }
  return { times, seconds: result.duration };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
