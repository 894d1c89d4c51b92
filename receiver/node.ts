import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Receiver } from './receiver.ts';

/** A whole request has to have arrived within this time, so that slow senders do not pile up. Milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** What is in flight may finish for so long when the receiver stops: the whole stop takes less than eight seconds. Milliseconds. */
const GRACE_MS = 4_500;
/** How often connections are closed whose last request is answered. Milliseconds. */
const CLOSE_IDLE_MS = 100;

export interface Listening {
  readonly url: string;
  /** Stops accepting, gives what is in flight a few seconds to finish, and resolves. */
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
  const deadline = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  await Promise.all([closed, receiver.stop(GRACE_MS)]);
  clearTimeout(deadline);
  clearInterval(idle);
}
