import { describe, expect, test, vi } from 'vitest';
import type { SendContext, SendResult } from '../../../receiver/outbox/target.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { eventOf } from '../store/samples.ts';
import { failed, gate, RUN, ScriptedOutbox, sent, unclear } from './scripted-outbox.ts';

const HOUR = 3_600_000;
const waitUntil = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

function started(...args: ConstructorParameters<typeof ScriptedOutbox>): ScriptedOutbox {
  const scripted = new ScriptedOutbox(...args);
  scripted.outbox.start();
  return scripted;
}

describe('order, credentials and pace', () => {
  test('deliveries of one key wait for the one that is retried; others overtake', async () => {
    const box = started();
    const slow = gate();
    const afterwards = async (): Promise<SendResult> => slow.opened.then(() => failed);
    await box.accept('e1', { send: [afterwards, failed, sent] }, { subject: 'model' });
    await box.accept('e2', {}, { subject: 'model' });
    await box.accept('e3');

    await box.until('d-e3', 'delivered');
    expect(box.callsFor('d-e2')).toEqual([]);
    slow.open();
    await box.until('d-e2', 'delivered');

    expect(box.calls.filter((call) => !call.endsWith('d-e3'))).toEqual(['send d-e1', 'send d-e1', 'send d-e1', 'send d-e2']);
  });

  test('a rate limit holds back everything that uses the credential until then, and nothing else', async () => {
    const box = started();
    const until = box.now() + HOUR - 60_000;
    await box.accept('e1', { send: [{ outcome: 'limited', status: 429, detail: 'slow down', until }] });
    await waitUntil(() => expect(box.log.join('\n')).toContain('slow down'));
    await box.accept('e2');
    await box.accept('e3', {}, { delivery: { credential: 'of another account' } });

    await box.until('d-e3', 'delivered');
    const waiting = (await box.store.delivery('d-e1'))?.delivery;
    expect(waiting).toMatchObject({ state: 'pending', reason: 'slow down' });
    expect(waiting?.dueAt).toBeGreaterThanOrEqual(until);
    expect(box.callsFor('d-e2')).toEqual([]);

    box.pass(HOUR - 60_000);
    await box.until('d-e1', 'delivered');
    await box.until('d-e2', 'delivered');
    expect(await box.outcomes('d-e1')).toEqual(['limited', 'delivered']);
  });

  test('a success that used the allowance up holds the credential back', async () => {
    const box = started();
    await box.accept('e1', { send: [{ ...sent, throttledUntil: box.now() + HOUR }] });
    await box.until('d-e1', 'delivered');
    await box.accept('e2');
    await box.accept('e3', {}, { delivery: { credential: 'of another account' } });
    await box.until('d-e3', 'delivered');
    expect(box.callsFor('d-e2')).toEqual([]);

    box.pass(HOUR);

    await box.until('d-e2', 'delivered');
  });

  test('one credential does not wait for the answer to another', async () => {
    const box = started();
    const slow = gate();
    await box.accept('e1', { send: [() => slow.opened.then(() => sent)] }, { delivery: { credential: 'slow' } });
    await waitUntil(() => expect(box.callsFor('d-e1')).toEqual(['send']));
    await box.accept('e2', {}, { delivery: { credential: 'quick' } });
    await box.accept('e3');

    await box.until('d-e2', 'delivered');
    await box.until('d-e3', 'delivered');
    expect((await box.store.delivery('d-e1'))?.delivery.state).toBe('in_flight');
    slow.open();
    await box.until('d-e1', 'delivered');
  });

  test('one credential sends once per pace', async () => {
    const box = started({ paceMs: HOUR });
    await box.accept('e1');
    await box.until('d-e1', 'delivered');
    await box.accept('e2');
    await box.accept('e3', {}, { delivery: { credential: 'of another account' } });
    await box.until('d-e3', 'delivered');
    expect(box.callsFor('d-e2')).toEqual([]);

    box.pass(HOUR);

    await box.until('d-e2', 'delivered');
  });

  test('no more than fifty are under way at once, and all are sent in the end', async () => {
    const box = new ScriptedOutbox();
    const slow = gate();
    const ids = Array.from({ length: 60 }, (_, n) => `e${n}`);
    for (const id of ids) await box.accept(id, { send: [() => slow.opened.then(() => sent)] });
    box.outbox.start();
    await waitUntil(() => expect(box.calls).toHaveLength(50));
    expect((await box.store.counts()).deliveries).toEqual({ in_flight: 50, pending: 10 });

    slow.open();

    await Promise.all(ids.map((id) => box.until(`d-${id}`, 'delivered')));
    expect(new Set(box.calls).size).toBe(60);
  });
});

