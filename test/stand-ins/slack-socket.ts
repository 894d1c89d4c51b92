import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

export interface SlackSocketStandIn {
  /** Answers `apps.connections.open`. */
  readonly apiUrl: string;
  /** How often a connection was asked for. */
  readonly opened: () => number;
  /** Resolves when the next connection has had its `hello`. */
  connected(): Promise<void>;
  /** Sends an envelope and resolves with what it was acknowledged with. */
  deliver(type: 'interactive' | 'slash_commands' | 'events_api', payload: object): Promise<unknown>;
  /** Says that this connection ends, as Slack does now and then. */
  disconnect(): void;
  /** The next requests for a connection are refused with these words, one each; `down` breaks the connection. */
  refuse(...words: string[]): void;
}

/**
 * Slack's side of Socket Mode (Slack, "Using Socket Mode"): `apps.connections.open`, `hello`, envelopes and their
 * acknowledgements, `disconnect`. The WebSocket is as much of RFC 6455 as that takes: text frames that are not fragmented.
 */
export async function slackSocket(appToken: string): Promise<SlackSocketStandIn> {
  const refusals: string[] = [];
  const acknowledged = new Map<string, (payload: unknown) => void>();
  const waiting: (() => void)[] = [];
  let socket: Duplex | undefined;
  let opened = 0;
  let envelopes = 0;

  const server = createServer((request, response) => {
    opened += 1;
    const word = refusals.shift();
    if (word === 'down') return request.socket.destroy();
    const authorized = request.headers.authorization === `Bearer ${appToken}`;
    const error = word ?? (authorized ? undefined : 'invalid_auth');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/link?ticket=secret-ticket`;
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(error === undefined ? { ok: true, url } : { ok: false, error }));
  });
  server.on('upgrade', (request: IncomingMessage, stream: Socket) => {
    accept(request, stream);
    readFrames(stream, (text) => {
      const { envelope_id: id, payload } = JSON.parse(text) as { envelope_id: string; payload?: unknown };
      acknowledged.get(id)?.(payload);
    });
    socket = stream;
    writeText(stream, JSON.stringify({ type: 'hello', num_connections: 1 }));
    for (const resolve of waiting.splice(0)) resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    socket?.destroy();
    server.closeAllConnections();
    server.close();
  });
  const send = (message: object): void => {
    if (socket === undefined) throw new Error('nobody is connected');
    writeText(socket, JSON.stringify(message));
  };
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    opened: () => opened,
    connected: () => new Promise((resolve) => waiting.push(resolve)),
    deliver: (type, payload) => {
      envelopes += 1;
      const id = `envelope-${envelopes}`;
      const answer = new Promise<unknown>((resolve) => acknowledged.set(id, resolve));
      send({ type, envelope_id: id, payload, accepts_response_payload: type !== 'events_api' });
      return answer;
    },
    disconnect: () => send({ type: 'disconnect', reason: 'refresh_requested' }),
    refuse: (...words) => refusals.push(...words),
  };
}

const OPCODES = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

function accept(request: IncomingMessage, stream: Duplex): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const proof = createHash('sha1').update(key).digest('base64');
  stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`);
}

function writeText(stream: Duplex, text: string): void {
  writeFrame(stream, OPCODES.text, Buffer.from(text));
}

function writeFrame(stream: Duplex, opcode: number, payload: Buffer): void {
  const head = Buffer.alloc(payload.length < 126 ? 2 : 4);
  head[0] = 0x80 | opcode;
  head[1] = payload.length < 126 ? payload.length : 126;
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  stream.write(Buffer.concat([head, payload]));
}

/** Clients mask what they send. */
function readFrames(stream: Duplex, onText: (text: string) => void): void {
  let buffered = Buffer.alloc(0);
  stream.on('error', () => stream.destroy());
  stream.on('data', (data: Buffer) => {
    buffered = Buffer.concat([buffered, data]);
    for (;;) {
      if (buffered.length < 2) return;
      const short = buffered.readUInt8(1) & 0x7f;
      const start = short === 126 ? 4 : 2;
      if (buffered.length < start + 4) return;
      const length = short === 126 ? buffered.readUInt16BE(2) : short;
      if (buffered.length < start + 4 + length) return;
      const mask = buffered.subarray(start, start + 4);
      const payload = Buffer.from(buffered.subarray(start + 4, start + 4 + length));
      for (let i = 0; i < payload.length; i += 1) payload[i]! ^= mask[i % 4]!;
      const opcode = buffered.readUInt8(0) & 0x0f;
      buffered = buffered.subarray(start + 4 + length);
      if (opcode === OPCODES.text) onText(payload.toString());
      else if (opcode === OPCODES.ping) writeFrame(stream, OPCODES.pong, payload);
      else if (opcode === OPCODES.close) {
        writeFrame(stream, OPCODES.close, payload);
        stream.end();
      }
    }
  });
}
