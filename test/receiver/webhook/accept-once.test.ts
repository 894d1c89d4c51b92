import { describe, expect, test } from 'vitest';
import type { Accepted, NewEvent } from '../../../receiver/store/delivery.ts';
import { acceptOnce } from '../../../receiver/webhook/accept-once.ts';

function event(id: string): NewEvent {
  return {
    id,
    receivedAt: 5,
    subjectKey: 's',
    bodyHash: 'h',
    event: { source: 'default', type: 'unknown' } as NewEvent['event'],
    body: '{}',
    firings: [],
  };
}

/** A store that answers when it is told to. */
function slowStore() {
  const stored = new Map<string, { receivedAt: number }>();
  const accepted: string[] = [];
  const open: (() => void)[] = [];
  let isFailing = false;
  const accept = ({ id, receivedAt }: NewEvent): Promise<Accepted> => {
    accepted.push(id);
    return new Promise((resolve, reject) => {
      open.push(() => {
        if (isFailing) return reject(new Error('the disk is full'));
        stored.set(id, { receivedAt });
        resolve({ status: 'accepted', id, deliveries: [] });
      });
    });
  };
  return {
    once: acceptOnce({ accept, find: async (id) => stored.get(id) }),
    accepted,
    fail: (failing: boolean) => (isFailing = failing),
    finish: async () => {
      // Whoever waits for another may ask the store only after it.
      for (let turn = 0; turn < 5; turn++) {
        for (const answer of open.splice(0)) answer();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('a webhook that is handed over several times', () => {
  test('is stored once, and a repeat is a duplicate of it', async () => {
    const { once, accepted, finish } = slowStore();
    const first = once(event('a'), false);
    await finish();

    expect(await first).toMatchObject({ status: 'accepted' });
    expect(await once(event('a'), true)).toEqual({ status: 'duplicate', id: 'a', receivedAt: 5 });
    expect(accepted).toEqual(['a']);
  });

  test('is stored once when the repeats come while it is being stored', async () => {
    const { once, accepted, finish } = slowStore();
    const all = [once(event('a'), false), once(event('a'), true), once(event('a'), true)];
    await finish();

    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(['accepted', 'duplicate', 'duplicate']);
    expect(accepted).toEqual(['a']);
  });

  test('is stored by a repeat when the first attempt failed', async () => {
    const { once, accepted, finish, fail } = slowStore();
    fail(true);
    const first = once(event('a'), false);
    const refused = expect(first).rejects.toThrow('the disk is full');
    await finish();
    await refused;
    fail(false);
    const second = once(event('a'), true);
    await finish();

    expect(await second).toMatchObject({ status: 'accepted', id: 'a' });
    expect(accepted).toEqual(['a', 'a']);
  });

  test('holds nothing up that has another id', async () => {
    const { once, accepted, finish } = slowStore();
    const both = [once(event('a'), true), once(event('b'), true)];
    await finish();

    expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(accepted).toEqual(['a', 'b']);
  });
});
