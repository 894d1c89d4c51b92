/** One answer of a server. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Reads the answers that come one after another over one connection. It understands what the measured servers send: a
 * body with its length, in chunks, or none. Texts are read as Latin-1, because only their lengths and ASCII parts matter.
 */
export class AnswerReader {
  #pending = '';

  /**
   * Takes bytes of the connection. Returns the answer when they complete one. At most one answer may be awaited at a time.
   *
   * @throws when the bytes are not an HTTP/1.1 answer
   */
  push(bytes: Buffer): Answer | undefined {
    const text = this.#pending === '' ? bytes.toString('latin1') : this.#pending + bytes.toString('latin1');
    const headEnd = text.indexOf('\r\n\r\n');
    const body = headEnd < 0 ? undefined : bodyOf(text.slice(0, headEnd), text, headEnd + 4);
    this.#pending = body === undefined ? text : '';
    if (body === undefined) return undefined;
    if (!text.startsWith('HTTP/1.')) throw new Error(`this is not an HTTP answer: ${text.slice(0, 40)}`);
    return { status: Number(text.slice(9, 12)), body };
  }
}

/** The body that begins at `start`, or `undefined` while it is not complete. */
function bodyOf(head: string, text: string, start: number): string | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return text.length >= start + Number(length) ? text.slice(start, start + Number(length)) : undefined;
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return '';
  return text.endsWith('0\r\n\r\n') ? unchunk(text, start) : undefined;
}

function unchunk(text: string, start: number): string | undefined {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) return undefined;
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
