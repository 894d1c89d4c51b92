import { describe, expect, test } from 'vitest';
import { type HeldBody, type HeldBodyLimits, heldBodies } from '../../../receiver/worker/held-body.ts';
import { largeBodies } from '../../../receiver/worker/large-bodies.ts';

const LIMITS: HeldBodyLimits = {
  smallBody: 100,
  small: 1_000,
  large: 3_000,
  waitMs: 60,
  slowAfterMs: 10_000,
  longestMs: 60_000,
  readMs: 60_000,
};
const MAX = 1_000;
const now = () => performance.now();

/** A request whose body the test sends. */
function sender(declared?: number) {
  let controller: ReadableByteStreamController | undefined;
  let isCancelled = false;
  const body = new ReadableStream({
    type: 'bytes',
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const headers = declared === undefined ? {} : { 'content-length': String(declared) };
  const request = new Request('https://relay.test', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  return {
    request,
    send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes).fill(7)),
    end: () => controller?.close(),
    break: () => controller?.error(new Error('gone')),
    isCancelled: () => isCancelled,
  };
}

function complete(bytes: number): Request {
  return new Request('https://relay.test', { method: 'POST', body: new Uint8Array(bytes).fill(7) });
}

const read = (body: HeldBody) => body.read({ maxBytes: MAX, trusted: false });

describe('a body', () => {
  test.each([0, 1, 99, 100, 101, 999, 1_000])('of %i bytes is read whole', async (bytes) => {
    const result = await read(heldBodies(now, LIMITS)(complete(bytes)));
    expect(result.ok && [result.value.byteLength, result.value.every((byte) => byte === 7)]).toEqual([bytes, true]);
  });

  test('that comes byte by byte is read whole', async () => {
    const { request, send, end } = sender();
    for (let i = 0; i < 500; i++) send(1);
    end();
    const result = await read(heldBodies(now, LIMITS)(request));
    expect(result.ok && [result.value.byteLength, result.value.every((byte) => byte === 7)]).toEqual([500, true]);
  });

  test.each([undefined, 10, 5_000])('over the limit is refused, whatever length it declares (%s)', async (declared) => {
    const { request, send, isCancelled } = sender(declared);
    send(MAX + 1);
    expect(await read(heldBodies(now, LIMITS)(request))).toEqual({ ok: false, error: 'too large' });
    expect(isCancelled()).toBe(true);
  });

  test.each([0, 50, 500])('that stalls after %i bytes has timed out', async (bytes) => {
    const { request, send, isCancelled } = sender();
    if (bytes > 0) send(bytes);
    expect(await read(heldBodies(now, { ...LIMITS, readMs: 20 })(request))).toEqual({ ok: false, error: 'timed out' });
    expect(isCancelled()).toBe(true);
  });

  test('whose sender hangs up is incomplete', async () => {
    const { request, send, break: hangUp } = sender();
    send(50);
    hangUp();
    expect(await read(heldBodies(now, LIMITS)(request))).toEqual({ ok: false, error: 'incomplete' });
  });

  test('is gone once it was released', async () => {
    const body = heldBodies(now, LIMITS)(complete(500));
    const result = await read(body);
    body.release();
    expect(result.ok && result.value.byteLength).toBe(0);
  });
});

describe('large bodies', () => {
  test('are held up to the limit; the next waits until one was handed on', async () => {
    const bodyOf = heldBodies(now, { ...LIMITS, waitMs: 60_000 });
    const held = [1, 2, 3].map(() => bodyOf(complete(1_000)));
    await Promise.all(held.map(read));
    let isRead = false;
    const fourth = read(bodyOf(complete(1_000))).then((result) => {
      isRead = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 60));

    expect(isRead).toBe(false);
    held[0]?.release();
    expect((await fourth).ok).toBe(true);
  });

  test('find no room in time while the others are held, and small ones do', async () => {
    const bodyOf = heldBodies(now, LIMITS);
    await Promise.all([1, 2, 3].map(() => read(bodyOf(complete(1_000)))));

    expect(await read(bodyOf(complete(1_000)))).toEqual({ ok: false, error: 'no room' });
    expect((await read(bodyOf(complete(100)))).ok).toBe(true);
  });

  test('that wait for room hold no more than the limit together, and small ones have theirs', async () => {
    const bodyOf = heldBodies(now, { ...LIMITS, waitMs: 60_000 });
    const held = [1, 2, 3].map(() => bodyOf(complete(1_000)));
    await Promise.all(held.map(read));
    const refused: unknown[] = [];
    // Each has read 101 bytes when it begins to wait.
    const waiting = Array.from({ length: 60 }, async () => {
      const body = bodyOf(complete(1_000));
      const result = await read(body);
      if (!result.ok) refused.push(result.error);
      body.release();
    });
    await new Promise((resolve) => setTimeout(resolve, 200));

    expect(refused).toEqual(Array.from({ length: 31 }, () => 'dropped'));
    expect((await read(bodyOf(complete(100)))).ok).toBe(true);
    for (const body of held) body.release();
    await Promise.all(waiting);
    expect(refused).toHaveLength(31);
  });

  test('that are never more than the limit at once, however many come', async () => {
    const bodyOf = heldBodies(now, { ...LIMITS, waitMs: 60_000 });
    let held = 0;
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const body = bodyOf(complete(1_000));
        const result = await read(body);
        most = Math.max(most, ++held);
        await new Promise((resolve) => setTimeout(resolve, 1));
        held--;
        body.release();
        return result.ok;
      }),
    );

    expect([results.every((isRead) => isRead), most]).toEqual([true, 3]);
  });

  test('that stall give their places to one that waits, the slowest first', async () => {
    const bodyOf = heldBodies(now, { ...LIMITS, slowAfterMs: 0, waitMs: 60_000 });
    const stalled = [150, 400, 300].map((bytes) => {
      const one = sender();
      one.send(bytes);
      return read(bodyOf(one.request));
    });
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect((await read(bodyOf(complete(1_000)))).ok).toBe(true);
    expect(await stalled[0]).toEqual({ ok: false, error: 'dropped' });
  });

  test('whose request ended without a word lose their place after a while', async () => {
    let time = 0;
    const places = largeBodies(() => time, { ...LIMITS, waitMs: 0 });
    for (let i = 0; i < 3; i++) expect(await places.enter(1_000, () => {})).toBeDefined();
    expect(await places.enter(1_000, () => {})).toBeUndefined();
    time = LIMITS.longestMs;
    expect(await places.enter(1_000, () => {})).toBeDefined();
  });
});