describe('when things end or fail', () => {
  const untilAborted = ({ signal }: SendContext): Promise<SendResult> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ ...unclear, detail: `aborted: ${String(signal.reason)}` }));
    });

  test('stopping waits for what is in flight and takes nothing more', async () => {
    const box = started();
    const slow = gate();
    await box.accept('e1', { send: [() => slow.opened.then(() => sent)] }, { subject: 'model' });
    await waitUntil(() => expect(box.calls).toEqual(['send d-e1']));

    const stopping = box.outbox.stop(60_000);
    await box.accept('e2', {}, { subject: 'model' });
    slow.open();
    await stopping;

    expect((await box.store.counts()).deliveries).toEqual({ delivered: 1, pending: 1 });
    expect(box.calls).toEqual(['send d-e1']);
  });

  test('after the grace, what is in flight is aborted and written down as unclear', async () => {
    const box = started();
    await box.accept('e1', { send: [untilAborted] });
    await waitUntil(() => expect(box.calls).toEqual(['send d-e1']));

    await box.outbox.stop(20);

    expect((await box.store.delivery('d-e1'))?.delivery).toMatchObject({ state: 'pending', attempts: 1 });
    expect(await box.attempts('d-e1')).toEqual([['ambiguous', 'aborted: Error: the receiver is stopping']]);
    expect((await box.store.claim({ now: box.now() + HOUR, leaseMs: 1, limit: 1, paceMs: 0, newToken: () => 't' }))[0]?.ambiguous).toBe(
      true,
    );
  });

  test('stopping with nothing in flight is at once, and what was stopped stays stopped', async () => {
    const box = started();
    await box.outbox.stop(60_000);
    await box.accept('e1');

    expect((await box.store.counts()).deliveries).toEqual({ pending: 1 });
    expect(box.calls).toEqual([]);
  });

  test('a store that fails to give does not end the loop', async () => {
    let failures = 2;
    const box = started({}, (store) => ({
      ...store,
      claim: (options: Parameters<Store['claim']>[0]) =>
        failures-- > 0 ? Promise.reject(new Error('database is locked')) : store.claim(options),
    }));
    await box.accept('e1');

    await box.until('d-e1', 'delivered');
    expect(box.log.filter((line) => line.includes('the store did not answer'))).toHaveLength(2);
    expect(box.log.join('\n')).toContain('database is locked');
  });

  test('a delivery whose lease was lost meanwhile leaves the new owner alone', async () => {
    const box = started();
    const slow = gate();
    await box.accept('e1', {
      send: [() => slow.opened.then(() => ({ ...sent, detail: 'too late' }))],
      look: [{ outcome: 'found', run: RUN }],
    });
    await waitUntil(() => expect(box.calls).toEqual(['send d-e1']));

    await box.store.recoverInFlight(box.now());
    box.outbox.wake();
    await box.until('d-e1', 'delivered');
    slow.open();

    await waitUntil(() => expect(box.log.join('\n')).toContain('lease lost'));
    expect(await box.outcomes('d-e1')).toEqual(['ambiguous', 'found']);
    expect((await box.store.delivery('d-e1'))?.delivery.runUrl).toBe(RUN.url);
  });

  test('a failure that names a time holds everything of its credential back, for a day at the most', async () => {
    const box = started();
    const until = box.now() + 30 * 24 * 3_600_000;
    await box.accept('e1', { send: [{ outcome: 'failed', status: 503, detail: 'down', ambiguous: true, notBefore: until }] });
    await waitUntil(async () => expect(await box.outcomes('d-e1')).toEqual(['ambiguous']));

    const [hold] = await box.store.throttles(box.now());
    expect(hold?.until).toBeGreaterThan(box.now() + 23 * 3_600_000);
    expect(hold?.until).toBeLessThanOrEqual(box.now() + 24 * 3_600_000);
  });

  test('stop gives up on a target that ignores its signal', async () => {
    const box = started();
    const never = gate();
    await box.accept('e1', { send: [() => never.opened.then(() => sent)] });
    await waitUntil(() => expect(box.calls).toEqual(['send d-e1']));

    await box.outbox.stop(20);
    expect(await box.outcomes('d-e1')).toEqual(['ambiguous']);
    never.open();
  });

  test('stop waits for a claim that is under way, and for what it starts', async () => {
    const asked = gate();
    const slow = gate();
    const box = new ScriptedOutbox({}, (store) => ({
      ...store,
      claim: async (options) => {
        asked.open();
        await slow.opened;
        return store.claim(options);
      },
    }));
    await box.accept('e1', { send: [sent] });
    box.outbox.start();
    await asked.opened;
    const stopped = box.outbox.stop(5_000);
    slow.open();

    await stopped;
    expect((await box.store.counts()).deliveries).toEqual({ delivered: 1 });
  });

  test('a newer event takes the place of one that fails, under order: latest', async () => {
    const box = started();
    const slow = gate();
    const latest = { subject: 'model', delivery: { replacesOlder: true } };
    await box.accept('e1', { send: [() => slow.opened.then(() => failed)] }, latest);
    await waitUntil(() => expect(box.calls).toEqual(['send d-e1']));
    await box.accept('e2', {}, latest);
    slow.open();

    await box.until('d-e2', 'delivered');
    expect((await box.store.delivery('d-e1'))?.delivery.state).toBe('superseded');
    expect(box.calls).toEqual(['send d-e1', 'send d-e2']);
  });

  test('what is stored but was never asked for by a wake is sent within a second or so', async () => {
    const box = started();
    await box.store.accept([eventOf('e1', { at: box.now() })], { dedupeWindowMs: 0 });

    await box.until('d-e1', 'delivered');
  });
});
