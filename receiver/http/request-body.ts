import type { Context } from 'hono';
import { err, ok } from '../../src/lib/result.ts';
import type { BodyFailure, BodySource, PlatformBindings } from './body-source.ts';
import { type Problem, problem } from './problem.ts';
import type { RequestVariables } from './request-log.ts';

export interface BodyLimit {
  readonly maxBytes: number;
  /** Where the limit comes from, for whoever exceeds it. */
  readonly from: string;
}

type BodyContext = Context<RequestVariables>;

/** How long a whole request may take, on every platform that lets it be set. Milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Seconds after which a sender whose body was dropped may try again. */
const DROPPED_RETRY_AFTER = '5';

/**
 * Refuses by its headers alone what would be refused whatever the body is: a declared length over the limit (413), and a
 * body that is compressed (415; RFC 9110, 15.5.16). Nothing is read.
 */
export function refuseUnread(c: BodyContext, limit: BodyLimit): Response | undefined {
  const declared = c.req.header('content-length');
  if (declared !== undefined && Number(declared) > limit.maxBytes) return tooLarge(c, limit);
  const coding = codingOf(c);
  if (coding === undefined) return undefined;
  const detail = `The body is encoded (${coding}), and only plain bodies are read here. Send it without compression.`;
  c.get('logFields').reason = `refused: ${detail}`;
  return problem(c, { status: 415, title: 'Unsupported Media Type', detail, headers: { 'accept-encoding': 'identity' } });
}

/** The body, or the answer that says why there is none. Call `refuseUnread` first. */
export async function readBody(c: BodyContext, limit: BodyLimit, trusted = false): Promise<Uint8Array | Response> {
  const bindings: PlatformBindings | undefined = c.env;
  const source = bindings?.body ?? webBody(c.req.raw);
  const body = await source.read({ maxBytes: limit.maxBytes, trusted });
  if (body.ok) return body.value;
  if (body.error === 'too large') return tooLarge(c, limit);
  if (body.error === 'timed out') return timedOut(c, source.timeoutMs ?? REQUEST_TIMEOUT_MS);
  const { reason, ...answer } = FAILURES[body.error];
  c.get('logFields').reason = reason;
  return problem(c, answer);
}

const FAILURES: Readonly<Record<Exclude<BodyFailure, 'too large' | 'timed out'>, Problem & { readonly reason: string }>> = {
  incomplete: {
    status: 400,
    title: 'Bad Request',
    detail: 'The body did not arrive.',
    reason: 'the sender hung up before its body had arrived',
  },
  malformed: {
    status: 400,
    title: 'Bad Request',
    detail: 'The body is not framed as HTTP requires.',
    reason: 'refused: the body is not framed as HTTP requires, such as a chunk without its length',
  },
  dropped: {
    status: 503,
    title: 'Service Unavailable',
    detail: 'Too many bodies are arriving at once, and this one was the slowest. Send it again.',
    headers: { 'retry-after': DROPPED_RETRY_AFTER },
    reason: 'dropped: too many bodies were arriving at once, and this one was the slowest',
  },
  'no room': {
    status: 503,
    title: 'Service Unavailable',
    detail: 'Too many large bodies are being worked on. Send it again.',
    headers: { 'retry-after': DROPPED_RETRY_AFTER },
    reason: 'refused: too many large bodies were being worked on, and there was no room for this one in time',
  },
};

function timedOut(c: BodyContext, afterMs: number): Response {
  const detail = `The body did not arrive within ${afterMs / 1000} seconds.`;
  c.get('logFields').reason = `refused: the body did not arrive within ${afterMs / 1000} seconds`;
  return problem(c, { status: 408, title: 'Request Timeout', detail });
}

function tooLarge(c: BodyContext, { maxBytes, from }: BodyLimit): Response {
  c.get('logFields').reason = `refused: a body of more than ${maxBytes} bytes`;
  return problem(c, { status: 413, title: 'Content Too Large', detail: `The body may have at most ${maxBytes} bytes (${from}).` });
}

/** The header by which the body is encoded, fit for a message; `undefined` when it is plain. */
function codingOf(c: BodyContext): string | undefined {
  for (const [name, shown, plain] of [
    ['content-encoding', 'Content-Encoding', 'identity'],
    ['transfer-encoding', 'Transfer-Encoding', 'chunked'],
  ] as const) {
    const value = c.req.header(name);
    if (value === undefined) continue;
    const codings = value.split(',').map((coding) => coding.trim().toLowerCase());
    const coding = codings.find((found) => found !== '' && found !== plain);
    if (coding !== undefined) return /^[a-z0-9-]{1,20}$/.test(coding) ? `${shown}: ${coding}` : shown;
  }
  return undefined;
}

/** Reads the stream of a `Request`: on Workers, and in process. */
function webBody(request: Request): BodySource {
  return {
    read: async ({ maxBytes }) => {
      if (request.body === null) return ok(new Uint8Array(0));
      const collected = collectBytes(maxBytes);
      const reader = request.body.getReader();
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return ok(collected.take());
          if (collected.add(value)) continue;
          collected.release();
          // Not awaited: it may wait for the sender.
          reader.cancel().catch(() => undefined);
          return err('too large');
        }
      } catch {
        collected.release();
        return err('incomplete');
      }
    },
  };
}

export interface CollectedBytes {
  /** False when this would be over the limit: then it was not added. */
  add(chunk: Uint8Array): boolean;
  /** All that was added. Nothing can be added after it. */
  take(): Uint8Array;
  /** Gives the memory back at once, not when the garbage is collected. */
  release(): void;
}

/**
 * Puts chunks together in one buffer that grows, so that a body of a megabyte in chunks of one byte takes a megabyte and
 * not a million small objects. It grows in place: only what has arrived takes memory. The usual body, one chunk, is not copied.
 *
 * @param copied called with a chunk that is not needed any more
 */
export function collectBytes(maxBytes: number, copied: (chunk: Uint8Array) => void = () => undefined): CollectedBytes {
  let only: Uint8Array | undefined;
  let buffer: ArrayBuffer | undefined;
  const append = (chunk: Uint8Array): void => {
    buffer ??= new ArrayBuffer(0, { maxByteLength: maxBytes });
    const length = buffer.byteLength;
    buffer.resize(length + chunk.byteLength);
    new Uint8Array(buffer).set(chunk, length);
    copied(chunk);
  };
  return {
    add: (chunk) => {
      const total = (only?.byteLength ?? buffer?.byteLength ?? 0) + chunk.byteLength;
      if (total > maxBytes) return false;
      if (total === chunk.byteLength) {
        only = chunk;
        return true;
      }
      if (only !== undefined) append(only);
      only = undefined;
      append(chunk);
      return true;
    },
    // Of a fixed length, because not everything that reads bytes takes others.
    take: () => only ?? new Uint8Array(buffer?.transferToFixedLength() ?? new ArrayBuffer(0)),
    release: () => {
      only = undefined;
      buffer?.transfer(0);
      buffer = undefined;
    },
  };
}
