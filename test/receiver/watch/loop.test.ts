import { describe, expect, it } from 'vitest';
import { createLoop } from '../../../receiver/watch/loop.ts';

describe('a loop', () => {
  it('never works twice at once, however often it is started', async () => {
    let atOnce = 0;
    let most = 0;
    let turns = 0;
    const done = new Promise<void>((resolve) => {
      const loop = createLoop({
        work: async () => {
          most = Math.max(most, ++atOnce);
          await new Promise((next) => setTimeout(next, 2));
          atOnce--;
          if (++turns === 5) resolve(loop.stop());
          return 0;
        },
        failed: () => {},
        retryMs: 0,
      });
      loop.start();
      loop.start();
    });
    await done;
    expect({ most, turns }).toEqual({ most: 1, turns: 5 });
  });

  it('goes on after a failure, and waits for its work when it is stopped', async () => {
    const failures: unknown[] = [];
    let ended = false;
    let turns = 0;
    let reached = (): void => {};
    const second = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const loop = createLoop({
      work: async (signal) => {
        if (++turns === 1) throw new Error('once');
        reached();
        await new Promise((next) => signal.addEventListener('abort', next));
        ended = true;
        return 0;
      },
      failed: (error) => void failures.push(error),
      retryMs: 0,
    });
    loop.start();
    await second;
    await loop.stop();
    expect(failures).toEqual([new Error('once')]);
    expect({ ended, turns }).toEqual({ ended: true, turns: 2 });
  });
});
