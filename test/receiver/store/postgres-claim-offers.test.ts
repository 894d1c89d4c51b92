import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ClaimedDelivery } from '../../../receiver/store/delivery.ts';
import { claimOffers } from '../../../receiver/store/postgres/claim-offers.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import type { Sql } from '../../../receiver/store/postgres/sql.ts';
import type { ClaimOptions, Store } from '../../../receiver/store/store.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { accept, asItCame, claim, deliveryOf, drain, eventOf, firingOf, idsOf, LEASE_MS, stateOf, succeed, T0, take } from './samples.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

/** A store that knows the credential, and what it hands to the one worker that offers. */
async function offering(changes: Partial<ClaimOptions> = {}) {
  const url = await server.newDatabase();
  const store = await openPostgres(url);
  onTestFinished(() => store.close());
  await accept(store, eventOf('e0', { subject: 'first' }));
  await drain(store, T0);
  const handed: string[][] = [];
  const claimed: ClaimedDelivery[] = [];
  let now = T0;
  let isOffered = true;
  let tokens = 0;
  store.claimWhileAccepting?.(() =>
    isOffered
      ? {
          options: { now, leaseMs: LEASE_MS, limit: 8, paceMs: 0, newToken: () => `offered ${++tokens}`, ...changes },
          claimed: (deliveries) => {
            handed.push(idsOf(deliveries));
            claimed.push(...deliveries);
          },
        }
      : undefined,
  );
  const set = (at: number, offers = true) => {
    now = at;
    isOffered = offers;
  };
  return { store, url, handed, claimed, set };
}

async function outcomeOf(store: Store, claimed: readonly ClaimedDelivery[]): Promise<boolean[]> {
  return Promise.all(claimed.map((delivery) => succeed(store, delivery, T0)));
}

describe('what is claimed', () => {
  const claimedOf = (id: string) => ({ id }) as ClaimedDelivery;
  const world = () => {
    const handed: string[][] = [];
    let count = 0;
    const offers = claimOffers(async () => [claimedOf(`d-${++count}`)]);
    offers.add(() => ({ options: {} as ClaimOptions, claimed: (found) => void handed.push(idsOf(found)) }));
    return { offers, handed };
  };
  const sql = {} as Sql;

  test('by a transaction that then began again, and claimed nothing, is not handed over', async () => {
    const { offers, handed } = world();
    await offers.during(async (also) => {
      also.begin();
      await also.claim(sql);
      also.begin();
    });
    expect(handed).toEqual([[]]);
  });

  test('by a transaction that failed in the end is not handed over', async () => {
    const { offers, handed } = world();
    const failing = offers.during(async (also) => {
      also.begin();
      await also.claim(sql);
      throw new Error('the commit failed');
    });
    await expect(failing).rejects.toThrow('the commit failed');
    expect(handed).toEqual([[]]);
  });
});

describe('the transaction that accepts events', () => {
  test('also claims what is due, and hands it over once; the lease is a real one', async () => {
    const { store, handed, claimed } = await offering();

    await accept(store, eventOf('e1', { subject: 'a' }), eventOf('e2', { subject: 'b' }));

    expect(handed).toEqual([['d-e1', 'd-e2']]);
    expect(claimed[0]).toMatchObject({ id: 'd-e1', eventId: 'e1', attempts: 0, ambiguous: false });
    expect(await claim(store, T0)).toEqual([]);
    expect(await stateOf(store, 'd-e1')).toBe('in_flight');
    expect(await outcomeOf(store, claimed)).toEqual([true, true]);
    expect(await stateOf(store, 'd-e1')).toBe('delivered');
  });

  test('claims in order, at the pace, and nothing that is held, paused or throttled', async () => {
    const { store, handed, set } = await offering({ paceMs: 10 });

    await accept(store, eventOf('e1'), eventOf('e2'), eventOf('e3', { subject: 'b' }));
    expect(handed).toEqual([['d-e1']]);
    set(T0 + 10);
    await accept(store, eventOf('e4', { at: T0 + 10 }));
    expect(handed.at(-1)).toEqual(['d-e3']);
    await store.pause({ scope: { kind: 'everything' }, by: 'ada', at: T0, reason: null });
    set(T0 + 20);
    await accept(store, eventOf('e5', { subject: 'c', at: T0 + 20 }));
    await store.resume({ kind: 'everything' }, 'ada', T0);
    await store.throttle({ credential: 'github', until: T0 + 1_000, reason: 'limit' });
    await accept(store, eventOf('e6', { subject: 'd', at: T0 + 20 }));

    expect(handed.slice(2)).toEqual([[], []]);
    expect(idsOf(await claim(store, T0 + 1_000, { paceMs: 10 }))).toEqual(['d-e5']);
  });

  test('claims nothing where nothing is offered, nor for events that send nothing', async () => {
    const { store, handed, set } = await offering();
    set(T0, false);
    await accept(store, eventOf('e1', { subject: 'a' }));
    expect(handed).toEqual([]);

    set(T0);
    await accept(store, eventOf('e2', { subject: 'b', firings: [] }));
    await take(store, asItCame(eventOf('e3', { subject: 'c' })));

    expect(handed).toEqual([[], []]);
    expect(idsOf(await claim(store, T0))).toEqual(['d-e1']);
  });

  test('also when it takes webhooks', async () => {
    const { store, handed } = await offering();
    const event = eventOf('e1', { subject: 'a' });
    expect(await take(store, { ...asItCame(event), planned: event })).toMatchObject([{ status: 'accepted' }]);
    expect(handed).toEqual([['d-e1']]);
  });

  test('also when the webhooks behind what it accepts are stored as they came', async () => {
    const { store, handed } = await offering();
    const accepted = eventOf('e1', { subject: 'one' });

    const taken = await take(store, { ...asItCame(accepted), planned: accepted }, asItCame(eventOf('e2', { subject: 'two' })));

    expect(taken.map(({ status }) => status)).toEqual(['accepted', 'unrouted']);
    expect(handed).toContainEqual(['d-e1']);
  });

  test('that fails has claimed nothing', async () => {
    const { store, handed } = await offering();
    await accept(store, eventOf('e1', { subject: 'a' }));
    const twice = eventOf('e2', { subject: 'b', firings: [firingOf([deliveryOf('d-e1')])] });

    await expect(accept(store, twice, eventOf('e3', { subject: 'c' }))).rejects.toThrow(/duplicate key/);

    expect(handed).toEqual([['d-e1'], []]);
    expect(await store.event('e3')).toBeUndefined();
  });

  test('that is run again, because others were in its way, hands over what its last run has claimed', async () => {
    const { store, url, handed, claimed } = await offering();
    // A trigger that lets the first commit of each new event fail as a deadlock does.
    await server.run(
      url,
      `CREATE SEQUENCE tries; CREATE FUNCTION once() RETURNS trigger AS $$ BEGIN
         IF nextval('tries') = 1 THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '40P01'; END IF; RETURN NULL; END $$ LANGUAGE plpgsql;
       CREATE CONSTRAINT TRIGGER once AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION once()`,
    );

    await accept(store, eventOf('e1', { subject: 'a' }));

    expect(handed).toEqual([['d-e1']]);
    expect(await outcomeOf(store, claimed)).toEqual([true]);
  });
});
