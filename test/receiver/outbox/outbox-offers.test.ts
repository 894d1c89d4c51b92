import { expect, test } from 'vitest';
import type { ClaimOffer, Store } from '../../../receiver/store/store.ts';
import { accept, eventOf } from '../store/samples.ts';
import { gate, ScriptedOutbox } from './scripted-outbox.ts';

/** An outbox whose queue lets it claim while events are accepted. */
function offeringOutbox(concurrency = 20) {
  let ask: () => ClaimOffer | undefined = () => undefined;
  const limits: number[] = [];
  const wrap = (store: Store): Store => ({
    ...store,
    claim: (options) => {
      limits.push(options.limit);
      return store.claim(options);
    },
    claimWhileAccepting: (offer) => {
      ask = offer;
    },
  });
  const box = new ScriptedOutbox({ claimsWhileAccepting: true, concurrency }, wrap);
  /** What a store does: it stores events without a wake, claims as it is offered, and hands over what it has. */
  const storeAndClaim = async (...ids: string[]): Promise<number | undefined> => {
    const made = ask();
    await accept(box.store, ...ids.map((id) => eventOf(id, { subject: id, at: box.now() })));
    if (made === undefined) return undefined;
    made.claimed(await box.store.claim({ ...made.options, now: box.now() }));
    return made.options.limit;
  };
  return { box, limits, ask: () => ask(), storeAndClaim };
}

test('what is claimed while events are accepted is sent, and places are kept for it', async () => {
  const { box, limits, storeAndClaim } = offeringOutbox();
  box.outbox.start();
  await box.outbox.idle();
  expect(new Set(limits)).toEqual(new Set([12]));

  expect(await storeAndClaim('e1', 'e2')).toBe(8);

  await box.until('d-e1', 'delivered');
  await box.until('d-e2', 'delivered');
  expect(await box.outcomes('d-e1')).toEqual(['delivered']);
});

test('no more is offered than there are free places, and nothing twice', async () => {
  const { box, ask } = offeringOutbox(10);
  box.outbox.start();
  await box.outbox.idle();

  const [first, second, third] = [ask(), ask(), ask()];

  expect([first?.options.limit, second?.options.limit, third]).toEqual([8, 2, undefined]);
  first?.claimed([]);
  second?.claimed([]);
  await box.outbox.idle();
  box.pass(100);
  const last = ask();
  expect(last?.options.limit).toBe(8);
  last?.claimed([]);
});

test('after nothing could be claimed, 50 ms pass until the next offer', async () => {
  const { box, ask } = offeringOutbox();
  box.outbox.start();
  await box.outbox.idle();
  ask()?.claimed([]);
  await box.outbox.idle();

  expect(ask()).toBeUndefined();
  box.pass(50);

  const next = ask();
  expect(next).toBeDefined();
  next?.claimed([]);
});

test('a stop waits for what is being claimed, sends it, and offers nothing more', async () => {
  const { box, ask } = offeringOutbox();
  const { opened, open } = gate();
  box.outbox.start();
  await box.outbox.idle();
  const made = ask();
  await box.accept('e1', {
    send: [async () => opened.then(() => ({ outcome: 'delivered', status: 204, detail: 'dispatched', run: null }))],
  });
  const stopped = box.outbox.stop(10_000);
  expect(ask()).toBeUndefined();

  made?.claimed(await box.store.claim({ ...made.options, now: box.now() }));
  open();
  await stopped;

  expect(await box.outcomes('d-e1')).toEqual(['delivered']);
});
