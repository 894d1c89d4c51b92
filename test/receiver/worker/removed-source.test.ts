import { evictDurableObject, listDurableObjectIds, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';
import { objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { claimPurpose } from '../../../receiver/store/sqlite/schema.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { accept, deliveryOf, eventOf, firingOf } from '../store/samples.ts';
import { ADMIN_TOKEN, admin, ask, objectOf, PROD_EU_SECRET, post, seenByGitHub, until } from './worker-in-test.ts';

afterEach(reset);

/** An object whose source had a secret when it stored a delivery, and has none any more. */
async function removedSource(source: string, deliveryId: string): Promise<void> {
  await runInDurableObject(objectOf(source), async (_object, { storage }) => {
    const driver = objectDriver(storage);
    const store = sqliteStore(driver);
    claimPurpose(driver, 'live');
    const delivery = deliveryOf(deliveryId, {
      credential: 'github-app:acme',
      request: {
        kind: 'repository_dispatch',
        repository: 'acme/deploy',
        event_type: 'model-production',
        client_payload: { delivery_id: deliveryId },
      },
    });
    await accept(store, eventOf(`e-${deliveryId}`, { at: Date.now(), firings: [firingOf([delivery])] }));
    await storage.setAlarm(Date.now() + 3_600_000);
  });
  await evictDurableObject(objectOf(source));
}

describe('a source whose secret was removed', () => {
  test('still delivers what it has acknowledged, by its alarm alone, and counts in the pace of the others', async () => {
    await removedSource('old', '01900000-0000-7000-8000-000000000001');
    await runDurableObjectAlarm(objectOf('old'));

    await until('01900000-0000-7000-8000-000000000001', 'delivered', 'old');
    expect((await seenByGitHub('01900000-0000-7000-8000-000000000001')).dispatches).toHaveLength(1);
    // default, prod-eu, old, and the one that asks.
    expect(await objectOf('default').sharePace('another', Date.now() + 60_000)).toBe(4);
  });

  test('can be operated with the admin token, and takes no webhook', async () => {
    await removedSource('old', '01900000-0000-7000-8000-000000000002');

    expect(await admin('/status?source=old')).toMatchObject({ status: 200, body: { events: { routed: 1 } } });
    expect((await ask('/api/status?source=old', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    const path = '/webhooks/wandb/old';
    expect((await post(aliasBody('v1'), { path, secret: PROD_EU_SECRET })).status).toBe(401);
  });
});

describe('a source that never was', () => {
  test('has an object that stores nothing, whoever asks for it', async () => {
    expect(await admin('/status?source=nobody')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('check its name') },
    });
    await ask('/api/status?source=nobody', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });

    const stored = await runInDurableObject(objectOf('nobody'), async (_object, { storage }) => ({
      tables: storage.sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\'`).toArray(),
      alarm: await storage.getAlarm(),
    }));
    expect(stored).toEqual({ tables: [], alarm: null });
  });

  test('has none where no source can have the name, such as that of a sandbox', async () => {
    const before = (await listDurableObjectIds(env.RELAY)).length;
    for (const name of ['sandbox:default', 'Prod', 'a'.repeat(65)]) expect((await admin(`/status?source=${name}`)).status).toBe(404);
    expect(await listDurableObjectIds(env.RELAY)).toHaveLength(before);
  });
});
