import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreFailedError } from '../../../receiver/store/store-failure.ts';
import type { Backlog, Routed, RouteOptions, UnroutedEvent } from '../../../receiver/store/unrouted.ts';
import { type RouteLater, routeLater } from '../../../receiver/webhook/route-later.ts';
import { eventOf, T0 } from '../store/samples.ts';

beforeEach(() => void vi.useFakeTimers({ now: T0 }));
afterEach(() => void vi.useRealTimers());

/** A store that holds unrouted events in memory. */
function unroutedInMemory(sliceMs: number) {
  const waiting: (UnroutedEvent & { skipped?: string })[] = [];
  /** The ids of each slice. */
  const slices: string[][] = [];
  const faults: { before: Error[]; of: Map<string, Error> } = { before: [], of: new Map() };
  let count = 0;
  return {
    slices,
    faults,
    waiting,
    add: (events: number, ageMs = 0) => {
      for (let i = 0; i < events; i++)
        waiting.push({ id: `e${++count}`, receivedAt: Date.now() - ageMs, source: 'default', bodyHash: 'hash', body: '{}' });
    },
    routeUnrouted: async ({ limit, plan }: RouteOptions): Promise<Routed> => {
      const fault = faults.before.shift();
      if (fault !== undefined) throw fault;
      const found = waiting.filter(({ skipped }) => skipped === undefined).slice(0, limit);
      if (found.length === 0) return { events: 0, deliveries: 0 };
      await new Promise((resolve) => setTimeout(resolve, sliceMs));
      for (const event of found) plan(event);
      for (const event of found) waiting.splice(waiting.indexOf(event), 1);
      slices.push(found.map(({ id }) => id));
      return { events: found.length, deliveries: found.length, oldestAt: Math.min(...found.map(({ receivedAt }) => receivedAt)) };
    },
    skipOldestUnrouted: async (reason: string) => {
      const oldest = waiting.find(({ skipped }) => skipped === undefined);
      if (oldest !== undefined) oldest.skipped = reason;
    },
    retrySkipped: async () => {
      for (const event of waiting) delete event.skipped;
    },
    backlog: async (): Promise<Backlog> => {
      const fault = faults.before.shift();
      if (fault !== undefined) throw fault;
      return { events: waiting.filter(({ skipped }) => skipped === undefined).length, skipped: 0 };
    },
  };
}

function world({ sliceMs = 1 } = {}) {
  const store = unroutedInMemory(sliceMs);
  const log: string[] = [];
  let wakes = 0;
  const write = (level: string) => (fields: object, text: string) => void log.push(`${level} ${text} ${JSON.stringify(fields)}`);
  const later: RouteLater = routeLater({
    store,
    plan: ({ id }) => {
      const fault = store.faults.of.get(id);
      if (fault !== undefined) throw fault;
      return eventOf(id);
    },
    dedupeWindowMs: () => 0,
    accepted: () => void wakes++,
    redact: (text) => text.replaceAll('s3cret', '***'),
    now: () => Date.now(),
    elapsed: () => performance.now(),
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  });
  /** A burst of webhooks of one moment is stored, now or some time ago. */
  const come = (events: number, ageMs?: number) => {
    store.add(events, ageMs);
    later.stored(events);
  };
  return { store, log, later, come, wakes: () => wakes };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `e${from + i}`);

