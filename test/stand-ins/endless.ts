import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip, type Gzip } from 'node:zlib';
import { onTestFinished } from 'vitest';

export interface EndlessServer {
  readonly url: string;
  /** Bytes of the body so far, before compression. */
  readonly sent: () => number;
  /** Resolves when the other side has ended the connection. */
  readonly left: Promise<void>;
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** A server whose answer never ends: it sends as fast as it is read. */
export async function endlessServer(options: { readonly status: number; readonly gzip?: boolean }): Promise<EndlessServer> {
  let sent = 0;
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(options.status, {
      'content-type': 'application/json',
      ...(options.gzip === true ? { 'content-encoding': 'gzip' } : {}),
    });
    const to: ServerResponse | Gzip = options.gzip === true ? createGzip() : response;
    if (to !== response) to.pipe(response);
    let closed = false;
    const send = (): void => {
      if (closed) return;
      sent += CHUNK.length;
      if (to.write(CHUNK)) setImmediate(send);
      else to.once('drain', send);
    };
    response.on('close', () => {
      closed = true;
      resolve();
    });
    to.write('{"message":"');
    send();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent: () => sent, left };
}
