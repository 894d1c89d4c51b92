import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Blank: it is the root. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** `traceId/spanId` */
  readonly links: readonly string[];
  readonly failed: boolean;
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** The resource of the last request. */
  readonly resource: Readonly<Record<string, string | number>>;
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
  readonly paths: readonly string[];
  /** What it answers from now on; 200 at first. */
  answer(status: number): void;
}

/** An OTLP collector that keeps what it gets. It reads protobuf by the numbers of OpenTelemetry's `trace.proto`, without any of its code. */
export async function otlpCollector(): Promise<Collector> {
  const collected = { spans: [] as CollectedSpan[], headers: [] as NodeJS.Dict<string | string[]>[], paths: [] as string[], resource: {} };
  let status = 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    collected.headers.push(request.headers);
    collected.paths.push(request.url ?? '');
    if (status === 200) {
      const [resourceSpans] = messages(Buffer.concat(chunks), 1);
      if (resourceSpans !== undefined) collected.resource = attributesIn(messages(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
      for (const scope of messages(resourceSpans ?? Buffer.alloc(0), 2)) collected.spans.push(...messages(scope, 2).map(spanOf));
    }
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(collected, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next: number) => {
      status = next;
    },
  });
}

function spanOf(span: Buffer): CollectedSpan {
  const bytes = (field: number): string => messages(span, field)[0]?.toString('hex') ?? '';
  const links = messages(span, 13).map((link) => `${messages(link, 1)[0]?.toString('hex')}/${messages(link, 2)[0]?.toString('hex')}`);
  const [status] = messages(span, 15);
  return {
    traceId: bytes(1),
    spanId: bytes(2),
    parentId: bytes(4),
    name: messages(span, 5)[0]?.toString() ?? '',
    kind: Number(number(span, 6)),
    durationMs: Number((number(span, 8) ?? 0n) - (number(span, 7) ?? 0n)) / 1e6,
    attributes: attributesIn(span, 9),
    links,
    failed: status !== undefined && number(status, 3) === 2n,
  };
}

/** `KeyValue`: key = 1, value = 2; `AnyValue`: string = 1, int = 3. */
function attributesIn(message: Buffer, field: number): Record<string, string | number> {
  const pairs = messages(message, field).map((pair): [string, string | number] => {
    const [value = Buffer.alloc(0)] = messages(pair, 2);
    return [String(messages(pair, 1)[0]), messages(value, 1)[0]?.toString() ?? Number(number(value, 3))];
  });
  return Object.fromEntries(pairs);
}

function messages(message: Buffer, field: number): Buffer[] {
  return fieldsOf(message).flatMap(({ number: n, bytes }) => (n === field && bytes !== undefined ? [bytes] : []));
}

function number(message: Buffer, field: number): bigint | undefined {
  return fieldsOf(message).find(({ number: n }) => n === field)?.value;
}

interface Field {
  readonly number: number;
  readonly bytes?: Buffer;
  readonly value?: bigint;
}

/** Protocol Buffers, "Encoding": varint 0, 64 bits 1, bytes 2, 32 bits 5. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(message[at++] ?? 0);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const field = { number: tag >> 3 };
    const type = tag & 7;
    if (type === 0) fields.push({ ...field, value: varint() });
    else if (type === 2) {
      const length = Number(varint());
      fields.push({ ...field, bytes: message.subarray(at, at + length) });
      at += length;
    } else {
      const size = type === 1 ? 8 : 4;
      fields.push({ ...field, value: size === 8 ? message.readBigUInt64LE(at) : BigInt(message.readUInt32LE(at)) });
      at += size;
    }
  }
  return fields;
}
