import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { OutboxOptions } from '../../../receiver/outbox/outbox.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { failed, ScriptedOutbox } from './scripted-outbox.ts';

/** Looks at the queue: each is one claim. `hold` keeps the end of a look back until it resolves, `holdPlan` that of what follows it. */
function watchedOutbox(changes: Partial<OutboxOptions> = {}) {
  const looks = { count: 0, hold: Promise.resolve(), holdPlan: Promise.resolve() };
  const wrap = (store: Store): Store => ({
    ...store,
    claim: async (options) => {
      looks.count++;
      const claimed = await store.claim(options);
      await looks.hold;
      return claimed;
    },
    nextDueAt: async (serves) => {
      const at = await store.nextDueAt(serves);
      await looks.holdPlan;
      return at;
    },
  });
  // With `wakeLater` nothing is polled: what a wake has missed stays.
  const box = new ScriptedOutbox({ wakeLater: () => {}, ...changes }, wrap);
  return { box, looks };
}

/** Starts the outbox, whose plan of the next look ends when the gate is resolved, and at the latest with the test. */
async function startedWithoutPlan(box: ScriptedOutbox, looks: { holdPlan: Promise<void> }): Promise<PromiseWithResolvers<void>> {
  const gate = Promise.withResolvers<void>();
  onTestFinished(() => gate.resolve());
  looks.holdPlan = gate.promise;
  box.outbox.start();
  await turn();
  box.pass(10);
  return gate;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('waking the outbox', () => {
  test('the first wake is followed by a look in the same turn of the event loop, without a timer', async () => {
    const { box, looks } = watchedOutbox();
    box.outbox.start();
    await box.outbox.idle();
    const before = looks.count;
    box.pass(10);
    await turn();
    expect(looks.count).toBe(before + 1);
  });

  test('thousands of wakes share a few looks', async () => {
    const { box, looks } = watchedOutbox();
    box.outbox.start();
    await box.outbox.idle();
    const before = looks.count;
    box.pass(10);
    for (let i = 0; i < 1_000; i++) box.outbox.wake();
    await turn();
    for (let i = 0; i < 1_000; i++) box.outbox.wake();
    await turn();
    await box.outbox.idle();
    // Two would do; a machine that pauses in between makes it a few more.
    expect(looks.count).toBeGreaterThan(before);
    expect(looks.count).toBeLessThanOrEqual(before + 5);
  });

  test('what is stored while a look is under way is found by the next one', async () => {
    const { box, looks } = watchedOutbox();
    box.outbox.start();
    await box.outbox.idle();
    const gate = Promise.withResolvers<void>();
    looks.hold = gate.promise;
    box.pass(10);
    await turn();
    // Long enough after the look began: the wake that follows is heard at once, while the look is still under way.
    box.pass(10);
    await turn();
    await box.accept('e1');
    await turn();
    gate.resolve();
    await box.until('d-e1', 'delivered');
  });

  test('a wake does not wait until it is known when to look again', async () => {
    const { box, looks } = watchedOutbox();
    await startedWithoutPlan(box, looks);
    await box.accept('e1');
    await box.until('d-e1', 'delivered');
  });

  test('an answer that has become old does not hide what is due since then', async () => {
    const retry = { firstDelayMs: 200, maxDelayMs: 200, settleMs: 2, retryForMs: 3_600_000 };
    const { box, looks } = watchedOutbox({ retry, random: () => 0.99 });
    const gate = await startedWithoutPlan(box, looks);
    await box.accept('e1', { send: [failed] });
    // Its retry is due in 200 ms; nobody wakes the outbox for it.
    await vi.waitFor(async () => expect(await box.outcomes('d-e1')).toEqual(['failed']), 20_000);
    await turn();
    gate.resolve();
    await box.until('d-e1', 'delivered');
  });
});
