import { describe, expect, test } from 'vitest';
import type { Accepted, NewEvent } from '../../../receiver/store/delivery.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { EventInbox } from '../../../receiver/store/store.ts';
import { StoreBusyError } from '../../../receiver/store/store-failure.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { drain, eventOf, idsOf, T0 } from '../store/samples.ts';

type AcceptCall = (events: readonly NewEvent[]) => Promise<Accepted[]>;

const all: AcceptCall = async (events) => events.map(({ id }) => ({ status: 'accepted', id, deliveries: [] }));

/** An inbox that notes the ids of each call before it answers. */
function inboxOf(answer: AcceptCall = all): { inbox: EventInbox; calls: string[][]; windows: number[] } {
  const calls: string[][] = [];
  const windows: number[] = [];
  const inbox: EventInbox = {
    accept: (events, { dedupeWindowMs }) => {
      calls.push(idsOf(events));
      windows.push(dedupeWindowMs);
      return answer(events);
    },
    keepRejected: async () => undefined,
  };
  return { inbox, calls, windows };
}

function events(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, n) => eventOf(`e${n}`));
}

/** Each turn of the event loop brings one more. Resolves when all are stored. */
function oneATurn(given: readonly NewEvent[], accept: (event: NewEvent) => Promise<Accepted>): Promise<unknown> {
  return new Promise((resolve) => {
    const answers: Promise<Accepted>[] = [];
    const turn = () => {
      const event = given[answers.length];
      if (event === undefined) return resolve(Promise.all(answers));
      // Before what `accept` waits for.
      setImmediate(turn);
      answers.push(accept(event));
    };
    turn();
  });
}

