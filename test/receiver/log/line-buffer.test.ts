import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bufferLines } from '../../../receiver/log/line-buffer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function buffer() {
  const written: string[] = [];
  return { written, ...bufferLines((text) => void written.push(text)) };
}

describe('lines of the log', () => {
  test('are written together a moment later, in their order', () => {
    const { written, add } = buffer();
    add('one');
    add('two');
    expect(written).toEqual([]);
    vi.advanceTimersByTime(5);
    add('three');
    vi.advanceTimersByTime(5);
    expect(written).toEqual(['one\ntwo\n', 'three\n']);
  });

  test('are written at once by a flush, and not again', () => {
    const { written, add, flush } = buffer();
    add('one');
    flush();
    flush();
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual(['one\n']);
  });

  test('are written when they grow large', () => {
    const { written, add } = buffer();
    add('x'.repeat(70_000));
    expect(written).toHaveLength(1);
    add('later');
    vi.advanceTimersByTime(5);
    expect(written).toHaveLength(2);
  });
});