describe('what a burst has left', () => {
  test('is routed in the order in which it came, in slices, and wakes those who send after each', async () => {
    const { store, log, later, come, wakes } = world();

    come(200);
    expect(later.isBehind()).toBe(true);
    await pass(1_000);

    expect(later.isBehind()).toBe(false);
    expect(store.slices.flat()).toEqual(numbers(1, 200));
    expect(store.slices.map(({ length }) => length)).toEqual([16, 64, 64, 56]);
    expect(wakes()).toBe(4);
    expect(log).toEqual(['info routed events that had come in a burst {"events":200}']);
  });

  test('is routed with a fortieth of the time while the burst goes on, and fast once it is over', async () => {
    const { store, come } = world({ sliceMs: 10 });
    for (let i = 0; i < 400; i++) {
      come(4);
      await pass(5);
    }
    // Two seconds, of which one fortieth went into slices of 10 ms each.
    const during = store.slices.length;
    expect(during).toBeGreaterThanOrEqual(4);
    expect(during).toBeLessThanOrEqual(6);
    expect(new Set(store.slices.slice(1).map(({ length }) => length))).toEqual(new Set([16]));

    await pass(1_000);

    expect(store.slices.flat()).toEqual(numbers(1, 1_600));
    expect(new Set(store.slices.slice(during + 2, -1).map(({ length }) => length))).toEqual(new Set([64]));
  });

  test('is over although a few hundred a second go on coming: the last slice makes them wait', async () => {
    const { store, later, come } = world({ sliceMs: 10 });
    come(500);
    let came = 500;
    let waits = 0;
    for (let ms = 0; later.isBehind(); ms += 3) {
      expect(ms).toBeLessThan(400);
      await pass(3);
      let isFree = false;
      void later.free().then(() => {
        isFree = true;
      });
      await pass(0);
      if (!isFree) waits += 3;
      else if (later.isBehind()) {
        come(1);
        came++;
      }
    }
    expect(store.slices.flat()).toEqual(numbers(1, came));
    // As much as one slice takes, or two.
    expect(waits).toBeGreaterThan(0);
    expect(waits).toBeLessThanOrEqual(24);
  });

  test.each([
    ['until the last slice ends', 100, 92],
    ['and not for long when the last slice does not end', 5_000, 250],
  ])('makes those who come wait %s', async (_, sliceMs, waitsMs) => {
    const { later, come } = world({ sliceMs });
    come(1);
    await pass(10);
    come(1);
    await pass(sliceMs);
    // The second slice is the last one; it began 8 ms ago.
    const free = later.free().then(() => performance.now());
    const at = performance.now();
    await pass(6_000);
    expect((await free) - at).toBe(waitsMs);
  });

  test('is no burst when a slow store is all that lets some pile up', async () => {
    const { store, come } = world({ sliceMs: 100 });
    come(500);
    for (let i = 0; i < 120; i++) {
      await pass(10);
      come(1);
    }
    expect(store.slices.length).toBeGreaterThan(9);
    expect(store.slices.slice(1).every(({ length }) => length > 16 || length < 14)).toBe(true);
  });

  test('goes on at once when the burst ends in a pause', async () => {
    const { store, come } = world({ sliceMs: 100 });
    come(50);
    // The slice takes 100 ms, so the pause would be almost two seconds.
    for (let i = 0; i < 30; i++) {
      await pass(5);
      come(4);
    }
    expect(store.slices).toHaveLength(1);

    await pass(400);

    expect(store.slices.length).toBeGreaterThan(1);
    await pass(2_000);
    expect(store.slices.flat()).toEqual(numbers(1, 170));
  });

  test('takes half of the time once the oldest has waited for half a minute, and says that it is late', async () => {
    const { store, later, come } = world({ sliceMs: 10 });
    const burst = async (ms: number, ageMs: number) => {
      const before = store.slices.length;
      for (let i = 0; i < ms / 5; i++) {
        come(4, ageMs);
        await pass(5);
      }
      return store.slices.length - before;
    };

    expect(await burst(1_000, 28_000)).toBeLessThan(8);
    expect(later.details()).toEqual([]);
    await burst(400, 31_000);
    await pass(1_000);
    come(2_000, 31_000);
    await pass(20);

    expect(await burst(1_000, 31_000)).toBeGreaterThan(40);
    expect(later.details()).toEqual(['events wait to be routed, the oldest for 32 s: they come faster than they can be routed']);
    await pass(60_000);
    expect([later.details(), later.isBehind()]).toEqual([[], false]);
  });
});

