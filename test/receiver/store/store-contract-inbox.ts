import { describe, expect, test } from 'vitest';
import type { Store } from '../../../receiver/store/store.ts';
import { type JsonObject, parseExactJson } from '../../../src/lib/json.ts';
import { theValue } from '../../src/event/samples.ts';
import {
  accept,
  claim,
  claimOne,
  DEDUPE_MS,
  deliveryOf,
  drain,
  eventOf,
  firingOf,
  idsOf,
  MINUTE,
  type OpenStore,
  SECOND,
  stateOf,
  statesOf,
  succeed,
  T0,
  withStore,
} from './samples.ts';

export function inboxContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));

  describe('accepting events', () => {
    onStore('an accepted event is kept with its body and its deliveries, and the answer names them', async (store) => {
      const event = eventOf('e1', { deliveries: [deliveryOf('a'), deliveryOf('b', { target: 'repository_dispatch:acme/audit' })] });

      const answers = await accept(store, event);

      expect(answers).toEqual([
        {
          status: 'accepted',
          id: 'e1',
          deliveries: [
            { id: 'a', route: 'deploy', target: 'repository_dispatch:acme/deploy' },
            { id: 'b', route: 'deploy', target: 'repository_dispatch:acme/audit' },
          ],
        },
      ]);
      expect(await store.event('e1')).toEqual({
        id: 'e1',
        receivedAt: T0,
        outcome: 'routed',
        duplicateOf: null,
        event: event.event,
        body: event.body,
        wandb: undefined,
        subjectKey: event.subjectKey,
      });
      expect(await store.delivery('a')).toEqual({
        delivery: {
          id: 'a',
          eventId: 'e1',
          route: 'deploy',
          target: 'repository_dispatch:acme/deploy',
          credential: 'github',
          state: 'pending',
          attempts: 0,
          createdAt: T0,
          updatedAt: T0,
          dueAt: T0,
          reason: null,
          runUrl: null,
          request: event.firings[0]?.deliveries[0]?.request,
          run: null,
          message: null,
        },
        attempts: [],
        notes: [],
      });
    });

    onStore('numbers of a request and of its template keep their text, also when the request is built again', async (store) => {
      const written = '{"id":9007199254740993,"in":[-9007199254740995,{"long":0.12345678901234567890,"huge":1E400,"one":1.0}]}';
      const client_payload = theValue(parseExactJson(written)) as JsonObject;
      const dispatch = { repository: 'acme/deploy', event_type: 'go', client_payload };
      const request = { kind: 'repository_dispatch', ...dispatch } as const;
      await accept(store, eventOf('e1', { delivery: { request, template: { repository_dispatch: dispatch } } }));

      const claimed = await claimOne(store, T0);
      expect(JSON.stringify(claimed.request)).toContain(written);
      expect(JSON.stringify(claimed.template)).toContain(written);
      expect(await store.updateRequest(claimed, claimed.request)).toBe(true);
      expect(JSON.stringify((await store.delivery('d-e1'))?.delivery.request)).toContain(written);
    });

    onStore('events of one call are answered in their order', async (store) => {
      const answers = await accept(store, eventOf('e1'), eventOf('e2', { body: 'body of e1' }), eventOf('e3', { subject: 'other' }));

      expect(answers.map(({ status, id }) => [status, id])).toEqual([
        ['accepted', 'e1'],
        ['duplicate', 'e1'],
        ['accepted', 'e3'],
      ]);
    });

    onStore('an event that no route asked for is kept as unmatched', async (store) => {
      expect(await accept(store, eventOf('e1', { firings: [] }))).toEqual([{ status: 'accepted', id: 'e1', deliveries: [] }]);
      expect((await store.event('e1'))?.outcome).toBe('unmatched');
      expect(await claim(store, T0 + MINUTE)).toEqual([]);
    });

    onStore('a delivery that is dead from the start tells why, and nothing waits for it', async (store) => {
      const dead = deliveryOf('a', { state: 'dead', reason: 'inputs.version is empty', request: null });
      await accept(store, eventOf('e1', { deliveries: [dead] }), eventOf('e2'));

      expect((await store.delivery('a'))?.delivery).toMatchObject({ state: 'dead', reason: 'inputs.version is empty', request: null });
      expect(idsOf(await claim(store, T0))).toEqual(['d-e2']);
    });

    onStore('a batch with one event that cannot be stored stores none of its events', async (store) => {
      await accept(store, eventOf('e1'));
      await drain(store, T0);

      await expect(accept(store, eventOf('e2'), eventOf('e1', { body: 'the id again' }), eventOf('e3'))).rejects.toThrow();

      expect(await store.event('e2')).toBeUndefined();
      expect(await store.event('e3')).toBeUndefined();
      expect(await store.counts()).toEqual({ events: { routed: 1 }, deliveries: { delivered: 1 }, rejected: 0 });
    });

    onStore('a batch that fails at its last delivery leaves queued and held deliveries as they were', async (store) => {
      await accept(store, eventOf('e1', { delivery: { replacesOlder: true } }));
      await accept(store, eventOf('e2', { subject: 'other', delivery: { state: 'held', reason: 'waits' } }));
      const newer = eventOf('e3', { delivery: { replacesOlder: true } });
      const newerHeld = eventOf('e4', { subject: 'other', delivery: { state: 'held', reason: 'waits' } });
      const clash = eventOf('e5', { deliveries: [deliveryOf('fresh'), deliveryOf('d-e1')] });

      await expect(accept(store, newer, newerHeld, clash)).rejects.toThrow();

      expect(await statesOf(store, 'd-e1', 'd-e2', 'd-e3', 'd-e4', 'fresh')).toEqual(['pending', 'held', undefined, undefined, undefined]);
      expect(await drain(store, T0)).toEqual(['d-e1']);
    });

    onStore('the check of a store that can write resolves', async (store) => {
      await store.check();
      await store.check();
    });
  });

  describe('duplicates', () => {
    onStore('an identical body within the window is kept with what it duplicates, and delivers nothing', async (store) => {
      await accept(store, eventOf('e1', { body: 'same' }));

      expect(await accept(store, eventOf('e2', { body: 'same', at: T0 + DEDUPE_MS - 1 }))).toEqual([
        { status: 'duplicate', id: 'e1', receivedAt: T0 },
      ]);

      expect(await store.event('e2')).toMatchObject({ outcome: 'duplicate', duplicateOf: 'e1', body: 'same' });
      expect(await stateOf(store, 'd-e2')).toBeUndefined();
      expect(await drain(store, T0 + DEDUPE_MS)).toEqual(['d-e1']);
    });

    onStore('every duplicate points to the first event', async (store) => {
      await accept(store, eventOf('e1', { body: 'same' }));
      await accept(store, eventOf('e2', { body: 'same', at: T0 + 1 }));

      expect(await accept(store, eventOf('e3', { body: 'same', at: T0 + 2 }))).toEqual([{ status: 'duplicate', id: 'e1', receivedAt: T0 }]);
      expect((await store.event('e3'))?.duplicateOf).toBe('e1');
    });

    onStore('when the window since the first event is over, the same body is a new event', async (store) => {
      await accept(store, eventOf('e1', { body: 'same' }));
      await accept(store, eventOf('e2', { body: 'same', at: T0 + DEDUPE_MS - 1 }));

      const [answer] = await accept(store, eventOf('e3', { body: 'same', at: T0 + DEDUPE_MS }));

      expect(answer).toMatchObject({ status: 'accepted', id: 'e3' });
    });

    onStore('v12, v13 and v12 again are three events', async (store) => {
      const answers = await accept(
        store,
        eventOf('e1', { body: 'v12' }),
        eventOf('e2', { body: 'v13', at: T0 + 1 }),
        eventOf('e3', { body: 'v12', at: T0 + 2 }),
      );

      expect(answers.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await drain(store, T0 + 2)).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });

    onStore('an event of another subject in between does not make a duplicate new', async (store) => {
      const answers = await accept(
        store,
        eventOf('e1', { body: 'v12' }),
        eventOf('e2', { subject: 'other' }),
        eventOf('e3', { body: 'v12', at: T0 + 2 }),
      );

      expect(answers[2]).toEqual({ status: 'duplicate', id: 'e1', receivedAt: T0 });
    });

    onStore('the same body about another subject is no duplicate', async (store) => {
      const answers = await accept(store, eventOf('e1', { body: 'same' }), eventOf('e2', { body: 'same', subject: 'other' }));

      expect(answers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    });

    onStore('events of type unknown are never duplicates, in one call or in several', async (store) => {
      const unknown = (id: string, at: number) => eventOf(id, { body: 'same', at, event: { type: 'unknown', source: 'default' } });
      const answers = [...(await accept(store, unknown('e1', T0), unknown('e2', T0))), ...(await accept(store, unknown('e3', T0 + 1)))];

      expect(answers.map(({ status, id }) => [status, id])).toEqual([
        ['accepted', 'e1'],
        ['accepted', 'e2'],
        ['accepted', 'e3'],
      ]);
      expect(await drain(store, T0 + 1)).toEqual(['d-e1', 'd-e2', 'd-e3']);
    });

    onStore('an unmatched event that comes again is a duplicate too', async (store) => {
      await accept(store, eventOf('e1', { body: 'same', firings: [] }));

      expect(await accept(store, eventOf('e2', { body: 'same', firings: [] }))).toEqual([
        { status: 'duplicate', id: 'e1', receivedAt: T0 },
      ]);
    });
  });

  describe('cooldown', () => {
    const fire = (id: string, at: number, cooldownKey: string) =>
      eventOf(id, { at, firings: [firingOf([deliveryOf(`d-${id}`)], cooldownKey, MINUTE)] });

    onStore('a route rests after it fired for a subject, and fires again when the time is over', async (store) => {
      await accept(store, fire('e1', T0, 'deploy of model'));

      expect(await accept(store, fire('e2', T0 + MINUTE - 1, 'deploy of model'))).toEqual([
        { status: 'accepted', id: 'e2', deliveries: [] },
      ]);
      expect((await store.event('e2'))?.outcome).toBe('cooldown');
      const [answer] = await accept(store, fire('e3', T0 + MINUTE, 'deploy of model'));

      expect(answer).toMatchObject({ status: 'accepted', deliveries: [{ id: 'd-e3' }] });
      expect(await accept(store, fire('e4', T0 + 2 * MINUTE - 1, 'deploy of model'))).toMatchObject([{ deliveries: [] }]);
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e1', 'd-e3']);
    });

    onStore('an event that fell into a cooldown does not lengthen it', async (store) => {
      await accept(store, fire('e1', T0, 'deploy of model'));
      await accept(store, fire('e2', T0 + 50 * SECOND, 'deploy of model'));

      expect(await accept(store, fire('e3', T0 + 70 * SECOND, 'deploy of model'))).toMatchObject([{ deliveries: [{ id: 'd-e3' }] }]);
    });

    onStore('a delivery that could never be sent starts none, in a batch of its own and within one', async (store) => {
      const unsendable = (id: string, at: number) => {
        const delivery = deliveryOf(`d-${id}`, { state: 'dead', reason: 'too large', request: null });
        return eventOf(id, { at, firings: [firingOf([delivery], 'deploy of model', MINUTE)] });
      };
      await accept(store, unsendable('e1', T0));

      expect(await accept(store, fire('e2', T0 + SECOND, 'deploy of model'))).toMatchObject([{ deliveries: [{ id: 'd-e2' }] }]);
      const later = T0 + 2 * MINUTE;
      expect(await accept(store, unsendable('e3', later), fire('e4', later + 1, 'deploy of model'))).toMatchObject([
        { deliveries: [{ id: 'd-e3' }] },
        { deliveries: [{ id: 'd-e4' }] },
      ]);
      expect((await store.event('e4'))?.outcome).toBe('routed');
    });

    onStore('another route and another subject do not rest with it', async (store) => {
      await accept(store, fire('e1', T0, 'deploy of model'));

      const answers = await accept(store, fire('e2', T0 + 1, 'audit of model'), fire('e3', T0 + 1, 'deploy of other'));

      expect(answers).toMatchObject([{ deliveries: [{ id: 'd-e2' }] }, { deliveries: [{ id: 'd-e3' }] }]);
    });

    onStore('an event fires the routes that do not rest, and counts as routed', async (store) => {
      await accept(store, fire('e1', T0, 'deploy of model'));
      const resting = firingOf([deliveryOf('resting')], 'deploy of model', MINUTE);
      const awake = firingOf([deliveryOf('awake', { route: 'audit' })]);

      expect(await accept(store, eventOf('e2', { at: T0 + 1, firings: [resting, awake] }))).toMatchObject([
        { deliveries: [{ id: 'awake', route: 'audit' }] },
      ]);
      expect((await store.event('e2'))?.outcome).toBe('routed');
      expect(await stateOf(store, 'resting')).toBeUndefined();
    });
  });

  describe('rejected requests', () => {
    onStore('they are kept, newest first', async (store) => {
      const rejected = (n: number) => ({ receivedAt: T0 + n, source: 'default', status: 400, reason: `reason ${n}`, body: `{${n}` });
      for (const n of [1, 2, 3]) await store.keepRejected(rejected(n));

      expect(await store.rejected(2)).toEqual([rejected(3), rejected(2)]);
      expect((await store.counts()).rejected).toBe(3);
    });

    onStore('only the latest thousand are kept', async (store) => {
      for (let n = 0; n < 1_003; n++) {
        await store.keepRejected({ receivedAt: T0 + n, source: 'default', status: 400, reason: 'not JSON', body: `${n}` });
      }

      const kept = await store.rejected(2_000);

      expect(kept).toHaveLength(1_000);
      expect([kept[0]?.body, kept[999]?.body]).toEqual(['1002', '3']);
      expect((await store.counts()).rejected).toBe(1_000);
    });
  });

  describe('a delivery that has left', () => {
    onStore('is neither sent again nor replaced by newer events', async (store) => {
      await accept(store, eventOf('e1', { delivery: { replacesOlder: true } }));
      await succeed(store, await claimOne(store, T0), T0);

      await accept(store, eventOf('e2', { at: T0 + 1, delivery: { replacesOlder: true } }));

      expect(await statesOf(store, 'd-e1', 'd-e2')).toEqual(['delivered', 'pending']);
      expect(await drain(store, T0 + MINUTE)).toEqual(['d-e2']);
    });
  });
}
