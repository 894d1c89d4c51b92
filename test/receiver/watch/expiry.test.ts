import { expect, it, vi } from 'vitest';
import { createExpiry } from '../../../receiver/watch/expiry.ts';

const none = async () => 0;

it('lets none expire while the clock may not be trusted', async () => {
  const expireApprovals = vi.fn(async () => 0);
  let steady = false;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const expiry = createExpiry({
    store: { expireApprovals, nudgeApprovals: none },
    nudges: () => [],
    now: () => 42,
    isSteady: () => steady,
    log,
    wake: () => undefined,
  });

  await expiry.runOnce();
  expect(expireApprovals).not.toHaveBeenCalled();
  steady = true;
  await expiry.runOnce();
  expect(expireApprovals).toHaveBeenCalledTimes(1);
});

it('lets approvals expire again and again, also after the store failed, until it is stopped', async () => {
  const answers = [async () => 0, () => Promise.reject(new Error('database is locked')), async () => 2];
  const expireApprovals = vi.fn((_now: number) => answers.shift()?.() ?? Promise.resolve(0));
  const errors: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (_fields: object, message: string) => void errors.push(message) };
  const changed = new Promise<void>((resolve) => {
    const expiry = createExpiry({
      store: { expireApprovals, nudgeApprovals: none },
      nudges: () => [],
      now: () => 42,
      log,
      everyMs: 1,
      wake: () => void expiry.stop().then(resolve),
    });
    expiry.start();
  });
  await changed;
  expect(expireApprovals.mock.calls).toEqual([[42], [42], [42]]);
  expect(errors).toHaveLength(1);
});

it('reminds people after what has expired is gone, and has what is sent for it delivered at once', async () => {
  const order: string[] = [];
  const store = {
    expireApprovals: async () => {
      order.push('expire');
      return 0;
    },
    nudgeApprovals: async (now: number) => {
      order.push(`remind ${now}`);
      return 1;
    },
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const expiry = createExpiry({ store, nudges: () => [], now: () => 42, log, wake: () => order.push('wake') });
  await expiry.runOnce();
  expect(order).toEqual(['expire', 'remind 42', 'wake']);
});
