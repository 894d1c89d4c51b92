import autocannon from 'autocannon';
import { signBody } from '../../src/signature.ts';
import { aliasBody } from '../stand-ins/wandb-sender.ts';
import { BENCH_SECRET } from './setup.ts';

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
    const body = JSON.stringify(aliasBody(`v${i}`, `model-${i % 1000}`));
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

/** Sends requests over `connections` keep-alive connections for so many seconds. Throws unless every answer was 202. */
export async function runLoad(url: string, next: () => SignedRequest, connections: number, seconds: number): Promise<LoadResult> {
  const times: number[] = [];
  const run = startLoad({
    url,
    connections,
    duration: seconds,
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
  times.sort((a, b) => a - b);
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0;
  return { perSecond: times.length / result.duration, p50: quantile(0.5), p99: quantile(0.99) };
}
