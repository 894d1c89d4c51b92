import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A connection on which a test writes what it wants, byte by byte. Closed with the test. */
export interface RawConnection {
  readonly socket: Socket;
  write(data: string | Uint8Array): void;
  /** The next answer, 100 Continue among them. Rejects when the connection closes without one. */
  answer(): Promise<RawAnswer>;
  /** Resolves when the other side has closed: no answer can come any more. */
  readonly closed: Promise<void>;
}

export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  // Nothing is to happen: the test sees that no answer comes.
  socket.on('error', () => undefined);
  const over = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  let isOver = false;
  const waiting: (() => void)[] = [];
  const wakeAll = () => {
    for (const wake of waiting.splice(0)) wake();
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wakeAll();
  });
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      isOver = true;
      over.resolve();
      wakeAll();
    });
  }
  await once(socket, 'connect');
  return {
    socket,
    closed: over.promise,
    write: (data) => void socket.write(data),
    answer: async () => {
      for (;;) {
        const found = readAnswer(received);
        if (found !== undefined) {
          received = received.subarray(found.length);
          return found.answer;
        }
        if (isOver) throw new Error(`the connection ended, and there was: ${JSON.stringify(received.toString())}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

function readAnswer(bytes: Buffer): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = new Headers(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = status === 100 ? 0 : Number(headers.get('content-length') ?? 0);
  const end = headEnd + 4 + length;
  if (bytes.length < end) return undefined;
  return { answer: { status, headers, body: bytes.subarray(headEnd + 4, end).toString() }, length: end };
}

/** The head of a request, with the empty line after it. */
export function requestHead(path: string, headers: Readonly<Record<string, string>>, method = 'POST'): string {
  const lines = Object.entries({ host: 'relay.test', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** A body in chunks of so many characters, as RFC 9112 (7.1) frames it. */
export function chunked(body: string, size = 20): string {
  const pieces = body.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
  return `${pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

/** Writes in small pieces, each in a packet of its own as far as the machine does that. */
export async function writeInPieces({ socket }: RawConnection, text: string, size = 11): Promise<void> {
  socket.setNoDelay(true);
  for (let i = 0; i < text.length; i += size) {
    await new Promise<void>((resolve) => socket.write(text.slice(i, i + size), () => setImmediate(resolve)));
  }
}
