import { describe, expect, test } from 'vitest';
import { StoreBusyError } from '../../../receiver/store/store-failure.ts';
import type { Incoming, Taken } from '../../../receiver/store/unrouted.ts';
import { BURST, receiveBursts } from '../../../receiver/webhook/bursts.ts';
import { asItCame, eventOf, T0 } from '../store/samples.ts';

function world() {
  const batches: Incoming[][] = [];
  const stored: number[] = [];
  let behind = false;
  let isBusy = false;
  let free: Promise<void> = Promise.resolve();
  const bursts = receiveBursts({
    store: {
      take: async (incoming, { dedupeWindowMs }) => {
        expect(dedupeWindowMs).toBe(7);
        batches.push([...incoming]);
        if (isBusy) throw new StoreBusyError('database is locked');
        return incoming.map(({ unrouted: { id }, planned }): Taken => (planned === undefined ? { status: 'unrouted', id } : accepted(id)));
      },
    },
    later: { isBehind: () => behind, free: () => free, stored: (events) => void stored.push(events) },
    dedupeWindowMs: () => 7,
    now: () => T0,
  });
  const fallBehind = () => {
    behind = true;
  };
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    free = promise;
    return resolve;
  };
  const beBusy = (busy: boolean) => {
    isBusy = busy;
  };
  return { bursts, batches, stored, fallBehind, hold, beBusy };
}

const accepted = (id: string): Taken => ({ status: 'accepted', id, deliveries: [] });

describe('a burst', () => {
  test('is what comes while twenty-four others wait to be stored', async () => {
    const { bursts, batches, stored } = world();
    const isBurst: boolean[] = [];
    const taken = Array.from({ length: BURST + 2 }, (_, n) => {
      const event = eventOf(`e${n}`);
      isBurst.push(bursts.isBurst());
      return bursts.take({ ...asItCame(event), ...(isBurst[n] ? {} : { planned: event }) });
    });

    expect(isBurst).toEqual([...Array.from({ length: BURST }, () => false), true, true]);
    expect((await Promise.all(taken)).slice(-3)).toEqual([
      accepted('e23'),
      { status: 'unrouted', id: 'e24' },
      { status: 'unrouted', id: 'e25' },
    ]);
    expect(batches.map(({ length }) => length)).toEqual([26]);
    expect(stored).toEqual([2]);
    expect(bursts.isBurst()).toBe(false);
  });

  test('counts those that the store is busy with: a server takes its time, and what comes meanwhile is the next batch', async () => {
    const { bursts, batches, hold } = world();
    const release = hold();
    const taken = Array.from({ length: BURST }, (_, n) => bursts.take({ ...asItCame(eventOf(`e${n}`)), planned: eventOf(`e${n}`) }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bursts.isBurst()).toBe(true);

    release();
    await Promise.all(taken);

    expect(batches).toHaveLength(1);
    expect(bursts.isBurst()).toBe(false);
  });

  test('counts each of them once while all wait for another process to free the database', async () => {
    const { bursts, batches, beBusy } = world();
    beBusy(true);
    const taken = Array.from({ length: BURST - 1 }, (_, n) => bursts.take({ ...asItCame(eventOf(`e${n}`)), planned: eventOf(`e${n}`) }));
    await expect.poll(() => batches.length).toBeGreaterThan(1);
    expect(bursts.isBurst()).toBe(false);

    beBusy(false);
    await Promise.all(taken);
  });

  test('goes on while anything is unrouted', async () => {
    const { bursts, stored, fallBehind } = world();
    await bursts.take({ ...asItCame(eventOf('e1')), planned: eventOf('e1') });
    expect([bursts.isBurst(), stored]).toEqual([false, []]);

    fallBehind();

    expect(bursts.isBurst()).toBe(true);
  });

  test('waits while the last few of the one before are routed', async () => {
    const { bursts, batches, hold } = world();
    const release = hold();
    const taken = bursts.take({ ...asItCame(eventOf('e1')), planned: eventOf('e1') });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(batches).toEqual([]);

    release();

    expect(await taken).toEqual(accepted('e1'));
  });
});
