import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chunked, type RawConnection, rawConnection, requestHead, writeInPieces } from '../stand-ins/raw-http.ts';
import { eventually } from '../stand-ins/receiver-process.ts';
import { ENDPOINTS, type Endpoint, type ListeningReceiver, listeningReceiver } from './endpoints-in-test.ts';

const CHUNKED = { 'transfer-encoding': 'chunked' };

function withLength(endpoint: Endpoint, body = endpoint.body()): string {
  return requestHead(endpoint.path, { ...endpoint.headers(body), 'content-length': String(Buffer.byteLength(body)) }) + body;
}

function inChunks(endpoint: Endpoint, body = endpoint.body(), size?: number): string {
  return requestHead(endpoint.path, { ...endpoint.headers(body), ...CHUNKED }) + chunked(body, size);
}

/** Headers without what proves who sends. */
function unsigned(endpoint: Endpoint): Record<string, string> {
  return Object.fromEntries(Object.entries(endpoint.headers('')).filter(([name]) => !endpoint.proof.includes(name)));
}

async function connected(): Promise<{ readonly receiver: ListeningReceiver; readonly connection: RawConnection }> {
  const receiver = await listeningReceiver();
  return { receiver, connection: await rawConnection(receiver.url) };
}

/** Nothing is our fault, whatever is sent. */
function expectNoBug({ log }: ListeningReceiver): void {
  expect(log.filter(({ level }) => level === 'error')).toEqual([]);
}

