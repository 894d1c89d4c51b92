import { describe, expect, test, vi } from 'vitest';
import type { SendResult } from '../../../receiver/outbox/target.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { failed, gate, RUN, ScriptedOutbox, sent, unclear } from './scripted-outbox.ts';

const HOUR = 3_600_000;
const waitUntil = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

function started(...args: ConstructorParameters<typeof ScriptedOutbox>): ScriptedOutbox {
  const scripted = new ScriptedOutbox(...args);
  scripted.outbox.start();
  return scripted;
}

describe('sending', () => {
  test('a delivery that fails is tried again until it succeeds, and every attempt is logged', async () => {
    const box = started();
    await box.accept('e1', { send: [failed, failed, { ...sent, run: RUN }] });

    const view = await box.until('d-e1', 'delivered');

    expect(view).toMatchObject({ attempts: 3, runUrl: RUN.url, reason: null });
    expect(await box.attempts('d-e1')).toEqual([
      ['failed', 'GitHub answered 503'],
      ['failed', 'GitHub answered 503'],
      ['delivered', 'dispatched'],
    ]);
    // A failure that is clear is not looked into.
    expect(box.callsFor('d-e1')).toEqual(['send', 'send', 'send']);
    expect(box.contexts.map(({ attempts }) => attempts)).toEqual([0, 1, 2]);
  });

  test('what was accepted before the start is sent too', async () => {
    const box = new ScriptedOutbox();
    await box.accept('e1');
    expect(box.calls).toEqual([]);

    box.outbox.start();

    await box.until('d-e1', 'delivered');
  });

  test('what another process put into the queue is found without a wake', async () => {
    const box = started();
    await box.accept('e1');
    await box.until('d-e1', 'delivered');

    await box.store.replay(['d-e1'], box.now());

    await waitUntil(() => expect(box.callsFor('d-e1')).toEqual(['send', 'send']));
  });

  test('a refusal is final, and its sentence is the reason', async () => {
    const box = started();
    const detail = 'acme/deploy does not exist or the token cannot see it (404): check the name in the route';
    await box.accept('e1', { send: [{ outcome: 'refused', status: 404, detail }] });

    expect(await box.until('d-e1', 'dead')).toMatchObject({ reason: detail, attempts: 1 });
    expect(await box.attempts('d-e1')).toEqual([['refused', detail]]);
    expect((await box.store.delivery('d-e1'))?.attempts[0]?.status).toBe(404);
  });

  test('it gives up when it has failed for longer than it may', async () => {
    const box = started();
    const muchLater = (): SendResult => {
      box.pass(HOUR + 1);
      return failed;
    };
    await box.accept('e1', { send: [failed, muchLater, sent] });

    expect(await box.until('d-e1', 'dead')).toMatchObject({ reason: 'gave up: GitHub answered 503', attempts: 2 });
    expect(await box.outcomes('d-e1')).toEqual(['failed', 'failed']);
  });

  test('it does not give up because of a clock that has just jumped, but once that can be trusted', async () => {
    let steady = true;
    const box = started({ clock: { hasJumped: () => !steady } });
    const jump = (): SendResult => {
      steady = false;
      box.pass(HOUR + 1);
      return failed;
    };
    const settle = (): SendResult => {
      steady = true;
      return failed;
    };
    await box.accept('e1', { send: [failed, jump, failed, settle, sent] });

    expect(await box.until('d-e1', 'dead')).toMatchObject({ reason: 'gave up: GitHub answered 503', attempts: 4 });
  });

  test('while the clock has just jumped, nothing that is being sent is reclaimed', async () => {
    let jumped = false;
    const box = started({ clock: { hasJumped: () => jumped } });
    const { opened, open } = gate();
    await box.accept('e1', { send: [() => opened.then(() => sent)] });
    await waitUntil(() => expect(box.callsFor('d-e1')).toEqual(['send']));
    jumped = true;
    box.pass(HOUR);
    await box.accept('e2');
    await box.until('d-e2', 'delivered');
    open();

    await box.until('d-e1', 'delivered');
    expect(await box.outcomes('d-e1')).toEqual(['delivered']);
  });

  test('an attempt during which the clock is put back ends now, and did not take less than no time', async () => {
    const box = started();
    const back = (): SendResult => {
      box.pass(-HOUR);
      return sent;
    };
    await box.accept('e1', { send: [back] });

    await box.until('d-e1', 'delivered');
    const [attempt] = (await box.store.delivery('d-e1'))?.attempts ?? [];
    expect(attempt?.durationMs).toBe(0);
    expect(attempt?.startedAt).toBeLessThanOrEqual(box.now());
  });

  test('a replay of what was given up is tried for as long as the first time', async () => {
    const box = started();
    const muchLater = (): SendResult => {
      box.pass(HOUR + 1);
      return failed;
    };
    await box.accept('e1', { send: [muchLater, failed, failed, sent] });
    await box.until('d-e1', 'dead');

    await box.store.replay(['d-e1'], box.now());

    expect(await box.until('d-e1', 'delivered')).toMatchObject({ attempts: 3 });
  });

  test('without a target for its kind of request a delivery is dead, and its reason says what to configure', async () => {
    const box = started({ targets: {}, unconfigured: (kind) => `${kind} is not connected: set A_TOKEN` });
    await box.accept('e1');

    expect((await box.until('d-e1', 'dead')).reason).toBe(
      'repository_dispatch is not connected: set A_TOKEN, restart and replay this delivery',
    );
  });

  test('secrets are redacted before anything is kept or logged, and long answers are cut', async () => {
    const box = started();
    const detail = `bad credentials ghp_secret ${'x'.repeat(2_000)}`;
    await box.accept('e1', { send: [{ outcome: 'refused', status: 401, detail }] });
    await box.accept('e2', { send: [() => Promise.reject(new Error('ghp_secret leaked')), sent] });

    const view = await box.until('d-e1', 'dead');
    await box.until('d-e2', 'delivered');

    expect(view.reason).toMatch(/^bad credentials \[redacted\] x+$/);
    expect(view.reason?.length).toBe(1_000);
    expect(JSON.stringify([await box.attempts('d-e1'), await box.attempts('d-e2'), box.log])).not.toContain('ghp_secret');
    expect((await box.attempts('d-e2'))[0]).toEqual(['ambiguous', 'unexpected: [redacted] leaked']);
  });
});

