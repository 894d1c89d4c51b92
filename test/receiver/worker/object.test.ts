import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SCHEMA_VERSION } from '../../../receiver/store/sqlite/schema.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';
import { admin, alarmIn, arrange, crash, firstDelivery, objectOf, post, SECRET, seenByGitHub, sql, until } from './worker-in-test.ts';

const MINUTE = 60_000;

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Puts the clock of the Worker forward; timers and alarms keep their own time. */
function pass(milliseconds: number): void {
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + milliseconds);
}

/** Waits until a delivery has reached GitHub so often. */
function dispatched(id: string, times = 1): Promise<void> {
  const look = async () => expect((await seenByGitHub(id)).dispatches).toHaveLength(times);
  return vi.waitFor(look, { timeout: 60_000, interval: 50 });
}

describe('what an object has to do', () => {
  test('keeps an alarm set, soon after a change', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '3600' } }] });
    const id = firstDelivery(await post(aliasBody('v1')));
    await dispatched(id);

    const ahead = await alarmIn();

    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(MINUTE);
    // The alarm comes, nothing is due, and the next one is set.
    expect(await runDurableObjectAlarm(objectOf())).toBe(true);
    expect(await alarmIn()).toBeGreaterThan(0);
    expect((await seenByGitHub(id)).dispatches).toHaveLength(1);
  });

  test('is tried again by an alarm, at the time that GitHub names', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '55' } }] });
    const id = firstDelivery(await post(aliasBody('v1')));
    await dispatched(id);
    await until(id, 'pending');
    await runDurableObjectAlarm(objectOf());
    expect(await alarmIn()).toBeGreaterThan(20_000);
    expect(await alarmIn()).toBeLessThanOrEqual(55_000);

    pass(56_000);
    await runDurableObjectAlarm(objectOf());

    const { attempts } = await until(id, 'delivered');
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['limited', 'delivered']);
    expect((await seenByGitHub(id)).dispatches.map(({ answered }) => answered)).toEqual([429, 204]);
  });

  test('is done by a timer while the object is awake anyway', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '1' } }] });

    const { attempts } = await until(firstDelivery(await post(aliasBody('v1'))), 'delivered');

    expect(attempts.map(({ outcome }) => outcome)).toEqual(['limited', 'delivered']);
  });

  test('ends: an object with nothing left to do has no alarm', async () => {
    await post(aliasBody('v1', 'resnet50', 'no-route-asks-for-this'));
    expect(await alarmIn()).toBeGreaterThan(0);

    await runDurableObjectAlarm(objectOf());

    expect(await alarmIn()).toBeNull();
    await post(aliasBody('v2', 'resnet50', 'no-route-asks-for-this'));
    expect(await alarmIn()).toBeGreaterThan(0);
  });

  test('is an approval that expires, too', async () => {
    const id = firstDelivery(await post(aliasBody('v1', 'resnet50', 'release')));
    await runDurableObjectAlarm(objectOf());
    expect(await alarmIn()).toBeGreaterThan(0);

    pass(2 * 60 * MINUTE);
    await crash();
    await runDurableObjectAlarm(objectOf());

    const { delivery } = await until(id, 'cancelled');
    expect(delivery.reason).toMatch(/approved/);
  });
});

describe('an object that ends in the middle', () => {
  test('looks for the run of the dispatch whose answer it did not live to see, and sends nothing twice', async () => {
    await arrange({ loseAnswer: true });
    const id = firstDelivery(await post(aliasBody('v1')));
    await dispatched(id);

    await crash();
    expect(await runDurableObjectAlarm(objectOf())).toBe(true);

    const { delivery, attempts } = await until(id, 'delivered');
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'found']);
    const { dispatches, runs } = await seenByGitHub(id);
    expect(dispatches).toHaveLength(1);
    expect(delivery.run?.id).toBe(String(runs[0]?.id));
  });

  test('is woken by the runtime alone, and sends what waited', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '2' } }] });
    const id = firstDelivery(await post(aliasBody('v1')));
    await dispatched(id);
    await runInDurableObject(objectOf(), (_object, { storage }) => storage.setAlarm(Date.now() + 2_500));
    await crash();

    // Nobody asks the object for anything from here on.
    await dispatched(id, 2);
    await until(id, 'delivered');
  });

  test('lets itself be evicted, and has everything when it is there again, in the order in which it came', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '3600' } }] });
    const ids: string[] = [];
    for (const version of ['v1', 'v2', 'v3']) ids.push(firstDelivery(await post(aliasBody(version))));
    await dispatched(ids[0]!);
    const before = (await admin('/events')).body;

    await evictDurableObject(objectOf());
    expect((await admin('/events')).body).toEqual(before);
    expect((await post(aliasBody('v3'))).body.status).toBe('duplicate');

    pass(3_601_000);
    await runDurableObjectAlarm(objectOf());
    for (const id of ids) await until(id, 'delivered');
    const times = await Promise.all(ids.map(async (id) => (await seenByGitHub(id)).dispatches.at(-1)?.at ?? 0));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

describe('an object whose newer version was taken back', () => {
  test('goes on when the newer steps of its schema allow that', async () => {
    await post(aliasBody('v1', 'resnet50', 'no-route-asks-for-this'));
    await sql('default', `UPDATE schema_steps SET taken = ${SCHEMA_VERSION + 2}`);
    await crash();

    await until(firstDelivery(await post(aliasBody('v2'))), 'delivered');
  });
});

describe('an alarm that goes wrong', () => {
  test('is not the last one: an object that cannot start goes on when it can', async () => {
    await arrange({ faults: [{ status: 429, headers: { 'retry-after': '55' } }] });
    const id = firstDelivery(await post(aliasBody('v1')));
    await dispatched(id);
    // As if a newer version had been deployed and taken back.
    await sql('default', 'UPDATE schema_version SET version = 99');
    await crash();

    for (let time = 0; time < 8; time++) expect(await runDurableObjectAlarm(objectOf())).toBe(true);
    expect(await admin('/status')).toMatchObject({ status: 503, body: { detail: expect.stringContaining('wrangler tail') } });
    expect((await seenByGitHub(id)).dispatches).toHaveLength(1);

    await sql('default', `UPDATE schema_version SET version = ${SCHEMA_VERSION}`);
    pass(56_000);
    await runDurableObjectAlarm(objectOf());
    await until(id, 'delivered');
  });

  test('is not the last one: a database that fails is tried again', async () => {
    await post(aliasBody('v1', 'resnet50', 'release'));
    await sql('default', 'ALTER TABLE deliveries RENAME TO hidden');

    for (let time = 0; time < 8; time++) expect(await runDurableObjectAlarm(objectOf())).toBe(true);
    // To the object itself: the Worker would put it into the queue.
    const body = JSON.stringify(aliasBody('v2'));
    const webhook = new Request('https://relay.test/webhooks/wandb', { method: 'POST', body, headers: signedHeaders(body, SECRET) });
    expect((await objectOf().fetch(webhook)).status).toBe(503);

    await sql('default', 'ALTER TABLE hidden RENAME TO deliveries');
    await until(firstDelivery(await post(aliasBody('v2'))), 'delivered');
  });
});