describe('accepting in batches', () => {
  test('events of one turn share one call, and each gets its own answer', async () => {
    const { inbox, calls, windows } = inboxOf();
    const accept = acceptInBatches(inbox, 1234, () => T0);

    const answers = await Promise.all(events(3).map(accept));

    expect(calls).toEqual([['e0', 'e1', 'e2']]);
    expect(windows).toEqual([1234]);
    expect(idsOf(answers)).toEqual(['e0', 'e1', 'e2']);
  });

  test('events that come while the store is busy share the next call, in the order of arrival', async () => {
    const first = Promise.withResolvers<void>();
    const { inbox, calls } = inboxOf(async (given) => {
      if (given[0]?.id === 'e0') await first.promise;
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => T0);
    const [one, ...rest] = events(4);

    const answers = [accept(one!)];
    await new Promise((resolve) => setImmediate(resolve));
    for (const event of rest) {
      answers.push(accept(event));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(calls).toEqual([['e0']]);
    first.resolve();
    await Promise.all(answers);

    expect(calls).toEqual([['e0'], ['e1', 'e2', 'e3']]);
  });

  test('events that come turn after turn share one call, until a turn brings none', async () => {
    const { inbox, calls } = inboxOf();
    const accept = acceptInBatches(inbox, 0, () => T0);

    await oneATurn(events(5), accept);

    expect(calls).toEqual([['e0', 'e1', 'e2', 'e3', 'e4']]);
  });

  test('as many as wait are stored when there is no such turn', async () => {
    const { inbox, calls } = inboxOf();
    const accept = acceptInBatches(inbox, 0, () => T0);

    await oneATurn(events(150), accept);

    expect(calls.map(({ length }) => length)).toEqual([64, 64, 22]);
  });

  test('a very large turn is stored in several calls, one after the other', async () => {
    let busy = 0;
    const { inbox, calls } = inboxOf(async (given) => {
      expect(++busy).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => T0);

    const answers = await Promise.all(events(1_201).map(accept));

    expect(calls.map(({ length }) => length)).toEqual([500, 500, 201]);
    expect(idsOf(answers)).toEqual(idsOf(events(1_201)));
  });

  test('a batch holds about a megabyte of bodies, and one larger event alone', async () => {
    const { inbox, calls } = inboxOf();
    const accept = acceptInBatches(inbox, 0, () => T0);
    const sizes = [400_000, 400_000, 400_000, 2_000_000, 10, 10];

    await Promise.all(sizes.map((size, n) => accept({ ...eventOf(`e${n}`), body: 'x'.repeat(size) })));

    expect(calls).toEqual([['e0', 'e1'], ['e2'], ['e3'], ['e4', 'e5']]);
  });

  test('when a batch fails its events are tried one by one, and only the bad one fails', async () => {
    const { inbox, calls } = inboxOf(async (given) => {
      if (given.some(({ id }) => id === 'e1')) throw new Error('e1 cannot be stored');
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => T0);

    const results = await Promise.allSettled(events(3).map(accept));

    expect(calls).toEqual([['e0', 'e1', 'e2'], ['e0'], ['e1'], ['e2']]);
    expect(results).toEqual([
      { status: 'fulfilled', value: { status: 'accepted', id: 'e0', deliveries: [] } },
      { status: 'rejected', reason: new Error('e1 cannot be stored') },
      { status: 'fulfilled', value: { status: 'accepted', id: 'e2', deliveries: [] } },
    ]);
  });

  test('when the store fails every event is rejected with the reason, and the next turn is tried again', async () => {
    let full = true;
    const { inbox } = inboxOf(async (given) => {
      if (full) throw new Error('database or disk is full');
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => T0);

    const results = await Promise.allSettled(events(2).map(accept));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(accept(eventOf('e2'))).rejects.toThrow('database or disk is full');

    full = false;
    expect(await accept(eventOf('e3'))).toMatchObject({ id: 'e3' });
  });

  test('a store that does not answer is not asked for each event of a batch', async () => {
    let time = T0;
    let away = true;
    const { inbox, calls } = inboxOf(async (given) => {
      if (!away) return all(given);
      time += 2_000;
      throw new Error('no answer');
    });
    const accept = acceptInBatches(inbox, 0, () => time);

    const results = await Promise.allSettled(events(20).map(accept));

    expect(results).toEqual(Array.from({ length: 20 }, () => ({ status: 'rejected', reason: new Error('no answer') })));
    expect(calls.map(({ length }) => length)).toEqual([20, 1]);
    away = false;
    expect(await accept(eventOf('e20'))).toMatchObject({ id: 'e20' });
  });

  test('a single failing event is tried once', async () => {
    const { inbox, calls } = inboxOf(() => Promise.reject(new Error('no')));

    await expect(acceptInBatches(inbox, 0, () => T0)(eventOf('e1'))).rejects.toThrow('no');

    expect(calls).toEqual([['e1']]);
  });

  test('a store that throws instead of rejecting leaves nobody waiting', async () => {
    const { inbox } = inboxOf(() => {
      throw new Error('closed');
    });

    const results = await Promise.allSettled(events(2).map(acceptInBatches(inbox, 0, () => T0)));

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('an event without an answer is rejected instead of waiting for ever', async () => {
    const { inbox } = inboxOf(async (given) => all(given.slice(0, 1)));

    const results = await Promise.allSettled(events(2).map(acceptInBatches(inbox, 0, () => T0)));

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

describe('while another process holds the lock', () => {
  const busy = () => new StoreBusyError('locked');
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test('events wait, and those that come meanwhile stand behind them', async () => {
    const asked = Promise.withResolvers<void>();
    const refuse = Promise.withResolvers<void>();
    let tries = 0;
    const { inbox, calls } = inboxOf(async (given) => {
      if (tries++ > 0) return all(given);
      asked.resolve();
      await refuse.promise;
      throw busy();
    });
    const accept = acceptInBatches(inbox, 0, () => T0);
    const [e0, e1, e2, e3] = events(4);

    const answers = [accept(e0!), accept(e1!)];
    await asked.promise;
    answers.push(accept(e2!), accept(e3!));
    refuse.resolve();

    expect(idsOf(await Promise.all(answers))).toEqual(['e0', 'e1', 'e2', 'e3']);
    expect(calls).toEqual([
      ['e0', 'e1'],
      ['e0', 'e1', 'e2', 'e3'],
    ]);
  });

  test('each is refused after three seconds of its own', async () => {
    let time = T0;
    const { inbox, calls } = inboxOf(async (given) => {
      if (given.some(({ id }) => id === 'e0')) throw busy();
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => time);
    const [e0, e1] = events(2);

    const first = accept(e0!);
    await turn();
    time += 2_000;
    const second = accept(e1!);
    await turn();
    time += 1_000;

    await expect(first).rejects.toThrow('locked');
    expect(await second).toMatchObject({ id: 'e1' });
    expect(calls.at(-1)).toEqual(['e1']);
  });

  test('a clock that is set back makes nobody wait longer', async () => {
    let time = T0;
    const { inbox } = inboxOf(() => Promise.reject(busy()));
    const accept = acceptInBatches(inbox, 0, () => time);

    const refused = accept(eventOf('e0'));
    time -= 3_600_000;

    await expect(refused).rejects.toThrow('locked');
  });

  test('that begins while the events of a batch are tried one by one, none of them loses its place', async () => {
    let locked = false;
    const { inbox, calls } = inboxOf(async (given) => {
      if (locked) throw busy();
      if (given.some(({ id }) => id === 'e0')) {
        locked = given.length === 1;
        if (locked) setTimeout(() => (locked = false), 30);
        throw new Error('e0 cannot be stored');
      }
      return all(given);
    });
    const accept = acceptInBatches(inbox, 0, () => T0);

    const results = await Promise.allSettled(events(3).map(accept));

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(calls.at(-1)).toEqual(['e1', 'e2']);
  });
});

test('on a real store, one bad event does not cost the others their place or their order', async () => {
  const store = sqliteStore(openMigrated());
  const accept = acceptInBatches(store, 0, () => T0);
  await accept(eventOf('e0'));

  const again = eventOf('e0', { body: 'an id that is taken' });
  const results = await Promise.allSettled([eventOf('e1'), again, eventOf('e2'), eventOf('e3')].map(accept));

  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await drain(store, T0)).toEqual(['d-e0', 'd-e1', 'd-e2', 'd-e3']);
  await store.close();
});
