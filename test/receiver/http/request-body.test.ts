import { describe, expect, test } from 'vitest';
import { byteSemaphore } from '../../../receiver/http/byte-semaphore.ts';
import { collectBytes } from '../../../receiver/http/request-body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (collected: ReturnType<typeof collectBytes>) => new TextDecoder().decode(collected.take());

describe('collecting a body', () => {
  test('puts chunks together in their order', () => {
    for (const chunks of [[], ['{}'], ['', 'a', '', 'b'], ['abc', 'def', 'g'], [...'a body of single characters']]) {
      const collected = collectBytes(100);
      for (const chunk of chunks) expect(collected.add(bytes(chunk))).toBe(true);
      expect(textOf(collected)).toBe(chunks.join(''));
    }
  });

  test('does not copy the only chunk', () => {
    const collected = collectBytes(100);
    const chunk = bytes('{"alone":true}');
    collected.add(chunk);
    expect(collected.take()).toBe(chunk);
  });

  test('holds the limit exactly, and refuses one byte more', () => {
    const whole = collectBytes(4);
    expect(whole.add(bytes('abcd'))).toBe(true);
    expect(whole.add(bytes('e'))).toBe(false);
    expect(textOf(whole)).toBe('abcd');
    expect(collectBytes(4).add(bytes('abcde'))).toBe(false);
    const parts = collectBytes(4);
    expect([parts.add(bytes('ab')), parts.add(bytes('cd')), parts.add(bytes('e'))]).toEqual([true, true, false]);
    expect(textOf(parts)).toBe('abcd');
  });

  test('has nothing left after it was released', () => {
    const collected = collectBytes(100);
    for (const chunk of ['ab', 'cd']) collected.add(bytes(chunk));
    collected.release();
    expect(textOf(collected)).toBe('');
  });
});

describe('a semaphore of bytes', () => {
  test('lets in what fits, and the others in their order', async () => {
    const semaphore = byteSemaphore(10);
    const entered: string[] = [];
    const enter = async (name: string, size: number) => {
      const release = await semaphore.acquire(size);
      entered.push(name);
      return release;
    };
    const first = enter('first', 6);
    const second = enter('second', 6);
    const third = enter('third', 4);
    await new Promise((resolve) => setImmediate(resolve));
    // The third would fit, but it is not its turn.
    expect(entered).toEqual(['first']);
    const release = await first;
    release();
    release();
    await Promise.all([second, third]);
    expect(entered).toEqual(['first', 'second', 'third']);
  });

  test('lets in what is larger than everything, alone', async () => {
    const semaphore = byteSemaphore(10);
    const release = await semaphore.acquire(50);
    let entered = false;
    const next = semaphore.acquire(1).then(() => {
      entered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    release();
    await next;
  });
});
