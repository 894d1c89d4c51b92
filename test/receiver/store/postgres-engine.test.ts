import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { DatabaseAwayError } from '../../../receiver/store/postgres/driver.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { startProxy } from '../../stand-ins/tcp-proxy.ts';
import { advance, ENGINE_LEASE_MS, lease, leaseOf, PROJECT, progressOf, ruleOf, runOf } from './engine-samples.ts';
import { accept, drain, eventOf, idsOf, SECOND, T0 } from './samples.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

async function open(url: string): Promise<Store> {
  const store = await openPostgres(url);
  onTestFinished(() => store.close());
  return store;
}

async function openSeveral(count: number): Promise<Store[]> {
  const url = await server.newDatabase();
  return Promise.all(Array.from({ length: count }, () => open(url)));
}

const together = <T>(stores: readonly Store[], work: (store: Store, i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(stores.map(work));

/** A store whose connections break when the server has done a COMMIT, so that its answer is lost; as often as asked for. */
async function losingCommits(url: string): Promise<{ store: Store; loseNext(): void }> {
  let isLosing = false;
  const proxy = await startProxy(url, (sent) => {
    if (!isLosing || !sent.includes('COMMIT\0')) return sent;
    isLosing = false;
    proxy.cut();
    return Buffer.alloc(0);
  });
  return {
    store: await open(proxy.url),
    loseNext: () => {
      isLosing = true;
    },
  };
}

/** Tries again while the connections of the pool are found to be broken, as a watcher does. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseAwayError)) throw error;
    }
  }
}

test('of several receivers one gets the lease of a project, and another one when it has run out', async () => {
  const stores = await openSeveral(4);
  const projects = Array.from({ length: 10 }, (_, i) => `acme/${i}`);
  for (const project of projects) {
    const first = await together(stores, (store, i) => lease(store, T0, `receiver ${i}`, project));
    expect(first.filter((mine) => mine)).toHaveLength(1);
    const then = await together(stores, (store, i) => lease(store, T0 + ENGINE_LEASE_MS - 1, `receiver ${i}`, project));
    expect(then).toEqual(first);
    const owner = first.indexOf(true);
    const others = stores.filter((_, i) => i !== owner);
    const later = T0 + 2 * ENGINE_LEASE_MS;
    const taken = await together(others, (store, i) => lease(store, later, `new ${i}`, project));
    expect(taken.filter((mine) => mine)).toHaveLength(1);
  }
});

test('of several rounds that began with the same memory one is stored, also when one owner runs twice', async () => {
  const stores = await openSeveral(4);
  for (let round = 0; round < 10; round++) {
    const project = `acme/${round}`;
    await lease(stores[0]!, T0, 'me', project);
    const results = await together(stores, (store, i) => {
      const events = [eventOf(`${round}-${i}`, { subject: `s${i}` })];
      return store.advanceEngine(leaseOf('me', project), progressOf({ events, runs: [runOf('a')] }));
    });

    expect(results.filter((result) => result !== 'lost')).toHaveLength(1);
  }
  expect(await drain(stores[0]!, T0)).toHaveLength(10);
});

test('rounds, takeovers and webhooks about the same subjects at the same time fire each once', async () => {
  const stores = await openSeveral(3);
  const steps = 15;
  await together(stores, async (store, i) => {
    // Each is slow at times: its lease runs out while it evaluates.
    for (let turn = 0; turn < 400; turn++) {
      const now = T0 + turn * 3 * SECOND;
      const owner = `receiver ${i}`;
      if (!(await lease(store, now, owner))) continue;
      const memory = await store.engineProject(PROJECT, now);
      const step = memory?.watermark ?? 0;
      if (step >= steps) return;
      // What fires next follows from what is remembered.
      const events = [0, 1].map((n) => eventOf(`step ${step} ${n} by ${i} in ${turn}`, { subject: `s${n}`, body: `step ${step} ${n}` }));
      await accept(store, eventOf(`webhook ${i} ${turn}`, { subject: `s${turn % 2}` }));
      await store.advanceEngine(
        leaseOf(owner),
        progressOf({ after: memory?.round ?? null, now: now + (turn % 4) * 4 * SECOND, watermark: step + 1, events, runs: [runOf('a')] }),
      );
    }
  });

  const fired = (await stores[0]!.events({ limit: 5_000 })).map(({ body }) => body).filter((body) => body.startsWith('step'));
  expect(fired.toSorted()).toEqual([...new Set(fired)].toSorted());
  expect(fired).toHaveLength(2 * steps);
});

test('a round whose answer was lost is stored once, and the second try has the answer', async () => {
  const url = await server.newDatabase();
  const other = await open(url);
  const { store, loseNext } = await losingCommits(url);
  await lease(store);
  const progress = progressOf({ runs: [runOf('a')], rules: [ruleOf('x')], events: [eventOf('e1')] });

  loseNext();
  await expect(store.advanceEngine(leaseOf(), progress)).rejects.toThrow(DatabaseAwayError);
  expect(idsOf(await other.events({ limit: 9 }))).toEqual(['e1']);
  // Meanwhile another one goes on, and nothing of it is overwritten.
  expect(await again(() => store.advanceEngine(leaseOf(), progress))).toMatchObject([
    { status: 'accepted', id: 'e1', deliveries: [{ id: 'd-e1' }] },
  ]);
  await lease(other, T0 + ENGINE_LEASE_MS, 'other');
  await advance(other, { now: T0 + ENGINE_LEASE_MS, runs: [runOf('a', { state: { step: 2 } })] }, PROJECT, 'other');
  expect(await store.advanceEngine(leaseOf(), progress)).toBe('lost');

  expect((await store.engineRuns(PROJECT, ['a']))[0]?.state).toEqual({ step: 2 });
  expect(idsOf(await other.events({ limit: 9 }))).toEqual(['e1']);
});

test('an occurrence is stored once by several receivers, also when an answer was lost', async () => {
  const url = await server.newDatabase();
  const { store, loseNext } = await losingCommits(url);
  const stores = [...(await Promise.all([open(url), open(url), open(url)])), store];

  for (let day = 0; day < 10; day++) {
    const results = await together(stores, (each, i) => each.acceptOccurrence('daily', T0 + day, eventOf(`${day}-${i}`)));
    expect(results.filter((stored) => stored)).toHaveLength(1);
  }
  loseNext();
  await expect(store.acceptOccurrence('daily', T0 + 10, eventOf('mine'))).rejects.toThrow(DatabaseAwayError);
  expect(await again(() => store.acceptOccurrence('daily', T0 + 10, eventOf('mine')))).toBe(true);
  expect(await stores[0]!.acceptOccurrence('daily', T0 + 10, eventOf('other'))).toBe(false);

  expect(await drain(store, T0)).toHaveLength(11);
});
