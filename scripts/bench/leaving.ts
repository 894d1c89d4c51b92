import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SignedRequest } from './load.ts';

/** A GitHub that takes every dispatch, knows of no runs, and remembers when each dispatch arrived. */
export interface DispatchClock {
  readonly url: string;
  /** `performance.now()` at the arrival of a delivery's dispatch. */
  readonly arrivedAt: ReadonlyMap<string, number>;
  close(): void;
}

export async function startDispatchClock(): Promise<DispatchClock> {
  const arrivedAt = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const at = performance.now();
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"total_count":0,"workflow_runs":[]}');
      return;
    }
    const { client_payload } = JSON.parse(await text(request)) as { client_payload: { delivery_id: string } };
    arrivedAt.set(client_payload.delivery_id, at);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivedAt,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface LeavingOptions {
  readonly urls: readonly string[];
  readonly next: () => SignedRequest;
  readonly clock: DispatchClock;
  /** Events a second, evenly spaced, whatever the answers take. */
  readonly rate: number;
  readonly seconds: number;
}

/** How long the slowest may take. */
const LIMIT_MS = 10_000;

/** Milliseconds from the answer 202 to the arrival of the dispatch, of each event. */
export async function timesToLeave({ urls, next, clock, rate, seconds }: LeavingOptions): Promise<number[]> {
  const accepted: Promise<[string, number][]>[] = [];
  const start = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    await until(start + (i * 1000) / rate);
    accepted.push(post(urls[i % urls.length] ?? '', next()));
  }
  const deliveries = (await Promise.all(accepted)).flat();
  const end = performance.now() + LIMIT_MS;
  while (deliveries.some(([id]) => !clock.arrivedAt.has(id))) {
    if (performance.now() > end) throw new Error('not every dispatch has left: the figures would mean nothing');
    await until(performance.now() + 20);
  }
  return deliveries.map(([id, at]) => (clock.arrivedAt.get(id) ?? Number.NaN) - at);
}

/** The deliveries that an event came to, and when that was answered. */
async function post(url: string, request: SignedRequest): Promise<[string, number][]> {
  const { path, method, headers, body } = request;
  const response = await fetch(`${url}${path}`, { method, headers, body });
  const at = performance.now();
  if (response.status !== 202) throw new Error(`an event was answered with ${response.status}: ${await response.text()}`);
  const { deliveries } = (await response.json()) as { deliveries: { id: string }[] };
  return deliveries.map(({ id }) => [id, at]);
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));
}
