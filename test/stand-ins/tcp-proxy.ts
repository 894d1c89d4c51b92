import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  /** The same address, through the proxy. */
  readonly url: string;
  /** From now on nothing passes, and no connection breaks: the host at one end is lost. */
  silence(): void;
  /** Breaks every connection that there is. */
  cut(): void;
}

/**
 * A proxy between a client and the server of `url`. It closes with the test.
 *
 * @param change what the server sends, before the client sees it
 */
export async function startProxy(url: string, change: (sent: Buffer) => Buffer = (sent) => sent): Promise<TcpProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isSilent = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const proxy = createServer((client) => {
    keep(client);
    if (isSilent) return;
    const server = keep(connect(Number(port), hostname));
    client.on('data', (data) => isSilent || server.write(data));
    server.on('data', (data) => isSilent || client.write(change(data)));
    client.on('close', () => isSilent || server.destroy());
    server.on('close', () => isSilent || client.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((proxy.address() as AddressInfo).port);
  return {
    url: through.href,
    silence: () => {
      isSilent = true;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Like PgBouncer, sends the client a key for cancelling that is not the server process's (BackendKeyData of the protocol). */
export function likePooler(sent: Buffer): Buffer {
  const at = sent.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  if (at !== -1) sent.writeInt32BE(0x5afe, at + 5);
  return sent;
}
