import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { getRequestListener, type HttpBindings, RequestError } from '@hono/node-server';
import { bodyBudget } from './http/body-budget.ts';
import { closeAfterAnswer, type Exchange, handleConnectionErrors } from './http/connection.ts';
import { nodeBody } from './http/node-body.ts';
import { REQUEST_TIMEOUT_MS } from './http/request-body.ts';
import type { Logger } from './log/log.ts';
import type { Receiver } from './receiver.ts';

/** How often Node looks for requests that take too long; its own 30 s would make a limit of 30 s one of up to 60. Milliseconds. */
const TIMEOUT_CHECK_MS = 500;
/** What is in flight may finish for so long when the receiver stops: the whole stop takes less than eight seconds. Milliseconds. */
const GRACE_MS = 4_500;
/** How often connections are closed whose last request is answered. Milliseconds. */
const CLOSE_IDLE_MS = 100;

export interface Listening {
  readonly url: string;
  /** Stops accepting, gives what is in flight a few seconds to finish, and resolves. */
  stop(): Promise<void>;
}

export interface ListenOptions {
  /** For requests that Node's parser refuses: no handler sees these. */
  readonly log?: Logger;
  /** Milliseconds. */
  readonly requestTimeoutMs?: number;
}

/**
 * Serves a receiver with Node's HTTP server.
 *
 * @throws what `listen` throws: the port is taken, the address is not this machine's
 */
export async function listen(
  receiver: Receiver,
  host: string,
  port: number,
  { log, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ListenOptions = {},
): Promise<Listening> {
  const budget = bodyBudget(() => performance.now());
  const latest = new WeakMap<Socket, Exchange>();
  const expecting = new WeakSet<IncomingMessage>();
  const listener = getRequestListener(
    async (request, bindings) => {
      const { incoming, outgoing } = bindings as HttpBindings;
      // Our side is closed, so it could not be answered: it came behind a request that was refused.
      if (incoming.socket.writableEnded) return new Response(null, { status: 503 });
      const body = nodeBody(incoming, outgoing, { budget, expectsContinue: expecting.has(incoming) });
      const exchange = { incoming, outgoing, body };
      latest.set(incoming.socket, exchange);
      const peer = incoming.socket.remoteAddress;
      const response = await receiver.app.fetch(request, {
        body,
        ...(peer === undefined ? {} : { peer }),
        ...(incoming.httpVersion === '1.0' ? { isHttp10: true as const } : {}),
      });
      // What came in one packet with the headers is parsed within this turn.
      if (!incoming.complete) await setImmediate();
      if (!incoming.complete) closeAfterAnswer(exchange);
      return response;
    },
    {
      // HTTP/1.0 needs no Host, and health checks of HAProxy send none.
      hostname: 'localhost',
      // A Host or a target that makes no address. What follows is not read: it would be of any length.
      errorHandler: (error) => {
        // What the app throws it answers itself.
        if (!(error instanceof RequestError)) return new Response(null, { status: 500 });
        const detail = 'the Host header or the target of the request is not valid';
        log?.warn({ status: 400 }, `refused: ${detail}`);
        const headers = {
          'content-type': 'application/problem+json',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          connection: 'close',
        };
        return new Response(JSON.stringify({ type: 'about:blank', title: 'Bad Request', status: 400, detail }), { status: 400, headers });
      },
      // Hono makes its answers of the global `Response`. With the server's own light one an answer is written in one piece; a
      // web `Response` would be read back through a stream, which costs a tenth of an acceptance (measured: npm run bench).
      overrideGlobalObjects: true,
      // A body that is not read is the connection's business: see `closeAfterAnswer`.
      autoCleanupIncoming: false,
    },
  );
  const timeouts = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, requestTimeoutMs),
  };
  const server = createServer(timeouts, (incoming, outgoing) => void listener(incoming, outgoing));
  // A sender may close its side after its request and still wait for the answer (RFC 9112, 9.6); without this Node closes, too.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('checkContinue', (incoming, outgoing) => {
    expecting.add(incoming);
    server.emit('request', incoming, outgoing);
  });
  handleConnectionErrors(server, log, (socket) => latest.get(socket));
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
