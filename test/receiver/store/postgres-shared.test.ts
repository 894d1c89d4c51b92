import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDriver } from '../../../receiver/store/postgres/driver.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { UnfinishedCopyError, WrongPurposeError } from '../../../receiver/store/postgres/purpose.ts';
import { SCHEMA_VERSION } from '../../../receiver/store/postgres/schema.ts';
import { NewerSchemaError } from '../../../receiver/store/schema-version.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { heldEvent, heldOf, notesOf } from './conversation-samples.ts';
import { accept, claim, deliveryOf, drain, eventOf, idsOf, SECOND, stateOf, succeed, T0 } from './samples.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

/** Several stores on one database, as several receivers have them. */
async function openSeveral(count: number, url?: string): Promise<{ url: string; stores: Store[]; store: Store }> {
  const database = url ?? (await server.newDatabase());
  const stores = await Promise.all(Array.from({ length: count }, () => openPostgres(database)));
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });
  return { url: database, stores, store: stores[0]! };
}

/** Lets each store do the same at the same time. */
const together = <T>(stores: readonly Store[], work: (store: Store, i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(stores.map(work));

describe('a database', () => {
  test('is migrated once by four receivers that start at the same time', async () => {
    const { url, stores } = await openSeveral(4);
    await together(stores, (store, i) => accept(store, eventOf(`e${i}`, { subject: `s${i}` })));

    expect((await stores[0]!.counts()).events).toEqual({ routed: 4 });
    // Programs that know no later step compare this one with their own.
    expect(await server.run(url, 'SELECT version FROM schema_version')).toEqual([{ version: 5 }]);
    expect(await server.run(url, 'SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION }]);
  });

  test('that a newer program wrote can be used when its newer steps allow that, and is left as it is', async () => {
    const { url } = await openSeveral(1);
    await server.run(url, `UPDATE schema_steps SET taken = ${SCHEMA_VERSION + 2}`);

    const store = await openPostgres(url);
    await accept(store, eventOf('e1'));
    await store.close();

    expect(await server.run(url, 'SELECT taken FROM schema_steps')).toEqual([{ taken: SCHEMA_VERSION + 2 }]);
  });

  test('that a newer program wrote in a form that older ones do not understand is refused and left as it is', async () => {
    const { url } = await openSeveral(1);
    await server.run(url, `UPDATE schema_version SET version = ${SCHEMA_VERSION + 1}`);

    await expect(openPostgres(url)).rejects.toThrow(NewerSchemaError);
    await expect(openPostgres(url)).rejects.toThrow(/run the newer wandb-relay that wrote it.*restore a back-up.*or use another database/);

    expect(await server.run(url, 'SELECT version FROM schema_version')).toEqual([{ version: SCHEMA_VERSION + 1 }]);
  });

  test('belongs to live receivers or to sandboxes, whichever came first', async () => {
    const url = await server.newDatabase();
    const open = async (purpose: 'live' | 'sandbox') => (await openPostgres(url, { purpose })).close();
    await Promise.all([open('sandbox'), open('sandbox')]);

    await expect(open('live')).rejects.toThrow(WrongPurposeError);
    await expect(open('live')).rejects.toThrow(/belongs to a sandbox receiver and this is a live one/);
    await open('sandbox');
  });

  test('into which a copy was not finished is not served', async () => {
    const { url } = await openSeveral(1);
    await server.run(url, `INSERT INTO migration VALUES ('relay.db', 0)`);

    await expect(openPostgres(url, { purpose: 'live' })).rejects.toThrow(UnfinishedCopyError);
  });

  test.each(['require', 'verify-full', 'no-verify'])('that has no TLS is not talked to under sslmode=%s', async (mode) => {
    const url = await server.newDatabase();

    await expect(openPostgres(`${url}?sslmode=${mode}`)).rejects.toThrow(/PostgreSQL does not answer: .*does not support SSL/);
  });

  test('takes text with U+0000, for which PostgreSQL has no place', async () => {
    const { store } = await openSeveral(1);
    const event = { type: 'link_artifact', source: 'default', collection: 'a\0b' } as const;
    await accept(store, eventOf('e1', { event, body: '{"a":"\0"}' }));

    expect(await store.event('e1')).toMatchObject({ event, body: '{"a":"\uFFFD"}' });
    expect(await drain(store, T0)).toEqual(['d-e1']);
  });
});

describe('what several receivers accept at the same time', () => {
  test('is one event when it is the same one', async () => {
    const { stores, store } = await openSeveral(4);

    const answers = await together(stores, (each, i) => accept(each, eventOf(`e${i}`, { body: 'same' })));

    expect(
      answers
        .flat()
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['accepted', 'duplicate', 'duplicate', 'duplicate']);
    expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(1);
    expect(await drain(store, T0)).toHaveLength(1);
  });

  test('leaves in the order in which it was stored, one at a time', async () => {
    const { url, stores, store } = await openSeveral(4);

    await together(stores, async (each, i) => {
      for (let n = 0; n < 25; n++) await accept(each, eventOf(`${i}-${n}`), eventOf(`other ${i}-${n}`, { subject: 'other' }));
    });

    const rows = await server.run(url, `SELECT id, position, is_head FROM deliveries WHERE order_key = 'model' ORDER BY seq`);
    expect(rows.map(({ position }) => Number(position))).toEqual(rows.map((_, i) => i + 1));
    expect(rows.filter((row) => row.is_head === 1)).toHaveLength(1);
    const sent = (await drain(store, T0)).filter((id) => !id.includes('other'));
    expect(sent).toEqual(rows.map(({ id }) => id));
  });

  test('does not wait for each other in the wrong order: batches of many subjects, forwards and backwards', async () => {
    const { stores, store } = await openSeveral(4);
    const batch = (i: number, n: number) => {
      const events = Array.from({ length: 30 }, (_, s) => eventOf(`${i}-${n}-${s}`, { subject: `s${s}` }));
      return i % 2 === 0 ? events : events.toReversed();
    };

    await together(stores, async (each, i) => {
      for (let n = 0; n < 6; n++) await accept(each, ...batch(i, n));
    });

    expect(await drain(store, T0)).toHaveLength(4 * 6 * 30);
  });

  test('may be more lines in one batch than one transaction should lock', async () => {
    const { stores, store } = await openSeveral(2);

    await together(stores, (each, i) =>
      accept(each, ...Array.from({ length: 500 }, (_, n) => eventOf(`${i}-${n}`, { subject: `s${n}`, body: 'same' }))),
    );

    expect((await store.counts()).events).toEqual({ routed: 500, duplicate: 500 });
  });

  test('is answered again as it was when only the answer of its commit was lost', async () => {
    const { store } = await openSeveral(1);
    const event = eventOf('e1');
    const first = await accept(store, event);

    expect(await store.accept([event], { dedupeWindowMs: 0 })).toEqual(first);
    await expect(store.accept([eventOf('e1', { body: 'another' })], { dedupeWindowMs: 0 })).rejects.toThrow(/duplicate key/);
    expect((await store.counts()).deliveries).toEqual({ pending: 1 });
  });
});

describe('what several receivers claim at the same time', () => {
  test('goes to one of them, and all of it is claimed', async () => {
    const { stores, store } = await openSeveral(4);
    await accept(store, ...Array.from({ length: 200 }, (_, n) => eventOf(`e${n}`, { subject: `s${n}` })));

    const claimed: string[] = [];
    while (claimed.length < 200) {
      const now = await together(stores, (each) => claim(each, T0, { limit: 7 }));
      claimed.push(...now.flatMap(idsOf));
    }

    expect(new Set(claimed).size).toBe(200);
    expect(claimed).toHaveLength(200);
  });

  test('keeps the pace of a credential that they share', async () => {
    const { stores, store } = await openSeveral(4);
    await accept(store, ...Array.from({ length: 20 }, (_, n) => eventOf(`e${n}`, { subject: `s${n}` })));

    const perSlot: number[] = [];
    for (let slot = 0; slot < 20; slot++) {
      // Each looks twice in every slot, at slightly different times.
      const looks = [0, 150].map((ms) => together(stores, (each, i) => claim(each, T0 + slot * 400 + ms + i, { paceMs: 400 })));
      perSlot.push((await Promise.all(looks)).flat(2).length);
    }

    expect(Math.max(...perSlot)).toBe(1);
    expect(perSlot.reduce((sum, n) => sum + n)).toBeGreaterThan(15);
  });

  test('is throttled for all of them', async () => {
    const { stores, store } = await openSeveral(2);
    await accept(store, eventOf('e1'));
    await stores[1]!.throttle({ credential: 'github', until: T0 + SECOND, reason: 'limit' });

    expect(await claim(store, T0)).toEqual([]);
    expect(idsOf(await claim(store, T0 + SECOND))).toEqual(['d-e1']);
  });

  test('is settled by its owner only, whoever else tries', async () => {
    const { stores, store } = await openSeveral(4);
    await accept(store, eventOf('e1'));
    const [claimed] = await claim(store, T0);

    const settled = await together(stores, (each) => succeed(each, claimed!, T0));

    expect(settled.filter((mine) => mine)).toHaveLength(1);
    expect((await store.delivery('d-e1'))?.attempts).toHaveLength(1);
  });
});

describe('what people do through several receivers at the same time', () => {
  test('is decided once', async () => {
    const { stores, store } = await openSeveral(4);
    await accept(store, heldEvent('e1'));

    const results = await together(stores, (each, i) =>
      each.decide({ eventId: 'e1', route: 'deploy', decision: i % 2 === 0 ? 'approved' : 'rejected', by: `person ${i}`, at: T0 }),
    );

    const done = results.filter((result) => result.done);
    expect(done).toHaveLength(1);
    const { decision, decidedBy } = done[0]!.approval!;
    for (const late of results.filter((result) => !result.done)) expect(late).toMatchObject({ why: `it was ${decision} by ${decidedBy}` });
    expect(await notesOf(store)).toEqual([`${decision} by ${decidedBy}`]);
    expect(await stateOf(store, 'd-e1')).toBe(decision === 'approved' ? 'pending' : 'cancelled');
  });

  test('closes the question when the last held delivery is released, in whichever order', async () => {
    const { stores, store } = await openSeveral(4);
    for (let round = 0; round < 10; round++) {
      const held = stores.map((_, i) => heldOf(`${round}-${i}`, { orderKey: `line ${round}-${i}` }));
      await accept(store, heldEvent(`e${round}`, { subject: `s${round}`, deliveries: held }));
      await together(stores, (each, i) => each.cancel([`${round}-${i}`], T0));
    }

    expect(await store.openApprovals(99)).toEqual([]);
  });

  test('ends well when a newer event takes the place of what is being decided', async () => {
    const { stores, store } = await openSeveral(2);
    for (let round = 0; round < 10; round++) {
      await accept(store, heldEvent(`old ${round}`, { deliveries: [heldOf(`old ${round}`)] }));
      const decision = { eventId: `old ${round}`, route: 'deploy', decision: 'approved', by: 'ada', at: T0 } as const;
      const [decided] = await Promise.all([
        stores[0]!.decide(decision),
        accept(stores[1]!, heldEvent(`new ${round}`, { deliveries: [heldOf(`new ${round}`)] })),
      ]);

      expect(await stateOf(store, `old ${round}`)).toBe(decided.done ? 'pending' : 'superseded');
      await store.cancel([`new ${round}`, `old ${round}`], T0);
    }
  });

  test('is replayed once', async () => {
    const { stores, store } = await openSeveral(4);
    await accept(store, eventOf('e1', { deliveries: [deliveryOf('a'), deliveryOf('b')] }));
    await drain(store, T0);

    const results = await together(stores, (each) => each.replay(['a', 'b'], T0 + SECOND));

    expect(results.flat().filter(({ done }) => done)).toHaveLength(2);
    expect(await drain(store, T0 + SECOND)).toEqual(['a', 'b']);
  });
});

describe('a hint that something may be due', () => {
  const listening = async (store: Store): Promise<{ next: () => Promise<void> }> => {
    let resolve: () => void = () => undefined;
    let woken = new Promise<void>((done) => {
      resolve = done;
    });
    const stop = store.listen?.(() => resolve());
    onTestFinished(() => stop?.());
    const next = async () => {
      await woken;
      woken = new Promise<void>((done) => {
        resolve = done;
      });
    };
    // Whoever begins to listen is told to look first.
    await next();
    return { next };
  };

  test('comes when another receiver has accepted, replayed or decided, and not from itself', async () => {
    const { stores } = await openSeveral(2);
    const [first, second] = stores as [Store, Store];
    const other = await listening(second);
    let toMyself = 0;
    const own = first.listen?.(() => toMyself++);
    onTestFinished(() => own?.());

    await accept(first, eventOf('e1'), heldEvent('e2', { subject: 'held' }));
    await other.next();
    await drain(first, T0);
    await first.replay(['d-e1'], T0);
    await other.next();
    await first.decide({ eventId: 'e2', route: 'deploy', decision: 'approved', by: 'ada', at: T0 });
    await other.next();

    expect(toMyself).toBeLessThanOrEqual(1);
  });

  test('comes again when the connection was cut', async () => {
    const { url, stores } = await openSeveral(2);
    const [first, second] = stores as [Store, Store];
    const other = await listening(second);

    await server.run(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`,
    );
    await other.next();
    await accept(first, eventOf('e1'));
    await other.next();
  });
});

test('a process that stands still in the middle of a transaction keeps nobody from its line for long', async () => {
  const { url, store } = await openSeveral(1);
  const frozen = openDriver(`${url}?idle_in_transaction_session_timeout=300`);
  onTestFinished(() => frozen.close());
  const stuck = frozen.transaction(['order model', 'subject model'], () => new Promise((resolve) => setTimeout(resolve, 1_500)));

  const outcome = stuck.then(
    () => 'committed',
    () => 'ended by the server',
  );
  await accept(store, eventOf('e1'));

  expect(await outcome).toBe('ended by the server');
});