describe.each(ENDPOINTS)('$path over a socket', (endpoint) => {
  it('takes a body with a length, and one in chunks', async () => {
    const { receiver, connection } = await connected();
    for (const request of [withLength(endpoint), inChunks(endpoint), inChunks(endpoint, endpoint.body(), 1)]) {
      connection.write(request);
      expect((await connection.answer()).status).toBe(endpoint.accepted);
    }
    expectNoBug(receiver);
  });

  it('takes chunks with extensions and trailers', async () => {
    const { connection } = await connected();
    const body = endpoint.body();
    const head = requestHead(endpoint.path, { ...endpoint.headers(body), ...CHUNKED });
    connection.write(`${head}${body.length.toString(16)};name=value\r\n${body}\r\n0\r\nx-trailer: 1\r\n\r\n`);
    expect((await connection.answer()).status).toBe(endpoint.accepted);
  });

  it('takes a body of exactly the limit, in any framing', async () => {
    const { connection } = await connected();
    connection.write(withLength(endpoint, endpoint.body(endpoint.maxBytes)));
    expect((await connection.answer()).status).toBe(endpoint.accepted);
    connection.write(inChunks(endpoint, endpoint.body(endpoint.maxBytes), 5_000));
    expect((await connection.answer()).status).toBe(endpoint.accepted);
  });

  it('refuses a Host that is none, says so in the log, and reads no body after it', async () => {
    const { receiver, connection } = await connected();
    const body = endpoint.body();
    const headers = { ...endpoint.headers(body), host: 'a b@c', 'content-length': '900000000' };
    connection.write(requestHead(endpoint.path, headers) + body);
    const answer = await connection.answer();
    expect([answer.status, answer.headers.get('connection')]).toEqual([400, 'close']);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, detail: expect.stringContaining('Host') });
    expect(receiver.log.map(({ level }) => level)).toEqual(['warn']);
  });

  it('takes what arrives in small pieces', async () => {
    const { connection } = await connected();
    for (const request of [withLength(endpoint), inChunks(endpoint)]) {
      await writeInPieces(connection, request);
      expect((await connection.answer()).status).toBe(endpoint.accepted);
    }
  });

  it('answers pipelined requests in their order', async () => {
    const { connection } = await connected();
    const refused = requestHead(endpoint.path, { ...unsigned(endpoint), 'content-length': '2' });
    connection.write(`${withLength(endpoint)}${inChunks(endpoint)}${refused}{}${withLength(endpoint)}`);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual([endpoint.accepted, endpoint.accepted, 401, endpoint.accepted]);
  });

  it('takes a sender who closes its side after the request', async () => {
    const { connection } = await connected();
    connection.socket.end(inChunks(endpoint));
    expect((await connection.answer()).status).toBe(endpoint.accepted);
  });

  it('asks for the body of "Expect: 100-continue" only when it will read it', async () => {
    const { receiver, connection } = await connected();
    const body = endpoint.body();
    const expecting = { expect: '100-continue', 'content-length': String(body.length) };
    connection.write(requestHead(endpoint.path, { ...endpoint.headers(body), ...expecting }));
    expect((await connection.answer()).status).toBe(100);
    connection.write(body);
    expect((await connection.answer()).status).toBe(endpoint.accepted);

    connection.write(requestHead(endpoint.path, { ...unsigned(endpoint), ...expecting }));
    const refused = await connection.answer();
    expect([refused.status, refused.headers.get('connection')]).toEqual([401, 'close']);
    await connection.closed;
    expectNoBug(receiver);
  });

  it('refuses Content-Length beside Transfer-Encoding, in either order', async () => {
    const { receiver } = await connected();
    const body = endpoint.body();
    const both = [
      { 'content-length': '5', ...CHUNKED },
      { ...CHUNKED, 'content-length': '5' },
    ];
    for (const lengths of both) {
      const connection = await rawConnection(receiver.url);
      connection.write(requestHead(endpoint.path, { ...endpoint.headers(body), ...lengths }) + chunked(body));
      const answer = await connection.answer();
      expect([answer.status, answer.headers.get('connection')]).toEqual([400, 'close']);
      expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining('not both') });
      await connection.closed;
    }
    expect(receiver.requests().map(({ level, status }) => [level, status])).toEqual([
      ['warn', 400],
      ['warn', 400],
    ]);
  });

  it.each(['length', 'chunks'])('takes a hang-up half-way for that, with %s', async (framing) => {
    const receiver = await listeningReceiver();
    const whole = framing === 'length' ? withLength(endpoint) : inChunks(endpoint);
    const half = whole.slice(0, -12);

    const ending = await rawConnection(receiver.url);
    ending.socket.end(half);
    expect((await ending.answer()).status).toBe(400);
    const resetting = await rawConnection(receiver.url);
    resetting.write(half);
    await new Promise((resolve) => setTimeout(resolve, 20));
    resetting.socket.resetAndDestroy();

    await eventually('both are in the log', () => receiver.requests().length === 2);
    for (const line of receiver.requests()) {
      expect(line).toMatchObject({
        level: 'warn',
        status: 400,
        path: endpoint.path,
        msg: 'the sender hung up before its body had arrived',
      });
    }
    expectNoBug(receiver);
  });

  it.each(['zz\r\nabc', '5\r\nabcdefgh\r\n0\r\n\r\n'])('refuses chunks that are none: %j', async (chunks) => {
    const { receiver, connection } = await connected();
    connection.write(requestHead(endpoint.path, { ...endpoint.headers('{}'), ...CHUNKED }) + chunks);
    const answer = await connection.answer();
    expect([answer.status, answer.headers.get('connection')]).toEqual([400, 'close']);
    await connection.closed;
    expect(receiver.requests()).toMatchObject([{ level: 'warn', status: 400, path: endpoint.path }]);
  });

  it('refuses what is compressed, before it is sent, and says so', async () => {
    const receiver = await listeningReceiver();
    const body = gzipSync(endpoint.body()).toString('latin1');
    const codings: [Record<string, string>, string][] = [
      [{ 'content-encoding': 'gzip', 'content-length': '500' }, 'Content-Encoding: gzip'],
      [{ 'content-encoding': 'gzip', ...CHUNKED }, 'Content-Encoding: gzip'],
      [{ 'content-encoding': 'identity, br', 'content-length': '500' }, 'Content-Encoding: br'],
      [{ 'content-encoding': 'x-"quoted"', 'content-length': '500' }, 'Content-Encoding'],
      [{ 'transfer-encoding': 'gzip, chunked' }, 'Transfer-Encoding: gzip'],
    ];
    for (const [coding, shown] of codings) {
      const connection = await rawConnection(receiver.url);
      connection.write(requestHead(endpoint.path, { ...endpoint.headers(body), ...coding }));
      const answer = await connection.answer();
      expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
      expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining(`(${shown})`) });
    }
    const plain = endpoint.body();
    const connection = await rawConnection(receiver.url);
    const headers = { ...endpoint.headers(plain), 'content-encoding': 'identity', 'content-length': String(plain.length) };
    connection.write(requestHead(endpoint.path, headers) + plain);
    expect((await connection.answer()).status).toBe(endpoint.accepted);
  });

  it('refuses what is not signed before its body is sent', async () => {
    const { receiver } = await connected();
    const malformed = Object.fromEntries(endpoint.proof.map((name) => [name, 'no proof at all']));
    for (const headers of [unsigned(endpoint), { ...unsigned(endpoint), ...malformed }]) {
      for (const framing of [{ 'content-length': '100000' }, CHUNKED]) {
        const connection = await rawConnection(receiver.url);
        connection.write(requestHead(endpoint.path, { ...headers, ...framing }));
        const answer = await connection.answer();
        expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'close']);
        expect(JSON.parse(answer.body)).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 });
      }
    }
  });

  it('refuses what is too large by its length, or as soon as it is', async () => {
    const { receiver } = await connected();
    const declared = await rawConnection(receiver.url);
    declared.write(requestHead(endpoint.path, { ...endpoint.headers(''), 'content-length': String(endpoint.maxBytes + 1) }));
    const growing = await rawConnection(receiver.url);
    growing.write(requestHead(endpoint.path, { ...endpoint.headers(''), ...CHUNKED }));
    for (let sent = 0; sent <= endpoint.maxBytes; sent += 50_000) growing.write(`c350\r\n${' '.repeat(50_000)}\r\n`);
    for (const connection of [declared, growing]) {
      const answer = await connection.answer();
      expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close']);
      expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining(`at most ${endpoint.maxBytes} bytes`) });
    }
    expectNoBug(receiver);
  });

  it('reads nothing of a refused body as the next request, and lets its sender see the answer', async () => {
    const { receiver, connection } = await connected();
    const size = 4_000_000;
    connection.write(requestHead(endpoint.path, { ...unsigned(endpoint), 'content-length': String(size) }));
    const hidden = withLength(endpoint);
    // As many clients do: everything is sent first, and read after that.
    connection.socket.pause();
    const failure = await new Promise((resolve) => connection.socket.write(hidden.padEnd(size, '\r\n') + hidden, resolve));
    expect(failure ?? undefined).toBeUndefined();
    connection.socket.resume();
    expect((await connection.answer()).status).toBe(413);
    await connection.closed;
    expect(receiver.requests().map(({ status }) => status)).toEqual([413]);
  });

  it('does not believe a length that is too short, nor one that is too long', async () => {
    const receiver = await listeningReceiver({ requestTimeoutMs: 200 });
    const body = endpoint.body();
    const short = await rawConnection(receiver.url);
    short.write(requestHead(endpoint.path, { ...endpoint.headers(body), 'content-length': String(body.length) }) + body + body);
    expect((await short.answer()).status).toBe(endpoint.accepted);
    // Whatever follows is no request.
    await short.closed;

    const long = await rawConnection(receiver.url);
    long.write(requestHead(endpoint.path, { ...endpoint.headers(body), 'content-length': String(body.length + 1) }) + body);
    const answer = await long.answer();
    expect([answer.status, answer.headers.get('connection')]).toEqual([408, 'close']);
    await long.closed;
    expect(receiver.requests().at(-1)).toMatchObject({ level: 'warn', status: 408, path: endpoint.path });
    expectNoBug(receiver);
  });
});

describe('a sender who closes its side after the request', () => {
  it('gets its answer, also when the store takes its time', async () => {
    const [wandb] = ENDPOINTS;
    const receiver = await listeningReceiver({
      wrap: (store) => ({
        ...store,
        accept: async (...given) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return store.accept(...given);
        },
      }),
    });
    const connection = await rawConnection(receiver.url);
    connection.socket.end(withLength(wandb!));
    expect((await connection.answer()).status).toBe(202);
    await connection.closed;
  });
});