describe('after an attempt that may have had its effect', () => {
  test('the target is asked first, and what it started is not sent again', async () => {
    const box = started();
    await box.accept('e1', { send: [unclear], look: [{ outcome: 'found', run: RUN }] });

    expect(await box.until('d-e1', 'delivered')).toMatchObject({ runUrl: RUN.url, attempts: 2 });
    expect(box.callsFor('d-e1')).toEqual(['send', 'look']);
    expect(await box.attempts('d-e1')).toEqual([
      ['ambiguous', 'GitHub answered 502'],
      ['found', `an earlier attempt had started ${RUN.url}; not sent again`],
    ]);
  });

  test('what is not found is sent again', async () => {
    const box = started();
    await box.accept('e1', { send: [unclear, sent], look: [{ outcome: 'not_found' }] });

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send', 'look', 'send']);
    expect((await box.attempts('d-e1'))[1]).toEqual(['delivered', 'dispatched (sent again: nothing of the earlier attempt was found)']);
  });

  test('what cannot be known is sent again, and the log says so', async () => {
    const box = started();
    await box.accept('e1', { send: [unclear, sent], look: [{ outcome: 'unknowable', detail: 'the token may not read runs' }] });

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send', 'look', 'send']);
    const why = 'sent again: whether the earlier attempt had its effect cannot be known (the token may not read runs)';
    expect((await box.attempts('d-e1'))[1]).toEqual(['delivered', `dispatched (${why})`]);
    expect(box.log.join('\n')).toContain(why);
  });

  test('while the search fails nothing is sent, and it stays ambiguous', async () => {
    const box = started();
    const noAnswer = { ...failed, detail: 'GitHub answered 500' } as const;
    const limited = { outcome: 'limited', status: 429, detail: 'slow down', until: 1 } as const;
    await box.accept('e1', { send: [unclear, sent], look: [noAnswer, limited, { outcome: 'not_found' }] });

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send', 'look', 'look', 'look', 'send']);
    expect(await box.attempts('d-e1')).toEqual([
      ['ambiguous', 'GitHub answered 502'],
      ['failed', 'could not look for what the earlier attempt did: GitHub answered 500'],
      ['limited', 'slow down'],
      ['delivered', 'dispatched (sent again: nothing of the earlier attempt was found)'],
    ]);
  });

  test('it stays unclear when a second attempt fails clearly, since the first run may show up late', async () => {
    const box = started();
    await box.accept('e1', { send: [unclear, failed], look: [{ outcome: 'not_found' }, { outcome: 'found', run: RUN }] });

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send', 'look', 'send', 'look']);
  });

  test('a target that throws counts as unclear', async () => {
    const box = started();
    const bug = (): never => {
      throw new TypeError('cannot read properties of undefined');
    };
    await box.accept('e1', { send: [bug], look: [{ outcome: 'found', run: RUN }] });

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send', 'look']);
    expect((await box.attempts('d-e1'))[0]).toEqual(['ambiguous', 'unexpected: cannot read properties of undefined']);
  });

  test("nothing is sent once the lease is another outbox's, nor while that is not known", async () => {
    const answers = [() => Promise.resolve(false), () => Promise.reject(new Error('no answer'))];
    const box = started({}, (store) => ({ ...store, holds: () => answers.shift()?.() ?? Promise.resolve(true) }));
    await box.accept('e1');

    await box.until('d-e1', 'delivered');

    expect(box.callsFor('d-e1')).toEqual(['send']);
    expect(await box.attempts('d-e1')).toEqual([
      ['failed', 'not sent: another receiver has reclaimed it'],
      ['failed', 'not sent: it is not known whether another receiver has reclaimed it: no answer'],
      ['delivered', 'dispatched'],
    ]);
  });

  test('an outcome that could not be stored is searched when the lease ends', async () => {
    let failures = 1;
    const box = started({}, (store) => ({
      ...store,
      settle: (...args: Parameters<Store['settle']>) => (failures-- > 0 ? Promise.reject(new Error('disk full')) : store.settle(...args)),
    }));
    await box.accept('e1', { look: [{ outcome: 'found', run: RUN }] });
    await waitUntil(() => expect(box.log.join('\n')).toContain('could not be stored'));
    expect((await box.store.delivery('d-e1'))?.delivery.state).toBe('in_flight');

    box.pass(HOUR);

    await box.until('d-e1', 'delivered');
    expect(box.callsFor('d-e1')).toEqual(['send', 'look']);
  });
});
