import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Receiver } from './receiver.ts';

/** A whole request has to have arrived within this time, so that slow senders do not pile up. Milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** What is in flight may finish for so long when the receiver stops. Milliseconds. */
export const GRACE_MS = 10_000;

export interface Listening {
  readonly url: string;
  /** Stops accepting, finishes what is in flight within ten seconds, and resolves. */
  stop(): Promise<void>;
}

/**
 * Serves a receiver with Node's HTTP server.
 *
 * @throws what `listen` throws: the port is taken, the address is not this machine's
 */
export async function listen(receiver: Receiver, host: string, port: number): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: receiver.app.fetch,
    createServer,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    overrideGlobalObjects: false,
  }) as Server;
  server.listen(port, host);
  await once(server, 'listening');
  receiver.start();
  return { url: urlOf(host, server), stop: () => stop(server, receiver) };
}

function urlOf(host: string, server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function stop(server: Server, receiver: Receiver): Promise<void> {
  receiver.drain();
  const deadline = setTimeout(() => server.closeAllConnections(), GRACE_MS - 1_000);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A second less than promised, so that what is given up can still be written down.
  await Promise.all([closed, receiver.stop(GRACE_MS - 1_000)]);
  clearTimeout(deadline);
}
