import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../log/log.ts';
import type { BodyFailure } from './body-source.ts';
import { freeNow, type NodeBody } from './node-body.ts';

/** So long a sender that was refused may go on sending, and so see the answer. Milliseconds. */
const LINGER_MS = 1_000;
/** And no more than this is read and thrown away for it. Bytes. */
const LINGER_BYTES = 8 * 1024 * 1024;

/** The request of a connection that arrived last, and its answer. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: NodeBody;
}

/**
 * Closes the connection after the answer, because the rest of the body would be read as the next request. The answer first,
 * then the end of our side, and only after a while the connection: closed at once, with bytes unread, the sender would get
 * a reset and often not see the answer (RFC 9112, 9.6).
 */
export function closeAfterAnswer({ incoming, outgoing }: Pick<Exchange, 'incoming' | 'outgoing'>): void {
  outgoing.shouldKeepAlive = false;
  const { socket } = incoming;
  // Node calls this when the last answer has been written.
  socket.destroySoon = () => linger(socket, () => incoming.resume());
}

function linger(socket: Socket, resume: () => void): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.end();
  resume();
  socket.resume();
  // Only once the resumed socket reads again: the parser does that, and it goes now. Nothing that comes then is a request.
  setImmediate(() => {
    socket.removeAllListeners('data');
    let left = LINGER_BYTES;
    socket.on('data', (chunk: Uint8Array) => {
      left -= chunk.byteLength;
      freeNow(chunk);
      if (left < 0) socket.destroy();
    });
  });
}

interface ConnectionError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/**
 * Answers and logs what Node's HTTP parser refuses, and what does not arrive in time. A request whose body is being read has
 * its own answer and its own line in the log.
 *
 * @param latest the request of a connection that arrived last
 */
export function handleConnectionErrors(server: Server, log: Logger | undefined, latest: (socket: Socket) => Exchange | undefined): void {
  server.on('clientError', (error: ConnectionError, socket: Socket) => {
    const exchange = latest(socket);
    if (exchange !== undefined && !exchange.outgoing.writableFinished) {
      if (exchange.incoming.complete) closeAfterAnswer(exchange);
      else exchange.body.fail(failureOf(error));
      if (!socket.writable) socket.destroy();
      return;
    }
    const isSilent = socket.bytesRead === 0 || !socket.writable;
    const { status, title, detail } = explain(error);
    if (!isSilent) {
      log?.warn({ status, error: error.code ?? 'unknown' }, `refused: ${detail}`);
      const body = JSON.stringify({ type: 'about:blank', title, status, detail });
      socket.write(
        `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
    if (socket.writable) linger(socket, () => undefined);
    else socket.destroy();
  });
}

function failureOf({ code = '' }: ConnectionError): BodyFailure {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timed out';
  return code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE' ? 'malformed' : 'incomplete';
}

interface Explanation {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

function explain(error: ConnectionError): Explanation {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, title: 'Request Timeout', detail: 'the request did not arrive in time' };
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, title: 'Request Header Fields Too Large', detail: 'the headers are too large' };
    case 'HPE_INVALID_EOF_STATE':
      return { status: 400, title: 'Bad Request', detail: 'the sender hung up before its request had arrived' };
    default: {
      const bothLengths = /content-length.*transfer-encoding|transfer-encoding.*content-length/i.test(error.reason ?? error.message);
      const detail = bothLengths
        ? 'a request has either Content-Length or Transfer-Encoding, not both'
        : 'this is not a valid HTTP request';
      return { status: 400, title: 'Bad Request', detail };
    }
  }
}
