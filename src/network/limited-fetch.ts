/** Answers to our requests, read up to a limit while they arrive. */

type Fetch = typeof globalThis.fetch;

export interface BodyLimits {
  /** The most bytes of a successful answer, after decompression. */
  readonly maxBytes: number;
}

/** Of an answer that refuses, this much is read; the rest says nothing that anybody needs. Bytes. */
const REFUSAL_BYTES = 64 * 1024;

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A successful answer was longer than anything that was asked for. */
export class AnswerTooLongError extends Error {
  override readonly name = 'AnswerTooLongError';
}

/**
 * A `fetch` that holds no more of an answer than `maxBytes`, counted after decompression. The body is read before the
 * response is handed on, so a client that calls `text()` or `json()` cannot read more.
 *
 * A successful answer that is longer rejects with `AnswerTooLongError`. One with another status is cut off and handed on:
 * its status says what happened.
 */
export function limitedFetch(fetch: Fetch, { maxBytes }: BodyLimits): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText } = response;
    if (WITHOUT_BODY.has(status) || response.body === null) return response;
    const body = response.ok ? await readWhole(response.body, maxBytes) : await readStart(response.body, REFUSAL_BYTES);
    const headers = new Headers([...response.headers]);
    // They are about the body as it came over the wire.
    headers.delete('content-encoding');
    headers.delete('content-length');
    return new Response(body, { status, statusText, headers });
  };
}

async function readWhole(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, isWhole } = await read(body, maxBytes);
  if (!isWhole) throw new AnswerTooLongError(`the answer is longer than ${Math.round(maxBytes / 1024)} KiB; the rest was not read`);
  return bytes;
}

async function readStart(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = { chunks: [] as Uint8Array[], size: 0 };
  try {
    return (await read(body, maxBytes, part)).bytes;
  } catch {
    // The status arrived: what is missing is a part of the explanation.
    return joined(part.chunks, Math.min(part.size, maxBytes));
  }
}

interface Part {
  readonly chunks: Uint8Array[];
  size: number;
}

/** Reads until the end or until the limit is passed, and then ends the connection. */
async function read(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  part: Part = { chunks: [], size: 0 },
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isWhole: boolean }> {
  const reader = body.getReader();
  while (part.size <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return { bytes: joined(part.chunks, part.size), isWhole: true };
    part.chunks.push(value);
    part.size += value.byteLength;
  }
  // Not waited for: a server that goes on sending could delay it.
  reader.cancel().catch(() => {});
  return { bytes: joined(part.chunks, maxBytes), isWhole: false };
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    const fitting = chunk.subarray(0, size - at);
    bytes.set(fitting, at);
    at += fitting.byteLength;
  }
  return bytes;
}
