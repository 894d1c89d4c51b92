import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ProxyOptions {
  /** `user:password`, decoded; without it anybody may pass. */
  readonly credentials?: string;
  /** `refuse`: 403 to everything; `silence`: never an answer; `reset`: breaks the connection. */
  readonly behaves?: 'refuse' | 'silence' | 'reset';
  /** Opens no tunnels, but forwards requests to `http:` servers. */
  readonly forwards?: boolean;
  /** Where connections go in truth, by the host that was asked for: names that nobody else knows. */
  readonly hosts?: Readonly<Record<string, number>>;
}

export interface ProxyStandIn {
  /** `host:port` */
  readonly host: string;
  /** The connections that were asked for, `host:port`. */
  readonly asked: readonly string[];
}

/** A real HTTP proxy that opens tunnels (RFC 9110, section 9.3.6) and remembers them. */
export async function proxyStandIn({ credentials, behaves, forwards = false, hosts = {} }: ProxyOptions = {}): Promise<ProxyStandIn> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const basic = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (behaves === 'refuse') return response.writeHead(403).end();
    if (!forwards) return response.writeHead(501).end();
    const { hostname, port, pathname } = new URL(request.url ?? '');
    const { 'proxy-authorization': given, ...headers } = request.headers;
    if (basic !== given) return response.writeHead(407).end();
    const to = { host: '127.0.0.1', port: hosts[hostname] ?? Number(port), path: pathname, method: request.method, headers };
    return request.pipe(
      httpRequest(to, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    asked.push(request.url ?? '');
    if (behaves === 'silence') return;
    if (behaves === 'reset') return void socket.destroy();
    if (behaves === 'refuse') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    if (basic !== undefined && request.headers['proxy-authorization'] !== basic) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    }
    if (forwards) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    const [host = '', port] = (request.url ?? '').split(':');
    const upstream = connect({ host: '127.0.0.1', port: hosts[host] ?? Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
