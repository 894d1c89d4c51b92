import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { gate, ScriptedOutbox } from './scripted-outbox.ts';

/** An outbox that is woken by somebody else; how often it looked, and when it wants to be woken. */
function outboxWithAlarms() {
  const wanted: number[] = [];
  let looks = 0;
  const counting = (store: Store): Store => ({
    ...store,
    claim: (options) => {
      looks += 1;
      return store.claim(options);
    },
  });
  const world = new ScriptedOutbox({ wakeLater: (at) => wanted.push(at) }, counting);
  return { world, wanted, looks: () => looks };
}

describe('an outbox that something else wakes', () => {
  test('does not poll by itself when nothing waits', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { world, wanted, looks } = outboxWithAlarms();
    world.outbox.start();
    await vi.advanceTimersByTimeAsync(100);
    const before = looks();

    await vi.advanceTimersByTimeAsync(600_000);

    expect(before).toBeGreaterThan(0);
    expect(looks()).toBe(before);
    expect(wanted).toEqual([]);
  });

  test('asks to be woken for what is far ahead, and sends it then', async () => {
    const { world, wanted } = outboxWithAlarms();
    const until = world.now() + 3_600_000;
    world.outbox.start();
    await world.accept('e1', { send: [{ outcome: 'limited', status: 429, until, detail: 'wait an hour' }] });

    await vi.waitFor(() => expect(wanted).toContain(until), 20_000);
    expect(world.callsFor('d-e1')).toEqual(['send']);
    world.pass(3_600_001);

    await world.until('d-e1', 'delivered');
    expect(world.callsFor('d-e1')).toEqual(['send', 'send']);
  });

  test('does by itself what is near', async () => {
    const { world, wanted } = outboxWithAlarms();
    world.outbox.start();
    await world.accept('e1', { send: [{ outcome: 'failed', status: 500, ambiguous: false, detail: 'no' }] });

    await world.until('d-e1', 'delivered');
    expect(wanted.filter((at) => at <= world.now() + 10_000)).toEqual([]);
  });

  test('polls again within a second when the store did not answer', async () => {
    let broken = true;
    const failing = (store: Store): Store => ({
      ...store,
      claim: (options) => (broken ? Promise.reject(new Error('disk I/O error')) : store.claim(options)),
    });
    const world = new ScriptedOutbox({ wakeLater: () => {} }, failing);
    world.outbox.start();
    await world.accept('e1');
    await vi.waitFor(() => expect(world.log.join()).toContain('disk I/O error'), 20_000);
    broken = false;

    await world.until('d-e1', 'delivered');
  });
});

describe('settled', () => {
  test('waits for what is under way and for what is due, and for nothing else', async () => {
    const { world } = outboxWithAlarms();
    const { opened, open } = gate();
    world.outbox.start();
    await world.accept('e1', {
      send: [() => opened.then(() => ({ outcome: 'delivered', status: 204, run: null, detail: 'sent' }) as const)],
    });
    await world.accept('e2', { send: [{ outcome: 'limited', status: 429, until: world.now() + 3_600_000, detail: 'wait' }] });
    let settled = false;
    const settling = world.outbox.idle().then(() => {
      settled = true;
    });
    await vi.waitFor(() => expect(world.calls).toEqual(expect.arrayContaining(['send d-e1', 'send d-e2'])), 20_000);
    expect(settled).toBe(false);

    open();
    await settling;

    expect((await world.store.delivery('d-e1'))?.delivery.state).toBe('delivered');
    expect((await world.store.delivery('d-e2'))?.delivery.state).toBe('pending');
  });

  test('does not wait for an outbox that has stopped', async () => {
    const { world } = outboxWithAlarms();
    world.outbox.start();
    await world.outbox.stop(0);
    await world.outbox.idle();
    expect(world.calls).toEqual([]);
  });
});
