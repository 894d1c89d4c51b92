/** Responses, read up to a size limit. */

type Fetch = typeof globalThis.fetch;

export interface BodyLimits {
  /** The most bytes of a successful response, after decompression. */
  readonly maxBytes: number;
}

/** In bytes. Only this much of an error response is read. */
const ERROR_BODY_BYTES = 64 * 1024;

/** Statuses without a body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A successful response was longer than the limit. */
export class ResponseTooLongError extends Error {
  override readonly name = 'ResponseTooLongError';
}

/**
 * A `fetch` that keeps at most `maxBytes` of a response, counted after decompression. The body is read before the response
 * is returned, so a caller of `text()` or `json()` cannot read more.
 *
 * A longer successful response rejects with `ResponseTooLongError`. A longer error response is cut:
 * its status has the outcome.
 */
export function limitedFetch(fetch: Fetch, { maxBytes }: BodyLimits): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText } = response;
    if (WITHOUT_BODY.has(status) || response.body === null) return response;
    const body = response.ok ? await readWhole(response.body, maxBytes) : await readStart(response.body, ERROR_BODY_BYTES);
    const headers = new Headers([...response.headers]);
    // These headers describe the body as it was transferred.
    headers.delete('content-encoding');
    headers.delete('content-length');
    return new Response(body, { status, statusText, headers });
  };
}

async function readWhole(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, isWhole } = await read(body, maxBytes);
  if (!isWhole) throw new ResponseTooLongError(`the response is longer than ${Math.round(maxBytes / 1024)} KiB; the rest was not read`);
  return bytes;
}

async function readStart(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = { chunks: [] as Uint8Array[], size: 0 };
  try {
    return (await read(body, maxBytes, part)).bytes;
  } catch {
    // The status has arrived. Only a part of the explanation is missing.
    return joined(part.chunks, Math.min(part.size, maxBytes));
  }
}

interface Part {
  readonly chunks: Uint8Array[];
  size: number;
}

/** Reads until the end or until the limit is exceeded, and then cancels the stream. */
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
  // Not awaited: a server that keeps sending could delay it.
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