describe('when the store fails', () => {
  test('it is tried again each second, one event first, and nothing is skipped', async () => {
    const { store, log, later, come } = world();
    store.faults.before = Array.from({ length: 9 }, () => new StoreFailedError('disk I/O error'));

    come(40);
    await pass(8_500);
    expect([later.isBehind(), store.slices]).toEqual([true, []]);
    await pass(1_500);

    expect(store.slices.flat()).toEqual(numbers(1, 40));
    expect(store.slices[0]).toEqual(['e1']);
    expect(log.filter((line) => !line.startsWith('info'))).toEqual([]);
  });
});

describe('an event that cannot be routed', () => {
  test('is skipped once it alone has failed three times; those behind it go on, and it is said why, without secrets', async () => {
    const { store, log, later, come } = world();
    store.faults.of.set('e3', new Error('its stored body has s3cret'));

    come(10);
    await pass(20_000);

    expect(store.slices.flat()).toEqual(['e1', 'e2', ...numbers(4, 10)]);
    expect(store.waiting).toMatchObject([{ id: 'e3', skipped: 'its stored body has ***' }]);
    expect([later.isBehind(), later.details()]).toEqual([
      false,
      ['1 stored event could not be routed (its stored body has ***): restart the receiver, or update it'],
    ]);
    expect(log.filter((line) => line.startsWith('error'))).toEqual([
      'error an event could not be routed and is kept; the next start of the receiver tries again {"error":"its stored body has ***"}',
    ]);
  });

  test('has its three tries each, also behind another that was skipped', async () => {
    const { store, log, come } = world();
    const error = new Error('its stored body is not JSON');
    for (const id of ['e2', 'e3']) store.faults.of.set(id, error);
    come(4);
    // e2 is skipped after four seconds, and e3 has failed once behind it.
    await pass(5_500);
    expect(store.waiting.filter(({ skipped }) => skipped !== undefined).map(({ id }) => id)).toEqual(['e2']);
    // A fault that passes.
    store.faults.of.delete('e3');
    await pass(20_000);

    expect(store.slices.flat()).toEqual(['e1', 'e3', 'e4']);
    expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  test('is tried again by the next start', async () => {
    const { store, later } = world();
    store.add(3);
    await store.skipOldestUnrouted('an older version');

    later.start();
    await pass(100);

    expect(store.slices.flat()).toEqual(numbers(1, 3));
    await later.stop();
  });
});

describe('a receiver', () => {
  test('routes at its start what was left, and looks every ten seconds for what another one has left', async () => {
    const { store, later } = world();
    store.add(2);
    later.start();
    await pass(100);
    expect(store.slices).toEqual([['e1', 'e2']]);

    store.add(3);
    await pass(9_000);
    expect(store.slices).toHaveLength(1);
    await pass(1_100);

    expect(store.slices).toEqual([
      ['e1', 'e2'],
      ['e3', 'e4', 'e5'],
    ]);
    await later.stop();
  });

  test('whose store fails at the start looks again after a second', async () => {
    const { store, log, later } = world();
    store.add(2);
    store.faults.before = [new StoreFailedError('disk I/O error'), new Error('no such table')];
    later.start();
    await pass(2_500);

    expect(store.slices).toEqual([['e1', 'e2']]);
    expect(log[0]).toBe('warn unrouted events could not be looked for {"error":"no such table"}');
    await later.stop();
  });

  test('that stops routes on without pauses for the burst, for five seconds at most, and then looks no more', async () => {
    const { store, later, come } = world({ sliceMs: 100 });
    come(10_000);
    await pass(10);
    come(100);

    const stopped = later.stop();
    await pass(5_300);
    await stopped;
    const { length } = store.slices;

    expect(length).toBeGreaterThan(45);
    expect(length).toBeLessThan(54);
    await pass(60_000);
    expect(store.slices).toHaveLength(length);
    expect(store.waiting[0]?.id).toBe(`e${store.slices.flat().length + 1}`);
  });
});
