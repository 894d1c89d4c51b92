import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import { createOutbox, type OutboxOptions } from '../../../receiver/outbox/outbox.ts';
import type { Attempt, ClaimedDelivery } from '../../../receiver/store/delivery.ts';
import type { ClaimOptions, DeliveryQueue } from '../../../receiver/store/store.ts';
import { dispatchOf, T0 } from '../store/samples.ts';

beforeEach(() => void vi.useFakeTimers({ now: T0 }));
afterEach(() => void vi.useRealTimers());

const CLAIMED: ClaimedDelivery = {
  id: 'd-e1',
  eventId: 'e1',
  route: 'deploy',
  target: 'repository_dispatch:acme/deploy',
  credential: 'github',
  request: dispatchOf('d-e1'),
  leaseToken: 'token',
  attempts: 0,
  retryingSince: T0,
  ambiguous: false,
  runsSince: T0,
  template: null,
  conversation: null,
};

/** A promise that stays pending. */
const never = <T>() => new Promise<T>(() => undefined);

/** Runs one attempt; returns how long its lease was and when it was written down, in milliseconds after the claim. */
async function attemptWith(changes: Partial<OutboxOptions>): Promise<{ leaseMs: number; settledAfter: number; attempt: Attempt }> {
  let claimed: ClaimOptions | undefined;
  const settled = Promise.withResolvers<{ at: number; attempt: Attempt }>();
  const queue = {
    claim: async (options: ClaimOptions) => {
      if (claimed !== undefined) return [];
      claimed = options;
      return [CLAIMED];
    },
    nextDueAt: async () => undefined,
    settle: async (_claim: unknown, attempt: Attempt) => {
      settled.resolve({ at: Date.now(), attempt });
      return true;
    },
  } as unknown as DeliveryQueue;
  const outbox = createOutbox({
    queue,
    targets: {},
    retry: { firstDelayMs: 1, maxDelayMs: 1, settleMs: 1, retryForMs: 3_600_000 },
    paceMs: 0,
    now: Date.now,
    random: () => 0,
    newToken: () => 'token',
    redact: (text) => text,
    log: silentLogger,
    ...changes,
  });
  outbox.start();
  await vi.advanceTimersByTimeAsync(600_000);
  const { at, attempt } = await settled.promise;
  await outbox.stop(0);
  if (claimed === undefined) throw new Error('nothing was claimed');
  return { leaseMs: claimed.leaseMs, settledAfter: at - claimed.now, attempt };
}

/** As long as a database that restarts is waited for, see `SETTLE_TRIES` in `postgres-store.ts`. */
const STORING_MS = 20 * 500;

test('a lease outlasts an attempt whose target neither answers nor heeds its signal, and the writing down', async () => {
  const { leaseMs, settledAfter, attempt } = await attemptWith({ targets: { repository_dispatch: { send: never, findPrior: never } } });

  expect(attempt).toMatchObject({ outcome: 'ambiguous', detail: expect.stringContaining('timeout') });
  expect(leaseMs).toBeGreaterThan(settledAfter + STORING_MS);
});

test('a request that takes too long to complete counts as part of the attempt, and is not sent when it comes late', async () => {
  const send = vi.fn(never<never>);
  const complete = () => new Promise<typeof CLAIMED.request>((resolve) => setTimeout(() => resolve(CLAIMED.request), 300_000));
  const { leaseMs, settledAfter, attempt } = await attemptWith({ targets: { repository_dispatch: { send, findPrior: never } }, complete });

  expect(leaseMs).toBeGreaterThan(settledAfter + STORING_MS);
  expect(send).not.toHaveBeenCalled();
  // Nothing was sent: there is nothing to search for.
  expect(attempt).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('before anything was sent') });
});
