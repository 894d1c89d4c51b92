import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import type { SessionChange } from '../../../receiver/store/postgres/session.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { eventually } from '../../stand-ins/receiver-process.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { likePooler, startProxy } from '../../stand-ins/tcp-proxy.ts';
import { accept, claim, claimOne, drain, eventOf, idsOf, LEASE_MS, SETTLE_MS, stateOf, succeed, T0 } from './samples.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

interface OpenedReceiver {
  readonly store: Store;
  readonly changes: SessionChange['kind'][];
}

/** The store of a receiver, without its outbox. */
async function receiver(url: string): Promise<OpenedReceiver> {
  const changes: SessionChange['kind'][] = [];
  const store = await openPostgres(url, { purpose: 'live', sessionChanged: ({ kind }) => changes.push(kind) });
  onTestFinished(() => store.close());
  return { store, changes };
}

const SESSIONS = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${0x77616e72} AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** A database that does not answer does not tell. */
const nextDue = (store: Store) => store.nextDueAt().catch(() => 'unknown');

/** Claims again and again, as an outbox does, until `d-e1` is taken over, and then when its run can be seen; all leases still have their time. */
async function claimSoon(store: Store, limitMs: number) {
  const isTakenOver = async () => {
    await claim(store, T0 + 1);
    return (await stateOf(store, 'd-e1')) === 'pending';
  };
  await eventually('it is taken over', isTakenOver, limitMs);
  expect(await claim(store, T0 + SETTLE_MS)).toEqual([]);
  return claim(store, T0 + 1 + SETTLE_MS);
}

describe('what a receiver has in flight', () => {
  test('is left alone while its session lives, and reclaimed within seconds when that ends', async () => {
    const url = await server.newDatabase();
    const [first, second] = [await receiver(url), await receiver(url)];
    await accept(first.store, eventOf('e1'), eventOf('e2', { body: 'another' }));
    await claimOne(first.store, T0);
    // Longer than a new session leaves others alone.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(await claim(second.store, T0 + 1)).toEqual([]);

    await first.store.close();

    const taken = await claimSoon(second.store, 5_000);
    expect(taken).toMatchObject([{ id: 'd-e1', ambiguous: true, attempts: 1 }]);
    expect((await second.store.delivery('d-e1'))?.attempts).toMatchObject([
      { outcome: 'ambiguous', detail: 'the receiver that had this in flight is gone' },
    ]);
    // The order is kept: what waits behind it still waits.
    expect(await stateOf(second.store, 'd-e2')).toBe('pending');
    await succeed(second.store, taken[0]!, T0 + 11_000);
    expect(await drain(second.store, T0 + 120_000)).toEqual(['d-e2']);
  });

  test('stays its own when only its session is lost: it gets a new one, and the outcome counts', async () => {
    const url = await server.newDatabase();
    const [first, second] = [await receiver(url), await receiver(url)];
    await accept(first.store, eventOf('e1'));
    const claimed = await claimOne(first.store, T0);

    await server.run(url, `SELECT pg_terminate_backend(pid) FROM (${SESSIONS}) AS sessions`);

    await eventually('both have a session again', () => [first, second].every(({ changes }) => changes.at(-1) === 'regained'));
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(await claim(second.store, T0 + 1)).toEqual([]);
    expect(await first.store.holds?.(claimed)).toBe(true);
    expect(await succeed(first.store, claimed, T0 + 1)).toBe(true);
    expect(await stateOf(first.store, 'd-e1')).toBe('delivered');
  });

  test('is not sent any more once another has taken it over', async () => {
    const url = await server.newDatabase();
    const proxy = await startProxy(url);
    const [first, second] = [await receiver(proxy.url), await receiver(url)];
    await accept(first.store, eventOf('e1'));
    const claimed = await claimOne(first.store, T0);
    expect(await first.store.holds?.(claimed)).toBe(true);
    await accept(second.store, eventOf('e2', { subject: 'b' }));

    proxy.silence();

    // It stops by itself before others begin.
    await eventually('it takes nothing more', async () => (await nextDue(first.store)) === undefined, 25_000);
    expect(await claim(first.store, T0 + 1)).toEqual([]);
    const taken = await claimSoon(second.store, 30_000);
    expect(taken).toMatchObject([{ ambiguous: true, attempts: 1 }]);
    await expect(first.store.holds?.(claimed)).rejects.toThrow(/PostgreSQL does not answer/);
  });

  test('that was reclaimed while it was cut off is not its own any more when it comes back', async () => {
    const url = await server.newDatabase();
    const [first, second] = [await receiver(url), await receiver(url)];
    await accept(first.store, eventOf('e1'));
    const claimed = await claimOne(first.store, T0);
    await server.run(url, `UPDATE deliveries SET lease_owner = 1`);
    await claimSoon(second.store, 5_000);
    await server.run(url, `SELECT pg_terminate_backend(pid) FROM (${SESSIONS}) AS sessions`);
    await eventually('it has a session again', () => first.changes.at(-1) === 'regained');

    expect(await first.store.holds?.(claimed)).toBe(false);
    expect(await succeed(first.store, claimed, T0 + 1)).toBe(false);
  });
});

test('a receiver that stood still takes nothing until the server has answered it again', async () => {
  const { store } = await receiver(await server.newDatabase());
  await accept(store, eventOf('e0'));
  // The credential is known.
  expect(await drain(store, T0)).toEqual(['d-e0']);
  await accept(store, eventOf('e1'));
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 11_000);
  onTestFinished(() => clock.mockRestore());

  expect([await claim(store, T0), await store.nextDueAt()]).toEqual([[], undefined]);
  const handed: string[][] = [];
  const options = { now: T0, leaseMs: LEASE_MS, limit: 8, paceMs: 0, newToken: () => 'offered' };
  store.claimWhileAccepting?.(() => (handed.length > 0 ? undefined : { options, claimed: (found) => void handed.push(idsOf(found)) }));
  await accept(store, eventOf('e2'));
  expect(handed).toEqual([[]]);

  await eventually('it takes it', async () => (await claim(store, T0)).length === 1);
});

test('behind a pooler leases count for their time, as sessions mean nothing there', async () => {
  const url = await server.newDatabase();
  const proxy = await startProxy(url, likePooler);
  const [first, second] = [await receiver(proxy.url), await receiver(proxy.url)];
  expect([first.changes, second.changes]).toEqual([['pooled'], ['pooled']]);
  await accept(first.store, eventOf('e1'));
  const claimed = await claimOne(first.store, T0);
  expect(await first.store.holds?.(claimed)).toBe(true);
  expect(await server.run(url, SESSIONS)).toEqual([]);

  await first.store.close();
  await new Promise((resolve) => setTimeout(resolve, 5_000));

  expect(await claim(second.store, T0 + LEASE_MS)).toEqual([]);
  expect(await stateOf(second.store, 'd-e1')).toBe('in_flight');
  expect(await claim(second.store, T0 + LEASE_MS + 1)).toEqual([]);
  expect(await stateOf(second.store, 'd-e1')).toBe('pending');
  expect(await claim(second.store, T0 + LEASE_MS + 1 + SETTLE_MS)).toMatchObject([{ id: 'd-e1', ambiguous: true }]);
});
