import { describe, expect, test } from 'vitest';
import { BODY_BUDGET, type BodyBudget, bodyBudget } from '../../../receiver/http/body-budget.ts';
import { rawConnection, requestHead } from '../../stand-ins/raw-http.ts';
import { eventually } from '../../stand-ins/receiver-process.ts';
import { ENDPOINTS, listeningReceiver } from '../endpoints-in-test.ts';

const LIMITS = { smallBody: 10, small: 30, large: 100 };

function budgetAt(): {
  budget: BodyBudget;
  clock: { now: number };
  dropped: string[];
  open: (name: string) => ReturnType<BodyBudget['open']>;
} {
  const clock = { now: 0 };
  const dropped: string[] = [];
  const budget = bodyBudget(() => clock.now, LIMITS);
  return { budget, clock, dropped, open: (name) => budget.open(() => dropped.push(name)) };
}

describe('the budget of bodies that nobody has proved yet', () => {
  test('drops the slowest when the larger ones are too many, and only as many as it must', () => {
    const { clock, dropped, open } = budgetAt();
    open('stalled').add(40);
    clock.now = 10;
    open('slow').add(40);
    clock.now = 20;
    const fast = open('fast');
    fast.add(20);
    expect(dropped).toEqual([]);
    fast.add(20);
    expect(dropped).toEqual(['stalled']);
    fast.add(30);
    expect(dropped).toEqual(['stalled', 'slow']);
  });

  test('drops the one that is added to when that is the slowest', () => {
    const { clock, dropped, open } = budgetAt();
    const dripping = open('dripping');
    dripping.add(11);
    clock.now = 1_000;
    open('fast').add(89);
    dripping.add(1);
    expect(dropped).toEqual(['dripping']);
  });

  test('keeps room for small bodies that larger ones cannot take', () => {
    const { clock, dropped, open } = budgetAt();
    for (let i = 0; i < 9; i++) open(`large ${i}`).add(11);
    clock.now = 5_000;
    for (let i = 0; i < 3; i++) open(`small ${i}`).add(10);
    expect(dropped).toEqual([]);
    clock.now = 6_000;
    open('small and new').add(10);
    expect(dropped).toEqual(['small 0']);
  });

  test('counts a body that has grown with the larger ones', () => {
    const { dropped, open } = budgetAt();
    for (let i = 0; i < 9; i++) {
      const body = open(`body ${i}`);
      body.add(10);
      body.add(1);
    }
    expect(dropped).toEqual([]);
  });

  test('gives the room of a body back, once', () => {
    const { dropped, open } = budgetAt();
    const gone = open('gone');
    gone.add(90);
    gone.close();
    gone.close();
    open('one').add(50);
    open('two').add(50);
    expect(dropped).toEqual([]);
  });

  test('never drops a body that is alone', () => {
    const { dropped, open } = budgetAt();
    open('a very large one').add(1_000);
    expect(dropped).toEqual([]);
  });
});

describe('strangers who stall', () => {
  const stalledCount = 80;
  test.each(ENDPOINTS.filter(({ maxBytes }) => maxBytes > 1_000_000))(
    'at $path are dropped, and signed bodies get in',
    async (endpoint) => {
      const receiver = await listeningReceiver();
      const almost = endpoint.maxBytes - 1;
      const head = requestHead(endpoint.path, { ...endpoint.headers('of another body'), 'content-length': String(endpoint.maxBytes) });
      const strangers = await Promise.all(Array.from({ length: stalledCount }, () => rawConnection(receiver.url)));
      for (const stranger of strangers) stranger.write(head + ' '.repeat(almost));
      const atLeast = stalledCount - Math.floor(BODY_BUDGET.large / almost);
      const dropped = () => receiver.requests().filter(({ status }) => status === 503);
      await eventually('what is too much is dropped', () => dropped().length >= atLeast);
      expect(dropped()[0]).toMatchObject({ msg: expect.stringContaining('too many bodies'), path: endpoint.path });

      for (const size of [0, endpoint.maxBytes]) {
        for (const { path, accepted, headers, body } of ENDPOINTS.filter(({ maxBytes }) => maxBytes >= size)) {
          const text = body(size);
          const signed = await rawConnection(receiver.url);
          signed.write(requestHead(path, { ...headers(text), 'content-length': String(text.length) }) + text);
          expect((await signed.answer()).status).toBe(accepted);
        }
      }
      for (const stranger of strangers) stranger.socket.destroy();
    },
  );
});
