import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the target does with a call. `down`: 503. `hanging`: no answer, until the mode changes. */
export type TargetMode = 'up' | 'down' | 'hanging';

/** Where dispatches and jobs go: a GitHub that takes every dispatch and knows of no runs, and remembers what arrived when. */
export interface TargetServer {
  readonly url: string;
  /** What arrived and was taken: `performance.now()` at the arrival, by the text of the body. */
  readonly taken: readonly { readonly at: number; readonly body: string }[];
  /** Breaks off the calls that hang. */
  setMode(mode: TargetMode): void;
  close(): void;
}

export async function startTarget(): Promise<TargetServer> {
  const taken: { at: number; body: string }[] = [];
  const hanging = new Set<ServerResponse>();
  let mode: TargetMode = 'up';
  const server = createServer(async (request, response) => {
    const at = performance.now();
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const path = request.url ?? '';
    if (path.endsWith('/installation')) return answer(200, { id: 1 });
    if (path.endsWith('/access_tokens'))
      return answer(201, { token: 'ghs_for_the_benchmark_only', expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    if (request.method !== 'POST') return answer(200, { total_count: 0, workflow_runs: [] });
    const body = await text(request).catch(() => '');
    if (mode === 'down') return answer(503, { message: 'down for the benchmark' });
    if (mode === 'hanging') return hanging.add(response);
    taken.push({ at, body });
    return response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    setMode: (next) => {
      mode = next;
      for (const response of hanging) response.destroy();
      hanging.clear();
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
